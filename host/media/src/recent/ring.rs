//! One camera's recent frames: bounded in bytes and in age, the oldest make room.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Picture;

const LONGEST: Duration = Duration::from_secs(30);

pub(super) struct Ring {
    most_bytes: usize,
    bytes: usize,
    frames: VecDeque<Kept>,
    /// The newest frame that made room.
    newest_gone: Option<u64>,
}

struct Kept {
    number: u64,
    picture: Arc<Picture>,
    bytes: usize,
    since: Instant,
}

/// Why a frame is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Expired,
    NeverThere,
}

impl Ring {
    pub(super) fn new(most_bytes: usize) -> Self {
        Self {
            most_bytes,
            bytes: 0,
            frames: VecDeque::new(),
            newest_gone: None,
        }
    }

    /// Takes in a frame. The newest one is kept even where it is too large by itself: an alert
    /// is about it.
    pub(super) fn push(&mut self, number: u64, picture: Arc<Picture>, now: Instant) {
        let bytes = picture.bytes();
        // Workers finish out of order, by a frame or two.
        let after = self.frames.iter().rposition(|kept| kept.number < number);
        let kept = Kept {
            number,
            picture,
            bytes,
            since: now,
        };
        self.frames.insert(after.map_or(0, |after| after + 1), kept);
        self.bytes += bytes;
        self.forget_old(now);
        while self.bytes > self.most_bytes && self.frames.len() > 1 {
            self.forget_first();
        }
    }

    pub(super) fn get(&mut self, number: u64, now: Instant) -> Result<Arc<Picture>, Missing> {
        self.forget_old(now);
        let found = self.frames.iter().find(|kept| kept.number == number);
        match found {
            Some(kept) => Ok(Arc::clone(&kept.picture)),
            None if self.newest_gone.is_some_and(|gone| number <= gone) => Err(Missing::Expired),
            None => Err(Missing::NeverThere),
        }
    }

    fn forget_old(&mut self, now: Instant) {
        let old = |kept: &Kept| now.saturating_duration_since(kept.since) > LONGEST;
        while self.frames.front().is_some_and(old) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some(gone) = self.frames.pop_front() {
            self.bytes = self.bytes.saturating_sub(gone.bytes);
            self.newest_gone = self.newest_gone.max(Some(gone.number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Arc<Picture> {
        Arc::new(Picture::from_rgb(32, 2, &[0; 192]).unwrap())
    }

    fn ring(frames: usize) -> (Ring, Instant) {
        (Ring::new(frames * picture().bytes()), Instant::now())
    }

    #[test]
    fn the_oldest_make_room() {
        let (mut ring, now) = ring(3);
        for number in [0, 4, 2, 8, 6] {
            ring.push(number, picture(), now);
        }
        let mut state = |number| ring.get(number, now).map(drop);
        assert_eq!(state(0), Err(Missing::Expired));
        assert_eq!(state(2), Err(Missing::Expired));
        assert_eq!((state(4), state(6), state(8)), (Ok(()), Ok(()), Ok(())));
        assert_eq!(state(5), Err(Missing::NeverThere), "it was not sampled");
        assert_eq!(state(9), Err(Missing::NeverThere), "it is still to come");
    }

    #[test]
    fn what_is_old_goes_even_if_nothing_comes() {
        let (mut ring, now) = ring(3);
        ring.push(1, picture(), now);
        assert!(ring.get(1, now + LONGEST).is_ok());
        let later = now + LONGEST + Duration::from_millis(1);
        assert_eq!(ring.get(1, later).map(drop), Err(Missing::Expired));
        assert_eq!(ring.bytes, 0);
    }

    #[test]
    fn a_frame_that_is_too_large_is_kept_alone() {
        let (mut ring, now) = ring(0);
        ring.push(1, picture(), now);
        ring.push(2, picture(), now);
        assert_eq!(ring.get(1, now).map(drop), Err(Missing::Expired));
        assert!(ring.get(2, now).is_ok());
    }
}
