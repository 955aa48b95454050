//! Starts and ends all of it, on threads of its own.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::access::{Attempts, AuditLog, Gate, Sessions, Tokens};
use crate::changes::Changes;
use crate::settings::{InspectorError, Settings};
use crate::shared::Shared;
use crate::system::System;
use crate::{api, server};

/// So many ports are tried, where any will do.
const PORTS: u16 = 10;
/// For what goes over the network.
const NETWORK_THREADS: usize = 2;
/// For what may take its time.
const WAITING_THREADS: usize = 16;
/// As `nice` counts: frames and deliveries go first where there is not enough for all.
const LOW_PRIORITY: i32 = 5;
/// So long those who look on have to hear that it is over.
const FAREWELL: Duration = Duration::from_secs(3);
/// So long a question that is being answered may hold up the end.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// An inspector that has all it needs, and answers nobody yet.
pub struct Prepared {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    gate: Gate,
    changes: Changes,
    runtime: Runtime,
}

/// Serves the API and the page until it is dropped.
pub struct Inspector {
    address: SocketAddr,
    encrypted: bool,
    stopping: CancellationToken,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

impl Prepared {
    /// Takes the address that `settings` name, and looks whether serving there is safe.
    ///
    /// # Errors
    /// When the address cannot be had, or serving there would not be safe.
    pub fn new(settings: Settings) -> Result<Self, InspectorError> {
        let loopback = settings.listen.ip().is_loopback();
        let encrypted = settings.tls.is_some();
        if !loopback && !encrypted && !settings.clear_text {
            return Err(InspectorError::ClearText(settings.listen));
        }
        let tokens = match &settings.tokens {
            Some(file) => Tokens::in_file(file.clone()),
            None => Tokens::in_memory(),
        };
        if tokens.is_empty()? && !loopback {
            return Err(match settings.tokens {
                Some(_) => InspectorError::NoTokens(settings.listen),
                None => InspectorError::NoFolder(settings.listen),
            });
        }
        let tls = settings.tls.as_ref().map(server::acceptor).transpose()?;
        let changes = Changes::start().map_err(InspectorError::Threads)?;
        let runtime = runtime().map_err(InspectorError::Threads)?;
        let listener = {
            let _entered = runtime.enter();
            bind(&settings)?
        };
        let gate = Gate {
            tokens,
            sessions: Sessions::default(),
            attempts: Attempts::default(),
            audit: AuditLog::open(settings.audit),
            loopback,
            names: settings.names,
            encrypted,
        };
        Ok(Self {
            listener,
            tls,
            gate,
            changes,
            runtime,
        })
    }

    /// What is done for those who look on is done there.
    pub fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Serves `system`.
    ///
    /// # Errors
    /// When the address is gone.
    pub fn serve(self, system: Arc<dyn System>) -> Result<Inspector, InspectorError> {
        let Self {
            listener,
            tls,
            gate,
            changes,
            runtime,
        } = self;
        let address = listener.local_addr().map_err(InspectorError::Threads)?;
        let encrypted = gate.encrypted;
        let stopping = CancellationToken::new();
        let shared = Arc::new(Shared::new(
            system,
            Arc::new(gate),
            stopping.clone(),
            changes,
        ));
        let (router, _) = api::router(&shared);
        runtime.spawn(server::serve(listener, tls, router, stopping.clone()));
        Ok(Inspector {
            address,
            encrypted,
            stopping,
            shared,
            runtime: Some(runtime),
        })
    }
}

impl Inspector {
    /// Where the page is.
    pub fn url(&self) -> String {
        let scheme = if self.encrypted { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }
}

impl Drop for Inspector {
    fn drop(&mut self) {
        self.stopping.cancel();
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        let left = async { timeout(FAREWELL, self.shared.audience.has_left()).await };
        // Who does not listen hears nothing.
        let _ = runtime.block_on(left);
        runtime.shutdown_timeout(LAST_ANSWERS);
    }
}

/// Threads that nothing else uses: who looks on takes none from what delivers alerts, and no more
/// than these.
fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(NETWORK_THREADS)
        .max_blocking_threads(WAITING_THREADS)
        .thread_name("inspector")
        .on_thread_start(|| {
            // Linux has it for each thread. Where it is refused they are only less polite.
            let _ = rustix::process::setpriority_process(None, LOW_PRIORITY);
        })
        .enable_all()
        .build()
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
        tokens: Tokens::in_memory(),
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
        Changes::none(),
    ));
    api::router(&shared).1
}
