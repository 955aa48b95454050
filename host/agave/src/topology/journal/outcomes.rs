//! What became of deliveries, for the audit trails: noted for each that wants to know, and
//! bounded, since a trail may be away for long. What matters is in the journal itself.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use agave_core::Timestamp;
use agave_store::trail::{TrailDelivery, TrailOutcome};

/// So many wait for a trail; then the oldest go.
const MOST: usize = 10_000;

/// What waits for each trail, by its node; gone with the last who takes it.
#[derive(Default)]
pub(super) struct Outcomes(Mutex<BTreeMap<String, Weak<WaitingOutcomes>>>);

impl Outcomes {
    /// From now on `trail` wants to know. One that takes the place of another by its name goes
    /// on with what waits for that.
    pub(super) fn wanted_by(&self, trail: &str) -> Arc<WaitingOutcomes> {
        let mut trails = self.lock();
        let known = trails.get(trail).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let waiting = Arc::default();
            trails.insert(trail.to_owned(), Arc::downgrade(&waiting));
            waiting
        })
    }

    /// For all trails, but for the one whose own delivery that is.
    pub(super) fn note(&self, make: impl FnOnce() -> TrailDelivery) {
        let mut trails = self.lock();
        trails.retain(|_, waiting| waiting.strong_count() > 0);
        if trails.is_empty() {
            return;
        }
        let outcome = make();
        for (trail, waiting) in trails.iter() {
            if let Some(waiting) = waiting.upgrade().filter(|_| *trail != outcome.adapter) {
                waiting.put(std::iter::once(outcome.clone()));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Weak<WaitingOutcomes>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one trail was not told yet, without the flow's name.
#[derive(Default)]
pub(crate) struct WaitingOutcomes(Mutex<VecDeque<TrailDelivery>>);

impl WaitingOutcomes {
    /// Takes up to `most` of them, the oldest first.
    pub(crate) fn take(&self, most: usize) -> Vec<TrailDelivery> {
        let mut waiting = self.lock();
        let end = most.min(waiting.len());
        waiting.drain(..end).collect()
    }

    /// Those that could not be written go behind the others, which is no matter.
    pub(in crate::topology) fn put(&self, outcomes: impl IntoIterator<Item = TrailDelivery>) {
        let mut waiting = self.lock();
        waiting.extend(outcomes);
        let over = waiting.len().saturating_sub(MOST);
        waiting.drain(..over);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<TrailDelivery>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn note(outcomes: &Outcomes, adapter: &str, key: usize) {
        outcomes.note(|| outcome(adapter, key.to_string(), 1, None));
    }

    fn keys(waiting: &WaitingOutcomes) -> Vec<String> {
        let taken = waiting.take(MOST);
        taken.into_iter().map(|one| one.idempotency_key).collect()
    }

    #[test]
    fn every_trail_is_told_of_all_deliveries_but_its_own() {
        let outcomes = Outcomes::default();
        let [first, second] = ["first", "second"].map(|trail| outcomes.wanted_by(trail));
        note(&outcomes, "hook", 1);
        note(&outcomes, "first", 2);
        assert_eq!(keys(&first), ["1"]);
        assert_eq!(keys(&second), ["1", "2"]);
        // One that is away has its own bound, and takes nothing from the other.
        for key in 0..=MOST {
            note(&outcomes, "hook", key);
            assert_eq!(second.take(1).len(), 1);
        }
        let waiting = keys(&first);
        assert_eq!((waiting.len(), waiting[0].as_str()), (MOST, "1"));
    }

    #[test]
    fn who_takes_the_place_of_a_trail_goes_on_with_what_waits() {
        let outcomes = Outcomes::default();
        let before = outcomes.wanted_by("trail");
        note(&outcomes, "hook", 1);
        let after = outcomes.wanted_by("trail");
        drop(before);
        note(&outcomes, "hook", 2);
        assert_eq!(keys(&after), ["1", "2"]);
        drop(after);
        outcomes.note(|| unreachable!("nobody wants to know"));
    }
}
