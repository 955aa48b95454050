//! What waits to be written. Of each camera's checkpoints only the last counts, so this grows
//! with the alerts and with nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Checkpoint, Entry, Happened};

/// What is in no hurry waits so long for others to be written with it.
const PATIENCE: Duration = Duration::from_millis(200);
/// So many deliveries may be settled and not written, which a kill would make happen again. At 5000
/// a second it is what a busy disk takes 50 ms for.
pub(super) const MOST_UNNOTED: usize = 250;

/// An alert that an adapter gives up.
pub(super) struct GivenUp {
    pub(super) adapter: Arc<str>,
    pub(super) sequence: u64,
    pub(super) attempts: u32,
    pub(super) reason: String,
}

#[derive(Default)]
pub(super) struct Pending {
    /// With their cameras, in the order in which they came.
    pub(super) happened: Vec<(Arc<str>, Happened)>,
    pub(super) checkpoints: BTreeMap<Arc<str>, Checkpoint>,
    pub(super) settled: Vec<(Arc<str>, u64)>,
    pub(super) given_up: Vec<GivenUp>,
    /// By adapter and alert, how often it has been tried.
    pub(super) tried: BTreeMap<(Arc<str>, u64), u32>,
    /// When it has to be written.
    due: Option<Instant>,
}

impl Pending {
    pub(super) fn add(&mut self, entry: Entry) {
        if !entry.alerts.is_empty() {
            self.hurry();
        }
        let happened = entry.alerts.into_iter();
        self.happened
            .extend(happened.map(|happened| (Arc::clone(&entry.camera), happened)));
        if let Some(checkpoint) = entry.checkpoint {
            self.checkpoints.insert(entry.camera, checkpoint);
        }
        self.wait();
    }

    pub(super) fn settled(&mut self, adapter: &Arc<str>, sequence: u64) {
        self.settled.push((Arc::clone(adapter), sequence));
        self.hurry();
    }

    pub(super) fn given_up(&mut self, dead: GivenUp) {
        self.given_up.push(dead);
        self.hurry();
    }

    pub(super) fn tried(&mut self, adapter: &Arc<str>, sequence: u64, attempts: u32) {
        self.tried.insert((Arc::clone(adapter), sequence), attempts);
        self.wait();
    }

    /// How many alerts wait.
    pub(super) fn alerts(&self) -> usize {
        self.happened.len()
    }

    /// How many deliveries are settled.
    pub(super) fn notes(&self) -> usize {
        self.settled.len() + self.given_up.len()
    }

    /// Somebody waits for it.
    pub(super) fn hurry(&mut self) {
        self.due = Some(Instant::now());
    }

    fn wait(&mut self) {
        self.due.get_or_insert_with(|| Instant::now() + PATIENCE);
    }

    /// How long it can still wait; none when there is nothing.
    pub(super) fn patience(&self) -> Option<Duration> {
        let due = self.due?;
        Some(due.saturating_duration_since(Instant::now()))
    }
}
