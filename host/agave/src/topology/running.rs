//! The flow while it runs, and how it stops: sources first, then what waits for a worker, then
//! what waits in the outboxes.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use agave_plugin::Grants;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::adapters::AdapterPlan;
use super::build::{CameraPlan, Topology, Version, Workshop, goes_on_after_restart};
use super::camera::{Post, RunningCamera};
use super::chain::Chain;
use super::intake::Intake;
use super::journal::Outlet;
use super::lane::Lane;
use super::outbox::Outbox;
use super::site::{self, Site};
use super::summary::{Departed, Summary, summarise};
use super::taps::Taps;
use super::video::Relays;
use super::worker;

/// How long what waits in the outboxes may take once all sources are at their end.
const DRAIN_AT_END: Duration = Duration::from_secs(30);
/// How long it may take when the time is over or a person wants the process to stop.
const DRAIN_WHEN_STOPPED: Duration = Duration::from_secs(5);
/// How often the thread that waits looks around.
const GLANCE: Duration = Duration::from_millis(250);

/// What the thread that waits for the flow hears.
#[derive(Debug, PartialEq)]
pub(crate) enum Signal {
    /// A camera's source will give no more.
    SourceEnded,
    /// A person wants the process to stop.
    Interrupted,
}

/// Why the wait is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// All sources are at their end: everything is looked at and delivered.
    Ended,
    /// The time is over, or a person wants it to stop.
    Stopped,
}

/// An adapter with the thread that delivers.
pub(super) struct RunningAdapter {
    pub(super) name: String,
    pub(super) outbox: Arc<Outbox>,
    /// What it may reach.
    pub(super) grants: Grants,
    /// The newest alert when it came into a flow that ran: it was given none up to that.
    pub(super) came_after: u64,
    courier: Vec<JoinHandle<()>>,
}

/// What of a running flow a reload changes.
pub(super) struct Parts {
    pub(super) version: Arc<Version>,
    pub(super) cameras: Vec<RunningCamera>,
    pub(super) adapters: Vec<RunningAdapter>,
    /// The nodes that look at several cameras.
    pub(super) sites: BTreeMap<String, Arc<Site>>,
    /// Adapters that deliver what they still have and are no part of the flow any more.
    pub(super) leaving: Vec<RunningAdapter>,
    /// What cameras and nodes that are no more have done.
    pub(super) departed: Departed,
}

impl Parts {
    /// Whether nothing will come any more. Where no camera was ever, the first is waited for.
    fn have_ended(&self) -> bool {
        !self.cameras.is_empty() && self.cameras.iter().all(RunningCamera::has_ended)
    }
}

/// The part of a running flow that everyone shares who looks at it or changes it.
pub(crate) struct Live {
    pub(super) workshop: Workshop,
    pub(super) post: Post,
    pub(super) taps: Arc<Taps>,
    pub(super) parts: Mutex<Parts>,
    /// One change at a time.
    pub(super) changing: Mutex<()>,
    pub(super) began: Instant,
}

impl Live {
    pub(super) fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where to look at what passes the nodes.
    pub(crate) fn taps(&self) -> &Arc<Taps> {
        &self.taps
    }

    /// Since when the flow runs.
    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    /// A camera's chain and its source, both new.
    pub(super) fn start_camera(&self, plan: CameraPlan) -> io::Result<RunningCamera> {
        let journal = &self.workshop.journal;
        let mut chain = Chain::new(plan.chain, Arc::clone(&self.taps));
        if goes_on_after_restart(&plan.camera) && journal.wants_checkpoints() {
            chain = chain.with_checkpoints();
        }
        let outlet = Arc::clone(journal) as Arc<dyn Outlet>;
        let lane = Arc::new(Lane::new(chain, plan.look, outlet));
        RunningCamera::start(plan.camera, lane, plan.first_frame, &self.post)
    }
}

impl RunningAdapter {
    /// Lets `adapter` deliver what comes into its outbox.
    pub(super) fn start(plan: AdapterPlan) -> io::Result<Option<Self>> {
        let AdapterPlan {
            name,
            order,
            has_givers,
            cameras,
            outbox,
            grants,
            adapter,
        } = plan;
        outbox.keep_order(order);
        outbox.name_givers(has_givers);
        outbox.introduce(cameras);
        let Some(mut adapter) = adapter else {
            return Ok(None);
        };
        let attended = Arc::clone(&outbox);
        let attend = move || attended.attend(&mut adapter);
        let courier = thread(format!("courier {name}"), attend)?;
        Ok(Some(Self {
            name,
            outbox,
            grants,
            came_after: 0,
            courier: vec![courier],
        }))
    }

    /// Waits until it has delivered its last.
    pub(super) fn wait(&mut self) {
        join(&mut self.courier);
    }

    pub(super) fn is_finished(&self) -> bool {
        self.courier.iter().all(JoinHandle::is_finished)
    }
}

/// A running flow, for the one who started it.
pub(crate) struct Running {
    pub(super) live: Arc<Live>,
    workers: Vec<JoinHandle<()>>,
    signals: Receiver<Signal>,
}

