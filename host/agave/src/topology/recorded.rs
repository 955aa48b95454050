//! Cameras that play a recording. What the models saw then goes where a model's results would
//! go, at the pace at which it was captured: nothing is decoded and nobody looks. So it needs
//! neither the intake nor a worker, and a camera's own thread takes its frames through the lane,
//! which is also what keeps it from getting ahead. No more of them do so at the same time than
//! there are workers: a thread that has to wait for a core does not wait inside of a chain.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use agave_core::Timestamp;
use agave_flow::{Camera, CameraKind, Flow, Pace};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::build::{BuildError, Standing};
use super::chain::{Arrival, Seen, Timings};
use super::lane::Lane;
use super::source::{Health, PictureFormat, SourceState};
use crate::recording::{Ending, Frame, Opening, PlayError, RecordedCamera, read_to_end};

/// The recordings that a flow plays, by their files.
#[derive(Clone, Default)]
pub(super) struct Recordings(BTreeMap<PathBuf, Arc<Opening>>);

impl Recordings {
    /// Looks into each recording of `flow` once; into all of it if it is only checked. One that
    /// is being played is what it was when it was opened.
    pub(super) fn open(
        flow: &Flow,
        standing: Option<&Standing>,
        only_checked: bool,
    ) -> Result<Self, BuildError> {
        let mut recordings = Self::default();
        for camera in flow.cameras.iter().filter(|camera| is_recorded(camera)) {
            let file = file(camera);
            if recordings.0.contains_key(&file) {
                continue;
            }
            let refused = |reason| refused(camera, reason);
            let known = standing.and_then(|standing| standing.version.recordings.0.get(&file));
            let opening = match known {
                Some(known) => Arc::clone(known),
                None => Arc::new(Opening::of(&file).map_err(refused)?),
            };
            if only_checked && let Ending::CutOff { at } = read_to_end(&file).map_err(refused)? {
                tracing::warn!(
                    camera = camera.name,
                    "{} was cut off; it is good up to byte {at}, and that is played",
                    camera.shown_url
                );
            }
            recordings.0.insert(file, opening);
        }
        Ok(recordings)
    }

    /// What `camera` plays; nothing if it is no recording.
    pub(super) fn of(
        &self,
        flow: &Flow,
        camera: &Camera,
    ) -> Result<Option<Arc<RecordedCamera>>, BuildError> {
        let file = file(camera);
        let Some(opening) = self.0.get(&file).filter(|_| is_recorded(camera)) else {
            return Ok(None);
        };
        let recorded = RecordedCamera::of(flow, camera, file, Arc::clone(opening));
        let recorded = recorded.map_err(|reason| refused(camera, reason))?;
        Ok(Some(Arc::new(recorded)))
    }
}

pub(super) fn is_recorded(camera: &Camera) -> bool {
    camera.kind == CameraKind::Recording
}

fn file(camera: &Camera) -> PathBuf {
    camera.url.reveal().into()
}

fn refused(camera: &Camera, reason: PlayError) -> BuildError {
    BuildError::Recording {
        camera: camera.name.clone(),
        file: camera.shown_url.clone(),
        reason: Box::new(reason),
    }
}

/// How long a camera that is behind keeps its turn while others wait for theirs.
const LONGEST_TURN: Duration = Duration::from_millis(1);

/// The right to take frames through the flow; whoever waits longest gets it next.
struct Turn<'t> {
    _permit: SemaphorePermit<'t>,
    began: Instant,
}

impl Turn<'_> {
    fn is_over(&self) -> bool {
        self.began.elapsed() >= LONGEST_TURN
    }
}

/// A camera's recording on its way through the flow.
pub(super) struct Playing {
    pub(super) lane: Arc<Lane>,
    pub(super) turns: Arc<Semaphore>,
    pub(super) state: Arc<SourceState>,
    /// How many frames the camera has had, from whatever source.
    pub(super) frames: Arc<AtomicU64>,
    pub(super) pace: Pace,
    pub(super) repeat: bool,
}

