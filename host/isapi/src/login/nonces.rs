//! The nonces that were given out. Those that nobody has used yet are kept apart from those that
//! somebody has logged in with: whoever asks for many pushes out no one who is logged in.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::digest::hexadecimal;

/// So many are remembered, unused and used; then the oldest is stale.
const MOST: usize = 1024;
const NONCE_BYTES: usize = 16;

pub(super) struct Nonces {
    lifetime: Duration,
    unused: Kept,
    used: Kept,
}

impl Nonces {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self {
            lifetime,
            unused: Kept::default(),
            used: Kept::default(),
        }
    }

    /// A new one; none where the system has no random numbers.
    pub(super) fn issue(&mut self, now: Instant) -> Option<String> {
        let mut random = [0; NONCE_BYTES];
        getrandom::fill(&mut random).ok()?;
        let nonce = hexadecimal(&random);
        self.unused.keep(
            &nonce,
            Used {
                born: now,
                count: 0,
            },
        );
        Some(nonce)
    }

    /// Whether a right proof with this nonce may be believed now: the nonce is ours, is not old,
    /// and its count has risen. A proof without a count is believed while the nonce is good.
    pub(super) fn admits(&mut self, nonce: &str, count: Option<u32>, now: Instant) -> bool {
        let known = self.used.get(nonce).or_else(|| self.unused.get(nonce));
        let Some(known) = known else {
            return false;
        };
        if now.saturating_duration_since(known.born) > self.lifetime {
            return false;
        }
        let count = match count {
            Some(count) if count <= known.count => return false,
            Some(count) => count,
            None => known.count,
        };
        self.unused.forget(nonce);
        self.used.keep(nonce, Used { count, ..known });
        true
    }
}

#[derive(Clone, Copy)]
struct Used {
    born: Instant,
    count: u32,
}

#[derive(Default)]
struct Kept {
    by_nonce: HashMap<String, Used>,
    /// The oldest first; those that were forgotten meanwhile are still in it.
    order: VecDeque<String>,
}

impl Kept {
    fn get(&self, nonce: &str) -> Option<Used> {
        self.by_nonce.get(nonce).copied()
    }

    fn keep(&mut self, nonce: &str, used: Used) {
        if self.by_nonce.insert(nonce.to_owned(), used).is_some() {
            return;
        }
        self.order.push_back(nonce.to_owned());
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_nonce.remove(&oldest);
        }
    }

    fn forget(&mut self, nonce: &str) {
        self.by_nonce.remove(nonce);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const LIFETIME: Duration = Duration::from_secs(60);

    #[test]
    fn a_nonce_is_good_while_it_is_young_and_its_count_rises() {
        let now = Instant::now();
        let mut nonces = Nonces::new(LIFETIME);
        let nonce = nonces.issue(now).unwrap();
        assert!(nonces.admits(&nonce, Some(1), now));
        assert!(!nonces.admits(&nonce, Some(1), now), "the same twice");
        assert!(nonces.admits(&nonce, Some(5), now), "a gap is no harm");
        assert!(!nonces.admits(&nonce, Some(4), now));
        assert!(nonces.admits(&nonce, None, now));
        assert!(!nonces.admits(&nonce, Some(6), now + LIFETIME * 2));
        assert!(!nonces.admits("somebody else's", Some(1), now));
    }

    #[test]
    fn who_asks_for_many_pushes_out_nobody_who_is_logged_in() {
        let now = Instant::now();
        let mut nonces = Nonces::new(LIFETIME);
        let mine = nonces.issue(now).unwrap();
        assert!(nonces.admits(&mine, Some(1), now));
        let first = nonces.issue(now).unwrap();
        for _ in 0..10_000 {
            nonces.issue(now).unwrap();
        }
        assert!(nonces.admits(&mine, Some(2), now));
        assert!(!nonces.admits(&first, Some(1), now));
        assert!(nonces.unused.by_nonce.len() <= MOST);
        assert!(nonces.unused.order.len() <= MOST);
    }
}
