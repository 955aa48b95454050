//! Where a camera's frames come back into order. Several workers look at one camera's frames at
//! the same time, and the flow must see them one after the other, as they were captured. It is
//! also where a camera's part of the flow changes: between two frames, and never in between.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::chain::{Arrival, Chain};
use super::journal::Outlet;
use super::look::Look;

/// A frame's place on its way.
pub(super) struct Admission {
    /// Its number among the camera's frames that were taken, without gaps.
    pub(super) ticket: u64,
    /// How it is to be looked at.
    pub(super) look: Arc<Look>,
}

/// What is to happen to the chain between two frames.
struct Change {
    /// The first frame after it.
    ticket: u64,
    /// Whether the chain took it; if not, the chain is as it was.
    make: Box<dyn FnOnce(&mut Chain) -> bool + Send>,
    /// How frames were looked at before.
    before: Arc<Look>,
}

struct Arrivals {
    admitted: u64,
    next_ticket: u64,
    ready: BTreeMap<u64, Arrival>,
    look: Arc<Look>,
    change: Option<Change>,
    /// These were looked at for a change that did not come: what was seen in them means nothing
    /// to the nodes.
    misread: Range<u64>,
    /// Somebody is running the chain, and will look here again before stopping.
    attended: bool,
}

impl Arrivals {
    fn due_change(&mut self) -> Option<Change> {
        let next = self.next_ticket;
        self.change.take_if(|change| change.ticket <= next)
    }

    /// Frames are looked at again as before a change that is not to be.
    fn look_as_before(&mut self, ticket: u64, before: Arc<Look>) {
        if !before.same_models(&self.look) {
            self.misread = ticket..self.admitted;
        }
        self.look = before;
    }
}

/// One camera's way through the flow.
pub(super) struct Lane {
    arrivals: Mutex<Arrivals>,
    /// Told when nobody attends any more.
    quiet: Condvar,
    chain: Mutex<Chain>,
    /// Hears what there is to say about each frame, in their order.
    outlet: Arc<dyn Outlet>,
}

impl Lane {
    pub(super) fn new(chain: Chain, look: Look, outlet: Arc<dyn Outlet>) -> Self {
        Self {
            arrivals: Mutex::new(Arrivals {
                admitted: 0,
                next_ticket: 0,
                ready: BTreeMap::new(),
                look: Arc::new(look),
                change: None,
                misread: 0..0,
                attended: false,
            }),
            quiet: Condvar::new(),
            chain: Mutex::new(chain),
            outlet,
        }
    }

    fn arrivals(&self) -> MutexGuard<'_, Arrivals> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a frame in. Whoever does must hand it in, or those behind it wait for ever.
    pub(super) fn admit(&self) -> Admission {
        let mut arrivals = self.arrivals();
        let ticket = arrivals.admitted;
        arrivals.admitted += 1;
        Admission {
            ticket,
            look: Arc::clone(&arrivals.look),
        }
    }

    /// Hands in what was seen in the frame with `ticket`. Runs the chain for every frame whose
    /// turn it is, and calls `done` after each; a worker that finds another at it goes on to
    /// the next frame instead of waiting.
    pub(super) fn submit(&self, ticket: u64, arrival: Arrival, done: impl Fn()) {
        let mut arrivals = self.arrivals();
        arrivals.ready.insert(ticket, arrival);
        self.attend(arrivals, done);
    }

    /// Frames that are admitted from now on are looked at as `look` says, and `make` happens to
    /// the chain before the first of them. It says whether the chain took it; if not, frames are
    /// looked at as before.
    pub(super) fn change(
        &self,
        look: Look,
        done: impl Fn(),
        make: impl FnOnce(&mut Chain) -> bool + Send + 'static,
    ) {
        let mut arrivals = self.arrivals();
        let before = std::mem::replace(&mut arrivals.look, Arc::new(look));
        arrivals.change = Some(Change {
            ticket: arrivals.admitted,
            make: Box::new(make),
            before,
        });
        self.attend(arrivals, done);
    }

