//! Alerts whose pictures are still being made. Whoever asks for one of them a moment after the
//! alert need not know that.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::subject::Subject;
use super::trace::Trace;

/// So long a picture may take to be made.
const LONGEST: Duration = Duration::from_secs(5);

/// An alert that waits: what it is about, and the way of its frame.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) subject: Subject,
    pub(super) trace: Trace,
}

/// By the alert's number: what led to it.
#[derive(Default)]
pub(super) struct Waiting {
    alerts: Mutex<BTreeMap<u64, Option<Way>>>,
    fewer: Condvar,
}

impl Waiting {
    pub(super) fn add(&self, number: u64, way: Option<Way>) {
        self.alerts().insert(number, way);
    }

    /// It is kept now, or will not be.
    pub(super) fn done(&self, number: u64) {
        self.alerts().remove(&number);
        self.fewer.notify_all();
    }

    pub(super) fn has(&self, number: u64) -> bool {
        self.alerts().contains_key(&number)
    }

    pub(super) fn way(&self, number: u64) -> Option<Way> {
        self.alerts().get(&number)?.clone()
    }

    /// Waits until an alert does not wait any more.
    pub(super) fn wait(&self, number: u64) {
        let waits = |alerts: &mut BTreeMap<u64, Option<Way>>| alerts.contains_key(&number);
        let waited = self.fewer.wait_timeout_while(self.alerts(), LONGEST, waits);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn alerts(&self) -> MutexGuard<'_, BTreeMap<u64, Option<Way>>> {
        self.alerts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
