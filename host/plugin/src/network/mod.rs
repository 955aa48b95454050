//! The host's side of everything that leaves the machine: one HTTP client, one connection for
//! each broker, one rule for addresses. All nodes share it, so that limits for a server are
//! limits for a server, however many nodes talk to it.

mod address;
mod broker;
mod dial;
mod mqtt;
mod tls;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

pub use broker::{BrokerError, BrokerSettings};
pub(crate) use dial::{CONNECT, Dialler};
pub use dial::{Resolver, Resolving, SystemResolver};
pub(crate) use mqtt::{Broker, Publication, PublishError};
pub(crate) use tls::tls;

use crate::capability::http::Http;

/// The way out, for all adapters of a flow. Cheap to clone.
#[derive(Clone)]
pub struct Network {
    inner: Arc<Inner>,
}

struct Inner {
    runtime: Handle,
    hang_up: CancellationToken,
    dialler: Dialler,
    http: Http,
    brokers: BTreeMap<String, Broker>,
}

/// What a [`Network`] is made of.
pub struct NetworkSettings {
    /// Does the work. Calls block their own thread meanwhile, which must not be one of its.
    pub runtime: Handle,
    /// Ends what is under way.
    pub hang_up: CancellationToken,
    /// Turns names into addresses.
    pub resolver: Arc<dyn Resolver>,
    /// The brokers that nodes may be granted.
    pub brokers: Vec<BrokerSettings>,
}

impl NetworkSettings {
    /// With the system's names and no brokers.
    pub fn new(runtime: Handle, hang_up: CancellationToken) -> Self {
        Self {
            runtime,
            hang_up,
            resolver: Arc::new(SystemResolver),
            brokers: Vec::new(),
        }
    }
}

/// Why a call was not waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interrupted {
    TimedOut,
    Stopping,
}

impl Network {
    /// Prepares the way out. Nothing connects before something is sent.
    ///
    /// # Errors
    /// When TLS cannot be set up here.
    pub fn new(settings: NetworkSettings) -> Result<Self, String> {
        let NetworkSettings {
            runtime,
            hang_up,
            resolver,
            brokers,
        } = settings;
        let dialler = Dialler::new(resolver);
        let http = Http::new(dialler.clone())?;
        let brokers = brokers
            .into_iter()
            .map(|settings| {
                let name = settings.name.clone();
                let broker = Broker::new(settings, dialler.clone(), &runtime, hang_up.clone());
                (name, broker)
            })
            .collect();
        Ok(Self {
            inner: Arc::new(Inner {
                runtime,
                hang_up,
                dialler,
                http,
                brokers,
            }),
        })
    }

    /// Whether what is under way is being ended.
    pub(crate) fn is_stopping(&self) -> bool {
        self.inner.hang_up.is_cancelled()
    }

    pub(crate) fn http(&self) -> &Http {
        &self.inner.http
    }

    pub(crate) fn dialler(&self) -> &Dialler {
        &self.inner.dialler
    }

    pub(crate) fn broker(&self, name: &str) -> Option<&Broker> {
        self.inner.brokers.get(name)
    }

    /// Blocks this thread until `work` is done, its time is over, or Agave stops.
    pub(crate) fn wait<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, Interrupted> {
        let hang_up = &self.inner.hang_up;
        self.inner.runtime.block_on(async {
            tokio::select! {
                done = work => Ok(done),
                () = tokio::time::sleep(limit) => Err(Interrupted::TimedOut),
                () = hang_up.cancelled() => Err(Interrupted::Stopping),
            }
        })
    }
}

/// What a plugin is told then.
pub(crate) const STOPPING: &str = "Agave is stopping";
/// What a plugin is told that runs where nothing leads out, as when it is only checked.
pub(crate) const NO_NETWORK: &str = "there is no network here";
