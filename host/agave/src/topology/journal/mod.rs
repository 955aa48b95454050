//! The journal: what must not be forgotten, whatever happens to the process. The cameras hand
//! in alerts together with what their nodes remember; one thread writes all that is there at
//! once, and only what is written is told to anybody. So after a kill either an alert was told,
//! or may be, and the nodes know of it, or nothing of it has happened.
//!
//! While nothing can be written, alerts wait here. When too many do, the cameras wait as well:
//! a frame that is not looked at is a lesser loss than an alert.

mod keep;
mod outcomes;
mod pending;
mod told;
mod writer;

pub(crate) use keep::{Keep, parse_size};
pub(crate) use outcomes::WaitingOutcomes;
pub(crate) use told::Told;
pub(super) use writer::class_list;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use agave_core::{Alert, Timestamp};
use agave_plugin::Snapshot;
use agave_store::{Checkpoint as KeptCheckpoint, Due, Store, StoreError};

use super::chain::AlertSink;
use super::outbox::Outbox;
use crate::control::JournalStatus;
use outcomes::{Outcomes, outcome};
use pending::{GivenUp, MOST_UNNOTED, Pending};

/// So many alerts wait to be written before the cameras wait.
const MOST_WAITING: usize = 10_000;
/// A delivery that is to go to an adapter which the flow does not have any more.
const LONGEST_ABSENCE: Duration = Duration::from_secs(24 * 3600);

/// What a camera's part of the flow has to say after a frame.
pub(crate) struct Entry {
    pub(crate) camera: Arc<str>,
    /// The alerts that leave the flow or are read by an adapter, in the order of the nodes.
    pub(crate) alerts: Vec<Happened>,
    /// What the nodes remember after this frame.
    pub(crate) checkpoint: Option<Checkpoint>,
}

/// An alert that has a reader.
pub(crate) struct Happened {
    /// The node that gave it.
    pub(crate) node: Arc<str>,
    /// Since the stream's first frame.
    pub(crate) media_time: Duration,
    /// No gate reads it: it is told to whoever runs the flow.
    pub(crate) leaves: bool,
    pub(crate) alert: Alert,
    /// The adapters that read it.
    pub(crate) outboxes: Vec<Arc<Outbox>>,
}

/// What the nodes of a camera remember, all after the same frame.
#[derive(Clone)]
pub(crate) struct Checkpoint {
    pub(crate) frame: u64,
    pub(crate) at: Timestamp,
    /// The names behind the numbers of classes in the states.
    pub(crate) classes: Vec<String>,
    pub(crate) nodes: Vec<NodeState>,
}

/// What one node remembers.
#[derive(Clone)]
pub(crate) struct NodeState {
    pub(crate) node: Arc<str>,
    pub(crate) plugin: Arc<str>,
    pub(crate) snapshot: Arc<Snapshot>,
    /// What waits in it, by its ledger.
    pub(crate) holds: u64,
}

/// Takes what a camera's part of the flow has to say.
pub(crate) trait Outlet: Send + Sync {
    /// Takes in what a camera has to say. Entries of one camera come in their order. May wait for
    /// the disk.
    fn keep(&self, entry: Entry);

    /// Whether it wants to know what the nodes remember.
    fn wants_checkpoints(&self) -> bool;
}

struct State {
    pending: Pending,
    /// How often something was handed in, and how much of that is through.
    handed_in: u64,
    through: u64,
    commits: u64,
    /// Alerts that the writer has taken and not written yet.
    being_written: u64,
    /// The same of settled deliveries.
    being_noted: usize,
    /// What cannot be written until then is told all the same.
    deadline: Option<Instant>,
    /// Why nothing can be written, while that is so.
    trouble: Option<String>,
    closed: bool,
}

struct Shared {
    state: Mutex<State>,
    /// For the writer: there is something to write.
    work: Condvar,
    /// For everyone else: something is through.
    progress: Condvar,
    store: Store,
    sink: Arc<dyn AlertSink>,
    /// What is written is there again after a restart.
    lasts: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One flow's journal, with the thread that writes it.
pub(crate) struct Journal {
    outcomes: Outcomes,
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Journal {
    /// Starts writing to `store`, and telling `sink`.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(crate) fn start(store: Store, sink: Arc<dyn AlertSink>) -> std::io::Result<Arc<Self>> {
        Self::keeping(Keep::default(), store, sink)
    }

