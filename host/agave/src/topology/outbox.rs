//! The waiting place after the flow: alerts for one adapter, in their order, until they are
//! delivered, refused for good, or have been tried often enough.
//!
//! It holds them in memory. They survive a receiver that is away, and not yet a process that is
//! killed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use agave_core::{Alert, DropReason, Phase, Timestamp};
use agave_plugin::{Delivery, Outcome, Supervised, Verdict};

use super::account::Account;
use super::summary::NodeAccount;

const MOST_WAITING: usize = 10_000;
/// So long an alert is worth delivering.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);
/// An alert over which the adapter fails so often is given up, before the adapter is: the ones
/// behind it are not to blame.
const MOST_FAILED_CALLS: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Even where the adapter asks for less.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

struct Waiting {
    delivery: Delivery,
    since: Instant,
    failed_calls: u32,
}

struct Contents {
    waiting: VecDeque<Waiting>,
    /// How many of them are each camera's.
    by_camera: BTreeMap<String, usize>,
    account: Account,
    failures: u64,
    quarantined: bool,
    /// What is to deliver from now on.
    successor: Option<Box<Supervised>>,
    /// No more alerts will come, and what waits has until then.
    closing: Option<Instant>,
}

impl Contents {
    /// A camera may have as many waiting as there is room left. One that floods gets half of the
    /// outbox, two a third each, and another camera's alert always finds room.
    fn has_room_for(&self, camera: &str) -> bool {
        let of_camera = self.by_camera.get(camera).copied().unwrap_or(0);
        of_camera < MOST_WAITING.saturating_sub(self.waiting.len())
    }

    fn put(&mut self, waiting: Waiting) {
        let camera = waiting.delivery.camera.clone();
        *self.by_camera.entry(camera).or_default() += 1;
        self.waiting.push_back(waiting);
    }

    fn take(&mut self) -> Option<Waiting> {
        let taken = self.waiting.pop_front()?;
        if let Some(of_camera) = self.by_camera.get_mut(&taken.delivery.camera) {
            *of_camera = of_camera.saturating_sub(1);
        }
        Some(taken)
    }
}

/// What one call of the adapter came to.
enum Attempt {
    Outcome(Outcome),
    /// The plugin failed, for this reason, and so did not deliver.
    Failed(DropReason),
}

/// One adapter node's alerts.
pub(super) struct Outbox {
    node: String,
    /// What the adapter's waits are counted from: the clock on the wall can be set back.
    began: Instant,
    contents: Mutex<Contents>,
    changed: Condvar,
}

