//! The waiting place after the flow: alerts for one adapter, in their order, until they are
//! delivered, refused for good, or have been tried often enough.
//!
//! The journal holds them, so they survive a receiver that is away and a process that is killed.
//! In memory are only the next few.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use agave_core::{Alert, DropReason, Phase, Timestamp};
use agave_plugin::{Delivery, Outcome, Supervised, Verdict};
use agave_store::{Due, StoreError};

use super::account::Account;
use super::journal::Journal;
use super::summary::NodeAccount;

/// On the disk, for one adapter.
pub(super) const MOST_WAITING: u64 = 100_000;
/// So many are in memory.
const PAGE: usize = 100;
/// So long an alert is worth delivering.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);
/// An alert over which the adapter fails so often is given up, before the adapter is: the ones
/// behind it are not to blame.
const MOST_FAILED_CALLS: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Even where the adapter asks for less.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Before the journal is asked again after it could not be read.
const UNREADABLE_WAIT: Duration = Duration::from_secs(1);

struct Waiting {
    sequence: u64,
    delivery: Delivery,
    /// When it was old enough to be given up, had it been tried all the time.
    since: Age,
    failed_calls: u32,
}

/// How old something is that may have been written by an earlier process: by the wall clock
/// until it was read, and by one that nobody sets from then on.
struct Age {
    when_read: Duration,
    read: Instant,
}

impl Age {
    fn of(written_at: u64) -> Self {
        Self {
            when_read: Timestamp::now().since(Timestamp(written_at)),
            read: Instant::now(),
        }
    }

    fn now(&self) -> Duration {
        self.when_read + self.read.elapsed()
    }
}

struct Contents {
    /// The next few, the oldest first.
    page: VecDeque<Waiting>,
    /// The number of the last alert that was read from the journal.
    read: u64,
    /// The number of the last alert for this adapter that the journal has.
    written: u64,
    /// How many of each camera's are not settled.
    by_camera: BTreeMap<String, u64>,
    account: Account,
    failures: u64,
    quarantined: bool,
    /// What is to deliver from now on.
    successor: Option<Box<Supervised>>,
    /// No more alerts will come, and what waits has until then.
    closing: Option<Instant>,
}

impl Contents {
    fn waiting(&self) -> u64 {
        self.by_camera.values().sum()
    }

    /// A camera may have as many waiting as there is room left. One that floods gets half of the
    /// outbox, two a third each, and another camera's alert always finds room.
    fn has_room_for(&self, camera: &str) -> bool {
        let of_camera = self.by_camera.get(camera).copied().unwrap_or(0);
        of_camera < MOST_WAITING.saturating_sub(self.waiting())
    }

    fn less(&mut self, camera: &str) {
        if let Some(of_camera) = self.by_camera.get_mut(camera) {
            *of_camera = of_camera.saturating_sub(1);
        }
    }
}

/// What one call of the adapter came to.
enum Attempt {
    Outcome(Outcome),
    /// The plugin failed, for this reason, and so did not deliver.
    Failed(DropReason),
}

/// One adapter node's alerts.
pub(crate) struct Outbox {
    node: Arc<str>,
    journal: Arc<Journal>,
    /// What the adapter's waits are counted from: the clock on the wall can be set back.
    began: Instant,
    contents: Mutex<Contents>,
    changed: Condvar,
}