    /// The same, with so much of the past.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(crate) fn keeping(
        keep: Keep,
        store: Store,
        sink: Arc<dyn AlertSink>,
    ) -> std::io::Result<Arc<Self>> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                pending: Pending::default(),
                handed_in: 0,
                through: 0,
                commits: 0,
                being_written: 0,
                being_noted: 0,
                deadline: None,
                trouble: None,
                closed: false,
            }),
            work: Condvar::new(),
            progress: Condvar::new(),
            lasts: store.lasts(),
            store,
            sink,
        });
        let for_writer = Arc::clone(&shared);
        let writer = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer::Writer::new(for_writer, keep).run())?;
        Ok(Arc::new(Self {
            outcomes: Outcomes::default(),
            shared,
            writer: Mutex::new(Some(writer)),
        }))
    }

    /// Whether what is written is there again after a restart.
    pub(super) fn lasts(&self) -> bool {
        self.shared.lasts
    }

    /// An adapter has no more to do with this alert.
    pub(super) fn settled(&self, adapter: &Arc<str>, sequence: u64) {
        self.hand_in(|pending| pending.settled(adapter, sequence));
    }

    /// An adapter has tried to deliver this alert so often.
    pub(super) fn tried(&self, adapter: &Arc<str>, sequence: u64, attempts: u32) {
        self.hand_in(|pending| pending.tried(adapter, sequence, attempts));
    }

    /// An adapter gives this alert up, for this reason.
    pub(super) fn given_up(&self, adapter: &Arc<str>, sequence: u64, attempts: u32, reason: &str) {
        let dead = GivenUp {
            adapter: Arc::clone(adapter),
            sequence,
            attempts,
            reason: reason.to_owned(),
        };
        self.hand_in(|pending| pending.given_up(dead));
    }

    /// Waits until there is room to note one more delivery, and no longer than `longest`. Says
    /// whether there is.
    pub(super) fn has_room_to_note(&self, longest: Duration) -> bool {
        let state = self.shared.lock();
        let is_full = |state: &mut State| state.being_noted + state.pending.notes() >= MOST_UNNOTED;
        let progress = &self.shared.progress;
        let waited = progress.wait_timeout_while(state, longest, is_full);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// What becomes of deliveries from now on, for the trail of this name.
    pub(super) fn outcomes_for(&self, trail: &str) -> Arc<WaitingOutcomes> {
        self.outcomes.wanted_by(trail)
    }

    /// A delivery of `adapter` has come to its end: it arrived, or it never will for a reason.
    /// `alert` is the rest of the alert's key in the trail, behind the flow.
    pub(super) fn note_outcome(
        &self,
        adapter: &str,
        alert: impl FnOnce() -> String,
        attempts: u32,
        refused: Option<&str>,
    ) {
        self.outcomes
            .note(|| outcome(adapter, alert(), attempts, refused));
    }

    /// The next alerts of a camera for an adapter, behind `after`.
    pub(super) fn due(
        &self,
        adapter: &str,
        camera: &str,
        after: u64,
        most: usize,
    ) -> Result<Vec<Due>, StoreError> {
        self.shared.store.due(adapter, camera, after, most)
    }

    /// How many alerts an adapter has given up.
    pub(super) fn dead_letters(&self, adapter: &str) -> Result<u64, StoreError> {
        let mut counts = self.shared.store.dead_letter_counts()?.into_iter();
        let own = counts.find(|(name, _)| name == adapter);
        Ok(own.map_or(0, |(_, count)| count))
    }

    /// How it is, for those who look on from outside.
    pub(super) fn status(&self) -> JournalStatus {
        let state = self.shared.lock();
        JournalStatus {
            lasts: self.shared.lasts,
            waiting: state.pending.alerts() as u64 + state.being_written,
            commits: state.commits,
            trouble: state.trouble.clone(),
        }
    }

    /// The file that it writes.
    pub(crate) fn store(&self) -> &Store {
        &self.shared.store
    }

    /// What waited for an adapter when the flow stopped.
    pub(super) fn backlog(&self, adapter: &str) -> Result<Vec<agave_store::Waiting>, StoreError> {
        let mut waiting = self.shared.store.waiting()?;
        waiting.retain(|waiting| waiting.adapter == adapter);
        Ok(waiting)
    }

    /// What the nodes of each camera remembered when the flow stopped.
    pub(crate) fn checkpoints(&self) -> Result<Vec<KeptCheckpoint>, StoreError> {
        self.shared.store.checkpoints()
    }

    /// Forgets what the nodes of a camera remember.
    pub(super) fn forget(&self, camera: &str) -> Result<(), StoreError> {
        self.shared.store.forget_checkpoint(camera)
    }

    /// Says which alerts wait for adapters that the flow does not have, and gives up those that
    /// have waited for long.
    pub(crate) fn look_after_absent(&self, adapters: &[&str]) -> Result<(), StoreError> {
        let store = &self.shared.store;
        let before = Timestamp::now() - LONGEST_ABSENCE;
        let waiting = store.waiting()?;
        let is_absent =
            |waiting: &&agave_store::Waiting| !adapters.contains(&waiting.adapter.as_str());
        for agave_store::Waiting {
            adapter,
            camera,
            alerts,
            ..
        } in waiting.iter().filter(is_absent)
        {
            let why = "the flow has had no such adapter for a day";
            let given_up = store.give_up(adapter, before.0, Timestamp::now().0, why)?;
            tracing::warn!(
                node = adapter,
                camera,
                given_up,
                "{alerts} alerts wait for this adapter, which the flow does not have; after a day they are dead letters"
            );
        }
        Ok(())
    }

    /// Waits until everything that was handed in so far is through.
    pub(crate) fn flush(&self) {
        let mut state = self.shared.lock();
        let wanted = state.handed_in;
        state.pending.hurry();
        self.shared.work.notify_all();
        while state.through < wanted {
            state = self
                .shared
                .progress
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The flow stops. What cannot be written until `deadline` is told all the same.
    pub(crate) fn hurry(&self, deadline: Instant) {
        self.shared.lock().deadline = Some(deadline);
        self.shared.work.notify_all();
    }

    /// Writes what is left, and ends.
    pub(crate) fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.work.notify_all();
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if writer.is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the thread 'journal' panicked; please report this");
        }
    }

    fn hand_in(&self, add: impl FnOnce(&mut Pending)) {
        let mut state = self.shared.lock();
        add(&mut state.pending);
        state.handed_in += 1;
        self.shared.work.notify_all();
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}

impl Outlet for Journal {
    fn keep(&self, entry: Entry) {
        let mut state = self.shared.lock();
        while state.pending.alerts() >= MOST_WAITING && !state.closed {
            state = self
                .shared
                .progress
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.pending.add(entry);
        state.handed_in += 1;
        self.shared.work.notify_all();
    }

    fn wants_checkpoints(&self) -> bool {
        self.shared.lasts
    }
}

#[cfg(test)]
pub(super) mod tests;
