//! What follows a failure: how long an instance is waited for, when the plugin is given up, and how
//! it is taken back into service.

use std::collections::VecDeque;
use std::time::Duration;

use agave_core::Timestamp;

use super::recycle::successor;
use super::{LastFailure, OnFailure, State, Supervised};
use crate::failure::Failure;

const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// So many failures without one success between them, and it is not started again.
const QUARANTINE_AFTER: u32 = 10;
/// Nor is it when so many instances were discarded within `BUDGET_TIME`, successes or not: a
/// plugin that fails at every second frame would otherwise start for ever.
const BUDGET: usize = 100;
const BUDGET_TIME: Duration = Duration::from_secs(600);

impl Supervised {
    /// Starts it again at its next call if it was given up, and forgives what it was given up
    /// for. Says whether it was.
    pub fn revive(&mut self) -> bool {
        if !self.quarantined() {
            return false;
        }
        self.failures_in_a_row = 0;
        self.discarded.clear();
        self.state = State::Waiting {
            until: Timestamp::default(),
        };
        true
    }

    pub(super) fn failed(&mut self, failure: &Failure, now: Timestamp) {
        self.failures += 1;
        self.last_failure = Some(LastFailure {
            at: now,
            reason: failure.reason(),
            said: failure.to_string(),
        });
        let node = self.setup.node.as_str();
        // An adapter is not one camera's.
        let camera = Some(self.setup.stream.camera.as_str()).filter(|camera| !camera.is_empty());
        if !failure.poisons() {
            // One line for each frame would bury the rest of the log.
            if self.failures.is_power_of_two() {
                tracing::warn!(
                    node,
                    camera,
                    failures = self.failures,
                    "the plugin {failure}"
                );
            }
            return;
        }
        self.failures_in_a_row += 1;
        let given_up = self.on_failure == OnFailure::Closed
            || self.failures_in_a_row >= QUARANTINE_AFTER
            || is_budget_spent(&mut self.discarded, now);
        self.state = if given_up {
            tracing::error!(
                node,
                camera,
                failures_in_a_row = self.failures_in_a_row,
                failures = self.failures,
                "the plugin {failure}; it is quarantined and does nothing until the flow is started again"
            );
            State::Quarantined
        } else {
            let doublings = self.failures_in_a_row.saturating_sub(1).min(16);
            let wait = (FIRST_WAIT * 2u32.pow(doublings)).min(LONGEST_WAIT);
            tracing::error!(
                node,
                camera,
                "the plugin {failure}; a new instance starts in {wait:?} of stream time"
            );
            State::Waiting { until: now + wait }
        };
    }

    pub(super) fn restart_when_due(&mut self, now: Timestamp) {
        let State::Waiting { until } = self.state else {
            return;
        };
        if now < until {
            return;
        }
        match successor(&self.plugin, &self.setup, self.snapshot.as_deref()) {
            Ok(instance) => self.state = State::Running(Box::new(instance)),
            // Whatever it was, there is no instance: a refused snapshot is a failed start.
            Err(failure) => self.failed(&Failure::Start(failure.to_string()), now),
        }
    }

    /// After an answer that was refused, the plugin may believe that it has announced what
    /// nobody got to know. It goes back to what it knew before.
    pub(super) fn roll_back(&mut self, now: Timestamp) {
        let (State::Running(instance), Some(snapshot)) = (&mut self.state, &self.snapshot) else {
            return;
        };
        if let Err(failure) = instance.restore(snapshot) {
            self.failed(&Failure::Start(failure.to_string()), now);
        }
    }
}

/// Notes that an instance was discarded at `now`, and says whether that was one too many.
fn is_budget_spent(discarded: &mut VecDeque<Timestamp>, now: Timestamp) -> bool {
    let is_old = |at: &Timestamp| now.since(*at) > BUDGET_TIME;
    while discarded.front().is_some_and(is_old) {
        discarded.pop_front();
    }
    discarded.push_back(now);
    discarded.len() > BUDGET
}
