//! The device from outside: started, told what happens, asked how it is, stopped.

use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::hosts::HttpHost;
use crate::notice::Notice;
use crate::picture::Pictures;
use crate::report::Report;
use crate::serve;
use crate::settings::{Channel, DeviceSettings};
use crate::shared::Shared;

/// So long a device that is stopped is waited for.
const CLOSING: Duration = Duration::from_secs(1);

/// Why a device does not start.
#[derive(Debug, thiserror::Error)]
pub enum IsapiError {
    /// The address is somebody else's, or may not be used.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where it was to listen.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// Two channels have one number or one camera, or a channel has the number 0.
    #[error("channel {number}, camera '{camera}': {problem}")]
    Channel {
        /// Its number.
        number: u32,
        /// Its camera.
        camera: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// There is no login, or no password.
    #[error("a device needs a user and a password")]
    NoLogin,
    /// The system's certificates cannot be used.
    #[error("cannot set up TLS for pushes: {0}")]
    Http(String),
}

/// A device that listens, until it is stopped or dropped.
pub struct Device {
    shared: Arc<Shared>,
    address: SocketAddr,
    stopping: CancellationToken,
    /// Ends when the address is free again.
    listening: Mutex<Receiver<()>>,
}

impl Device {
    /// Listens, on the threads of `runtime`.
    ///
    /// # Errors
    /// When the settings make no sense or the address cannot be used.
    pub fn start(
        settings: DeviceSettings,
        pictures: Arc<dyn Pictures>,
        runtime: &Handle,
    ) -> Result<Self, IsapiError> {
        if settings.login.user.is_empty() || settings.login.password.reveal().is_empty() {
            return Err(IsapiError::NoLogin);
        }
        check(&settings.channels)?;
        let refused = |source| IsapiError::Listen {
            address: settings.listen,
            source,
        };
        let listener = TcpListener::bind(settings.listen).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let _inside = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener).map_err(refused)?;
        let shared = Shared::new(settings, address, pictures, runtime.clone());
        let shared = Arc::new(shared.map_err(IsapiError::Http)?);
        let stopping = CancellationToken::new();
        let (listens, listening) = channel();
        let listen = serve::listen(listener, Arc::clone(&shared), stopping.clone());
        runtime.spawn(async move {
            listen.await;
            drop(listens);
        });
        runtime.spawn(tick(Arc::clone(&shared), stopping.clone()));
        Ok(Self {
            shared,
            address,
            stopping,
            listening: Mutex::new(listening),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes in what happened and tells everybody at once. It may take as long as a picture of
    /// it takes, and waits for no client.
    pub fn raise(&self, notice: &Notice) {
        self.shared.raise(notice);
    }

    /// Has other channels from now on. What goes on on a channel that stays goes on; on one that
    /// is gone it ends.
    ///
    /// # Errors
    /// When they make no sense; then nothing has changed.
    pub fn set_channels(&self, channels: Vec<Channel>) -> Result<(), IsapiError> {
        check(&channels)?;
        self.shared.set_channels(channels);
        Ok(())
    }

    /// The hosts that are pushed to, to be given back as `hosts` after a restart.
    #[must_use]
    pub fn hosts(&self) -> Vec<HttpHost> {
        self.shared.pusher.hosts()
    }

    /// What it has done so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.shared.report()
    }

    /// Closes everything, and waits a moment until another one can listen where this one did.
    /// Pushes that wait are dropped and counted.
    pub fn stop(&self) {
        self.stopping.cancel();
        self.shared.pusher.set(Vec::new());
        let listening = self.listening.lock();
        let listening = listening.unwrap_or_else(PoisonError::into_inner);
        let _ = listening.recv_timeout(CLOSING);
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn tick(shared: Arc<Shared>, stopping: CancellationToken) {
    let mut ticks = tokio::time::interval(shared.settings.limits.repeat);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = ticks.tick() => shared.repeat(),
        }
    }
}

fn check(channels: &[Channel]) -> Result<(), IsapiError> {
    for (index, channel) in channels.iter().enumerate() {
        let mut before = channels.iter().take(index);
        let problem = if channel.number == 0 {
            "channels are numbered from 1"
        } else if before.any(|one| one.number == channel.number || one.camera == channel.camera) {
            "another channel has this number or this camera"
        } else {
            continue;
        };
        return Err(IsapiError::Channel {
            number: channel.number,
            camera: channel.camera.clone(),
            problem,
        });
    }
    Ok(())
}
