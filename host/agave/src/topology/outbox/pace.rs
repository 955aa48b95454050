//! How often a receiver is bothered: waits that grow, with chance in them, and a breaker that
//! tries one alert at a time while the receiver is away.

use std::time::{Duration, Instant};

const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Even where the receiver asks for less or more.
const SHORTEST_ASKED: Duration = Duration::from_millis(100);
const LONGEST_ASKED: Duration = Duration::from_secs(15 * 60);
/// So many attempts in a row that came to nothing say that the receiver is away, and not that it
/// minds one alert.
const OPENS_AFTER: u32 = 5;

/// Full jitter, so that many adapters do not come back to a server at the same moment.
pub(super) fn wait_after(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    let ceiling = (FIRST_WAIT * 2u32.pow(doublings)).min(LONGEST_WAIT);
    ceiling.mul_f64(fastrand::f64())
}

/// What a receiver asked for, within reason.
fn within_reason(asked: Duration) -> Duration {
    asked.clamp(SHORTEST_ASKED, LONGEST_ASKED)
}

/// Whether a receiver is there.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures_in_a_row: u32,
    /// Nothing is sent until then; afterwards one alert at a time, until one gets through.
    open_until: Option<Instant>,
}

impl Breaker {
    /// Until when nothing is sent; none while the receiver is there.
    pub(super) fn open_until(&self) -> Option<Instant> {
        self.open_until
    }

    /// The receiver has answered, whatever. Says whether it had been away.
    pub(super) fn answered(&mut self) -> bool {
        self.failures_in_a_row = 0;
        self.open_until.take().is_some()
    }

    /// An attempt at `now` came to nothing; `asked` is when the receiver wants to be tried again.
    /// Says whether the breaker has opened just now.
    pub(super) fn failed(&mut self, now: Instant, asked: Option<Duration>) -> bool {
        let was_open = self.open_until.is_some();
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        if let Some(asked) = asked {
            self.open_until = Some(now + within_reason(asked));
        } else if was_open || self.failures_in_a_row >= OPENS_AFTER {
            self.open_until = Some(now + wait_after(self.failures_in_a_row));
        }
        !was_open && self.open_until.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_have_an_end() {
        for attempts in [1, 2, 8, u32::MAX] {
            let ceiling = (FIRST_WAIT * 2u32.pow(attempts.min(17) - 1)).min(LONGEST_WAIT);
            assert!((0..100).all(|_| wait_after(attempts) <= ceiling));
        }
    }

    #[test]
    fn a_receiver_can_ask_for_no_endless_haste_and_no_endless_wait() {
        assert_eq!(within_reason(Duration::ZERO), SHORTEST_ASKED);
        assert_eq!(
            within_reason(Duration::from_secs(60)),
            Duration::from_secs(60)
        );
        assert_eq!(within_reason(Duration::MAX), LONGEST_ASKED);
    }

    #[test]
    fn it_opens_after_a_few_failures_and_closes_with_an_answer() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        let opened: Vec<bool> = (0..6).map(|_| breaker.failed(now, None)).collect();
        assert_eq!(opened, [false, false, false, false, true, false]);
        assert!(breaker.open_until().is_some());
        assert!(breaker.answered());
        assert!(!breaker.answered());
        assert_eq!(breaker.open_until(), None);
    }

    #[test]
    fn it_opens_at_once_when_the_receiver_asks_for_it() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        let minute = Duration::from_secs(60);
        assert!(breaker.failed(now, Some(minute)));
        assert_eq!(breaker.open_until(), Some(now + minute));
    }
}
