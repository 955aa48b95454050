//! The flow while it runs, and how it stops: sources first, then what waits for a worker, then
//! what waits in the outboxes.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::adapters::AdapterPlan;
use super::build::{CameraPlan, Topology};
use super::intake::Intake;
use super::lane::Lane;
use super::outbox::Outbox;
use super::source::{Health, SourceSink, SourceState};
use super::summary::{Summary, summarise};
use super::worker::Worker;

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
    CameraEnded,
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

/// A running flow.
pub(crate) struct Running {
    pub(super) flow_name: String,
    pub(super) node_names: Vec<String>,
    pub(super) camera_names: Vec<String>,
    pub(super) states: Vec<Arc<SourceState>>,
    pub(super) lanes: Arc<[Lane]>,
    pub(super) intake: Arc<Intake>,
    pub(super) outboxes: BTreeMap<usize, Arc<Outbox>>,
    pub(crate) began: Instant,
    sources: Vec<JoinHandle<()>>,
    workers: Vec<JoinHandle<()>>,
    couriers: Vec<JoinHandle<()>>,
    shutdown: CancellationToken,
    hang_up: CancellationToken,
    signals: Receiver<Signal>,
    sender: Sender<Signal>,
}

impl Running {
    /// Starts everything.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(crate) fn start(topology: Topology) -> io::Result<Self> {
        let Topology {
            flow_name,
            node_names,
            cameras,
            lanes,
            adapters,
            recent,
            detectors,
            hang_up,
            classes: _,
        } = topology;
        let intake = Arc::new(Intake::new(
            cameras.iter().map(|camera| camera.terms),
            detectors.len(),
        ));
        let (sender, signals) = channel();
        let mut running = Self {
            flow_name,
            node_names,
            camera_names: cameras
                .iter()
                .map(|camera| camera.source.camera.clone())
                .collect(),
            states: cameras.iter().map(|_| Arc::default()).collect(),
            lanes: lanes.into(),
            intake,
            outboxes: BTreeMap::new(),
            began: Instant::now(),
            sources: Vec::new(),
            workers: Vec::new(),
            couriers: Vec::new(),
            shutdown: CancellationToken::new(),
            hang_up,
            signals,
            sender,
        };
        for adapter in adapters {
            running.start_courier(adapter)?;
        }
        let models_of_camera: Arc<[Vec<usize>]> =
            cameras.iter().map(|camera| camera.models.clone()).collect();
        let camera_names: Arc<[String]> = running.camera_names.clone().into();
        for (index, detectors) in detectors.into_iter().enumerate() {
            let worker = Worker {
                detectors,
                recent: recent.clone(),
                camera_names: Arc::clone(&camera_names),
                models_of_camera: Arc::clone(&models_of_camera),
                lanes: Arc::clone(&running.lanes),
                intake: Arc::clone(&running.intake),
            };
            let work = move || worker.run();
            running
                .workers
                .push(thread(format!("worker {index}"), work)?);
        }
        for (index, camera) in cameras.into_iter().enumerate() {
            running.start_source(index, camera)?;
        }
        Ok(running)
    }

    fn start_courier(&mut self, plan: AdapterPlan) -> io::Result<()> {
        let AdapterPlan {
            node,
            outbox,
            mut adapter,
        } = plan;
        self.outboxes.insert(node, Arc::clone(&outbox));
        let attend = move || outbox.attend(&mut adapter);
        self.couriers
            .push(thread(format!("courier {node}"), attend)?);
        Ok(())
    }

    fn start_source(&mut self, index: usize, camera: CameraPlan) -> io::Result<()> {
        let Some(state) = self.states.get(index).map(Arc::clone) else {
            return Ok(());
        };
        let intake = Arc::clone(&self.intake);
        let shutdown = self.shutdown.clone();
        let sender = self.sender.clone();
        let name = camera.source.camera.clone();
        let source = move || {
            let mut sink = SourceSink {
                camera: index,
                name: camera.source.camera.clone(),
                intake: Arc::clone(&intake),
                state: Arc::clone(&state),
            };
            if let Err(error) = agave_media::run(&camera.source, &mut sink, &shutdown) {
                tracing::error!(camera = camera.source.camera, "{error}");
                state.change(|state| state.health = Health::Failed(error.to_string()));
            }
            intake.close(index);
            // Nobody hears it when the process is already stopping.
            let _ = sender.send(Signal::CameraEnded);
        };
        self.sources.push(thread(name, source)?);
        Ok(())
    }

    /// Whoever has this can end the wait.
    pub(crate) fn sender(&self) -> Sender<Signal> {
        self.sender.clone()
    }

    /// Waits until all sources have ended, someone interrupts, or `limit` is over; calls
    /// `watch` four times a second meanwhile.
    pub(crate) fn wait(&self, limit: Option<Duration>, watch: &mut dyn FnMut(&Self)) -> Finish {
        let mut going = self.sources.len();
        loop {
            let left = match limit {
                Some(limit) => limit.saturating_sub(self.began.elapsed()),
                None => GLANCE,
            };
            if left.is_zero() {
                return Finish::Stopped;
            }
            match self.signals.recv_timeout(left.min(GLANCE)) {
                Ok(Signal::CameraEnded) => going = going.saturating_sub(1),
                Ok(Signal::Interrupted) => return Finish::Stopped,
                Err(RecvTimeoutError::Timeout) => watch(self),
                Err(RecvTimeoutError::Disconnected) => return Finish::Stopped,
            }
            if going == 0 {
                return Finish::Ended;
            }
        }
    }

    /// Stops everything in the order of the data, and tells what became of it.
    pub(crate) fn finish(mut self, finish: Finish) -> Summary {
        self.shutdown.cancel();
        if finish == Finish::Stopped {
            self.intake.abandon();
        }
        join(&mut self.sources);
        join(&mut self.workers);
        let looked = self.began.elapsed();
        self.drain(finish);
        summarise(&self, looked)
    }

    /// Gives the outboxes their time; an interruption cuts it short.
    fn drain(&mut self, finish: Finish) {
        let longest = match finish {
            Finish::Ended => DRAIN_AT_END,
            Finish::Stopped => DRAIN_WHEN_STOPPED,
        };
        let mut deadline = Instant::now() + longest;
        for outbox in self.outboxes.values() {
            outbox.close(deadline);
            let waiting = outbox.waiting();
            if waiting > 0 {
                tracing::warn!(
                    node = outbox.node(),
                    "{waiting} alerts wait to be delivered, for {longest:?} at most; Ctrl-C ends it"
                );
            }
        }
        while self.couriers.iter().any(|courier| !courier.is_finished()) {
            if self.signals.recv_timeout(GLANCE) == Ok(Signal::Interrupted) {
                deadline = Instant::now();
                self.outboxes
                    .values()
                    .for_each(|outbox| outbox.close(deadline));
            }
            if Instant::now() >= deadline {
                self.hang_up.cancel();
            }
        }
        join(&mut self.couriers);
    }
}

fn thread(name: String, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name).spawn(work)
}

fn join(threads: &mut Vec<JoinHandle<()>>) {
    for thread in threads.drain(..) {
        let name = thread.thread().name().unwrap_or_default().to_owned();
        if thread.join().is_err() {
            tracing::error!("the thread '{name}' panicked; please report this");
        }
    }
}
