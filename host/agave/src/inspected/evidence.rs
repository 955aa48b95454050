//! What led to alerts: for each, what its frame's nodes gave, and its picture. Plugins need not
//! help: it is gathered by looking at what passes the nodes. It is kept beside the flow's state,
//! within bounds of number and bytes, and the flow never waits for it: what does not fit in the
//! queue is left out and counted.

mod folder;
mod subject;
mod told;
mod trace;
mod waiting;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use agave_core::{Alert, AlertReport, FrameDetections, StreamInfo, Timestamp};
use agave_inspector::view::Why;
use agave_store::AlertQuery;

use super::outcomes::Outcomes;
use crate::topology::{Live, Tap};
use folder::Folder;
use subject::Subject;
pub(super) use told::Seen;
use trace::Traces;
use waiting::{Waiting, Way};

/// So many alerts wait for their pictures.
const MOST_WAITING: usize = 256;
/// How often cameras and alerts are forgotten that are no more.
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// So many alerts at once.
const MOST_PRUNED: usize = 1000;
/// The longest side of a kept picture.
const MOST_PIXELS: u32 = 1280;

/// What led to the alerts of one flow.
pub(crate) struct Evidence {
    traces: Arc<Traces>,
    folder: Arc<Folder>,
    live: Arc<OnceLock<Weak<Live>>>,
    outcomes: Arc<OnceLock<Weak<Outcomes>>>,
    wanted: SyncSender<Wanted>,
    waiting: Arc<Waiting>,
    left_out: AtomicU64,
}

/// An alert of which something is to be kept.
struct Wanted {
    sequence: u64,
    camera: String,
    frame: u64,
}

impl Evidence {
    /// Keeps it in `folder`; without one, in memory. What lies there of alerts behind the
    /// `newest` is of another journal, and goes.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(crate) fn start(
        folder: Option<std::path::PathBuf>,
        newest: u64,
    ) -> std::io::Result<Arc<Self>> {
        let folder = Arc::new(Folder::open(folder, newest));
        let (live, outcomes) = (Arc::new(OnceLock::new()), Arc::new(OnceLock::new()));
        let (wanted, waiting) = sync_channel(MOST_WAITING);
        let (waits, traces) = (Arc::<Waiting>::default(), Arc::<Traces>::default());
        let keeper = Keeper {
            folder: Arc::clone(&folder),
            live: Arc::clone(&live),
            outcomes: Arc::clone(&outcomes),
            waiting: Arc::clone(&waits),
            traces: Arc::clone(&traces),
        };
        std::thread::Builder::new()
            .name("evidence".to_owned())
            .spawn(move || keeper.work(&waiting))?;
        Ok(Arc::new(Self {
            traces,
            folder,
            live,
            outcomes,
            wanted,
            waiting: waits,
            left_out: AtomicU64::new(0),
        }))
    }

    /// The flow runs: pictures can be had from it.
    pub(crate) fn attach(&self, live: &Arc<Live>) {
        // It runs once.
        let _ = self.live.set(Arc::downgrade(live));
    }

    /// They are taken in from now on, whether or not somebody looks at an alert.
    pub(super) fn attach_outcomes(&self, outcomes: &Arc<Outcomes>) {
        // A flow is looked into by one.
        let _ = self.outcomes.set(Arc::downgrade(outcomes));
    }

    /// Keeps what led to an alert.
    pub(super) fn gather(&self, sequence: u64, report: &AlertReport) {
        let wanted = Wanted {
            sequence,
            camera: report.camera_id.clone(),
            frame: report.frame,
        };
        let trace = self.traces.of(&report.camera_id, report.frame);
        let subject = Subject::of(report);
        let way = trace.map(|trace| Way { subject, trace });
        self.waiting.add(sequence, way);
        if self.wanted.try_send(wanted).is_err() {
            self.waiting.done(sequence);
            let left_out = self.left_out.fetch_add(1, Ordering::Relaxed) + 1;
            if left_out.is_power_of_two() {
                tracing::warn!(
                    left_out,
                    "alerts come faster than their pictures can be kept"
                );
            }
        }
    }

    /// What led to an alert, where that is known.
    pub(super) fn why(&self, sequence: u64) -> Option<Why> {
        let waits = self.waiting.way(sequence);
        let waits = waits.map(|way| why(&self.traces, &way));
        waits.or_else(|| serde_json::from_slice(&self.folder.why(sequence)?).ok())
    }

    /// The picture of an alert's frame.
    pub(super) fn picture(&self, sequence: u64) -> Option<Vec<u8>> {
        self.waiting.wait(sequence);
        self.folder.picture(sequence)
    }

    /// Whether there is one.
    pub(super) fn has_picture(&self, sequence: u64) -> bool {
        self.waiting.has(sequence) || self.folder.has_picture(sequence)
    }

    /// What a camera's frame showed, behind its last filter; nothing where that is not known.
    pub(super) fn seen(&self, camera: &str, frame: u64) -> Option<Seen> {
        Some(told::seen(&self.traces.of(camera, frame)?))
    }
}

