//! What became of deliveries, for the audit trail: noted where somebody wants to know, and
//! bounded, since the trail may be away for long. What matters is in the journal itself.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use agave_core::Timestamp;
use agave_store::trail::{TrailDelivery, TrailOutcome};

/// So many wait for the trail; then the oldest go.
const MOST: usize = 10_000;

#[derive(Default)]
pub(super) struct Outcomes {
    are_wanted: AtomicBool,
    waiting: Mutex<VecDeque<TrailDelivery>>,
}

impl Outcomes {
    /// Somebody wants to know from now on.
    pub(super) fn want(&self) {
        self.are_wanted.store(true, Ordering::Relaxed);
    }

    pub(super) fn note(&self, make: impl FnOnce() -> TrailDelivery) {
        if self.are_wanted.load(Ordering::Relaxed) {
            self.put(std::iter::once(make()));
        }
    }

    /// Takes up to `most` of them, the oldest first.
    pub(super) fn take(&self, most: usize) -> Vec<TrailDelivery> {
        let mut waiting = self.lock();
        let end = most.min(waiting.len());
        waiting.drain(..end).collect()
    }

    /// These could not be written; they go behind the others, which is no matter.
    pub(super) fn put(&self, outcomes: impl IntoIterator<Item = TrailDelivery>) {
        let mut waiting = self.lock();
        waiting.extend(outcomes);
        let over = waiting.len().saturating_sub(MOST);
        waiting.drain(..over);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<TrailDelivery>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of a delivery, as the trail has it, but for the flow's name and the alert's key.
pub(super) fn outcome(
    adapter: &str,
    idempotency_key: String,
    attempts: u32,
    refused: Option<&str>,
) -> TrailDelivery {
    TrailDelivery {
        flow: String::new(),
        adapter: adapter.to_owned(),
        idempotency_key,
        outcome: match refused {
            None => TrailOutcome::Delivered,
            Some(why) => TrailOutcome::Refused(why.to_owned()),
        },
        attempts,
        at: Timestamp::now().0,
    }
}
