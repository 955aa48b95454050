//! Where a camera's frames come back into order. Several workers look at one camera's frames at
//! the same time, and the flow must see them one after the other, as they were captured.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use super::chain::{Chain, Seen};

struct Arrivals {
    next_ticket: u64,
    ready: BTreeMap<u64, Seen>,
    /// A worker is running the chain; it will look here again before it stops.
    attended: bool,
}

/// One camera's way through the flow.
pub(super) struct Lane {
    arrivals: Mutex<Arrivals>,
    chain: Mutex<Chain>,
}

impl Lane {
    pub(super) fn new(chain: Chain) -> Self {
        Self {
            arrivals: Mutex::new(Arrivals {
                next_ticket: 0,
                ready: BTreeMap::new(),
                attended: false,
            }),
            chain: Mutex::new(chain),
        }
    }

    /// Hands in what was seen in the frame with `ticket`. Runs the chain for every frame whose
    /// turn it is, and calls `done` after each; a worker that finds another at it goes on to
    /// the next frame instead of waiting.
    pub(super) fn submit(&self, ticket: u64, seen: Seen, done: impl Fn()) {
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        arrivals.ready.insert(ticket, seen);
        if arrivals.attended {
            return;
        }
        arrivals.attended = true;
        loop {
            let next = arrivals.next_ticket;
            let Some(seen) = arrivals.ready.remove(&next) else {
                arrivals.attended = false;
                return;
            };
            arrivals.next_ticket += 1;
            drop(arrivals);
            // A bug in the flow costs this frame, not the camera: the next frame finds a chain
            // that is attended by nobody.
            let run = || self.with_chain(|chain| chain.run(seen));
            if catch_unwind(AssertUnwindSafe(run)).is_err() {
                tracing::error!("the flow panicked over a frame; please report this");
            }
            done();
            arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Looks at the chain, between two frames.
    pub(super) fn with_chain<T>(&self, look: impl FnOnce(&mut Chain) -> T) -> T {
        look(&mut self.chain.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use agave_core::{AlertReport, StreamInfo, Timestamp};

    use super::*;
    use crate::topology::chain::{AlertSink, Timings};

    struct Silence;

    impl AlertSink for Silence {
        fn alert(&self, _: &str, _: &AlertReport) {}
    }

    fn lane() -> Lane {
        let chain = Chain::new(StreamInfo::default(), Vec::new(), Arc::new(Silence), None);
        Lane::new(chain)
    }

    fn seen(frame: u64) -> Seen {
        Seen {
            frame,
            at: Timestamp(frame),
            media_time: Duration::from_nanos(frame),
            size: (2, 2),
            detections: Vec::new(),
            arrived: Instant::now(),
            timings: Timings::default(),
        }
    }

    #[test]
    fn a_frame_waits_for_those_before_it() {
        let (lane, done) = (lane(), Cell::new(0));
        let submit = |ticket| lane.submit(ticket, seen(ticket), || done.set(done.get() + 1));
        submit(2);
        submit(1);
        assert_eq!(done.get(), 0);
        submit(0);
        assert_eq!(done.get(), 3);
        assert_eq!(lane.with_chain(|chain| chain.frames), 3);
    }

    #[test]
    fn many_workers_lose_and_double_nothing() {
        let (lane, workers) = (lane(), 8);
        std::thread::scope(|scope| {
            for worker in 0..workers {
                let lane = &lane;
                scope.spawn(move || {
                    for round in 0..500 {
                        let ticket = round * workers + worker;
                        lane.submit(ticket, seen(ticket), || {});
                    }
                });
            }
        });
        assert_eq!(lane.with_chain(|chain| chain.frames), 500 * workers);
    }
}
