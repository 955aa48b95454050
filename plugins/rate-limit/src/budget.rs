//! A token bucket for each thing that has one, kept as one number: when it will be full again.
//! A full bucket need not be remembered.

use agave_vision_sdk::prelude::*;

use crate::subject::Subject;

/// More buckets that are not full than anyone needs at once. One that is forgotten lets more
/// through, never less.
const MOST: usize = 1000;

/// How fast buckets fill, and how much is in them.
#[derive(Clone, Copy)]
pub(crate) struct Rate {
    every: u64,
    burst: u32,
}

impl Rate {
    pub(crate) fn new(every: Duration, burst: u32) -> Self {
        Self {
            every: every.as_nanos(),
            burst,
        }
    }

    /// When a bucket that is full at `full_at` would be full again after one more token is
    /// taken; none when there is no token in it.
    fn after_one_more(self, full_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let next = full_at.max(now).saturating_add(self.every);
        let longest = self.every.saturating_mul(u64::from(self.burst));
        (next - now <= longest).then_some(next)
    }
}

/// The buckets that are not full.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Budgets {
    spent: Vec<Spent>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Spent {
    by: Subject,
    full_at: Timestamp,
}

impl Budgets {
    /// Whether there is a token.
    pub(crate) fn has(&self, by: &Subject, rate: Rate, now: Timestamp) -> bool {
        let spent = self.spent.iter().find(|spent| spent.by == *by);
        let full_at = spent.map_or(0, |spent| spent.full_at);
        rate.after_one_more(full_at, now).is_some()
    }

    /// Takes a token, if there is one.
    pub(crate) fn take(&mut self, by: &Subject, rate: Rate, now: Timestamp) -> bool {
        self.spent.retain(|spent| spent.full_at > now);
        if let Some(spent) = self.spent.iter_mut().find(|spent| spent.by == *by) {
            let next = rate.after_one_more(spent.full_at, now);
            spent.full_at = next.unwrap_or(spent.full_at);
            return next.is_some();
        }
        let Some(full_at) = rate.after_one_more(0, now) else {
            return false;
        };
        if self.spent.len() >= MOST {
            self.spent.sort_by_key(|spent| spent.full_at);
            self.spent.remove(0);
        }
        self.spent.push(Spent {
            by: by.clone(),
            full_at,
        });
        true
    }
}
