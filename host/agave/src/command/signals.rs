//! The signals that a running process hears. From when somebody listens, a signal does not end the
//! process any more, so they are listened for before anything runs that has an end of its own.

use anyhow::{Context, Result};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

fn listen(runtime: &Runtime, kind: SignalKind, name: &str) -> Result<Signal> {
    let _inside = runtime.enter();
    signal(kind).with_context(|| format!("cannot listen for {name}"))
}

/// What tells the process to stop.
pub(super) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// Listens, on the threads of `runtime`.
    ///
    /// # Errors
    /// When the system does not let it.
    pub(super) fn listen(runtime: &Runtime) -> Result<Self> {
        Ok(Self {
            terminate: listen(runtime, SignalKind::terminate(), "SIGTERM")?,
            interrupt: listen(runtime, SignalKind::interrupt(), "SIGINT")?,
        })
    }

    /// The first signal ends the run in good order, the second ends the process.
    pub(super) async fn then(mut self, interrupt: impl Fn() + Send + 'static) {
        let mut asked_before = false;
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
            if asked_before {
                std::process::exit(130);
            }
            asked_before = true;
            interrupt();
        }
    }
}

/// SIGHUP.
pub(super) struct HangUp(Signal);

impl HangUp {
    /// Listens, on the threads of `runtime`.
    ///
    /// # Errors
    /// When the system does not let it.
    pub(super) fn listen(runtime: &Runtime) -> Result<Self> {
        Ok(Self(listen(runtime, SignalKind::hangup(), "SIGHUP")?))
    }

    /// Waits for the next one. False when there will be none.
    pub(super) async fn comes(&mut self) -> bool {
        self.0.recv().await.is_some()
    }
}
