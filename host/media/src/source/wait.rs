//! Waiting on a camera's thread, where shutdown ends every wait at once.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use super::SourceError;

/// The event loop of one camera's thread.
pub(super) struct EventLoop(Option<Runtime>);

impl EventLoop {
    pub(super) fn new() -> Result<Self, SourceError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(SourceError::EventLoop)?;
        Ok(Self(Some(runtime)))
    }

    /// Runs `future` to its end; `None` only if the loop is gone, which it never is.
    pub(super) fn block_on<F: Future>(&self, future: F) -> Option<F::Output> {
        self.0.as_ref().map(|runtime| runtime.block_on(future))
    }

    /// Waits for `duration`. Whether it was waited out: false when shutdown came first.
    pub(super) fn wait(&self, duration: Duration, shutdown: &CancellationToken) -> bool {
        self.block_on(wait(duration, shutdown)).unwrap_or(false)
    }
}

impl Drop for EventLoop {
    /// A look-up of a host name runs on a thread that cannot be interrupted; shutdown does not
    /// wait for it.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Waits for `duration`. Whether it was waited out: false when shutdown came first.
pub(super) async fn wait(duration: Duration, shutdown: &CancellationToken) -> bool {
    tokio::time::timeout(duration, shutdown.cancelled())
        .await
        .is_err()
}
