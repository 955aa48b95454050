//! The waiting place after the flow: alerts for one adapter, until they are delivered, refused
//! for good, or have been tried for long enough. What is given up is kept as a dead letter.
//!
//! The journal holds them, so they survive a receiver that is away and a process that is killed.
//! In memory are only the next few of each camera.

mod courier;
mod lanes;
mod pace;
mod receiver;
mod refill;
mod test_alert;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use agave_core::{Alert, DropReason, Phase, StreamInfo};
use agave_flow::Order;
use agave_plugin::Delivery;
use agave_store::{Due, StoreError};

use super::account::Account;
use super::journal::{Happened, Journal};
use super::summary::NodeAccount;
use crate::control::OutboxStatus;
use lanes::{Lanes, Waiting};
use pace::Breaker;
use test_alert::Testing;

#[cfg(test)]
pub(super) use lanes::MOST_WAITING;
pub(super) use receiver::{Attempt, Handed, Receive, Receiver};
pub(crate) use test_alert::{NoTest, TestOutcome, Tested};

struct Contents {
    lanes: Lanes,
    breaker: Breaker,
    account: Account,
    failures: u64,
    quarantined: bool,
    /// Why the last attempt came to nothing, while the receiver has taken nothing since.
    trouble: Option<String>,
    dead: u64,
    /// Several nodes give it alerts, and may give the same one: a key says which node did.
    keys_name_giver: bool,
    /// Who is to deliver from now on.
    successor: Option<Receiver>,
    /// Why the last one could not, while the one before goes on.
    refused: Option<String>,
    /// The cameras whose alerts come here, and whether the receiver has been told.
    cameras: Arc<[StreamInfo]>,
    is_told: bool,
    /// Dead letters wait again: everything is to be read anew.
    rewind: bool,
    /// A person wants to know whether alerts arrive.
    testing: Testing,
    /// No more alerts will come, and what waits has until then.
    closing: Option<Instant>,
}

/// One adapter node's alerts.
pub(crate) struct Outbox {
    node: Arc<str>,
    journal: Arc<Journal>,
    contents: Mutex<Contents>,
    changed: Condvar,
}

