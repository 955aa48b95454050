//! A camera's own video for those who watch it: nothing is decoded or encoded for them, and
//! nothing is copied. The relay keeps the packets since the last key frame, so that a viewer
//! sees a picture at once, and says of the frames that were looked at when they are shown, so
//! that detections can be drawn on the very picture that they are of.
//!
//! The source's thread waits for no viewer: who is too slow loses packets until the next key
//! frame, and is told how many.

mod group;
mod memory;
mod queue;
mod sampled;
mod viewer;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::{EncodedPacket, StreamDescription};
use group::Group;
pub use memory::VideoMemory;
use queue::Queue;
use sampled::Sampled;
pub use viewer::Viewer;

/// Of one camera. Each costs a short list of references.
const MOST_VIEWERS: usize = 64;

/// What a viewer is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Video {
    /// A stream begins: the first one, or a camera was connected again, or it is another source
    /// now. The next packet is a key frame, and time stamps begin anew.
    Begins(Arc<StreamDescription>),
    /// The next picture.
    Packet(EncodedPacket),
    /// So many packets were left out, because the viewer was too slow or memory was short. The
    /// next packet is a key frame.
    LeftOut(u64),
}

/// Hands one camera's video on. It belongs to the camera and outlives its sources.
pub struct VideoRelay {
    shared: Arc<Shared>,
    memory: VideoMemory,
}

/// What the relay and its viewers share. It is locked for as long as it takes to move a few
/// references.
#[derive(Default)]
struct Shared(Mutex<State>);

#[derive(Default)]
struct State {
    stream: Option<Arc<StreamDescription>>,
    group: Group,
    sampled: Sampled,
    last_key_frame_us: Option<i64>,
    key_frame_gap: Option<Duration>,
    viewers: BTreeMap<u64, Watching>,
    next_viewer: u64,
    is_closed: bool,
}

struct Watching {
    queue: Queue,
    news: Arc<Notify>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tell(&mut self, tell: impl Fn(&mut Queue)) {
        for watching in self.viewers.values_mut() {
            tell(&mut watching.queue);
            watching.news.notify_one();
        }
    }

    fn pop(&mut self, viewer: u64) -> Option<Video> {
        self.viewers.get_mut(&viewer)?.queue.pop()
    }

    fn note_key_frame(&mut self, presentation_us: i64) {
        if let Some(last) = self.last_key_frame_us.replace(presentation_us)
            && let Ok(gap) = u64::try_from(presentation_us.saturating_sub(last))
        {
            self.key_frame_gap = Some(Duration::from_micros(gap));
        }
    }
}

impl VideoRelay {
    /// For a camera that nothing has been read of, in the memory that it shares with others.
    pub fn new(memory: &VideoMemory) -> Self {
        Self {
            shared: Arc::default(),
            memory: memory.clone(),
        }
    }

    /// Someone watches from now on: first the description of the stream and what came since its
    /// last key frame, if there is a stream. `None` when 64 watch already, or the relay is
    /// closed.
    pub fn watch(&self) -> Option<Viewer> {
        let mut state = self.shared.state();
        if state.is_closed || state.viewers.len() >= MOST_VIEWERS {
            return None;
        }
        let number = state.next_viewer;
        state.next_viewer += 1;
        let news = Arc::new(Notify::new());
        let watching = Watching {
            queue: Queue::new(state.stream.as_ref(), &state.group),
            news: Arc::clone(&news),
        };
        state.viewers.insert(number, watching);
        Some(Viewer::new(Arc::clone(&self.shared), number, news))
    }

    /// How many watch.
    pub fn viewers(&self) -> usize {
        self.shared.state().viewers.len()
    }

    /// How far the last two key frames of the stream were apart: how long a viewer who lost
    /// something waits at most.
    pub fn key_frame_gap(&self) -> Option<Duration> {
        self.shared.state().key_frame_gap
    }

    /// When frame `number` is shown, in microseconds of the current stream, if it is one of the
    /// last 256 that were sampled.
    pub fn presentation_us(&self, number: u64) -> Option<i64> {
        self.shared.state().sampled.presentation_us(number)
    }

    /// A stream begins. The source says so with
    /// [`FrameSink::stream`](crate::FrameSink::stream).
    pub fn stream(&self, description: StreamDescription) {
        let description = Arc::new(description);
        let mut state = self.shared.state();
        state.group.clear();
        state.sampled = Sampled::default();
        state.last_key_frame_us = None;
        state.key_frame_gap = None;
        state.tell(|queue| queue.begin(&description));
        state.stream = Some(description);
    }

    /// The stream's next packet. It never waits for a viewer.
    pub fn packet(&self, packet: EncodedPacket) {
        let mut state = self.shared.state();
        let is_watched = !state.viewers.is_empty();
        let kept = self.memory.keep(packet.data, is_watched);
        if packet.key_frame {
            state.note_key_frame(packet.presentation_us);
        }
        let Some(data) = kept else {
            state.group.clear();
            state.tell(Queue::leave_out);
            return;
        };
        let packet = EncodedPacket { data, ..packet };
        state.group.push(&packet);
        state.tell(|queue| queue.push(&packet));
    }

    /// Frame `number` is looked at.
    pub fn sampled(&self, number: u64, presentation_us: i64) {
        self.shared.state().sampled.push(number, presentation_us);
    }

    /// Nothing will come any more: viewers are told what they still have to get, then that it
    /// is over.
    pub fn close(&self) {
        let mut state = self.shared.state();
        state.is_closed = true;
        state.group.clear();
        state.tell(|_| {});
    }
}

impl Drop for VideoRelay {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for VideoRelay {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("VideoRelay")
            .field("viewers", &self.viewers())
            .finish_non_exhaustive()
    }
}
