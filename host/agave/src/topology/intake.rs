//! The waiting place before the flow: a queue of two frames for each camera. A camera's oldest
//! frame makes room for its newest, so latency cannot build up; a file waits instead, because
//! nothing in it may be lost.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use agave_core::DropReason;
use agave_media::Frame;

use super::lane::{Admission, Lane};

const FRAMES_WAITING: usize = 2;

/// How one camera's frames may wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// A camera does not wait, a file does.
    pub(super) live: bool,
    /// A live frame that is older when its turn comes is dropped.
    pub(super) max_age: Duration,
}

/// A camera of the running flow; another one with its name is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct CameraId(pub(super) u64);

/// A frame whose turn has come.
pub(super) struct Turn {
    pub(super) camera: CameraId,
    pub(super) name: Arc<str>,
    pub(super) lane: Arc<Lane>,
    pub(super) admission: Admission,
    pub(super) frame: Frame,
    pub(super) arrived: Instant,
}

struct Queue {
    camera: CameraId,
    name: Arc<str>,
    lane: Arc<Lane>,
    terms: Terms,
    frames: VecDeque<(Frame, Instant)>,
    open: bool,
    /// Taken by a worker and not yet through the flow.
    in_flight: usize,
    dropped: BTreeMap<DropReason, u64>,
}

impl Queue {
    fn drop_one(&mut self, reason: DropReason) {
        *self.dropped.entry(reason).or_default() += 1;
    }

    /// The oldest frame that is still worth looking at.
    fn next(&mut self) -> Option<(Frame, Instant)> {
        while let Some((frame, arrived)) = self.frames.pop_front() {
            // Since it arrived, and not by its own clock: cameras' clocks drift.
            if self.terms.live && arrived.elapsed() > self.terms.max_age {
                self.drop_one(DropReason::TooOld);
            } else {
                return Some((frame, arrived));
            }
        }
        None
    }

    fn drop_all(&mut self, reason: DropReason) {
        while self.frames.pop_front().is_some() {
            self.drop_one(reason);
        }
    }
}

#[derive(Default)]
struct Queues {
    cameras: Vec<Queue>,
    next_id: u64,
    /// Where the search for the next frame begins, so that no camera is favoured.
    turn: usize,
    /// No camera will give any more.
    finished: bool,
}

impl Queues {
    fn get(&mut self, camera: CameraId) -> Option<&mut Queue> {
        self.cameras.iter_mut().find(|queue| queue.camera == camera)
    }
}

/// All cameras' frames that wait for a worker.
pub(super) struct Intake {
    queues: Mutex<Queues>,
    /// How many frames of one camera may be in flight: enough to keep all workers busy, few
    /// enough that a slow flow cannot pile up results.
    in_flight_limit: usize,
    work: Condvar,
    room: Condvar,
}

impl Intake {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            queues: Mutex::default(),
            in_flight_limit: workers + 1,
            work: Condvar::new(),
            room: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a place for a camera, whose frames go to `lane`.
    pub(super) fn add(&self, name: &str, terms: Terms, lane: Arc<Lane>) -> CameraId {
        let mut queues = self.lock();
        let camera = CameraId(queues.next_id);
        queues.next_id += 1;
        queues.cameras.push(Queue {
            camera,
            name: name.into(),
            lane,
            terms,
            frames: VecDeque::with_capacity(FRAMES_WAITING),
            open: true,
            in_flight: 0,
            dropped: BTreeMap::new(),
        });
        camera
    }

    /// From now on the camera's frames wait on these terms, and more may come.
    pub(super) fn set_terms(&self, camera: CameraId, terms: Terms) {
        if let Some(queue) = self.lock().get(camera) {
            queue.terms = terms;
            queue.open = true;
        }
        self.room.notify_all();
    }

    /// From now on the camera's frames are worth looking at for so long.
    pub(super) fn set_max_age(&self, camera: CameraId, max_age: Duration) {
        if let Some(queue) = self.lock().get(camera) {
            queue.terms.max_age = max_age;
        }
    }

