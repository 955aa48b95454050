//! What the device has done, and what it has dropped and why.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

/// Since the device was started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Streams that are open now.
    pub clients: usize,
    /// Streams that were ever opened.
    pub streams: u64,
    /// Incidents that are open now.
    pub incidents: usize,
    /// Notices that were taken.
    pub notices: u64,
    /// Parts that were handed to clients of streams.
    pub parts: u64,
    /// Pushes that hosts have taken.
    pub pushed: u64,
    /// Pushes that wait for their hosts.
    pub waiting: usize,
    /// What was not done, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
}

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    Notice,
    Stream,
    Part,
    Pushed,
    /// A notice of a camera that the device does not have.
    UnknownCamera,
    /// A notice for which there was no room.
    TooManyIncidents,
    /// A client that did not read, and was dropped.
    SlowClient,
    TooManyStreams,
    TooManyConnections,
    WrongLogin,
    /// A request of an address that is locked.
    Locked,
    /// A push for which there was no room.
    HostQueueFull,
    /// A push that its host will never take.
    HostRefused,
    /// A push after its last attempt.
    HostUnreachable,
    /// A push whose host was taken out, or that waited when the device stopped.
    HostGone,
}

const DROPS: [(Count, &str); 11] = [
    (Count::UnknownCamera, "unknown_camera"),
    (Count::TooManyIncidents, "too_many_incidents"),
    (Count::SlowClient, "slow_client"),
    (Count::TooManyStreams, "too_many_streams"),
    (Count::TooManyConnections, "too_many_connections"),
    (Count::WrongLogin, "wrong_login"),
    (Count::Locked, "locked"),
    (Count::HostQueueFull, "host_queue_full"),
    (Count::HostRefused, "host_refused"),
    (Count::HostUnreachable, "host_unreachable"),
    (Count::HostGone, "host_gone"),
];

#[derive(Default)]
pub(crate) struct Counts([AtomicU64; 15]);

impl Counts {
    pub(crate) fn add(&self, count: Count, many: u64) {
        if let Some(counter) = self.0.get(count as usize) {
            counter.fetch_add(many, Ordering::Relaxed);
        }
    }

    pub(crate) fn get(&self, count: Count) -> u64 {
        let counter = self.0.get(count as usize);
        counter.map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    /// What was dropped at least once.
    pub(crate) fn dropped(&self) -> BTreeMap<&'static str, u64> {
        let counted = DROPS.iter().map(|&(count, name)| (name, self.get(count)));
        counted.filter(|&(_, many)| many > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_drop_has_a_place_and_a_name() {
        let counts = Counts::default();
        for (count, _) in DROPS {
            counts.add(count, 2);
        }
        counts.add(Count::Pushed, 1);
        let dropped = counts.dropped();
        assert_eq!(dropped.len(), DROPS.len());
        assert!(dropped.values().all(|&many| many == 2));
        assert_eq!(counts.get(Count::HostGone), 2);
        assert_eq!(Count::HostGone as usize + 1, counts.0.len());
    }
}
