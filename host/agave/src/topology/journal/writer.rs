//! The thread that writes the journal: all that waits in one go, and then it tells.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use agave_core::{Phase, Timestamp};
use agave_plugin::Snapshot;
use agave_store::{
    Batch, Dead, NewAlert, NewCheckpoint, NodeState, Retention, Settled, StoreError, Tried,
};

use super::keep::Keep;
use super::pending::Pending;
use super::{Checkpoint, Shared, State};
use crate::topology::outbox::Outbox;

/// What adapters gave up is kept longer than anything, but a disk is not endless.
const MOST_DEAD_LETTERS: u64 = 100_000;
/// Where nothing outlives the process, nobody can look back either.
const MOST_ALERTS_IN_MEMORY: u64 = 1000;
/// How often what is too old is looked for, in alerts.
const PRUNE_EVERY: usize = 1000;
/// So many alerts are forgotten at once, or twice as many as came since: a new one must not wait
/// for it, and a flood must not grow for ever.
const PRUNED_AT_ONCE: usize = 500;
/// Between attempts to write.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What the disk has of a node: its state and what waits in it.
type Written = (Arc<Snapshot>, u64);

pub(super) struct Writer {
    shared: Arc<Shared>,
    /// By camera and node, so that what did not change is not written again.
    written: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Written>>,
    alerts_since_prune: usize,
    keep: Keep,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, keep: Keep) -> Self {
        Self {
            shared,
            keep,
            written: BTreeMap::new(),
            alerts_since_prune: PRUNE_EVERY,
        }
    }

    /// Writes until the journal is closed and empty.
    pub(super) fn run(mut self) {
        while let Some((pending, handed_in)) = self.next() {
            self.write(pending);
            let mut state = self.shared.lock();
            state.through = handed_in;
            state.being_written = 0;
            state.being_noted = 0;
            state.commits += 1;
            drop(state);
            self.shared.progress.notify_all();
            self.prune_when_due();
        }
    }

    /// What is to be written now, and how much of everything that is.
    fn next(&self) -> Option<(Pending, u64)> {
        let mut state = self.shared.lock();
        loop {
            let patience = state.pending.patience();
            if state.closed && patience.is_none() {
                state.through = state.handed_in;
                return None;
            }
            let wait = match patience {
                Some(patience) if patience.is_zero() || state.closed => {
                    let handed_in = state.handed_in;
                    let pending = std::mem::take(&mut state.pending);
                    state.being_written = pending.alerts() as u64;
                    state.being_noted = pending.notes();
                    // There is room again for those who wait to hand in.
                    self.shared.progress.notify_all();
                    return Some((pending, handed_in));
                }
                patience => patience,
            };
            state = self.rest(state, wait);
        }
    }

    fn rest<'s>(
        &'s self,
        state: MutexGuard<'s, State>,
        wait: Option<Duration>,
    ) -> MutexGuard<'s, State> {
        let work = &self.shared.work;
        match wait {
            None => work.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(wait) => {
                let rested = work.wait_timeout(state, wait);
                rested.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    fn write(&mut self, pending: Pending) {
        let admitted = admitted(&pending);
        let batch = self.batch(&pending, &admitted);
        match self.write_patiently(&batch) {
            Some(numbers) => {
                self.alerts_since_prune += numbers.len();
                for (camera, checkpoint) in &pending.checkpoints {
                    self.note_written(camera, checkpoint);
                }
                for (((camera, happened), Admitted { by, .. }), sequence) in
                    pending.happened.iter().zip(admitted).zip(numbers)
                {
                    if happened.leaves {
                        happened.tell(Some(sequence), camera, self.shared.sink.as_ref());
                    }
                    by.into_iter().for_each(|outbox| {
                        outbox.written(camera, sequence, happened);
                    });
                }
            }
            None => self.tell_unwritten(&pending, admitted),
        }
    }

    /// Everything of `pending` that differs from what the disk has.
    fn batch<'p>(&self, pending: &'p Pending, admitted: &[Admitted<'p>]) -> Batch<'p> {
        let happened = pending.happened.iter().zip(admitted);
        let names = |outboxes: &[&'p Arc<Outbox>]| outboxes.iter().map(|it| it.node()).collect();
        let alerts = happened.map(|((camera, happened), admitted)| {
            let alert = &happened.alert;
            NewAlert {
                node: &happened.node,
                camera,
                key: &alert.key,
                phase: match alert.phase {
                    Phase::Begin => "begin",
                    Phase::Update => "update",
                    Phase::End => "end",
                },
                at: alert.at.0,
                media_time: nanoseconds(happened.media_time),
                left_the_flow: happened.leaves,
                // Nothing in an alert cannot be said in JSON.
                body: serde_json::to_string(alert).unwrap_or_default(),
                adapters: names(&admitted.by),
                refused_by: names(&admitted.refused_by),
            }
        });
        let settled = pending.settled.iter();
        let tried = pending.tried.iter();
        Batch {
            alerts: alerts.collect(),
            checkpoints: pending
                .checkpoints
                .iter()
                .map(|(camera, checkpoint)| self.checkpoint(camera, checkpoint))
                .collect(),
            settled: settled
                .map(|(adapter, sequence)| Settled {
                    adapter,
                    sequence: *sequence,
                })
                .collect(),
            tried: tried
                .map(|((adapter, sequence), &attempts)| Tried {
                    adapter,
                    sequence: *sequence,
                    attempts,
                })
                .collect(),
            dead: pending
                .given_up
                .iter()
                .map(|dead| Dead {
                    adapter: &dead.adapter,
                    sequence: dead.sequence,
                    attempts: dead.attempts,
                    reason: &dead.reason,
                })
                .collect(),
            written_at: Timestamp::now().0,
        }
    }

    fn checkpoint<'p>(
        &self,
        camera: &'p Arc<str>,
        checkpoint: &'p Checkpoint,
    ) -> NewCheckpoint<'p> {
        let written = self.written.get(camera);
        let is_written = |state: &super::NodeState| {
            let written = written.and_then(|written| written.get(&state.node));
            written.is_some_and(|(snapshot, holds)| {
                *holds == state.holds
                    && (Arc::ptr_eq(snapshot, &state.snapshot) || *snapshot == state.snapshot)
            })
        };
        NewCheckpoint {
            camera,
            frame: checkpoint.frame,
            at: checkpoint.at.0,
            classes: class_list(&checkpoint.classes),
            changed: checkpoint
                .nodes
                .iter()
                .filter(|state| !is_written(state))
                .map(|state| NodeState {
                    node: &state.node,
                    plugin: &state.plugin,
                    version: state.snapshot.version,
                    data: &state.snapshot.data,
                    holds: state.holds,
                })
                .collect(),
            all: checkpoint
                .nodes
                .iter()
                .map(|state| state.node.as_ref())
                .collect(),
        }
    }

    fn note_written(&mut self, camera: &Arc<str>, checkpoint: &Checkpoint) {
        let states = checkpoint.nodes.iter();
        let states = states.map(|state| {
            let written = (Arc::clone(&state.snapshot), state.holds);
            (Arc::clone(&state.node), written)
        });
        self.written.insert(Arc::clone(camera), states.collect());
    }

    /// Tries until it is written, or the flow has stopped and its time is over.
    fn write_patiently(&self, batch: &Batch<'_>) -> Option<Vec<u64>> {
        let mut wait = FIRST_WAIT;
        let mut failures = 0u32;
        loop {
            let error = match self.shared.store.write(batch) {
                Ok(numbers) => {
                    if failures > 0 {
                        self.shared.lock().trouble = None;
                        tracing::warn!(failures, "the journal can be written again");
                    }
                    return Some(numbers);
                }
                Err(error) => error,
            };
            failures += 1;
            if failures.is_power_of_two() {
                tracing::error!(
                    failures,
                    alerts = batch.alerts.len(),
                    "the journal cannot be written, and its alerts wait: {error}"
                );
            }
            let until = Instant::now() + wait;
            let mut state = self.shared.lock();
            state.trouble = Some(error.to_string());
            loop {
                let now = Instant::now();
                if state.deadline.is_some_and(|deadline| now >= deadline) {
                    return None;
                }
                let end = state.deadline.map_or(until, |deadline| deadline.min(until));
                if now >= end {
                    break;
                }
                state = self.rest(state, Some(end - now));
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Better told and forgotten than never told.
    fn tell_unwritten(&self, pending: &Pending, admitted: Vec<Admitted<'_>>) {
        tracing::error!(
            alerts = pending.alerts(),
            "the flow ends, and this is not written: these alerts are told once, delivered to nobody, and may be announced again"
        );
        for ((camera, happened), Admitted { by, .. }) in pending.happened.iter().zip(admitted) {
            if happened.leaves {
                happened.tell(None, camera, self.shared.sink.as_ref());
            }
            by.into_iter().for_each(|outbox| outbox.lost(camera));
        }
    }

    fn prune_when_due(&mut self) {
        if self.alerts_since_prune < PRUNE_EVERY {
            return;
        }
        let most = match self.shared.lasts {
            true => self.keep.alerts,
            false => MOST_ALERTS_IN_MEMORY,
        };
        let retention = Retention {
            most,
            written_after: (Timestamp::now() - self.keep.time).0,
            most_bytes: self.keep.bytes,
        };
        match self.shared.store.prune_dead_letters(MOST_DEAD_LETTERS) {
            Ok(0) => {}
            Ok(forgotten) => tracing::error!(
                forgotten,
                "more than {MOST_DEAD_LETTERS} alerts were given up; the oldest dead letters are gone"
            ),
            Err(error) => say_not_pruned(&error),
        }
        let at_once = PRUNED_AT_ONCE.max(2 * self.alerts_since_prune);
        match self.shared.store.prune(&retention, at_once) {
            // The rest has its turn after what is written next.
            Ok(forgotten) if forgotten == at_once => self.alerts_since_prune = PRUNE_EVERY,
            Ok(_) => self.alerts_since_prune = 0,
            Err(error) => {
                self.alerts_since_prune = 0;
                say_not_pruned(&error);
            }
        }
    }
}

fn say_not_pruned(error: &StoreError) {
    tracing::warn!("old alerts could not be forgotten: {error}");
}

/// The outboxes that have room for an alert, and those that do not.
struct Admitted<'p> {
    by: Vec<&'p Arc<Outbox>>,
    refused_by: Vec<&'p Arc<Outbox>>,
}

fn admitted(pending: &Pending) -> Vec<Admitted<'_>> {
    let happened = pending.happened.iter();
    let admitted = happened.map(|(camera, happened)| {
        let outboxes = happened.outboxes.iter();
        let (by, refused_by) = outboxes.partition(|outbox| outbox.admits(camera));
        Admitted { by, refused_by }
    });
    admitted.collect()
}

/// The classes as they are written.
pub(in crate::topology) fn class_list(classes: &[String]) -> String {
    // Nothing in a name cannot be said in JSON.
    serde_json::to_string(classes).unwrap_or_default()
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
