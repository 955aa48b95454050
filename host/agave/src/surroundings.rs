//! What a flow file refers to, answered by the machine that Agave runs on.

use std::path::{Path, PathBuf};

use agave_core::{Fingerprint, Secret};
use agave_flow::{PluginCatalog, PluginFacts, PluginProblem, Surroundings, secret_variable};
use agave_store::{Store, StoreError};
use anyhow::{Context, Result};

use crate::catalog::Catalog;

/// Where flows keep what is there again after a restart, each in a folder of its own: in `given`,
/// in `AGAVE_STATE`, or where the system has such things.
///
/// # Errors
/// When nothing says where that is.
pub(crate) fn state_root(given: Option<PathBuf>) -> std::result::Result<PathBuf, String> {
    let variable = |name: &str| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    given
        .or_else(|| variable("AGAVE_STATE"))
        .or_else(|| Some(variable("XDG_STATE_HOME")?.join("agave")))
        .or_else(|| Some(variable("HOME")?.join(".local/state/agave")))
        .ok_or_else(|| "there is no folder for state; name one with --state".to_owned())
}

/// Opens what the flow `flow` keeps, for this process alone. Without a folder that can be used,
/// unless it was asked for by name, a flow runs all the same, and keeps nothing: cameras that
/// nobody watches are worse.
///
/// # Errors
/// When another process has it, or `given` cannot be used.
pub(crate) fn open_store(given: Option<PathBuf>, nowhere: bool, flow: &str) -> Result<Store> {
    if nowhere {
        return Ok(Store::in_memory()?);
    }
    let asked_for = given.is_some();
    let root = match state_root(given) {
        Ok(root) => root,
        Err(reason) => return nothing_is_kept(&reason),
    };
    match Store::open(&root.join(flow)) {
        Ok(store) => Ok(store),
        Err(error @ StoreError::InUse(_)) => Err(error).context(format!(
            "the flow '{flow}' runs already; stop that process, name another folder with --state, \
             or keep nothing with --no-state"
        )),
        Err(error) if asked_for => Err(error.into()),
        Err(error) => nothing_is_kept(&error.to_string()),
    }
}

fn nothing_is_kept(reason: &str) -> Result<Store> {
    tracing::error!("nothing is kept, and after a restart everything begins anew: {reason}");
    Ok(Store::in_memory()?)
}

/// This machine: its files, its environment, its plugins.
pub(crate) struct Machine {
    pub(crate) catalog: Catalog,
}

impl PluginCatalog for Machine {
    fn plugin(
        &self,
        reference: &str,
        flow_folder: &Path,
    ) -> std::result::Result<PluginFacts, PluginProblem> {
        self.catalog.facts(reference, flow_folder)
    }
}

impl Surroundings for Machine {
    fn environment(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    /// From the environment, or from a file in `AGAVE_SECRETS_DIR` as container platforms mount
    /// them; a line end after the secret is not part of it.
    fn secret(&self, name: &str) -> Option<Secret> {
        if let Ok(secret) = std::env::var(secret_variable(name)) {
            return Some(Secret::new(secret));
        }
        // A name is checked when the flow is parsed; this must not become a way out of the folder.
        if name.contains(['/', '\\']) || name.starts_with('.') {
            return None;
        }
        let folder = PathBuf::from(std::env::var_os("AGAVE_SECRETS_DIR")?);
        let text = std::fs::read_to_string(folder.join(name)).ok()?;
        Some(Secret::new(text.trim_end_matches(['\r', '\n'])))
    }

    fn file_exists(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn fingerprint(&self, path: &Path) -> Option<Fingerprint> {
        self.catalog.fingerprints().of(path).ok()
    }
}
