//! Looking at what passes the nodes while the flow runs: recordings, `agave tap`, tests. Nobody
//! looks most of the time, and then it costs one load of a flag for each frame.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use agave_core::{Alert, FrameDetections, StreamInfo, Timestamp};

use super::chain::Seen;

/// Someone who looks at what passes. It is called on the camera's way through the flow, so it
/// must neither wait nor take long.
pub(crate) trait Tap: Send + Sync {
    /// What the models saw in a frame, before the first node. Classes have the numbers of their
    /// models.
    fn seen(&self, _stream: &StreamInfo, _seen: &Seen) {}

    /// The detections that `node` gives.
    fn detections(&self, _node: &str, _stream: &StreamInfo, _frame: &FrameDetections) {}

    /// The alerts that `node` gives; never none.
    fn alerts(&self, _node: &str, _stream: &StreamInfo, _at: Timestamp, _alerts: &[Alert]) {}
}

/// All taps of a flow.
#[derive(Default)]
pub(crate) struct Taps {
    any: AtomicBool,
    taps: RwLock<Vec<Arc<dyn Tap>>>,
}

/// Takes its tap away when it is dropped.
pub(crate) struct TapGuard {
    taps: Arc<Taps>,
    tap: Arc<dyn Tap>,
}

impl TapGuard {
    /// Lets its tap look as long as the flow runs.
    pub(crate) fn stay(self) {
        std::mem::forget(self);
    }
}

impl Taps {
    /// Lets `tap` look until the guard is dropped.
    pub(crate) fn add(self: &Arc<Self>, tap: Arc<dyn Tap>) -> TapGuard {
        let mut taps = self.taps.write().unwrap_or_else(PoisonError::into_inner);
        taps.push(Arc::clone(&tap));
        self.any.store(true, Ordering::Relaxed);
        TapGuard {
            taps: Arc::clone(self),
            tap,
        }
    }

    /// Whether anyone looks.
    pub(super) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Shows something to all who look.
    pub(super) fn show(&self, show: impl Fn(&dyn Tap)) {
        let taps = self.taps.read().unwrap_or_else(PoisonError::into_inner);
        taps.iter().for_each(|tap| show(tap.as_ref()));
    }
}

impl Drop for TapGuard {
    fn drop(&mut self) {
        let mut taps = self
            .taps
            .taps
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        taps.retain(|tap| !Arc::ptr_eq(tap, &self.tap));
        self.taps.any.store(!taps.is_empty(), Ordering::Relaxed);
    }
}
