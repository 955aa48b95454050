//! The ledger: what went into a node has come out, was dropped for a reason, or waits. Nothing
//! else is possible, and a node whose ledger does not balance is a bug that says so.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// Why something did not get any further. One list for the whole system, so that a reader of
/// the summary can look each word up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// A newer frame took its place before it could be looked at.
    Superseded,
    /// It was older than the camera's `max-age` when its turn came.
    TooOld,
    /// It could not be decoded or looked at by the model.
    Unreadable,
    /// A filter took it out, which is what filters are for.
    Filtered,
    /// The plugin trapped.
    Trap,
    /// The plugin ran past its deadline.
    Deadline,
    /// The plugin wanted more memory than it may have.
    Memory,
    /// The plugin returned an error.
    PluginError,
    /// The plugin returned something that cannot be true.
    BadOutput,
    /// The plugin was not running: it waits to be restarted, or is quarantined.
    Unavailable,
    /// The node's queue was full.
    QueueFull,
    /// The receiver will never take it.
    Rejected,
    /// Every attempt failed.
    AttemptsExhausted,
    /// The process stopped before its turn came.
    Shutdown,
    /// Its camera or its node was taken out of the running flow.
    Removed,
    /// The node was outside of its hours.
    Inactive,
}

impl fmt::Display for DropReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

/// One node's account. The unit is what the node reads: frames for models and rules,
/// detections for filters, alerts for gates (each weighs its `count`) and adapters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// What came in.
    #[serde(rename = "in")]
    pub received: u64,
    /// What went on.
    #[serde(rename = "out")]
    pub passed: u64,
    /// What did not, and why.
    pub dropped: BTreeMap<DropReason, u64>,
    /// What is still held: queued for an adapter, or folded by a gate into an alert to come.
    pub waiting: u64,
}

impl Ledger {
    /// Counts `count` that did not get any further.
    pub fn drop(&mut self, reason: DropReason, count: u64) {
        if count > 0 {
            *self.dropped.entry(reason).or_default() += count;
        }
    }

    /// How many were dropped for whatever reason.
    pub fn total_dropped(&self) -> u64 {
        self.dropped.values().sum()
    }

    /// in = out + dropped + waiting.
    pub fn balances(&self) -> bool {
        self.received == self.passed + self.total_dropped() + self.waiting
    }

    /// Adds another account of the same node, for example that of another camera.
    pub fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.passed += other.passed;
        self.waiting += other.waiting;
        for (&reason, &count) in &other.dropped {
            self.drop(reason, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_balances_or_says_so() {
        let mut ledger = Ledger {
            received: 5,
            passed: 3,
            ..Ledger::default()
        };
        assert!(!ledger.balances());
        ledger.drop(DropReason::Filtered, 1);
        ledger.waiting = 1;
        assert!(ledger.balances());
        let mut sum = ledger.clone();
        sum.add(&ledger);
        assert_eq!((sum.received, sum.total_dropped()), (10, 2));
        assert_eq!(DropReason::TooOld.to_string(), "too_old");
    }
}