impl Outbox {
    /// The outbox of `node`, with what waited in it when the flow last stopped.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(super) fn open(node: &str, journal: Arc<Journal>) -> Result<Self, StoreError> {
        let backlog = journal.backlog(node)?;
        let newest = backlog.iter().map(|waiting| waiting.newest).max();
        let mut account = Account::default();
        account.ledger.received = backlog.iter().map(|waiting| waiting.alerts).sum();
        let by_camera = backlog.into_iter();
        Ok(Self {
            node: node.into(),
            journal,
            began: Instant::now(),
            contents: Mutex::new(Contents {
                page: VecDeque::new(),
                read: 0,
                written: newest.unwrap_or(0),
                by_camera: by_camera
                    .map(|waiting| (waiting.camera, waiting.alerts))
                    .collect(),
                account,
                failures: 0,
                quarantined: false,
                successor: None,
                closing: None,
            }),
            changed: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An alert of `camera` is about to be written. Whether there is room for it here.
    pub(super) fn admits(&self, camera: &str) -> bool {
        let mut contents = self.lock();
        contents.account.ledger.received += 1;
        if contents.has_room_for(camera) {
            *contents.by_camera.entry(camera.to_owned()).or_default() += 1;
            return true;
        }
        contents.account.ledger.drop(DropReason::QueueFull, 1);
        let dropped = contents.account.ledger.dropped.get(&DropReason::QueueFull);
        if dropped.is_some_and(|count| count.is_power_of_two()) {
            tracing::error!(
                node = %self.node,
                camera,
                ?dropped,
                "too many alerts of this camera wait already; newer ones are not delivered"
            );
        }
        false
    }

    /// What was admitted is written.
    pub(super) fn written(&self, sequence: u64) {
        self.lock().written = sequence;
        self.changed.notify_all();
    }

    /// What was admitted could not be written, and the flow ends.
    pub(super) fn lost(&self, camera: &str) {
        let mut contents = self.lock();
        contents.less(camera);
        contents.account.ledger.drop(DropReason::Shutdown, 1);
    }

    /// No more alerts will come; what waits may take until `deadline`.
    pub(super) fn close(&self, deadline: Instant) {
        self.lock().closing = Some(deadline);
        self.changed.notify_all();
    }

    /// Lets `successor` deliver from now on. It goes on where the one before it is; when it
    /// does not read what that remembers, that one goes on instead.
    pub(super) fn replace(&self, successor: Supervised) {
        self.lock().successor = Some(Box::new(successor));
        self.changed.notify_all();
    }

    pub(super) fn node(&self) -> &str {
        &self.node
    }

    /// How many alerts are not settled yet.
    pub(super) fn waiting(&self) -> u64 {
        self.lock().waiting()
    }

    /// The account, with what waits now, added to `total`.
    pub(super) fn report(&self, total: &mut NodeAccount) {
        let contents = self.lock();
        total.account.ledger.add(&contents.account.ledger);
        total.account.ledger.waiting += contents.waiting();
        total.account.calls.add(&contents.account.calls);
        total.failures += contents.failures;
        total.quarantined += u64::from(contents.quarantined);
    }

    /// Delivers until the outbox is closed and empty, or its time is over.
    pub(super) fn attend(&self, adapter: &mut Supervised) {
        while let Some(delivery) = self.next(adapter) {
            match self.attempt(adapter, &delivery) {
                Attempt::Outcome(Outcome::Delivered) => {
                    if let Some((_, mut contents)) = self.settle() {
                        contents.account.ledger.passed += 1;
                    }
                }
                Attempt::Outcome(Outcome::Rejected(reason)) => {
                    self.give_up(DropReason::Rejected, &reason);
                }
                Attempt::Outcome(Outcome::Retry(after)) => self.retry(&delivery, after),
                Attempt::Failed(reason) => self.after_failed_call(&delivery, reason),
            }
        }
        self.leave_the_rest();
    }

    fn attempt(&self, adapter: &mut Supervised, delivery: &Delivery) -> Attempt {
        let began = Instant::now();
        let now = Timestamp::default() + self.began.elapsed();
        let verdict = adapter.call(now, |instance| {
            instance.deliver(std::slice::from_ref(delivery))
        });
        let mut contents = self.lock();
        contents.account.calls.record(began.elapsed());
        contents.failures = adapter.failures();
        contents.quarantined = adapter.quarantined();
        match verdict {
            Verdict::Answered(outcomes) => outcomes
                .into_iter()
                .next()
                .map_or(Attempt::Failed(DropReason::BadOutput), Attempt::Outcome),
            Verdict::Around(reason) | Verdict::Dropped(reason) => Attempt::Failed(reason),
        }
    }

    /// An adapter that is not running is waited for; one that failed over this alert gets it
    /// only a few times.
    fn after_failed_call(&self, delivery: &Delivery, reason: DropReason) {
        let mut contents = self.lock();
        let Some(front) = contents.page.front_mut() else {
            return;
        };
        front.failed_calls += u32::from(reason != DropReason::Unavailable);
        let too_often = front.failed_calls >= MOST_FAILED_CALLS;
        drop(contents);
        if too_often {
            self.give_up(reason, "the plugin fails over it");
        } else {
            self.retry(delivery, None);
        }
    }

    fn retry(&self, delivery: &Delivery, after: Option<Duration>) {
        let contents = self.lock();
        let Some(front) = contents.page.front() else {
            return;
        };
        let (sequence, age) = (front.sequence, front.since.now());
        drop(contents);
        if age >= LONGEST_LIFE {
            self.give_up(
                DropReason::AttemptsExhausted,
                "no attempt succeeded in a day",
            );
        } else {
            self.journal.tried(&self.node, sequence, delivery.attempt);
            self.wait_before_retry(delivery, after);
        }
    }

    /// The oldest delivery, with its attempt counted. It stays in the outbox until it is settled.
    fn next(&self, adapter: &mut Supervised) -> Option<Delivery> {
        let mut contents = self.lock();
        loop {
            if let Some(successor) = contents.successor.take() {
                drop(contents);
                self.succeed(adapter, *successor);
                contents = self.lock();
            }
            if contents
                .closing
                .is_some_and(|deadline| Instant::now() >= deadline)
            {
                return None;
            }
            if let Some(front) = contents.page.front_mut() {
                front.delivery.attempt = front.delivery.attempt.saturating_add(1);
                return Some(front.delivery.clone());
            }
            if contents.written > contents.read {
                drop(contents);
                self.read_page();
                contents = self.lock();
                continue;
            }
            if contents.closing.is_some() {
                return None;
            }
            contents = self
                .changed
                .wait(contents)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn succeed(&self, adapter: &mut Supervised, mut successor: Supervised) {
        let now = Timestamp::default() + self.began.elapsed();
        match successor.take_over(now, adapter) {
            Ok(()) => {
                let before = std::mem::replace(adapter, successor);
                adapter.succeed(before, true);
            }
            Err(failure) => tracing::error!(
                node = %self.node,
                "the new version of the adapter {failure}; the one before goes on"
            ),
        }
    }

    /// Takes the next few from the journal. Only the courier does.
    fn read_page(&self) {
        let contents = self.lock();
        let (read, written) = (contents.read, contents.written);
        // The disk may take its time; who counts what waits must not wait for it.
        drop(contents);
        let due = match self.journal.due(&self.node, read, PAGE) {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(node = %self.node, "the journal cannot be read: {error}");
                self.rest_until(Instant::now() + UNREADABLE_WAIT);
                return;
            }
        };
        let mut contents = self.lock();
        contents.read = match due.last() {
            Some(last) if due.len() == PAGE => last.sequence,
            // That was all, up to the last one that was there when it was asked.
            last => last.map_or(written, |last| last.sequence.max(written)),
        };
        for due in due {
            match self.waiting_of(&due) {
                Ok(waiting) => contents.page.push_back(waiting),
                Err(error) => {
                    contents.less(&due.camera);
                    contents.account.ledger.drop(DropReason::Unreadable, 1);
                    self.journal.settled(&self.node, due.sequence);
                    tracing::error!(
                        node = %self.node,
                        sequence = due.sequence,
                        "an alert in the journal cannot be read and is not delivered: {error}"
                    );
                }
            }
        }
    }

    fn waiting_of(&self, due: &Due) -> serde_json::Result<Waiting> {
        let alert: Alert = serde_json::from_str(&due.body)?;
        Ok(Waiting {
            sequence: due.sequence,
            delivery: Delivery {
                idempotency_key: idempotency_key(&self.node, &due.camera, &alert),
                camera: due.camera.clone(),
                attempt: due.attempts,
                media_time: Duration::from_nanos(due.media_time),
                alert,
            },
            since: Age::of(due.written_at),
            failed_calls: 0,
        })
    }

    /// Nothing more is to be done about the oldest delivery.
    fn settle(&self) -> Option<(Delivery, MutexGuard<'_, Contents>)> {
        let mut contents = self.lock();
        let Waiting {
            sequence, delivery, ..
        } = contents.page.pop_front()?;
        contents.less(&delivery.camera);
        self.journal.settled(&self.node, sequence);
        Some((delivery, contents))
    }

    fn give_up(&self, reason: DropReason, why: &str) {
        let Some((delivery, mut contents)) = self.settle() else {
            return;
        };
        contents.account.ledger.drop(reason, 1);
        tracing::error!(
            node = %self.node,
            camera = delivery.camera,
            key = delivery.idempotency_key,
            attempts = delivery.attempt,
            "an alert was not delivered: {why}"
        );
    }

    fn wait_before_retry(&self, delivery: &Delivery, asked: Option<Duration>) {
        let wait = wait_after(delivery.attempt, asked);
        // A day of attempts would bury the rest of the log.
        if delivery.attempt.is_power_of_two() {
            tracing::warn!(
                node = %self.node,
                attempt = delivery.attempt,
                "not delivered yet; trying again in {wait:.1?}"
            );
        }
        self.rest_until(Instant::now() + wait);
    }

    /// Waits, and no longer than the outbox has time.
    fn rest_until(&self, until: Instant) {
        let mut contents = self.lock();
        loop {
            let now = Instant::now();
            let end = contents.closing.map_or(until, |closing| closing.min(until));
            if now >= end || contents.successor.is_some() {
                return;
            }
            (contents, _) = self
                .changed
                .wait_timeout(contents, end - now)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What is not settled waits for the next run, if there is one that knows of it.
    fn leave_the_rest(&self) {
        let mut contents = self.lock();
        let left = contents.waiting();
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
        contents.page.clear();
        contents.by_camera.clear();
        contents.account.ledger.drop(DropReason::Shutdown, left);
        tracing::error!(
            node = %self.node,
            "{left} alerts were not delivered before the end, and nothing is kept"
        );
    }
}

/// Full jitter, so that many adapters do not come back to a server at the same moment.
fn wait_after(attempt: u32, asked: Option<Duration>) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let ceiling = (FIRST_WAIT * 2u32.pow(doublings)).min(LONGEST_WAIT);
    match asked {
        Some(asked) => asked.clamp(SHORTEST_WAIT, LONGEST_WAIT),
        None => ceiling.mul_f64(fastrand::f64()),
    }
}

/// The same for every attempt, another for every phase of an incident.
pub(crate) fn idempotency_key(node: &str, camera: &str, alert: &Alert) -> String {
    let phase = match alert.phase {
        Phase::Begin => "begin",
        Phase::Update => "update",
        Phase::End => "end",
    };
    format!("{node}/{camera}/{}/{phase}/{}", alert.key, alert.at.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adapter_can_ask_for_no_endless_haste_and_no_endless_wait() {
        let asked = |milliseconds| wait_after(1, Some(Duration::from_millis(milliseconds)));
        assert_eq!(asked(0), SHORTEST_WAIT);
        assert_eq!(asked(5000), Duration::from_secs(5));
        assert_eq!(asked(u32::MAX.into()), LONGEST_WAIT);
        assert!(wait_after(u32::MAX, None) <= LONGEST_WAIT);
    }
}
