//! When a frame was captured. A camera's own clock cannot be asked, so its first frame is taken
//! to be captured when it arrives, and the others follow by their RTP time: evenly, whatever
//! the network does. RTP time is not trusted blindly either: cameras jump, and some stamp 25
//! frames a second and send 21.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use agave_core::Timestamp;

/// How far RTP time may be from the time of arrival before it is not believed any more.
const MAX_DEVIATION: Duration = Duration::from_secs(1);

/// The wall clock as frames arrive: it follows the system's clock forward, never back.
pub(super) struct ArrivalClock {
    wall: Timestamp,
    instant: Instant,
}

impl ArrivalClock {
    pub(super) fn new() -> Self {
        Self {
            wall: Timestamp::now(),
            instant: Instant::now(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::now().max(self.wall + self.instant.elapsed())
    }
}

/// Capture times of one live stream, over all its connections.
#[derive(Default)]
pub(super) struct CaptureClock {
    start: Option<Timestamp>,
    last: Timestamp,
    anchor: Option<Anchor>,
}

#[derive(Clone, Copy)]
struct Anchor {
    at: Timestamp,
    ticks: i64,
}

impl CaptureClock {
    /// RTP time begins anew: another connection.
    pub(super) fn reconnected(&mut self) {
        self.anchor = None;
    }

    /// Capture time and media time of the frame with the RTP time `ticks` at `rate` ticks a
    /// second, which arrived at `arrival`. Neither goes back.
    pub(super) fn stamp(
        &mut self,
        ticks: i64,
        rate: NonZeroU32,
        arrival: Timestamp,
    ) -> (Timestamp, Duration) {
        let captured = self
            .anchor
            .and_then(|anchor| {
                let elapsed = elapsed(anchor.ticks, ticks, rate)?;
                Some(anchor.at + elapsed)
            })
            .filter(|at| at.since(arrival).max(arrival.since(*at)) <= MAX_DEVIATION);
        let captured = captured.unwrap_or_else(|| {
            if self.anchor.is_some() {
                tracing::debug!("RTP time jumped; capture time follows the arrival again");
            }
            self.anchor = Some(Anchor { at: arrival, ticks });
            arrival
        });
        let at = captured.max(self.last);
        self.last = at;
        let start = *self.start.get_or_insert(at);
        (at, at.since(start))
    }
}

/// From tick `from` to tick `to`; `None` when it goes back.
fn elapsed(from: i64, to: i64, rate: NonZeroU32) -> Option<Duration> {
    let ticks = u128::try_from(i128::from(to) - i128::from(from)).ok()?;
    let nanoseconds = ticks * 1_000_000_000 / u128::from(rate.get());
    u64::try_from(nanoseconds).ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: NonZeroU32 = NonZeroU32::new(90_000).unwrap();
    const START: Timestamp = Timestamp(1_767_323_045_000_000_000);

    fn after(milliseconds: u64) -> Timestamp {
        START + Duration::from_millis(milliseconds)
    }

    #[test]
    fn capture_follows_rtp_and_not_the_network() {
        let mut clock = CaptureClock::default();
        assert_eq!(clock.stamp(5000, RATE, START), (START, Duration::ZERO));
        // 40 ms later by RTP, though it arrived after 400 ms.
        let (at, media_time) = clock.stamp(5000 + 3600, RATE, after(400));
        assert_eq!((at, media_time), (after(40), Duration::from_millis(40)));
    }

    #[test]
    fn a_jump_follows_the_arrival_and_never_goes_back() {
        let mut clock = CaptureClock::default();
        clock.stamp(0, RATE, START);
        for jump in [
            i64::from(u32::MAX),
            -90_000_000,
            90_000 * 3600,
            i64::MAX,
            i64::MIN,
        ] {
            let (before, _) = clock.stamp(jump, RATE, after(1000));
            assert_eq!(before, after(1000), "{jump}");
        }
        // Back to sense: evenly again.
        clock.stamp(0, RATE, after(2000));
        assert_eq!(clock.stamp(9000, RATE, after(2300)).0, after(2100));
        // A step back by less than the tolerance does not turn time back.
        assert_eq!(clock.stamp(4500, RATE, after(2350)).0, after(2100));
    }

    #[test]
    fn media_time_goes_on_over_a_reconnect() {
        let mut clock = CaptureClock::default();
        clock.stamp(77, RATE, START);
        clock.reconnected();
        let (_, media_time) = clock.stamp(3, RATE, after(30_000));
        assert_eq!(media_time, Duration::from_secs(30));
    }

    #[test]
    fn a_camera_that_stamps_a_wrong_rate_stays_within_a_second() {
        let mut clock = CaptureClock::default();
        for frame in 0..10_000_u32 {
            let arrival = after(u64::from(frame) * 1000 / 21);
            let (at, _) = clock.stamp(i64::from(frame) * 3600, RATE, arrival);
            assert!(at.since(arrival).max(arrival.since(at)) <= MAX_DEVIATION);
        }
    }
}