    /// Takes a camera's place away, once nothing of it is on its way any more. What still waits
    /// is not looked at. Gives what was dropped of it.
    pub(super) fn remove(&self, camera: CameraId) -> BTreeMap<DropReason, u64> {
        let mut queues = self.lock();
        loop {
            let Some(queue) = queues.get(camera) else {
                return BTreeMap::new();
            };
            queue.open = false;
            queue.drop_all(DropReason::Removed);
            if queue.in_flight == 0 {
                break;
            }
            self.room.notify_all();
            queues = self
                .room
                .wait(queues)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let index = queues
            .cameras
            .iter()
            .position(|queue| queue.camera == camera);
        index.map_or_else(BTreeMap::new, |index| queues.cameras.remove(index).dropped)
    }

    /// Takes in a frame. A file waits here for room, a camera does not.
    pub(super) fn push(&self, camera: CameraId, frame: Frame) {
        let mut queues = self.lock();
        loop {
            let Some(queue) = queues.get(camera) else {
                return;
            };
            if !queue.open {
                queue.drop_one(DropReason::Shutdown);
                return;
            }
            if queue.frames.len() < FRAMES_WAITING {
                queue.frames.push_back((frame, Instant::now()));
                break;
            }
            if queue.terms.live {
                queue.frames.pop_front();
                queue.drop_one(DropReason::Superseded);
            } else {
                queues = self
                    .room
                    .wait(queues)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
        self.work.notify_one();
    }

    /// The next frame of any camera; waits for one. None when no more will come.
    pub(super) fn take(&self) -> Option<Turn> {
        let mut queues = self.lock();
        loop {
            let Queues {
                cameras,
                turn,
                finished,
                ..
            } = &mut *queues;
            let count = cameras.len();
            for offset in 0..count {
                let index = (*turn + offset) % count;
                let Some(queue) = cameras.get_mut(index) else {
                    continue;
                };
                if queue.in_flight >= self.in_flight_limit {
                    continue;
                }
                if let Some((frame, arrived)) = queue.next() {
                    queue.in_flight += 1;
                    *turn = index + 1;
                    self.room.notify_all();
                    return Some(Turn {
                        camera: queue.camera,
                        name: Arc::clone(&queue.name),
                        lane: Arc::clone(&queue.lane),
                        // In here, so that tickets are in the order of the frames.
                        admission: queue.lane.admit(),
                        frame,
                        arrived,
                    });
                }
            }
            if *finished && cameras.iter().all(|queue| queue.frames.is_empty()) {
                return None;
            }
            queues = self
                .work
                .wait(queues)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A frame of `camera` is through the flow.
    pub(super) fn done(&self, camera: CameraId) {
        if let Some(queue) = self.lock().get(camera) {
            queue.in_flight = queue.in_flight.saturating_sub(1);
            if queue.in_flight == 0 && !queue.open {
                self.room.notify_all();
            }
        }
        self.work.notify_all();
    }

    /// No more frames of `camera` will come; those that wait are still looked at.
    pub(super) fn close(&self, camera: CameraId) {
        if let Some(queue) = self.lock().get(camera) {
            queue.open = false;
        }
        self.room.notify_all();
    }

    /// No camera will give any more: workers may go when nothing waits.
    pub(super) fn finish(&self) {
        self.lock().finished = true;
        self.work.notify_all();
    }

    /// The process stops: what waits is counted and not looked at.
    pub(super) fn abandon(&self) {
        for queue in &mut self.lock().cameras {
            queue.open = false;
            queue.drop_all(DropReason::Shutdown);
        }
        self.work.notify_all();
        self.room.notify_all();
    }

    /// What was dropped of `camera` so far, and why.
    pub(super) fn dropped(&self, camera: CameraId) -> BTreeMap<DropReason, u64> {
        self.lock()
            .get(camera)
            .map(|queue| queue.dropped.clone())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