/// The side of the thread.
struct Keeper {
    folder: Arc<Folder>,
    live: Arc<OnceLock<Weak<Live>>>,
    outcomes: Arc<OnceLock<Weak<Outcomes>>>,
    waiting: Arc<Waiting>,
    traces: Arc<Traces>,
}

impl Keeper {
    /// Works until nothing can be wanted any more.
    fn work(&self, wanted: &Receiver<Wanted>) {
        let mut tidied = Instant::now();
        loop {
            match wanted.recv_timeout(TIDY_EVERY.saturating_sub(tidied.elapsed())) {
                Ok(wanted) => self.keep(&wanted),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if tidied.elapsed() >= TIDY_EVERY {
                tidied = Instant::now();
                self.tidy();
            }
        }
    }

    fn tidy(&self) {
        if let Some(outcomes) = self.outcomes.get().and_then(Weak::upgrade) {
            outcomes.take_in();
        }
        if let Some(live) = self.live.get().and_then(Weak::upgrade) {
            let flow = live.flow();
            let names: BTreeSet<&str> = flow.cameras.iter().map(|it| it.name.as_str()).collect();
            self.traces.keep_only(|name| names.contains(name));
            // Pictures of people are kept no longer than the alerts that they belong to.
            self.folder
                .prune(MOST_PRUNED, |number| is_kept(&live, number));
        }
    }

    fn keep(&self, wanted: &Wanted) {
        let way = self.waiting.way(wanted.sequence);
        let why = way.map(|way| why(&self.traces, &way));
        let why = why.and_then(|why| serde_json::to_vec(&why).ok());
        let live = self.live.get().and_then(Weak::upgrade);
        let picture = live.and_then(|live| live.recent()).and_then(|recent| {
            let picture = recent.jpeg(&wanted.camera, wanted.frame, None, MOST_PIXELS);
            // A frame that is gone, or was never looked at, has no picture.
            picture.ok()
        });
        self.folder.put(wanted.sequence, why, picture);
        self.waiting.done(wanted.sequence);
    }
}

/// What led to an alert that waits.
fn why(traces: &Traces, way: &Way) -> Why {
    let Way { subject, trace } = way;
    let followed = traces.followed(&trace.stream.camera, trace.frame, subject);
    told::why(trace, followed)
}

/// Whether the journal still has an alert. Where it cannot be read, it may.
fn is_kept(live: &Live, number: u64) -> bool {
    let alert = AlertQuery {
        after: number.saturating_sub(1),
        before: number.saturating_add(1),
        most: 1,
        ..AlertQuery::default()
    };
    let found = live.store().alerts(&alert);
    found.map_or(true, |found| !found.is_empty())
}

impl Tap for Evidence {
    fn detections(&self, node: &str, stream: &StreamInfo, frame: &FrameDetections) {
        self.traces.detections(node, stream, frame);
    }

    fn alerts(&self, node: &str, stream: &StreamInfo, at: Timestamp, alerts: &[Alert]) {
        self.traces.alerts(node, stream, at, alerts);
    }
}