impl Outbox {
    pub(super) fn new(node: &str) -> Self {
        Self {
            node: node.to_owned(),
            began: Instant::now(),
            contents: Mutex::new(Contents {
                waiting: VecDeque::new(),
                by_camera: BTreeMap::new(),
                account: Account::default(),
                failures: 0,
                quarantined: false,
                successor: None,
                closing: None,
            }),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in an alert. It never waits: a flow must not stand still for a receiver.
    pub(super) fn push(&self, camera: &str, media_time: Duration, alert: &Alert) {
        let mut contents = self.lock();
        contents.account.ledger.received += 1;
        if !contents.has_room_for(camera) {
            contents.account.ledger.drop(DropReason::QueueFull, 1);
            let dropped = contents.account.ledger.dropped.get(&DropReason::QueueFull);
            if dropped.is_some_and(|count| count.is_power_of_two()) {
                tracing::error!(
                    node = self.node,
                    camera,
                    ?dropped,
                    "too many alerts of this camera wait already; newer ones are lost"
                );
            }
            return;
        }
        contents.put(Waiting {
            delivery: Delivery {
                idempotency_key: idempotency_key(&self.node, camera, alert),
                camera: camera.to_owned(),
                attempt: 0,
                media_time,
                alert: alert.clone(),
            },
            since: Instant::now(),
            failed_calls: 0,
        });
        self.changed.notify_all();
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
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    /// The account, with what waits now, added to `total`.
    pub(super) fn report(&self, total: &mut NodeAccount) {
        let contents = self.lock();
        total.account.ledger.add(&contents.account.ledger);
        total.account.ledger.waiting += contents.waiting.len() as u64;
        total.account.calls.add(&contents.account.calls);
        total.failures += contents.failures;
        total.quarantined += u64::from(contents.quarantined);
    }

    /// Delivers until the outbox is closed and empty, or its time is over.
    pub(super) fn attend(&self, adapter: &mut Supervised) {
        while let Some(delivery) = self.next(adapter) {
            match self.attempt(adapter, &delivery) {
                Attempt::Outcome(Outcome::Delivered) => {
                    let mut contents = self.lock();
                    contents.take();
                    contents.account.ledger.passed += 1;
                }
                Attempt::Outcome(Outcome::Rejected(reason)) => {
                    self.give_up(DropReason::Rejected, &reason);
                }
                Attempt::Outcome(Outcome::Retry(after)) => self.retry(&delivery, after),
                Attempt::Failed(reason) => self.after_failed_call(&delivery, reason),
            }
        }
        self.count_the_rest();
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
        let Some(front) = contents.waiting.front_mut() else {
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
        let too_old = self
            .lock()
            .waiting
            .front()
            .is_some_and(|front| front.since.elapsed() >= LONGEST_LIFE);
        if too_old {
            self.give_up(
                DropReason::AttemptsExhausted,
                "no attempt succeeded in a day",
            );
        } else {
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
            if let Some(front) = contents.waiting.front_mut() {
                front.delivery.attempt = front.delivery.attempt.saturating_add(1);
                return Some(front.delivery.clone());
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
                node = self.node,
                "the new version of the adapter {failure}; the one before goes on"
            ),
        }
    }

    fn give_up(&self, reason: DropReason, why: &str) {
        let mut contents = self.lock();
        let Some(Waiting { delivery, .. }) = contents.take() else {
            return;
        };
        contents.account.ledger.drop(reason, 1);
        tracing::error!(
            node = self.node,
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
                node = self.node,
                attempt = delivery.attempt,
                "not delivered yet; trying again in {wait:.1?}"
            );
        }
        let until = Instant::now() + wait;
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

    fn count_the_rest(&self) {
        let mut contents = self.lock();
        let left = contents.waiting.len() as u64;
        contents.waiting.clear();
        contents.by_camera.clear();
        contents.account.ledger.drop(DropReason::Shutdown, left);
        if left > 0 {
            tracing::error!(
                node = self.node,
                "{left} alerts were not delivered before the end"
            );
        }
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
    use agave_core::{BoundingBox, Detection, Severity};

    use super::*;

    fn alert() -> Alert {
        Alert {
            key: "key".to_owned(),
            kind: "kind".to_owned(),
            phase: Phase::Begin,
            severity: Severity::Info,
            at: Timestamp(1),
            frame: 1,
            class: "object".to_owned(),
            zone: None,
            detection: Detection {
                id: 0,
                class: 0,
                confidence: 0.5,
                bbox: BoundingBox {
                    left: 0.1,
                    top: 0.1,
                    width: 0.2,
                    height: 0.2,
                },
                track: None,
                zones: 0,
            },
            count: 1,
            attributes: Vec::new(),
        }
    }

    #[test]
    fn an_adapter_can_ask_for_no_endless_haste_and_no_endless_wait() {
        let asked = |milliseconds| wait_after(1, Some(Duration::from_millis(milliseconds)));
        assert_eq!(asked(0), SHORTEST_WAIT);
        assert_eq!(asked(5000), Duration::from_secs(5));
        assert_eq!(asked(u32::MAX.into()), LONGEST_WAIT);
        assert!(wait_after(u32::MAX, None) <= LONGEST_WAIT);
    }

    #[test]
    fn a_camera_that_floods_leaves_room_for_the_others() {
        let outbox = Outbox::new("post");
        let push = |camera: &str, times: usize| {
            (0..times).for_each(|_| outbox.push(camera, Duration::ZERO, &alert()));
        };
        let lost = || {
            let dropped = outbox.lock().account.ledger.dropped.clone();
            dropped.get(&DropReason::QueueFull).copied().unwrap_or(0)
        };
        push("flood", 2 * MOST_WAITING);
        assert_eq!(outbox.waiting(), MOST_WAITING / 2);
        let lost_of_the_flood = lost();
        push("quiet", 1000);
        assert_eq!(lost(), lost_of_the_flood);
        push("another flood", 2 * MOST_WAITING);
        assert!(outbox.waiting() < MOST_WAITING);
        let lost_before = lost();
        push("quieter", 10);
        assert_eq!(lost(), lost_before);
        let contents = outbox.lock();
        assert!(contents.account.ledger.received > 4 * MOST_WAITING as u64);
    }
}
