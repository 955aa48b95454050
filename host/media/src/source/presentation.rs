//! Time stamps in microseconds, as browsers' decoders count. Packets and pictures must be
//! converted in the same way, or nobody finds the one that belongs to the other.

use std::num::NonZeroU32;

use ffmpeg_next::Rational;

const MICROSECONDS: i128 = 1_000_000;

/// How long a tick of a stream's clock is.
#[derive(Clone, Copy)]
pub(super) struct TimeBase {
    seconds: i128,
    per: i128,
}

impl TimeBase {
    /// Of a stream in a container.
    pub(super) fn of(tick: Rational) -> Self {
        Self {
            seconds: tick.numerator().into(),
            // FFmpeg does not give 0.
            per: i128::from(tick.denominator()).max(1),
        }
    }

    /// So many ticks a second.
    pub(super) fn per_second(ticks: NonZeroU32) -> Self {
        Self {
            seconds: 1,
            per: ticks.get().into(),
        }
    }

    /// `ticks` in whole microseconds.
    pub(super) fn microseconds(self, ticks: i64) -> i64 {
        let microseconds = (i128::from(ticks) * self.seconds * MICROSECONDS).div_euclid(self.per);
        i64::try_from(microseconds).unwrap_or(if ticks < 0 { i64::MIN } else { i64::MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_told_apart_and_kept_in_order() {
        let rtp = TimeBase::per_second(NonZeroU32::new(90_000).unwrap());
        assert_eq!(rtp.microseconds(3600), 40_000);
        assert_eq!(rtp.microseconds(-1), -12);
        assert!((-9..9).is_sorted_by(|a, b| rtp.microseconds(*a) < rtp.microseconds(*b)));
        let file = TimeBase::of(Rational(1, 12_800));
        assert_eq!(file.microseconds(512), 40_000);
        assert_eq!(
            TimeBase::of(Rational(1, 0)).microseconds(i64::MAX),
            i64::MAX
        );
    }
}
