//! Where a camera's frames come back into order. Several workers look at one camera's frames at
//! the same time, and the flow must see them one after the other, as they were captured. It is
//! also where a camera's part of the flow changes: between two frames, and never in between.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use agave_core::Schedule;
use agave_media::RecentPictures;

use super::chain::{Arrival, Chain};
use super::journal::Outlet;
use super::models::LoadedModel;

/// How a camera's frames are looked at.
#[derive(Clone, Default)]
pub(super) struct Look {
    /// In the order of the camera's infer nodes, with the hours at which they look.
    pub(super) models: Vec<(Arc<LoadedModel>, Option<Schedule>)>,
    /// Where frames are kept, if somebody asks for their pictures.
    pub(super) recent: Option<Arc<RecentPictures>>,
}

/// A frame's place on its way.
pub(super) struct Admission {
    /// Its number among the camera's frames that were taken, without gaps.
    pub(super) ticket: u64,
    /// How it is to be looked at.
    pub(super) look: Arc<Look>,
}

type Change = Box<dyn FnOnce(&mut Chain) + Send>;

struct Arrivals {
    admitted: u64,
    next_ticket: u64,
    ready: BTreeMap<u64, Arrival>,
    look: Arc<Look>,
    /// What to do before the frame with this ticket.
    change: Option<(u64, Change)>,
    /// Somebody is running the chain, and will look here again before stopping.
    attended: bool,
}

impl Arrivals {
    fn due_change(&mut self) -> Option<Change> {
        let next = self.next_ticket;
        let (_, change) = self.change.take_if(|(ticket, _)| *ticket <= next)?;
        Some(change)
    }
}

/// One camera's way through the flow.
pub(super) struct Lane {
    arrivals: Mutex<Arrivals>,
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
                attended: false,
            }),
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

    /// Frames that are admitted from now on are looked at as `look` says, and `change` happens
    /// to the chain before the first of them.
    pub(super) fn change(
        &self,
        look: Look,
        done: impl Fn(),
        change: impl FnOnce(&mut Chain) + Send + 'static,
    ) {
        let mut arrivals = self.arrivals();
        arrivals.look = Arc::new(look);
        let ticket = arrivals.admitted;
        arrivals.change = Some((ticket, Box::new(change)));
        self.attend(arrivals, done);
    }

    /// How frames are looked at.
    pub(super) fn look(&self) -> Arc<Look> {
        Arc::clone(&self.arrivals().look)
    }

    /// Whether frames are looked at as `look` says.
    pub(super) fn looks_as(&self, look: &Look) -> bool {
        let mine = self.look();
        let same_models = mine.models.len() == look.models.len()
            && mine
                .models
                .iter()
                .zip(&look.models)
                .all(|(one, other)| Arc::ptr_eq(&one.0, &other.0) && one.1 == other.1);
        let shelf = |look: &Look| look.recent.as_ref().map(Arc::as_ptr);
        same_models && shelf(&mine) == shelf(look)
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
                self.guarded("a change", || self.with_chain(change));
                arrivals = self.arrivals();
                continue;
            }
            let next = arrivals.next_ticket;
            let Some(arrival) = arrivals.ready.remove(&next) else {
                arrivals.attended = false;
                return;
            };
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
    fn guarded(&self, over: &str, run: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(run)).is_err() {
            tracing::error!("the flow panicked over {over}; please report this");
        }
    }

    /// No more frames will come: what the nodes remember is kept.
    pub(super) fn end(&self) {
        if let Some(entry) = self.with_chain(Chain::last_words) {
            self.outlet.keep(entry);
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
            move |chain| {
                told.send(chain.frames).unwrap();
            },
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
        lane.change(Look::default(), || {}, move |_| told.send(()).unwrap());
        assert_eq!(heard.try_recv(), Ok(()));
    }
}