impl Playing {
    /// Plays until the recording ends or `stop` is cancelled.
    ///
    /// # Errors
    /// When it cannot be played, or not any further.
    pub(super) fn run(&self, stop: &CancellationToken) -> Result<(), PlayError> {
        let look = self.lane.look();
        let Some(recorded) = &look.recorded else {
            return Ok(());
        };
        let mut player = recorded.play(self.repeat)?;
        let clock = Clock::start(self.pace)?;
        let first_number = self.frames.load(Ordering::Relaxed);
        let mut turn = self.turn(&clock);
        while let Some((due, mut frame)) = player.next(stop)? {
            if clock.is_early(due) || turn.as_ref().is_none_or(Turn::is_over) {
                drop(turn.take());
                if !clock.wait_until(due, stop) {
                    return Ok(());
                }
                turn = self.turn(&clock);
            }
            frame.number = frame.number.saturating_add(first_number);
            frame.at = clock.began_at + due;
            self.frames
                .store(frame.number.saturating_add(1), Ordering::Relaxed);
            self.tell(&frame);
            self.take_through(frame, clock.late(due));
        }
        if !stop.is_cancelled() {
            self.state.change(|state| state.health = Health::Ended);
        }
        Ok(())
    }

    fn turn(&self, clock: &Clock) -> Option<Turn<'_>> {
        // Nobody takes the turns away.
        let permit = clock.runtime.block_on(self.turns.acquire()).ok()?;
        Some(Turn {
            _permit: permit,
            began: Instant::now(),
        })
    }

    fn tell(&self, frame: &Frame) {
        let (width, height) = frame.size;
        self.state.change(|state| {
            state.health = Health::Live;
            state.counts.read += 1;
            state.counts.sampled += 1;
            state.picture = Some(PictureFormat {
                width,
                height,
                codec: None,
            });
        });
    }

    fn take_through(&self, frame: Frame, late: Duration) {
        let admission = self.lane.admit();
        let look = &admission.look;
        let blind = Seen {
            frame: frame.number,
            at: frame.at,
            media_time: frame.media_time,
            size: frame.size,
            detections: vec![None; look.models.len()],
        };
        // Hours are a matter of the chain, whoever looked.
        let seen = look.recorded.as_ref().and_then(|played| played.seen(frame));
        let now = Instant::now();
        let arrival = Arrival {
            seen: seen.map_or(blind, |(_, seen)| seen),
            arrived: now.checked_sub(late).unwrap_or(now),
            timings: Timings {
                waiting: late,
                ..Timings::default()
            },
        };
        self.lane.submit(admission.ticket, arrival, || {});
    }
}

/// When what was recorded is to happen.
struct Clock {
    began: Instant,
    began_at: Timestamp,
    pace: Pace,
    /// Waits, and is woken to stop.
    runtime: Runtime,
}

impl Clock {
    fn start(pace: Pace) -> io::Result<Self> {
        Ok(Self {
            runtime: Builder::new_current_thread().enable_time().build()?,
            began: Instant::now(),
            began_at: Timestamp::now(),
            pace,
        })
    }

    /// How long it is until a frame's time comes.
    fn until(&self, due: Duration) -> Duration {
        match self.pace {
            Pace::Fast => Duration::ZERO,
            Pace::Realtime => due.saturating_sub(self.began.elapsed()),
        }
    }

    fn is_early(&self, due: Duration) -> bool {
        !self.until(due).is_zero()
    }

    /// Waits for the time of a frame to come. False when it is to stop.
    fn wait_until(&self, due: Duration, stop: &CancellationToken) -> bool {
        let early = self.until(due);
        if early.is_zero() {
            return !stop.is_cancelled();
        }
        let stopped = async { timeout(early, stop.cancelled()).await.is_ok() };
        !self.runtime.block_on(stopped)
    }

    /// How far behind the pace a frame is.
    fn late(&self, due: Duration) -> Duration {
        match self.pace {
            Pace::Fast => Duration::ZERO,
            Pace::Realtime => self.began.elapsed().saturating_sub(due),
        }
    }
}
