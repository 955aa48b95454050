//! Starts and ends all of it.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::access::{Attempts, AuditLog, Gate, Sessions, Tokens};
use crate::settings::{InspectorError, Settings};
use crate::shared::Shared;
use crate::system::System;
use crate::{api, server};

/// So many ports are tried, where any will do.
const PORTS: u16 = 10;

/// Serves the API and the page until it is dropped.
pub struct Inspector {
    address: SocketAddr,
    encrypted: bool,
    stopping: CancellationToken,
}

impl Inspector {
    /// Serves `system` as `settings` say.
    ///
    /// # Errors
    /// When the address cannot be had, or serving there would not be safe.
    pub fn start(
        settings: Settings,
        system: Arc<dyn System>,
        runtime: &Handle,
    ) -> Result<Self, InspectorError> {
        let loopback = settings.listen.ip().is_loopback();
        let encrypted = settings.tls.is_some();
        if !loopback && !encrypted && !settings.clear_text {
            return Err(InspectorError::ClearText(settings.listen));
        }
        let tokens = Tokens::in_file(settings.tokens.clone());
        if tokens.is_empty()? && !loopback {
            return Err(InspectorError::NoTokens(settings.listen));
        }
        let tls = settings.tls.as_ref().map(server::acceptor).transpose()?;
        let _entered = runtime.enter();
        let listener = bind(&settings)?;
        let address = listener.local_addr().unwrap_or(settings.listen);
        let gate = Gate {
            tokens,
            sessions: Sessions::default(),
            attempts: Attempts::default(),
            audit: AuditLog::open(settings.audit),
            loopback,
            names: settings.names,
            encrypted,
        };
        let stopping = CancellationToken::new();
        let shared = Arc::new(Shared::new(system, Arc::new(gate), stopping.clone()));
        let (router, _) = api::router(&shared);
        runtime.spawn(server::serve(listener, tls, router, stopping.clone()));
        Ok(Self {
            address,
            encrypted,
            stopping,
        })
    }

    /// Where the page is.
    pub fn url(&self) -> String {
        let scheme = if self.encrypted { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }
}

impl Drop for Inspector {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

fn bind(settings: &Settings) -> Result<TcpListener, InspectorError> {
    let ports = if settings.next_free_port { PORTS } else { 1 };
    let mut tried = None;
    for further in 0..ports {
        let mut address = settings.listen;
        address.set_port(settings.listen.port().saturating_add(further));
        let bound = std::net::TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        });
        match bound {
            Ok(listener) => return Ok(listener),
            Err(reason) => tried = Some(reason),
        }
    }
    Err(InspectorError::Listen {
        address: settings.listen,
        reason: tried.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into()),
    })
}

/// The document of the API, as it is served at `/api/openapi.json`.
pub fn openapi() -> serde_json::Value {
    struct Nothing;
    impl System for Nothing {
        fn flows(&self) -> Vec<Arc<dyn crate::RunningFlow>> {
            Vec::new()
        }
        fn plugins(&self) -> Vec<crate::view::UsedPlugin> {
            Vec::new()
        }
        fn recordings(&self) -> Vec<crate::view::RecordingView> {
            Vec::new()
        }
        fn flow_schema(&self) -> serde_json::Value {
            serde_json::Value::Null
        }
    }
    let gate = Gate {
        tokens: Tokens::in_file(std::path::PathBuf::new()),
        sessions: Sessions::default(),
        attempts: Attempts::default(),
        audit: AuditLog::open(None),
        loopback: true,
        names: Vec::new(),
        encrypted: false,
    };
    let shared = Arc::new(Shared::new(
        Arc::new(Nothing),
        Arc::new(gate),
        CancellationToken::new(),
    ));
    serde_json::to_value(api::router(&shared).1).unwrap_or_default()
}
