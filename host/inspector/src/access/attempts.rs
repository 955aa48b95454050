//! How much one address may ask: a bucket of requests that fills again, and a lock after logins
//! that failed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::connections::neighbourhood;

/// So many requests at once, and so many a second in the long run: several pages with pictures
/// of many cameras stay below.
const BURST: f64 = 2000.0;
const PER_SECOND: f64 = 400.0;
/// After so many wrong tokens in a row no other is looked at for a while.
const MOST_FAILURES: u32 = 10;
const LOCKED: Duration = Duration::from_secs(60);
/// So many addresses are remembered; the one that was silent for longest goes.
const MOST_ADDRESSES: usize = 4096;

#[derive(Default)]
pub(crate) struct Attempts(Mutex<HashMap<IpAddr, Account>>);

struct Account {
    left: f64,
    at: Instant,
    failures: u32,
    failed_at: Option<Instant>,
}

impl Attempts {
    /// Takes one request from the address's bucket. Gives the seconds to wait if it is empty.
    pub(crate) fn take(&self, address: IpAddr) -> Result<(), u64> {
        let now = Instant::now();
        let mut accounts = self.accounts();
        let account = of(&mut accounts, address, now);
        let elapsed = now.saturating_duration_since(account.at).as_secs_f64();
        account.left = (account.left + elapsed * PER_SECOND).min(BURST);
        account.at = now;
        if account.left < 1.0 {
            return Err(1);
        }
        account.left -= 1.0;
        Ok(())
    }

    /// Whether the address may show another wrong token. Gives the seconds to wait if not.
    pub(crate) fn may_try(&self, address: IpAddr) -> Result<(), u64> {
        let now = Instant::now();
        let mut accounts = self.accounts();
        let account = of(&mut accounts, address, now);
        let Some(failed_at) = account.failed_at else {
            return Ok(());
        };
        let left = LOCKED.saturating_sub(now.saturating_duration_since(failed_at));
        if left.is_zero() {
            account.failures = 0;
            account.failed_at = None;
        }
        match account.failures >= MOST_FAILURES {
            true => Err(left.as_secs() + 1),
            false => Ok(()),
        }
    }

    /// The address showed a token that is nobody's.
    pub(crate) fn failed(&self, address: IpAddr) {
        let now = Instant::now();
        let mut accounts = self.accounts();
        let account = of(&mut accounts, address, now);
        account.failures += 1;
        account.failed_at = Some(now);
    }

    /// The address showed one that is somebody's.
    pub(crate) fn succeeded(&self, address: IpAddr) {
        let mut accounts = self.accounts();
        let account = of(&mut accounts, address, Instant::now());
        account.failures = 0;
        account.failed_at = None;
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<IpAddr, Account>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of(accounts: &mut HashMap<IpAddr, Account>, address: IpAddr, now: Instant) -> &mut Account {
    let address = neighbourhood(address);
    if accounts.len() >= MOST_ADDRESSES && !accounts.contains_key(&address) {
        let silent = accounts.iter().min_by_key(|(_, account)| account.at);
        if let Some(silent) = silent.map(|(address, _)| *address) {
            accounts.remove(&silent);
        }
    }
    accounts.entry(address).or_insert(Account {
        left: BURST,
        at: now,
        failures: 0,
        failed_at: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn wrong_tokens_are_answered_less_often() {
        let attempts = Attempts::default();
        for _ in 0..MOST_FAILURES {
            attempts.may_try(HERE).unwrap();
            attempts.failed(HERE);
        }
        assert!(attempts.may_try(HERE).unwrap_err() <= LOCKED.as_secs() + 1);
    }

    #[test]
    fn a_flood_is_refused() {
        let attempts = Attempts::default();
        let taken = (0..10_000).filter(|_| attempts.take(HERE).is_ok()).count();
        assert!(
            (BURST as usize..BURST as usize + 2000).contains(&taken),
            "{taken}"
        );
    }
}
