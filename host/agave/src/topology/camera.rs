//! A camera of the running flow: the thread that reads it, and its way through the flow.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;

use agave_flow::{Camera, CameraKind};
use agave_media::{Nudge, VideoRelay};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::build::{source_config, terms};
use super::intake::{CameraId, Intake};
use super::lane::Lane;
use super::recorded::Playing;
use super::running::{Signal, join, thread};
use super::source::{Health, SourceSink, SourceState};
use super::video::Relays;

/// What a running camera needs of its surroundings.
#[derive(Clone)]
pub(super) struct Post {
    pub(super) intake: Arc<Intake>,
    /// So many cameras that are recordings take a frame through the flow at the same time.
    pub(super) turns: Arc<Semaphore>,
    /// Ends all sources.
    pub(super) shutdown: CancellationToken,
    pub(super) sender: Sender<Signal>,
    /// For those who watch cameras.
    pub(super) video: Relays,
}

/// Reads a camera until it ends.
type Read = Box<dyn FnOnce() -> Result<(), String> + Send>;

/// A camera that is being read.
pub(super) struct RunningCamera {
    /// As the flow has it.
    pub(super) camera: Camera,
    pub(super) id: CameraId,
    pub(super) lane: Arc<Lane>,
    pub(super) state: Arc<SourceState>,
    /// Its video for those who watch, whatever source it comes from.
    pub(super) video: Arc<VideoRelay>,
    /// How many frames came from sources before this one.
    frames: Arc<AtomicU64>,
    /// Ends its wait when it is lost.
    pub(super) nudge: Nudge,
    stop: CancellationToken,
    source: Vec<JoinHandle<()>>,
}

impl RunningCamera {
    /// Begins to read `camera`, whose frames are numbered from `first_frame`.
    pub(super) fn start(
        camera: Camera,
        lane: Arc<Lane>,
        first_frame: u64,
        post: &Post,
    ) -> io::Result<Self> {
        let id = post
            .intake
            .add(&camera.name, terms(&camera), Arc::clone(&lane));
        let video = post.video.of(&camera.name);
        let mut running = Self {
            camera,
            id,
            lane,
            state: Arc::default(),
            video,
            frames: Arc::new(first_frame.into()),
            nudge: Nudge::default(),
            stop: CancellationToken::new(),
            source: Vec::new(),
        };
        running.start_source(post)?;
        Ok(running)
    }

    /// Reads it as `camera` says from now on, without losing its place in the flow.
    pub(super) fn read_as(&mut self, camera: Camera, post: &Post) -> io::Result<()> {
        self.stop_source();
        self.camera = camera;
        post.intake.set_terms(self.id, terms(&self.camera));
        self.start_source(post)
    }

    /// Other terms and zones, the same source.
    pub(super) fn describe_as(&mut self, camera: Camera, post: &Post) {
        self.camera = camera;
        post.intake.set_max_age(self.id, self.camera.max_age);
    }

    fn start_source(&mut self, post: &Post) -> io::Result<()> {
        self.stop = post.shutdown.child_token();
        self.state.begin();
        let stop = self.stop.clone();
        let (post, id) = (post.clone(), self.id);
        let (name, state) = (self.camera.name.clone(), Arc::clone(&self.state));
        let read = self.reader(&post, stop);
        let source = move || {
            if let Err(reason) = read() {
                tracing::error!(camera = name, "{reason}");
                state.change(|state| state.health = Health::Failed(reason));
            }
            post.intake.close(id);
            // Nobody hears it when the process is already stopping.
            let _ = post.sender.send(Signal::SourceEnded);
        };
        self.source.push(thread(self.camera.name.clone(), source)?);
        Ok(())
    }

    /// What the source's thread does: it says why it cannot go on.
    fn reader(&self, post: &Post, stop: CancellationToken) -> Read {
        if self.camera.kind == CameraKind::Recording {
            let playing = Playing {
                lane: Arc::clone(&self.lane),
                turns: Arc::clone(&post.turns),
                state: Arc::clone(&self.state),
                frames: Arc::clone(&self.frames),
                pace: self.camera.pace,
                repeat: self.camera.repeat,
            };
            let file = self.camera.shown_url.clone();
            let play = move || playing.run(&stop);
            return Box::new(move || play().map_err(|reason| format!("{file}: {reason}")));
        }
        let config = source_config(&self.camera, self.nudge.clone());
        let mut sink = SourceSink {
            camera: self.id,
            name: self.camera.name.clone(),
            intake: Arc::clone(&post.intake),
            state: Arc::clone(&self.state),
            video: Arc::clone(&self.video),
            frames: Arc::clone(&self.frames),
            first_frame: self.frames.load(Ordering::Relaxed),
            counted: self.state.get().counts,
        };
        Box::new(move || {
            let read = agave_media::run(&config, &mut sink, &stop);
            read.map_err(|error| error.to_string())
        })
    }

    /// Whether its source will give no more.
    pub(super) fn has_ended(&self) -> bool {
        self.source.iter().all(JoinHandle::is_finished)
    }

    /// Tells the source to let go.
    pub(super) fn begin_to_stop(&self) {
        self.stop.cancel();
    }

    /// Lets go of the source and waits until it is gone.
    pub(super) fn stop_source(&mut self) {
        self.begin_to_stop();
        join(&mut self.source);
    }
}
