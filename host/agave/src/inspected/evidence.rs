//! What led to alerts: for each, what its frame's nodes gave, and its picture. Plugins need not
//! help: it is gathered by looking at what passes the nodes. It is kept beside the flow's state,
//! within bounds of number and bytes, and the flow never waits for it: what does not fit in the
//! queue is left out and counted.

mod folder;
mod trace;
mod waiting;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, OnceLock, Weak};

use agave_core::{Alert, AlertReport, FrameDetections, StreamInfo, Timestamp};
use agave_inspector::view::Why;

use crate::topology::{Live, Tap};
use folder::Folder;
pub(super) use trace::Seen;
use trace::Traces;
use waiting::Waiting;

/// So many alerts wait for their pictures.
const MOST_WAITING: usize = 256;
/// The longest side of a kept picture.
const MOST_PIXELS: u32 = 1280;

/// What led to the alerts of one flow.
pub(crate) struct Evidence {
    traces: Traces,
    folder: Arc<Folder>,
    live: Arc<OnceLock<Weak<Live>>>,
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
        let live = Arc::new(OnceLock::new());
        let (wanted, waiting) = sync_channel(MOST_WAITING);
        let waits = Arc::<Waiting>::default();
        let keeper = Keeper {
            folder: Arc::clone(&folder),
            live: Arc::clone(&live),
            waiting: Arc::clone(&waits),
        };
        std::thread::Builder::new()
            .name("evidence".to_owned())
            .spawn(move || waiting.iter().for_each(|wanted| keeper.keep(&wanted)))?;
        Ok(Arc::new(Self {
            traces: Traces::default(),
            folder,
            live,
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

    /// Keeps what led to an alert.
    pub(super) fn gather(&self, sequence: u64, report: &AlertReport) {
        let wanted = Wanted {
            sequence,
            camera: report.camera_id.clone(),
            frame: report.frame,
        };
        let why = self.traces.why(&report.camera_id, report.frame);
        self.waiting.add(sequence, why);
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
        let waits = self.waiting.why(sequence);
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
        self.traces.seen(camera, frame)
    }
}

/// The side of the thread.
struct Keeper {
    folder: Arc<Folder>,
    live: Arc<OnceLock<Weak<Live>>>,
    waiting: Arc<Waiting>,
}

impl Keeper {
    fn keep(&self, wanted: &Wanted) {
        let why = self.waiting.why(wanted.sequence);
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

impl Tap for Evidence {
    fn detections(&self, node: &str, stream: &StreamInfo, frame: &FrameDetections) {
        self.traces.detections(node, stream, frame);
    }

    fn alerts(&self, node: &str, stream: &StreamInfo, at: Timestamp, alerts: &[Alert]) {
        self.traces.alerts(node, stream, at, alerts);
    }
}