impl Outbox {
    /// The outbox of `node`, with what waited in it when the flow last stopped.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(super) fn open(
        node: &str,
        order: Order,
        journal: Arc<Journal>,
    ) -> Result<Self, StoreError> {
        let mut lanes = Lanes::in_order(order);
        for waiting in journal.backlog(node)? {
            lanes.continue_with(&waiting.camera, waiting.alerts, waiting.newest);
        }
        let mut account = Account::default();
        account.ledger.received = lanes.waiting();
        Ok(Self {
            node: node.into(),
            contents: Mutex::new(Contents {
                lanes,
                breaker: Breaker::default(),
                account,
                failures: 0,
                quarantined: false,
                trouble: None,
                dead: journal.dead_letters(node)?,
                keys_name_giver: false,
                successor: None,
                refused: None,
                cameras: Arc::default(),
                is_told: false,
                rewind: false,
                testing: Testing::No,
                closing: None,
            }),
            journal,
            changed: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An alert of `camera` is about to be written. Whether there is room for it here; if not, it
    /// is one of the dead letters.
    pub(super) fn admits(&self, camera: &Arc<str>) -> bool {
        let mut contents = self.lock();
        contents.account.ledger.received += 1;
        if contents.lanes.admit(camera) {
            return true;
        }
        contents.account.ledger.drop(DropReason::QueueFull, 1);
        contents.dead += 1;
        let dropped = contents.account.ledger.dropped.get(&DropReason::QueueFull);
        if dropped.is_some_and(|count| count.is_power_of_two()) {
            tracing::error!(
                node = %self.node,
                camera = %camera,
                ?dropped,
                "too many alerts of this camera wait already; newer ones become dead letters"
            );
        }
        false
    }

    /// What was admitted is written.
    pub(super) fn written(&self, camera: &Arc<str>, sequence: u64, happened: &Happened) {
        let mut contents = self.lock();
        let giver = Some(happened.node.as_ref()).filter(|_| contents.keys_name_giver);
        let keep = || Waiting {
            sequence,
            node: Arc::clone(&happened.node),
            delivery: Delivery {
                idempotency_key: idempotency_key(&self.node, giver, camera, &happened.alert),
                camera: camera.to_string(),
                attempt: 0,
                media_time: happened.media_time,
                alert: happened.alert.clone(),
            },
            tried_since: None,
            failed_calls: 0,
            not_before: None,
        };
        contents.lanes.written(camera, sequence, keep);
        drop(contents);
        self.changed.notify_all();
    }

    /// What was admitted could not be written, and the flow ends.
    pub(super) fn lost(&self, camera: &str) {
        let mut contents = self.lock();
        contents.lanes.lost(camera);
        contents.account.ledger.drop(DropReason::Shutdown, 1);
    }

    /// No more alerts will come; what waits may take until `deadline`.
    pub(super) fn close(&self, deadline: Instant) {
        self.lock().closing = Some(deadline);
        self.changed.notify_all();
    }

    /// Lets `successor` deliver from now on. It goes on where the one before it is; when it
    /// does not read what that remembers, that one goes on instead.
    pub(super) fn replace(&self, successor: Receiver) {
        self.lock().successor = Some(successor);
        self.changed.notify_all();
    }

    /// Whether what delivers is not what the flow says, because that could not take over.
    pub(super) fn is_behind(&self) -> bool {
        self.lock().refused.is_some()
    }

    /// From now on alerts are delivered in this order.
    pub(super) fn keep_order(&self, order: Order) {
        self.lock().lanes.order = order;
        self.changed.notify_all();
    }

    /// Whether keys name the node that gave an alert, from now on.
    pub(super) fn name_givers(&self, do_so: bool) {
        self.lock().keys_name_giver = do_so;
    }

    /// These are the cameras whose alerts come here.
    pub(super) fn introduce(&self, cameras: Vec<StreamInfo>) {
        let mut contents = self.lock();
        if *contents.cameras != *cameras {
            contents.cameras = cameras.into();
            contents.is_told = false;
            drop(contents);
            self.changed.notify_all();
        }
    }

    /// This is more of one of these cameras: how large its frames are.
    pub(super) fn describe(&self, camera: &StreamInfo) {
        let mut cameras = self.lock().cameras.to_vec();
        if let Some(known) = cameras.iter_mut().find(|one| one.camera == camera.camera) {
            known.clone_from(camera);
            self.introduce(cameras);
        }
    }

    /// Some of the dead letters in the store wait again.
    pub(super) fn look_again(&self) {
        self.lock().rewind = true;
        self.changed.notify_all();
    }

    pub(super) fn node(&self) -> &str {
        &self.node
    }

    /// How many alerts are not settled yet.
    pub(super) fn waiting(&self) -> u64 {
        self.lock().lanes.waiting()
    }

    /// Waits until nothing waits here any more, and no longer than `longest`.
    pub(super) fn wait_until_empty(&self, longest: Duration) {
        let is_waiting = |contents: &mut Contents| contents.lanes.waiting() > 0;
        let contents = self.lock();
        drop(
            self.changed
                .wait_timeout_while(contents, longest, is_waiting),
        );
    }

    /// The account, with what waits now, added to `total`.
    pub(super) fn report(&self, total: &mut NodeAccount) {
        let contents = self.lock();
        total.account.ledger.add(&contents.account.ledger);
        total.account.ledger.waiting += contents.lanes.waiting();
        total.account.calls.add(&contents.account.calls);
        total.failures += contents.failures;
        total.quarantined += u64::from(contents.quarantined);
    }

    /// How it is, for those who look on from outside.
    pub(super) fn status(&self) -> OutboxStatus {
        let contents = self.lock();
        let now = Instant::now();
        let lanes = contents.lanes.by_camera();
        let open_until = contents.breaker.open_until();
        OutboxStatus {
            adapter: self.node.to_string(),
            waiting: contents.lanes.waiting(),
            by_camera: lanes
                .map(|(camera, waiting)| (camera.to_string(), waiting))
                .collect(),
            delivered: contents.account.ledger.passed,
            dead_letters: contents.dead,
            trouble: contents.trouble.clone().or(contents.refused.clone()),
            tries_again_in_s: open_until
                .map(|until| until.saturating_duration_since(now).as_secs_f64()),
            quarantined: contents.quarantined,
        }
    }
}

/// What the journal has of an alert, as it is delivered.
fn waiting_of(
    node: &str,
    keys_name_giver: bool,
    camera: &str,
    due: &Due,
) -> serde_json::Result<Waiting> {
    let alert: Alert = serde_json::from_str(&due.body)?;
    let giver = Some(due.node.as_str()).filter(|_| keys_name_giver);
    Ok(Waiting {
        sequence: due.sequence,
        node: due.node.as_str().into(),
        delivery: Delivery {
            idempotency_key: idempotency_key(node, giver, camera, &alert),
            camera: camera.to_owned(),
            attempt: due.attempts,
            media_time: Duration::from_nanos(due.media_time),
            alert,
        },
        tried_since: None,
        failed_calls: 0,
        not_before: None,
    })
}

/// The same for every attempt, another for every report of an incident. `giver` is the node that
/// gave the alert, where it has to be told from the same alert of another node: a rule's and that
/// of the gate behind it differ in nothing else.
pub(crate) fn idempotency_key(
    node: &str,
    giver: Option<&str>,
    camera: &str,
    alert: &Alert,
) -> String {
    let phase = match alert.phase {
        Phase::Begin => "begin",
        Phase::Update => "update",
        Phase::End => "end",
    };
    let giver = giver.map_or_else(String::new, |giver| format!("{giver}/"));
    let Alert { key, at, .. } = alert;
    format!("{node}/{giver}{camera}/{key}/{phase}/{}", at.0)
}
