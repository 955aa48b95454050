//! The thread of an adapter: it takes what is next, hands it over, and notes what came of it.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use agave_core::DropReason;
use agave_plugin::Outcome;

use super::lanes::Next;
use super::pace::wait_after;
use super::receiver::{Attempt, Handed, Receiver};
use super::test_alert::{TestAlert, Testing};
use super::{Contents, Outbox, idempotency_key};

/// So long one alert is tried.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);
/// An alert over which the adapter fails so often is given up, before the adapter is: the ones
/// behind it are not to blame.
const MOST_FAILED_CALLS: u32 = 3;

/// So long it waits for the journal before it looks whether something else is to be done.
const NOTES_WAIT: Duration = Duration::from_millis(100);

/// What the courier does next.
enum Step {
    LookAgain,
    Upkeep,
    Rewind,
    Read(Arc<str>, u64),
    Deliver(Vec<Handed>),
    Test(TestAlert),
    End,
}

fn upkeep_after_delivery(receiver: &Receiver) -> Option<Instant> {
    Some(Instant::now() + receiver.upkeep_after_delivery()?)
}

impl Outbox {
    /// Delivers until the outbox is closed and empty, or its time is over.
    pub(in crate::topology) fn attend(&self, receiver: &mut Receiver) {
        let mut next_upkeep = None;
        loop {
            match self.next(receiver, next_upkeep) {
                Step::LookAgain => {}
                Step::Upkeep => {
                    let cameras = {
                        let mut contents = self.lock();
                        contents.is_told = true;
                        Arc::clone(&contents.cameras)
                    };
                    let again = receiver.upkeep(&cameras);
                    next_upkeep = again.map(|again| Instant::now() + again);
                    self.note_failures(&mut self.lock(), receiver);
                }
                Step::Rewind => self.rewind(),
                Step::Read(camera, after) => self.read(&camera, after),
                Step::Deliver(batch) => {
                    self.deliver(receiver, batch);
                    next_upkeep = next_upkeep.or_else(|| upkeep_after_delivery(receiver));
                }
                Step::Test(test) => {
                    self.try_out(receiver, &test);
                    // What a test has switched on is looked after as well.
                    next_upkeep = next_upkeep.or_else(|| upkeep_after_delivery(receiver));
                }
                Step::End => break,
            }
        }
        self.lock().testing = Testing::No;
        receiver.leave();
        if let Receiver::Host(host) = receiver {
            // What it knows and has not told yet.
            let cameras = Arc::clone(&self.lock().cameras);
            host.introduce(&cameras);
        }
        self.leave_the_rest();
    }

