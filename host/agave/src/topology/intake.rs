//! The waiting place before the flow: a queue of two frames for each camera. A camera's oldest
//! frame makes room for its newest, so latency cannot build up; a file waits instead, because
//! nothing in it may be lost.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use agave_core::DropReason;
use agave_media::Frame;

const FRAMES_WAITING: usize = 2;

/// How one camera's frames may wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// A camera does not wait, a file does.
    pub(super) live: bool,
    /// A live frame that is older when its turn comes is dropped.
    pub(super) max_age: Duration,
}

/// A frame whose turn has come.
pub(super) struct Turn {
    pub(super) camera: usize,
    /// The frame's place among the camera's frames that were taken, without gaps.
    pub(super) ticket: u64,
    pub(super) frame: Frame,
    pub(super) arrived: Instant,
}

struct Queue {
    terms: Terms,
    frames: VecDeque<(Frame, Instant)>,
    open: bool,
    /// Taken by a worker and not yet through the flow.
    in_flight: usize,
    next_ticket: u64,
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
}

struct Queues {
    cameras: Vec<Queue>,
    /// Where the search for the next frame begins, so that no camera is favoured.
    turn: usize,
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
    pub(super) fn new(cameras: impl IntoIterator<Item = Terms>, workers: usize) -> Self {
        let cameras = cameras
            .into_iter()
            .map(|terms| Queue {
                terms,
                frames: VecDeque::with_capacity(FRAMES_WAITING),
                open: true,
                in_flight: 0,
                next_ticket: 0,
                dropped: BTreeMap::new(),
            })
            .collect();
        Self {
            queues: Mutex::new(Queues { cameras, turn: 0 }),
            in_flight_limit: workers + 1,
            work: Condvar::new(),
            room: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a frame. A file waits here for room, a camera does not.
    pub(super) fn push(&self, camera: usize, frame: Frame) {
        let mut queues = self.lock();
        loop {
            let Some(queue) = queues.cameras.get_mut(camera) else {
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
            let Queues { cameras, turn } = &mut *queues;
            let count = cameras.len();
            for offset in 0..count {
                let camera = (*turn + offset) % count;
                let Some(queue) = cameras.get_mut(camera) else {
                    continue;
                };
                if queue.in_flight >= self.in_flight_limit {
                    continue;
                }
                if let Some((frame, arrived)) = queue.next() {
                    let ticket = queue.next_ticket;
                    queue.next_ticket += 1;
                    queue.in_flight += 1;
                    *turn = camera + 1;
                    self.room.notify_all();
                    return Some(Turn {
                        camera,
                        ticket,
                        frame,
                        arrived,
                    });
                }
            }
            if cameras
                .iter()
                .all(|queue| !queue.open && queue.frames.is_empty())
            {
                return None;
            }
            queues = self
                .work
                .wait(queues)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A frame of `camera` is through the flow.
    pub(super) fn done(&self, camera: usize) {
        if let Some(queue) = self.lock().cameras.get_mut(camera) {
            queue.in_flight = queue.in_flight.saturating_sub(1);
        }
        self.work.notify_all();
    }

    /// No more frames of `camera` will come; those that wait are still looked at.
    pub(super) fn close(&self, camera: usize) {
        if let Some(queue) = self.lock().cameras.get_mut(camera) {
            queue.open = false;
        }
        self.work.notify_all();
        self.room.notify_all();
    }

    /// The process stops: what waits is counted and not looked at.
    pub(super) fn abandon(&self) {
        for queue in &mut self.lock().cameras {
            queue.open = false;
            while queue.frames.pop_front().is_some() {
                queue.drop_one(DropReason::Shutdown);
            }
        }
        self.work.notify_all();
        self.room.notify_all();
    }

    /// What was dropped of `camera` so far, and why.
    pub(super) fn dropped(&self, camera: usize) -> BTreeMap<DropReason, u64> {
        self.lock()
            .cameras
            .get(camera)
            .map(|queue| queue.dropped.clone())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use agave_core::Timestamp;
    use agave_media::Picture;

    fn frame(number: u64, at: Timestamp) -> Frame {
        Frame {
            number,
            at,
            media_time: Duration::from_millis(number),
            picture: Arc::new(Picture::from_rgb(2, 2, &[0; 12]).unwrap()),
        }
    }

    fn intake(live: bool) -> Intake {
        let terms = Terms {
            live,
            max_age: Duration::from_millis(500),
        };
        Intake::new([terms, terms], 2)
    }

    #[test]
    fn the_newest_frame_of_a_camera_wins() {
        let intake = intake(true);
        for number in 0..5 {
            intake.push(0, frame(number, Timestamp::now()));
        }
        assert_eq!(intake.take().unwrap().frame.number, 3);
        assert_eq!(intake.take().unwrap().frame.number, 4);
        assert_eq!(
            intake.dropped(0),
            BTreeMap::from([(DropReason::Superseded, 3)])
        );
    }

    #[test]
    fn a_stale_frame_is_not_looked_at() {
        let terms = Terms {
            live: true,
            max_age: Duration::ZERO,
        };
        let intake = Intake::new([terms], 2);
        intake.push(0, frame(0, Timestamp::now()));
        intake.close(0);
        assert!(intake.take().is_none());
        assert_eq!(intake.dropped(0), BTreeMap::from([(DropReason::TooOld, 1)]));
    }

    #[test]
    fn a_camera_whose_clock_is_behind_is_looked_at() {
        let intake = intake(true);
        intake.push(0, frame(0, Timestamp::now() - Duration::from_secs(900)));
        assert_eq!(intake.take().unwrap().frame.number, 0);
    }

    #[test]
    fn cameras_take_turns() {
        let intake = intake(false);
        for number in 0..2 {
            intake.push(0, frame(number, Timestamp(0)));
            intake.push(1, frame(number, Timestamp(0)));
        }
        let order: Vec<usize> = (0..4).map(|_| intake.take().unwrap().camera).collect();
        assert_eq!(order, [0, 1, 0, 1]);
    }

    #[test]
    fn a_file_waits_and_loses_nothing() {
        let intake = intake(false);
        intake.close(1);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (0..100).for_each(|number| intake.push(0, frame(number, Timestamp(0))));
                intake.close(0);
            });
            let mut numbers = Vec::new();
            while let Some(turn) = intake.take() {
                numbers.push(turn.frame.number);
                intake.done(0);
            }
            assert_eq!(numbers, (0..100).collect::<Vec<_>>());
        });
    }

    #[test]
    fn shutdown_counts_what_waits_and_releases_who_waits() {
        let intake = intake(false);
        std::thread::scope(|scope| {
            scope.spawn(|| (0..3).for_each(|number| intake.push(0, frame(number, Timestamp(0)))));
            while intake.lock().cameras[0].frames.len() < 2 {
                std::thread::yield_now();
            }
            intake.abandon();
        });
        assert!(intake.take().is_none());
        assert_eq!(intake.dropped(0)[&DropReason::Shutdown], 3);
    }
}
