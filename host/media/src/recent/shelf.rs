//! Recent frames of some cameras: bounded in bytes for each and for all, and in age. The oldest
//! make room, whosever they are, so that many cameras do not need more memory than few.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Picture;

const LONGEST: Duration = Duration::from_secs(30);

/// How much memory frames may take.
#[derive(Clone, Copy)]
pub(super) struct Room {
    pub(super) bytes: usize,
    pub(super) bytes_per_camera: usize,
}

pub(super) struct Shelf {
    room: Room,
    bytes: usize,
    /// By arrival.
    frames: BTreeMap<u64, Kept>,
    next_arrival: u64,
    cameras: Vec<Camera>,
}

struct Kept {
    camera: usize,
    number: u64,
    picture: Arc<Picture>,
    bytes: usize,
    since: Instant,
}

#[derive(Default)]
struct Camera {
    bytes: usize,
    /// Arrivals by the frame's number.
    arrivals: BTreeMap<u64, u64>,
    /// The newest frame that made room.
    newest_gone: Option<u64>,
}

/// Why a frame is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Expired,
    NeverThere,
}

impl Shelf {
    pub(super) fn new(cameras: usize, room: Room) -> Self {
        Self {
            room,
            bytes: 0,
            frames: BTreeMap::new(),
            next_arrival: 0,
            cameras: (0..cameras).map(|_| Camera::default()).collect(),
        }
    }

    /// Takes in a frame. The newest one is kept even where it is too large by itself: an alert
    /// is about it.
    pub(super) fn push(&mut self, camera: usize, number: u64, picture: Arc<Picture>, now: Instant) {
        let arrival = self.next_arrival;
        let bytes = picture.bytes();
        let Some(state) = self.cameras.get_mut(camera) else {
            return;
        };
        self.next_arrival += 1;
        let before = state.arrivals.insert(number, arrival);
        state.bytes += bytes;
        self.bytes += bytes;
        self.frames.insert(
            arrival,
            Kept {
                camera,
                number,
                picture,
                bytes,
                since: now,
            },
        );
        if let Some(before) = before {
            self.forget(before);
        }
        self.forget_old(now);
        self.make_room(camera);
    }

    pub(super) fn get(
        &mut self,
        camera: usize,
        number: u64,
        now: Instant,
    ) -> Result<Arc<Picture>, Missing> {
        self.forget_old(now);
        let camera = self.cameras.get(camera).ok_or(Missing::NeverThere)?;
        let arrival = camera.arrivals.get(&number);
        match arrival.and_then(|arrival| self.frames.get(arrival)) {
            Some(kept) => Ok(Arc::clone(&kept.picture)),
            None if camera.newest_gone.is_some_and(|gone| number <= gone) => Err(Missing::Expired),
            None => Err(Missing::NeverThere),
        }
    }

    /// The number of the camera's newest frame.
    pub(super) fn newest(&self, camera: usize) -> Option<u64> {
        let arrivals = &self.cameras.get(camera)?.arrivals;
        arrivals.last_key_value().map(|(number, _)| *number)
    }

    fn make_room(&mut self, camera: usize) {
        while let Some(state) = self.cameras.get(camera)
            && state.bytes > self.room.bytes_per_camera
            && state.arrivals.len() > 1
            && let Some((_, &oldest)) = state.arrivals.first_key_value()
        {
            self.forget(oldest);
        }
        while self.bytes > self.room.bytes
            && self.frames.len() > 1
            && let Some((&oldest, _)) = self.frames.first_key_value()
        {
            self.forget(oldest);
        }
    }

    fn forget_old(&mut self, now: Instant) {
        while let Some((&oldest, kept)) = self.frames.first_key_value()
            && now.saturating_duration_since(kept.since) > LONGEST
        {
            self.forget(oldest);
        }
    }

    fn forget(&mut self, arrival: u64) {
        let Some(gone) = self.frames.remove(&arrival) else {
            return;
        };
        self.bytes = self.bytes.saturating_sub(gone.bytes);
        let Some(camera) = self.cameras.get_mut(gone.camera) else {
            return;
        };
        camera.bytes = camera.bytes.saturating_sub(gone.bytes);
        // A frame that came again has a newer arrival.
        if camera.arrivals.get(&gone.number) == Some(&arrival) {
            camera.arrivals.remove(&gone.number);
            camera.newest_gone = camera.newest_gone.max(Some(gone.number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Arc<Picture> {
        Arc::new(Picture::from_rgb(32, 2, &[0; 192]).unwrap())
    }

    /// Room for so many frames together, and for so many of one camera.
    fn shelf(together: usize, per_camera: usize) -> (Shelf, Instant) {
        let bytes = picture().bytes();
        let room = Room {
            bytes: together * bytes,
            bytes_per_camera: per_camera * bytes,
        };
        (Shelf::new(3, room), Instant::now())
    }

    #[test]
    fn a_camera_s_oldest_make_room() {
        let (mut shelf, now) = shelf(100, 3);
        // Workers finish out of order.
        for number in [0, 4, 2, 8, 6] {
            shelf.push(0, number, picture(), now);
        }
        let mut state = |number| shelf.get(0, number, now).map(drop);
        assert_eq!(state(0), Err(Missing::Expired));
        assert_eq!(state(2), Err(Missing::Expired));
        assert_eq!((state(4), state(6), state(8)), (Ok(()), Ok(()), Ok(())));
        assert_eq!(state(5), Err(Missing::NeverThere), "it was not sampled");
        assert_eq!(state(9), Err(Missing::NeverThere), "it is still to come");
        assert_eq!(shelf.get(1, 4, now).map(drop), Err(Missing::NeverThere));
    }

    #[test]
    fn all_cameras_together_have_a_limit() {
        let (mut shelf, now) = shelf(4, 3);
        for number in 0..3 {
            shelf.push(0, number, picture(), now);
        }
        for number in 0..3 {
            shelf.push(1, number, picture(), now);
        }
        let mut state = |camera, number| shelf.get(camera, number, now).map(drop);
        assert_eq!(state(0, 1), Err(Missing::Expired));
        assert_eq!(state(0, 2), Ok(()));
        assert_eq!(state(1, 0), Ok(()));
        assert_eq!(shelf.bytes, 4 * picture().bytes());
    }

    #[test]
    fn what_is_old_goes_even_if_nothing_comes() {
        let (mut shelf, now) = shelf(3, 3);
        shelf.push(0, 1, picture(), now);
        assert!(shelf.get(0, 1, now + LONGEST).is_ok());
        let later = now + LONGEST + Duration::from_millis(1);
        assert_eq!(shelf.get(0, 1, later).map(drop), Err(Missing::Expired));
        assert_eq!(shelf.bytes, 0);
    }

    #[test]
    fn a_frame_that_is_too_large_is_kept_alone() {
        let (mut shelf, now) = shelf(0, 0);
        shelf.push(0, 1, picture(), now);
        shelf.push(0, 2, picture(), now);
        shelf.push(0, 2, picture(), now);
        assert_eq!(shelf.get(0, 1, now).map(drop), Err(Missing::Expired));
        assert!(shelf.get(0, 2, now).is_ok());
        assert_eq!(shelf.bytes, picture().bytes());
    }
}