impl Running {
    /// Starts everything.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(crate) fn start(topology: Topology) -> io::Result<Self> {
        let Topology {
            version,
            cameras,
            adapters,
            sites,
            workshop,
        } = topology;
        let (sender, signals) = channel();
        let intake = Arc::new(Intake::new(workshop.workers));
        let turns = Arc::new(Semaphore::new(workshop.workers));
        let workers = (0..workshop.workers)
            .map(|index| {
                let intake = Arc::clone(&intake);
                thread(format!("worker {index}"), move || worker::work(&intake))
            })
            .collect::<io::Result<_>>()?;
        let taps = Arc::clone(&workshop.taps);
        let live = Live {
            workshop,
            post: Post {
                intake,
                turns,
                shutdown: CancellationToken::new(),
                sender,
                video: Relays::default(),
            },
            taps,
            parts: Mutex::new(Parts {
                version: Arc::new(version),
                cameras: Vec::new(),
                adapters: Vec::new(),
                sites: site::nodes(&sites),
                leaving: Vec::new(),
                departed: Departed::default(),
            }),
            changing: Mutex::default(),
            began: Instant::now(),
        };
        for adapter in adapters {
            live.parts()
                .adapters
                .extend(RunningAdapter::start(adapter)?);
        }
        for camera in cameras {
            let camera = live.start_camera(camera)?;
            live.parts().cameras.push(camera);
        }
        Ok(Self {
            live: Arc::new(live),
            workers,
            signals,
        })
    }

    /// What others may hold while it runs.
    pub(crate) fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// Whoever has this can end the wait.
    pub(crate) fn sender(&self) -> Sender<Signal> {
        self.live.post.sender.clone()
    }

    /// Waits until all sources have ended, someone interrupts, or `limit` is over; calls
    /// `watch` four times a second meanwhile.
    pub(crate) fn wait(&self, limit: Option<Duration>, watch: &mut dyn FnMut(&Live)) -> Finish {
        loop {
            let left = match limit {
                Some(limit) => limit.saturating_sub(self.live.began.elapsed()),
                None => GLANCE,
            };
            if left.is_zero() {
                return Finish::Stopped;
            }
            match self.signals.recv_timeout(left.min(GLANCE)) {
                Ok(Signal::SourceEnded) => {}
                Ok(Signal::Interrupted) => return Finish::Stopped,
                Err(RecvTimeoutError::Timeout) => watch(&self.live),
                Err(RecvTimeoutError::Disconnected) => return Finish::Stopped,
            }
            // While it is being changed, a camera may be between two sources.
            if let Ok(_quiet) = self.live.changing.try_lock()
                && self.live.parts().have_ended()
            {
                return Finish::Ended;
            }
        }
    }

    /// Tells everything to stop, and waits for nothing: a change that is being made ends sooner,
    /// and whoever waits for the disk need not wait for long.
    pub(crate) fn begin_to_finish(&self, finish: Finish) {
        let live = &self.live;
        live.post.shutdown.cancel();
        let journal = &live.workshop.journal;
        journal.hurry(Instant::now() + longest_drain(finish));
        if finish == Finish::Stopped {
            live.post.intake.abandon();
        }
    }

    /// Stops everything in the order of the data, and tells what became of it.
    pub(crate) fn finish(mut self, finish: Finish) -> Summary {
        self.begin_to_finish(finish);
        let live = Arc::clone(&self.live);
        // Whoever changes it has changed it, and nobody does any more.
        let _last = live.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let (post, journal) = (&live.post, &live.workshop.journal);
        // A camera may have come meanwhile.
        self.begin_to_finish(finish);
        for camera in &mut live.parts().cameras {
            camera.stop_source();
            camera.video.close();
        }
        post.intake.finish();
        join(&mut self.workers);
        for camera in &live.parts().cameras {
            camera.lane.end();
        }
        journal.flush();
        let looked = live.began.elapsed();
        self.drain(finish);
        journal.close();
        summarise(&live, looked)
    }

    /// Gives the outboxes their time; an interruption cuts it short.
    fn drain(&mut self, finish: Finish) {
        let longest = longest_drain(finish);
        let mut deadline = Instant::now() + longest;
        let mut parts = self.live.parts();
        let Parts {
            adapters, leaving, ..
        } = &mut *parts;
        let mut couriers: Vec<&mut RunningAdapter> = adapters.iter_mut().chain(leaving).collect();
        for RunningAdapter { outbox, .. } in &couriers {
            outbox.close(deadline);
            let waiting = outbox.waiting();
            if waiting > 0 {
                tracing::warn!(
                    node = outbox.node(),
                    "{waiting} alerts wait to be delivered, for {longest:?} at most; Ctrl-C ends it"
                );
            }
        }
        while couriers.iter().any(|courier| !courier.is_finished()) {
            if self.signals.recv_timeout(GLANCE) == Ok(Signal::Interrupted) {
                deadline = Instant::now();
                couriers
                    .iter()
                    .for_each(|courier| courier.outbox.close(deadline));
            }
            if Instant::now() >= deadline {
                self.live.workshop.hang_up.cancel();
            }
        }
        couriers
            .iter_mut()
            .for_each(|courier| join(&mut courier.courier));
    }
}

fn longest_drain(finish: Finish) -> Duration {
    match finish {
        Finish::Ended => DRAIN_AT_END,
        Finish::Stopped => DRAIN_WHEN_STOPPED,
    }
}

pub(super) fn thread(
    name: String,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name).spawn(work)
}

pub(super) fn join(threads: &mut Vec<JoinHandle<()>>) {
    for thread in threads.drain(..) {
        let name = thread.thread().name().unwrap_or_default().to_owned();
        if thread.join().is_err() {
            tracing::error!("the thread '{name}' panicked; please report this");
        }
    }
}
