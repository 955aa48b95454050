//! Between a source's thread and the rest: its frames go to the intake, its packets to those who
//! watch, its news to the counts and the log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use agave_core::Timestamp;
use agave_media::{
    EncodedPacket, Frame, FrameSink, SourceCounts, SourceEvent, StreamDescription, VideoRelay,
};

use super::intake::{CameraId, Intake};

/// What a camera is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Health {
    #[default]
    Connecting,
    Live,
    /// It is gone, for this reason, and will be tried again.
    Lost(String),
    /// A file is at its end.
    Ended,
    /// It cannot be read at all.
    Failed(String),
    /// It was taken out of the running flow.
    Removed,
}

impl Health {
    pub(crate) fn is_live(&self) -> bool {
        *self == Self::Live
    }

    /// The word for the summary.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Lost(_) => "lost",
            Self::Ended => "ended",
            Self::Failed(_) => "failed",
            Self::Removed => "removed",
        }
    }
}

/// What is known of a source while it runs and after.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) health: Health,
    /// Since when it is so.
    pub(super) since: Option<Timestamp>,
    /// When a camera that is lost is tried again; nothing while it is being tried.
    pub(super) retry_at: Option<Instant>,
    /// When somebody last had it tried at once.
    pub(super) nudged_at: Option<Instant>,
    /// Whether a picture came from where it is read now.
    pub(super) was_live: bool,
    pub(super) counts: SourceCounts,
    pub(super) reconnects: u64,
    /// Of the last frame that was announced.
    pub(super) picture: Option<PictureFormat>,
}

/// What the pictures of a source are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PictureFormat {
    pub(super) width: u32,
    pub(super) height: u32,
    /// FFmpeg's name of the codec; none where there are no pictures to see.
    pub(super) codec: Option<String>,
}

/// The state of one source, shared with whoever reports it.
#[derive(Default)]
pub(super) struct SourceState(Mutex<State>);

impl SourceState {
    pub(super) fn get(&self) -> State {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.health.word();
        let changed = change(&mut state);
        if state.health.word() != before || state.since.is_none() {
            state.since = Some(Timestamp::now());
        }
        changed
    }

    /// It is read from somewhere from now on: what was known of the source before is no more.
    pub(super) fn begin(&self) {
        self.change(|state| {
            state.health = Health::Connecting;
            state.since = None;
            (state.retry_at, state.nudged_at, state.was_live) = (None, None, false);
        });
    }
}

/// What the source's thread writes to.
pub(super) struct SourceSink {
    pub(super) camera: CameraId,
    pub(super) name: String,
    pub(super) intake: Arc<Intake>,
    pub(super) state: Arc<SourceState>,
    pub(super) video: Arc<VideoRelay>,
    /// How many frames the camera has had, from whatever source.
    pub(super) frames: Arc<AtomicU64>,
    /// How many it had before this source.
    pub(super) first_frame: u64,
    /// What sources before this one counted.
    pub(super) counted: SourceCounts,
}

impl FrameSink for SourceSink {
    fn frame(&mut self, mut frame: Frame) {
        frame.number += self.first_frame;
        self.frames.store(frame.number + 1, Ordering::Relaxed);
        self.video.sampled(frame.number, frame.presentation_us);
        self.intake.push(self.camera, frame);
    }

    fn wants_packets(&self) -> bool {
        true
    }

    fn stream(&mut self, description: StreamDescription) {
        self.video.stream(description);
    }

    fn packet(&mut self, packet: EncodedPacket) {
        self.video.packet(packet);
    }

    fn event(&mut self, event: SourceEvent) {
        let camera = self.name.as_str();
        match event {
            SourceEvent::Connecting => {
                tracing::debug!(camera, "connecting");
                self.state.change(|state| {
                    state.retry_at = None;
                    // One more attempt does not make a camera less lost.
                    if !matches!(state.health, Health::Lost(_)) {
                        state.health = Health::Connecting;
                    }
                });
            }
            SourceEvent::Live {
                width,
                height,
                codec,
            } => {
                tracing::info!(camera, width, height, codec, "live");
                self.state.change(|state| {
                    state.health = Health::Live;
                    state.was_live = true;
                    state.picture = Some(PictureFormat {
                        width,
                        height,
                        codec: Some(codec),
                    });
                });
            }
            SourceEvent::Lost { reason, retry_in } => {
                tracing::warn!(camera, "lost: {reason}; trying again in {retry_in:.1?}");
                self.state.change(|state| {
                    state.health = Health::Lost(reason);
                    state.retry_at = Instant::now().checked_add(retry_in);
                    state.reconnects += 1;
                });
            }
            SourceEvent::Ended => {
                tracing::debug!(camera, "at its end");
                self.state.change(|state| state.health = Health::Ended);
            }
            SourceEvent::Counted(counts) => {
                let counts = counts + self.counted;
                self.state.change(|state| state.counts = counts);
            }
        }
    }
}
