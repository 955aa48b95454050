//! How long to wait before a camera is tried again.

use std::time::Duration;

/// The first wait is drawn from zero to this, and each further one from twice as much.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
/// Not a busy loop, whatever is drawn.
const SHORTEST: Duration = Duration::from_millis(50);
/// A connection that held this long was a good one: the next loss is a new story.
const HEALTHY: Duration = Duration::from_secs(20);

/// Cameras lock an account after a few wrong passwords (Hikvision: 7 by default, for half an
/// hour). Doubling from a minute makes five attempts in the first half hour.
const FIRST_REFUSED: Duration = Duration::from_secs(60);
const LONGEST_REFUSED: Duration = Duration::from_secs(30 * 60);

/// Counts failures and says how long to wait after each.
#[derive(Default)]
pub(super) struct Backoff {
    failures: u32,
    refusals: u32,
}

impl Backoff {
    /// After a connection that gave pictures for `live_for` (zero: it gave none) was lost.
    pub(super) fn lost(&mut self, live_for: Duration) -> Duration {
        if live_for > Duration::ZERO {
            self.refusals = 0;
        }
        if live_for >= HEALTHY {
            self.failures = 0;
        }
        let ceiling = doubled(FIRST, self.failures, LONGEST);
        self.failures += 1;
        // Full jitter: cameras behind one switch come back at different times.
        ceiling.mul_f64(fastrand::f64()).max(SHORTEST)
    }

    /// After the camera refused the user name or the password.
    pub(super) fn refused(&mut self) -> Duration {
        let wait = doubled(FIRST_REFUSED, self.refusals, LONGEST_REFUSED);
        self.refusals += 1;
        // Only upwards: never sooner than a minute.
        wait.mul_f64(1.0 + fastrand::f64() / 10.0)
    }
}

fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    let factor = 2_u32.checked_pow(times).unwrap_or(u32::MAX);
    first.saturating_mul(factor).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_limit_and_are_spread() {
        let mut backoff = Backoff::default();
        let mut ceiling = FIRST;
        for _ in 0..100 {
            let wait = backoff.lost(Duration::ZERO);
            assert!((SHORTEST..=ceiling).contains(&wait), "{wait:?}");
            ceiling = (ceiling * 2).min(LONGEST);
        }
        // Drawn from the whole range: the mean is half the ceiling.
        let sum: Duration = (0..1000).map(|_| backoff.lost(Duration::ZERO)).sum();
        let mean = sum / 1000;
        assert!(mean > LONGEST / 3 && mean < LONGEST * 2 / 3, "{mean:?}");
    }

    #[test]
    fn a_good_connection_starts_it_over() {
        let mut backoff = Backoff::default();
        for _ in 0..20 {
            backoff.lost(Duration::from_secs(1));
        }
        assert!(backoff.lost(HEALTHY) <= FIRST);
    }

    #[test]
    fn a_refusal_waits_long_enough_for_the_lock_out() {
        let mut backoff = Backoff::default();
        let mut attempts = 0;
        let mut passed = Duration::ZERO;
        while passed < Duration::from_secs(30 * 60) {
            let wait = backoff.refused();
            assert!(wait >= FIRST_REFUSED);
            passed += wait;
            attempts += 1;
        }
        assert!(attempts < 7, "{attempts}");
    }
}
