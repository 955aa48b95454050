//! Which frames are looked at. The decision depends on media time alone, so that a recording
//! gives the same frames on every machine and at every speed.

use std::time::Duration;

/// Cameras stamp their frames some milliseconds early or late. A frame that comes a tenth of an
/// interval before its time is taken, or a camera at exactly the wanted rate would lose frames.
const EARLY: f64 = 0.1;

/// Takes a frame when its media time has reached the next multiple of 1/fps.
pub(super) struct Sampler {
    fps: f64,
    next: f64,
}

impl Sampler {
    pub(super) fn new(fps: f32) -> Self {
        Self {
            fps: f64::from(fps),
            next: 0.0,
        }
    }

    /// Whether the frame at `media_time` is taken. Media time must not go back.
    pub(super) fn takes(&mut self, media_time: Duration) -> bool {
        if self.fps.is_infinite() {
            return true;
        }
        // The multiples are counted rather than added up: there is no drift.
        let position = media_time.as_secs_f64() * self.fps + EARLY;
        let taken = position >= self.next;
        if taken {
            self.next = position.floor() + 1.0;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(fps: f32, times: impl Iterator<Item = f64>) -> Vec<usize> {
        let mut sampler = Sampler::new(fps);
        times
            .enumerate()
            .filter(|&(_, time)| sampler.takes(Duration::from_secs_f64(time)))
            .map(|(index, _)| index)
            .collect()
    }

    #[test]
    fn the_rate_is_kept_without_drift() {
        let thirty = (0..3000).map(|index| f64::from(index) / 30.0);
        assert_eq!(taken(10.0, thirty.clone()).len(), 1000);
        assert_eq!(taken(7.5, thirty.clone()).len(), 750);
        assert_eq!(taken(8.0, thirty.clone()).len(), 800);
        assert_eq!(&taken(10.0, thirty)[..4], [0, 3, 6, 9]);
    }

    #[test]
    fn a_slower_source_gives_all_it_has() {
        let ten = (0..100).map(|index| f64::from(index) / 10.0);
        assert_eq!(taken(25.0, ten.clone()).len(), 100);
        assert_eq!(taken(10.0, ten.clone()).len(), 100);
        assert_eq!(taken(f32::INFINITY, ten).len(), 100);
        // The same rate in whole milliseconds, which are early by up to one.
        let rounded = (0..100).map(|index| f64::from(index * 1000 / 30) / 1000.0);
        assert_eq!(taken(30.0, rounded).len(), 100);
    }

    #[test]
    fn a_gap_is_not_made_up_for() {
        let gap = [0.0, 0.1, 5.0, 5.01, 5.1];
        assert_eq!(taken(10.0, gap.into_iter()), [0, 1, 2, 4]);
    }
}
