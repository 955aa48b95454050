//! How the page and the control API are served: the options of `agave run` for it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agave_inspector::{Inspector, InspectorError, Prepared, Settings, System, TlsFiles};
use agave_store::{AlertQuery, Store};
use anyhow::{Context, Result};
use clap::Args;

use crate::inspected::Evidence;

/// Where the page is, if nothing is said.
const USUAL: &str = "127.0.0.1:8090";
/// The files beside the folders of the flows.
const TOKENS: &str = "tokens.json";
const AUDIT: &str = "audit.jsonl";

#[derive(Args)]
pub(crate) struct InspectorOptions {
    /// Where the page and the control API are served; 127.0.0.1:8090, or the next free port, if
    /// not said. Another address than this machine's own needs a certificate and a token
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Serve neither page nor control API
    #[arg(long, conflicts_with = "listen")]
    no_inspector: bool,
    /// The certificate to serve with, and those that lead to a known one, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The certificate's key, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Serve other machines without encryption: a proxy in front does that
    #[arg(long)]
    clear_text: bool,
    /// A name under which other machines ask for the page
    #[arg(long = "host-name", value_name = "NAME")]
    names: Vec<String>,
}

/// The file with the tokens, in the folder for state.
pub(super) fn tokens_file(root: &Path) -> PathBuf {
    root.join(TOKENS)
}

impl InspectorOptions {
    /// What led to alerts is kept for those who look at the page.
    pub(super) fn evidence(
        &self,
        state: &Result<PathBuf, String>,
        store: &Store,
    ) -> Result<Option<Arc<Evidence>>> {
        if self.no_inspector {
            return Ok(None);
        }
        // Where alerts begin anew, so do their numbers, and what belongs to them.
        let folder = state.as_ref().ok().filter(|_| store.lasts());
        let folder = folder.map(|folder| folder.join("evidence"));
        let newest = store.alerts(&AlertQuery {
            most: 1,
            ..AlertQuery::default()
        })?;
        let newest = newest.first().map_or(0, |alert| alert.sequence);
        let evidence = Evidence::start(folder, newest);
        Ok(Some(
            evidence.context("cannot start the thread for pictures")?,
        ))
    }

    /// Takes the address for the page, before any flow starts. Where nobody has named one and the
    /// usual ones are taken, there is no page: the flows run all the same.
    pub(super) fn prepare(&self, root: Result<PathBuf, String>) -> Result<Option<Prepared>> {
        if self.no_inspector {
            return Ok(None);
        }
        let tls = self.tls_certificate.clone().zip(self.tls_key.clone());
        let usual: SocketAddr = USUAL.parse()?;
        let root = root.ok();
        let tokens = root.as_deref().map(tokens_file);
        let settings = Settings {
            next_free_port: self.listen.is_none(),
            tls: tls.map(|(certificate, key)| TlsFiles { certificate, key }),
            clear_text: self.clear_text,
            names: self.names.clone(),
            audit: root.map(|root| root.join(AUDIT)),
            ..Settings::local(self.listen.unwrap_or(usual), tokens)
        };
        match Prepared::new(settings) {
            Ok(prepared) => Ok(Some(prepared)),
            Err(error @ InspectorError::Listen { .. }) if self.listen.is_none() => {
                tracing::warn!("there is no page: {error}");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Serves the page for all flows.
pub(super) fn serve(prepared: Prepared, system: Arc<dyn System>) -> Result<Inspector> {
    let inspector = prepared.serve(system)?;
    eprintln!("The page is at {}", inspector.url());
    Ok(inspector)
}
