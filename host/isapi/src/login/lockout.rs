//! Who has sent wrong logins, and may not try again for a while.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// So many addresses are remembered; then the one that failed longest ago is forgotten.
const MOST: usize = 1024;

pub(super) struct Lockout {
    allowed: u32,
    lock: Duration,
    by_address: HashMap<IpAddr, Failures>,
}

struct Failures {
    count: u32,
    last: Instant,
}

impl Lockout {
    /// `allowed` wrong logins lock an address for `lock`.
    pub(super) fn new(allowed: u32, lock: Duration) -> Self {
        Self {
            allowed: allowed.max(1),
            lock,
            by_address: HashMap::new(),
        }
    }

    /// For how long the address is locked, if it is.
    pub(super) fn locked(&mut self, address: IpAddr, now: Instant) -> Option<Duration> {
        let key = household(address);
        let failures = self.by_address.get(&key)?;
        let passed = now.saturating_duration_since(failures.last);
        if passed >= self.lock {
            self.by_address.remove(&key);
            return None;
        }
        (failures.count >= self.allowed).then(|| self.lock.saturating_sub(passed))
    }

    pub(super) fn failed(&mut self, address: IpAddr, now: Instant) {
        let key = household(address);
        if self.by_address.len() >= MOST && !self.by_address.contains_key(&key) {
            let oldest = self
                .by_address
                .iter()
                .min_by_key(|(_, failures)| failures.last);
            if let Some(oldest) = oldest.map(|(&address, _)| address) {
                self.by_address.remove(&oldest);
            }
        }
        let failures = self.by_address.entry(key);
        let failures = failures.or_insert(Failures {
            count: 0,
            last: now,
        });
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    pub(super) fn succeeded(&mut self, address: IpAddr) {
        self.by_address.remove(&household(address));
    }
}

/// Everybody with IPv6 has as many addresses as they like, with one network in common.
fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => IpAddr::V4(four),
            None => {
                let network = six.to_bits() >> 64 << 64;
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const LOCK: Duration = Duration::from_secs(60);

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_locked_after_so_many_and_free_after_a_while() {
        let now = Instant::now();
        let mut lockout = Lockout::new(3, LOCK);
        let (mine, other) = (address("10.0.0.1"), address("10.0.0.2"));
        for _ in 0..2 {
            lockout.failed(mine, now);
        }
        assert_eq!(lockout.locked(mine, now), None);
        lockout.failed(mine, now);
        assert_eq!(lockout.locked(mine, now), Some(LOCK));
        assert_eq!(lockout.locked(other, now), None);
        assert_eq!(lockout.locked(mine, now + LOCK), None);
        // It has begun anew.
        lockout.failed(mine, now + LOCK);
        assert_eq!(lockout.locked(mine, now + LOCK), None);
    }

    #[test]
    fn who_was_right_has_all_attempts_again() {
        let now = Instant::now();
        let mut lockout = Lockout::new(2, LOCK);
        for _ in 0..5 {
            lockout.failed(address("10.0.0.1"), now);
            lockout.succeeded(address("10.0.0.1"));
        }
        assert_eq!(lockout.locked(address("10.0.0.1"), now), None);
    }

    #[test]
    fn one_household_is_one_address_and_few_are_remembered() {
        let now = Instant::now();
        let mut lockout = Lockout::new(2, LOCK);
        lockout.failed(address("2001:db8::1"), now);
        lockout.failed(address("2001:db8::ffff"), now);
        assert!(lockout.locked(address("2001:db8::2"), now).is_some());
        lockout.failed(address("::ffff:10.0.0.1"), now);
        lockout.failed(address("10.0.0.1"), now);
        assert!(lockout.locked(address("10.0.0.1"), now).is_some());
        for number in 0..10_000u32 {
            lockout.failed(IpAddr::V4(number.into()), now);
        }
        assert_eq!(lockout.by_address.len(), MOST);
    }
}
