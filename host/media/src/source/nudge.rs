//! A word to a camera's thread that it need not wait any longer.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Ends the wait of a camera that is lost. All copies are one.
#[derive(Clone, Debug, Default)]
pub struct Nudge(Arc<Notify>);

impl Nudge {
    /// Has the camera tried at once, if it waits; otherwise nothing happens.
    pub fn try_now(&self) {
        self.0.notify_waiters();
    }

    /// Comes with the next nudge after it was enabled.
    pub(super) fn next(&self) -> Notified<'_> {
        self.0.notified()
    }
}