    fn next(&self, receiver: &mut Receiver, next_upkeep: Option<Instant>) -> Step {
        // What is not noted is delivered again after a kill: it may not be much.
        let may_deliver = self.journal.has_room_to_note(NOTES_WAIT);
        let mut contents = self.lock();
        loop {
            if let Some(successor) = contents.successor.take() {
                drop(contents);
                let refused = self.succeed(receiver, successor);
                contents = self.lock();
                contents.refused = refused;
                contents.testing.forget_waiting();
                contents.is_told = false;
            }
            let now = Instant::now();
            let leaving = receiver.time_to_leave();
            let end = contents.closing;
            let end = end.map(|end| end.checked_sub(leaving).unwrap_or(end));
            if end.is_some_and(|end| now >= end) {
                return Step::End;
            }
            if contents.rewind {
                return Step::Rewind;
            }
            let is_due = next_upkeep.is_some_and(|due| now >= due);
            if !contents.is_told || is_due || receiver.wants_upkeep() {
                return Step::Upkeep;
            }
            if let Some(test) = contents.testing.take() {
                return Step::Test(test);
            }
            if !may_deliver {
                return Step::LookAgain;
            }
            let rest = match self.turn(&mut contents, receiver, now) {
                Ok(step) => return step,
                Err(rest) => rest,
            };
            if rest.is_none() && contents.closing.is_some() {
                return Step::End;
            }
            let wake = [rest, next_upkeep, end];
            contents = match wake.into_iter().flatten().min() {
                Some(wake) => {
                    let rested = self.changed.wait_timeout(contents, wake - now);
                    rested.unwrap_or_else(PoisonError::into_inner).0
                }
                None => {
                    let rested = self.changed.wait(contents);
                    rested.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
    }

    /// What is to be done with the alerts at `now`; else until when there is nothing.
    fn turn(
        &self,
        contents: &mut Contents,
        receiver: &Receiver,
        now: Instant,
    ) -> Result<Step, Option<Instant>> {
        if contents.lanes.waiting() == 0 {
            return Err(None);
        }
        let open_until = contents.breaker.open_until();
        if let Some(until) = open_until.filter(|until| *until > now) {
            return Err(Some(until));
        }
        // While the receiver may still be away, one is enough to find out.
        let (next, most) = match open_until {
            Some(_) => (contents.lanes.probe(now), 1),
            None => (contents.lanes.next(now), receiver.most_at_once()),
        };
        match next {
            Next::Read(camera, after) => Ok(Step::Read(camera, after)),
            Next::Try(camera, sequence) => {
                let chosen = match most {
                    1 => vec![(camera, sequence)],
                    most => contents.lanes.batch(now, most),
                };
                let attempts = chosen
                    .into_iter()
                    .filter_map(|(camera, sequence)| contents.lanes.attempt(&camera, sequence));
                Ok(Step::Deliver(attempts.collect()))
            }
            Next::Rest(until) => Err(Some(until)),
            Next::Nothing => Err(None),
        }
    }

    fn deliver(&self, receiver: &mut Receiver, alerts: Vec<Handed>) {
        let began = Instant::now();
        let attempt = receiver.deliver(&alerts);
        let mut contents = self.lock();
        contents.account.calls.record(began.elapsed());
        self.note_failures(&mut contents, receiver);
        match attempt {
            Attempt::Outcome(Outcome::Delivered) => {
                self.note_answer(&mut contents);
                for alert in &alerts {
                    let camera = &alert.delivery.camera;
                    contents.lanes.settle(camera, alert.sequence);
                    contents.account.ledger.passed += 1;
                    self.journal.settled(&self.node, alert.sequence);
                    self.note_outcome(alert, None);
                }
            }
            Attempt::Outcome(Outcome::Rejected(reason)) => {
                self.note_answer(&mut contents);
                // One that refuses what it is sent is no better than one that is away.
                contents.trouble = Some(format!("its receiver refused the last alert: {reason}"));
                for alert in &alerts {
                    self.give_up(&mut contents, alert, DropReason::Rejected, &reason);
                }
            }
            Attempt::Outcome(Outcome::Retry(after)) => {
                self.note_silence(&mut contents, &alerts, after, "it is to be tried again");
            }
            Attempt::Later { after, reason } => {
                self.note_silence(&mut contents, &alerts, after, &reason);
            }
            Attempt::Failed(reason) => {
                for alert in &alerts {
                    self.after_failed_call(&mut contents, alert, reason);
                }
            }
        }
        if contents.lanes.waiting() == 0 {
            self.changed.notify_all();
        }
    }

    pub(super) fn note_failures(&self, contents: &mut Contents, receiver: &Receiver) {
        (contents.failures, contents.quarantined) = receiver.failures();
    }

    /// The receiver is there.
    pub(super) fn note_answer(&self, contents: &mut Contents) {
        contents.trouble = None;
        if contents.breaker.answered() {
            tracing::info!(node = %self.node, "the receiver is there again");
            contents.lanes.forget_waits();
        }
    }

    /// The receiver did not take these, and may later.
    fn note_silence(
        &self,
        contents: &mut Contents,
        alerts: &[Handed],
        after: Option<Duration>,
        reason: &str,
    ) {
        let attempt = alerts.first().map_or(0, |alert| alert.delivery.attempt);
        contents.trouble = Some(format!("attempt {attempt} came to nothing: {reason}"));
        if contents.breaker.failed(Instant::now(), after) {
            // From now on the receiver's absence decides, and no alert's own wait.
            contents.lanes.forget_waits();
        }
        // A day of attempts would bury the rest of the log.
        if attempt.is_power_of_two() {
            tracing::warn!(node = %self.node, attempt, "not delivered yet: {reason}");
        }
        for alert in alerts {
            self.retry(contents, alert);
        }
    }

    fn retry(&self, contents: &mut Contents, alert: &Handed) {
        let is_open = contents.breaker.open_until().is_some();
        let (attempt, camera) = (alert.delivery.attempt, &alert.delivery.camera);
        let Some(waiting) = contents.lanes.find(camera, alert.sequence) else {
            return;
        };
        let is_over = |since: Instant| since.elapsed() >= LONGEST_LIFE;
        if waiting.tried_since.is_some_and(is_over) {
            let reason = DropReason::AttemptsExhausted;
            return self.give_up(contents, alert, reason, "no attempt succeeded in a day");
        }
        if !is_open {
            waiting.not_before = Some(Instant::now() + wait_after(attempt));
        }
        self.journal.tried(&self.node, alert.sequence, attempt);
    }

    /// An adapter that is not running is waited for; one that failed over this alert gets it
    /// only a few times.
    fn after_failed_call(&self, contents: &mut Contents, alert: &Handed, reason: DropReason) {
        let camera = &alert.delivery.camera;
        let Some(waiting) = contents.lanes.find(camera, alert.sequence) else {
            return;
        };
        waiting.failed_calls += u32::from(reason != DropReason::Unavailable);
        if waiting.failed_calls >= MOST_FAILED_CALLS {
            return self.give_up(contents, alert, reason, "the plugin fails over it");
        }
        contents.trouble = Some(format!("the adapter failed: {reason}"));
        if reason == DropReason::Unavailable {
            contents.breaker.failed(Instant::now(), None);
        }
        self.retry(contents, alert);
    }

    fn give_up(&self, contents: &mut Contents, alert: &Handed, reason: DropReason, why: &str) {
        let (sequence, delivery) = (alert.sequence, &alert.delivery);
        if contents.lanes.settle(&delivery.camera, sequence).is_none() {
            return;
        }
        contents.account.ledger.drop(reason, 1);
        contents.dead += 1;
        self.journal
            .given_up(&self.node, sequence, delivery.attempt, why);
        self.note_outcome(alert, Some(why));
        tracing::error!(
            node = %self.node,
            camera = delivery.camera,
            key = delivery.idempotency_key,
            attempts = delivery.attempt,
            dead_letter = sequence,
            "an alert was not delivered: {why}"
        );
    }

    /// For the trail, which knows alerts by the node that gave them.
    fn note_outcome(&self, alert: &Handed, refused: Option<&str>) {
        let delivery = &alert.delivery;
        let key = || idempotency_key(&alert.node, None, &delivery.camera, &delivery.alert);
        self.journal
            .note_outcome(&self.node, key, delivery.attempt, refused);
    }

    /// Gives why `successor` could not take over; then it is tried again with the next reload.
    fn succeed(&self, receiver: &mut Receiver, successor: Receiver) -> Option<String> {
        let failure = receiver.succeed(successor).err()?;
        let why = format!("the new version of the adapter {failure}; the one before goes on");
        tracing::error!(node = %self.node, "{why}");
        Some(why)
    }

    /// Waits, and no longer than the outbox has time.
    pub(super) fn rest(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut contents = self.lock();
        loop {
            let now = Instant::now();
            let end = contents.closing.map_or(until, |closing| closing.min(until));
            if now >= end {
                return;
            }
            let rested = self.changed.wait_timeout(contents, end - now);
            (contents, _) = rested.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What is not settled waits for the next run, if there is one that knows of it.
    fn leave_the_rest(&self) {
        let mut contents = self.lock();
        let left = contents.lanes.waiting();
        if left == 0 {
            return;
        }
        if self.journal.lasts() {
            tracing::warn!(
                node = %self.node,
                "{left} alerts were not delivered before the end; they wait for the next run"
            );
            return;
        }
        contents.lanes.clear();
        contents.account.ledger.drop(DropReason::Shutdown, left);
        tracing::error!(
            node = %self.node,
            "{left} alerts were not delivered before the end, and nothing is kept"
        );
    }
}
