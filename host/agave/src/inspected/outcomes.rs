//! What became of deliveries that came to their end: the journal forgets them then, and whoever
//! looks at an alert asks. It is known since the start of the process, and for so many.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agave_store::trail::{TrailDelivery, TrailOutcome};

use crate::topology::{Live, WaitingOutcomes};

/// So many alerts.
const MOST: usize = 10_000;
/// Taken at once.
const MOST_AT_ONCE: usize = 10_000;

/// Those of one flow.
pub(super) struct Outcomes {
    waiting: Arc<WaitingOutcomes>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// By the alert's key in the trail, then by adapter.
    by_alert: HashMap<String, BTreeMap<String, Settled>>,
    /// The keys, the oldest first.
    order: VecDeque<String>,
}

/// How a delivery ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settled {
    pub(super) outcome: TrailOutcome,
    pub(super) attempts: u32,
    pub(super) at: u64,
}

impl Outcomes {
    pub(super) fn of(live: &Live) -> Self {
        Self {
            waiting: live.outcomes(),
            known: Mutex::default(),
        }
    }

    /// How the deliveries of an alert ended, by adapter, as far as that is known.
    pub(super) fn of_alert(&self, key: &str) -> BTreeMap<String, Settled> {
        self.take_in();
        self.known().by_alert.get(key).cloned().unwrap_or_default()
    }

    /// Takes in what has come to its end: of what waits for that the oldest is lost at some time.
    pub(super) fn take_in(&self) {
        let mut known = self.known();
        for delivery in self.waiting.take(MOST_AT_ONCE) {
            known.note(delivery);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn note(&mut self, delivery: TrailDelivery) {
        let key = delivery.idempotency_key;
        if !self.by_alert.contains_key(&key) {
            self.order.push_back(key.clone());
        }
        let settled = Settled {
            outcome: delivery.outcome,
            attempts: delivery.attempts,
            at: delivery.at,
        };
        let of_alert = self.by_alert.entry(key).or_default();
        of_alert.insert(delivery.adapter, settled);
        while self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_alert.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(key: usize, adapter: &str, attempts: u32) -> TrailDelivery {
        TrailDelivery {
            flow: String::new(),
            adapter: adapter.to_owned(),
            idempotency_key: key.to_string(),
            outcome: TrailOutcome::Delivered,
            attempts,
            at: 1,
        }
    }

    #[test]
    fn the_last_word_of_each_adapter_counts_and_the_oldest_alerts_go() {
        let mut known = Known::default();
        known.note(delivery(0, "hook", 1));
        known.note(delivery(0, "hook", 2));
        known.note(delivery(0, "mqtt", 1));
        let of_alert = known.by_alert.get("0").unwrap();
        assert_eq!(of_alert.len(), 2);
        assert_eq!(of_alert.get("hook").unwrap().attempts, 2);
        for key in 1..=MOST {
            known.note(delivery(key, "hook", 1));
        }
        assert_eq!((known.by_alert.len(), known.order.len()), (MOST, MOST));
        assert!(!known.by_alert.contains_key("0"));
    }
}
