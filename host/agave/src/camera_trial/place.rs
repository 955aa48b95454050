//! How many cameras are tried at the same time.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Each holds a thread, and a connection or a file.
const MOST_TRIALS: usize = 4;
static TRIALS: AtomicUsize = AtomicUsize::new(0);

/// One of the places for trials, until it is dropped.
pub(crate) struct Place(());

impl Place {
    /// A place, if one is free.
    pub(crate) fn take() -> Option<Self> {
        let more = |taken| (taken < MOST_TRIALS).then_some(taken + 1);
        let taken = TRIALS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.is_ok().then_some(Self(()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        TRIALS.fetch_sub(1, Ordering::Relaxed);
    }
}