    /// A change that has not happened yet shall not happen any more.
    pub(super) fn withdraw(&self) {
        let mut arrivals = self.arrivals();
        if let Some(Change { ticket, before, .. }) = arrivals.change.take() {
            arrivals.look_as_before(ticket, before);
        }
    }

    /// How frames are looked at.
    pub(super) fn look(&self) -> Arc<Look> {
        Arc::clone(&self.arrivals().look)
    }

    /// Does everything whose turn it is, unless somebody is at it.
    fn attend<'l>(&'l self, mut arrivals: MutexGuard<'l, Arrivals>, done: impl Fn()) {
        if arrivals.attended {
            return;
        }
        arrivals.attended = true;
        loop {
            if let Some(change) = arrivals.due_change() {
                drop(arrivals);
                let taken = self.guarded("a change", || self.with_chain(change.make));
                arrivals = self.arrivals();
                if taken != Some(true) {
                    arrivals.look_as_before(change.ticket, change.before);
                }
                continue;
            }
            let next = arrivals.next_ticket;
            let Some(mut arrival) = arrivals.ready.remove(&next) else {
                arrivals.attended = false;
                self.quiet.notify_all();
                return;
            };
            if arrivals.misread.contains(&next) {
                arrival.seen.detections = vec![None; arrivals.look.models.len()];
            }
            arrivals.next_ticket += 1;
            drop(arrivals);
            self.guarded("a frame", || {
                // Handing it in may wait for the disk, and others look at the chain meanwhile.
                let entry = self.with_chain(|chain| chain.arrive(arrival));
                if let Some(entry) = entry {
                    self.outlet.keep(entry);
                }
            });
            done();
            arrivals = self.arrivals();
        }
    }

    /// A bug in the flow costs this frame, not the camera: the next frame finds a chain that is
    /// attended by nobody.
    fn guarded<T>(&self, over: &str, run: impl FnOnce() -> T) -> Option<T> {
        let outcome = catch_unwind(AssertUnwindSafe(run)).ok();
        if outcome.is_none() {
            tracing::error!("the flow panicked over {over}; please report this");
        }
        outcome
    }

    /// No more frames will come: when those that came are through, what the nodes remember is
    /// kept. Whoever made the last change may still be taking them through.
    pub(super) fn end(&self) {
        self.until_quiet();
        if let Some(entry) = self.with_chain(Chain::last_words) {
            self.outlet.keep(entry);
        }
    }

    /// Waits until nobody takes frames through any more.
    pub(super) fn until_quiet(&self) {
        let mut arrivals = self.arrivals();
        while arrivals.attended {
            let waited = self.quiet.wait(arrivals);
            arrivals = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Looks at the chain, between two frames.
    pub(super) fn with_chain<T>(&self, look: impl FnOnce(&mut Chain) -> T) -> T {
        look(&mut self.chain.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use agave_core::{AlertReport, StreamInfo, Timestamp};

    use super::*;
    use crate::topology::chain::{AlertSink, Seen};
    use crate::topology::exchange::ChainPlan;
    use crate::topology::journal::Told;
    use crate::topology::models::LoadedModel;
    use crate::topology::taps::Taps;

    struct Silence;

    impl AlertSink for Silence {
        fn alert(&self, _: &str, _: &AlertReport) {}
    }

    pub(in crate::topology) fn lane() -> Lane {
        let plan = ChainPlan {
            stream: StreamInfo::default(),
            steps: Vec::new(),
        };
        let chain = Chain::new(plan, Arc::<Taps>::default());
        let outlet = Told(Arc::new(Silence));
        Lane::new(chain, Look::default(), Arc::new(outlet))
    }

    fn arrival(frame: u64) -> Arrival {
        Arrival::now(Seen {
            frame,
            at: Timestamp(frame),
            media_time: Duration::from_nanos(frame),
            size: (2, 2),
            detections: Vec::new(),
        })
    }

    #[test]
    fn a_frame_waits_for_those_before_it() {
        let (lane, done) = (lane(), Cell::new(0));
        let tickets: Vec<u64> = (0..3).map(|_| lane.admit().ticket).collect();
        assert_eq!(tickets, [0, 1, 2]);
        let submit = |ticket| lane.submit(ticket, arrival(ticket), || done.set(done.get() + 1));
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
            for _ in 0..workers {
                let lane = &lane;
                scope.spawn(move || {
                    for _ in 0..500 {
                        let ticket = lane.admit().ticket;
                        lane.submit(ticket, arrival(ticket), || {});
                    }
                });
            }
        });
        assert_eq!(lane.with_chain(|chain| chain.frames), 500 * workers);
    }

    #[test]
    fn a_change_happens_between_the_frames_before_and_after_it() {
        let lane = lane();
        let (before, during) = (lane.admit().ticket, lane.admit().ticket);
        let (told, frames_then) = channel();
        lane.change(
            Look::default(),
            || {},
            move |chain| told.send(chain.frames).is_ok(),
        );
        let after = lane.admit().ticket;
        lane.submit(after, arrival(after), || {});
        lane.submit(before, arrival(before), || {});
        assert!(frames_then.try_recv().is_err());
        lane.submit(during, arrival(during), || {});
        assert_eq!(frames_then.try_recv(), Ok(2));
        assert_eq!(lane.with_chain(|chain| chain.frames), 3);
    }

    #[test]
    fn a_change_that_nothing_is_before_happens_at_once() {
        let lane = lane();
        let (told, heard) = channel();
        lane.change(Look::default(), || {}, move |_| told.send(()).is_ok());
        assert_eq!(heard.try_recv(), Ok(()));
    }

    fn look(model: &str) -> Look {
        Look {
            models: vec![(Arc::new(LoadedModel::unused(model)), None)],
            ..Look::default()
        }
    }

    #[test]
    fn what_was_seen_for_a_change_that_did_not_come_means_nothing() {
        let lane = lane();
        let seen = |frame| {
            let mut arrival = arrival(frame);
            arrival.seen.detections = vec![Some(Vec::new())];
            arrival
        };
        lane.change(look("old"), || {}, |_| true);
        let first = lane.admit().ticket;
        lane.change(look("new"), || {}, |_| false);
        let (second, third) = (lane.admit().ticket, lane.admit().ticket);
        lane.submit(third, seen(2), || {});
        lane.submit(first, seen(0), || {});
        let last = lane.admit().ticket;
        lane.submit(last, seen(3), || {});
        lane.submit(second, seen(1), || {});
        let counts = lane.with_chain(|chain| (chain.frames, chain.unreadable));
        assert_eq!(counts, (2, 2));
    }

    #[test]
    fn the_end_waits_for_who_takes_the_last_frames_through() {
        let lane = Arc::new(lane());
        let (entered, inside) = channel();
        let (let_go, held) = channel();
        let of_change = Arc::clone(&lane);
        let changing = std::thread::spawn(move || {
            let make = move |_: &mut Chain| {
                entered.send(()).unwrap();
                held.recv().is_ok()
            };
            of_change.change(Look::default(), || {}, make);
        });
        inside.recv().unwrap();
        let ticket = lane.admit().ticket;
        lane.submit(ticket, arrival(0), || {});
        let of_end = Arc::clone(&lane);
        let ending = std::thread::spawn(move || {
            of_end.end();
            of_end.with_chain(|chain| chain.frames)
        });
        let_go.send(()).unwrap();
        assert_eq!(ending.join().unwrap(), 1);
        changing.join().unwrap();
    }

    #[test]
    fn a_change_that_is_withdrawn_does_not_happen() {
        let lane = lane();
        let before = lane.admit();
        lane.change(look("new"), || {}, |_| panic!("it was withdrawn"));
        lane.withdraw();
        assert!(lane.look().models.is_empty());
        lane.submit(before.ticket, arrival(0), || {});
        assert_eq!(lane.with_chain(|chain| chain.frames), 1);
    }
}
