//! `agave run`: flows from their cameras to their adapters, until the sources end, the time is
//! over or someone stops them. Several flows share the process and nothing else: each has its
//! threads, its folder for state and its control socket, and ends by itself.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use agave_flow::{Flow, Override, Surroundings};
use anyhow::{Context, Result, ensure};
use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::command::{load, machine};
use crate::control::{Controlled, Server};
use crate::live::Live;
use crate::report::{FlowReporter, Format, Reporter};
use crate::surroundings::{Machine, state_folder};
use crate::topology::build::Workshop;
use crate::topology::{AlertSink, Finish, Running, Summary, Topology};

/// How often the progress is shown.
const GLANCE: Duration = Duration::from_millis(250);

#[derive(Args)]
pub(crate) struct Run {
    /// The flow files; several run beside each other
    #[arg(required = true)]
    flows: Vec<PathBuf>,
    /// Print each alert and the closing summary as a JSON object on a line of its own
    #[arg(long)]
    json: bool,
    /// Stop after this time, for example 20s or 5m
    #[arg(long = "for", value_name = "TIME", value_parser = agave_core::parse_duration)]
    limit: Option<Duration>,
    /// Change a value of the flow file for this run, for example cameras.gate.url=clip.mp4
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<Override>,
    /// The folder of what plugins keep; AGAVE_STATE, or agave in the folder for state of your
    /// system, if not said
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
    /// How many frames of each flow are looked at in parallel; as many as there are cores if not
    /// said
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: Option<u16>,
}

/// A flow that is checked and built, and has not started.
struct Ready {
    file: PathBuf,
    topology: Topology,
    state: Result<PathBuf, String>,
    reporter: FlowReporter,
}

/// A flow that has ended.
struct Ended {
    file: PathBuf,
    summary: Option<Summary>,
}

impl Run {
    pub(crate) fn run(self) -> Result<ExitCode> {
        ensure!(
            self.flows.len() == 1 || self.overrides.is_empty(),
            "--set changes one flow; with several, change their files or run them one by one"
        );
        let machine = Arc::new(machine()?);
        let runtime = runtime()?;
        let format = if self.json {
            Format::Json
        } else {
            Format::Human
        };
        let reporter = Arc::new(Reporter::new(format).context("cannot start the printing thread")?);
        let Some(ready) = self.ready(&machine, &runtime, &reporter)? else {
            return Ok(ExitCode::FAILURE);
        };
        let began = Instant::now();
        let (ended, ends) = channel();
        let mut flows = Vec::new();
        for one in ready {
            flows.push(self.start(one, &runtime, ended.clone())?);
        }
        drop(ended);
        runtime.spawn(interrupt_on_signal(flows.clone()));
        let good = attend(&flows, &ends, &reporter, began);
        reporter.finish();
        Ok(if good {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    /// Checks and builds all flows, so that what is wrong with any of them is said before one
    /// has started. None when something is.
    fn ready(
        &self,
        machine: &Arc<Machine>,
        runtime: &tokio::runtime::Runtime,
        reporter: &Arc<Reporter>,
    ) -> Result<Option<Vec<Ready>>> {
        let checked: Vec<Option<Flow>> = self
            .flows
            .iter()
            .map(|file| load(machine, file, &self.overrides))
            .collect();
        let mut all_good = checked.iter().all(Option::is_some);
        let mut names: Vec<&str> = Vec::new();
        for flow in checked.iter().flatten() {
            if names.contains(&flow.name.as_str()) {
                let (name, file) = (&flow.name, flow.file.display());
                eprintln!("{file}: error: another of these flows is called '{name}', too");
                all_good = false;
            }
            names.push(&flow.name);
        }
        let mut ready = Vec::new();
        for (file, flow) in self.flows.iter().zip(checked.iter()) {
            let Some(flow) = flow else { continue };
            let flow_reporter = || FlowReporter {
                reporter: Arc::clone(reporter),
                flow: flow.name.clone(),
                one_of_several: self.flows.len() > 1,
            };
            let state = state_folder(self.state.clone(), &flow.name);
            let workshop = Workshop {
                catalog: &machine.catalog,
                runtime: runtime.handle().clone(),
                hang_up: CancellationToken::new(),
                sink: Arc::new(flow_reporter()) as Arc<dyn AlertSink>,
                secret: &|name| machine.secret(name),
                state: state.clone(),
                workers: self.workers.map_or_else(cores, usize::from),
            };
            match Topology::build(flow, &workshop) {
                Ok(topology) => ready.push(Ready {
                    file: file.clone(),
                    topology,
                    state,
                    reporter: flow_reporter(),
                }),
                Err(error) => {
                    eprintln!("{}: error: {error}", file.display());
                    all_good = false;
                }
            }
        }
        Ok(all_good.then_some(ready))
    }

    /// Starts a flow on a thread of its own, which tells when it has ended.
    fn start(
        &self,
        ready: Ready,
        runtime: &tokio::runtime::Runtime,
        ended: Sender<Ended>,
    ) -> Result<Arc<Live>> {
        let Ready {
            file,
            topology,
            state,
            reporter,
        } = ready;
        let name = reporter.flow.clone();
        let running = Running::start(topology).context("cannot start the flow's threads")?;
        let live = Arc::new(Live::new(name.clone(), file.clone(), running));
        let control = control(&live, state, runtime.handle());
        let (flow, limit) = (Arc::clone(&live), self.limit);
        let attend = move || {
            let finish = flow.run(limit);
            if finish == Finish::Stopped && limit.is_none() {
                tracing::info!(flow = flow.name(), "stopping");
            }
            // Nobody reaches into a flow that ends.
            drop(control);
            let summary = flow.finish(finish);
            if let Some(summary) = &summary {
                reporter.summary(summary);
            }
            // Nobody hears it when the process is ending in another way.
            let _ = ended.send(Ended { file, summary });
        };
        std::thread::Builder::new()
            .name(format!("flow {name}"))
            .spawn(attend)
            .context("cannot start the flow's thread")?;
        Ok(live)
    }
}

/// A flow runs without, where there can be no control socket.
fn control(
    live: &Arc<Live>,
    state: Result<PathBuf, String>,
    runtime: &tokio::runtime::Handle,
) -> Option<Server> {
    let controlled = Arc::clone(live) as Arc<dyn Controlled>;
    let started = state.and_then(|folder| {
        Server::start(&folder, controlled, runtime).map_err(|error| error.to_string())
    });
    started
        .inspect_err(|reason| {
            let flow = live.name();
            tracing::warn!(
                flow,
                "agave reload, plan, tap and top cannot reach this flow: {reason}"
            );
        })
        .ok()
}

/// Waits for the end of all flows, and says whether all ended well.
fn attend(
    flows: &[Arc<Live>],
    ends: &Receiver<Ended>,
    reporter: &Reporter,
    began: Instant,
) -> bool {
    let mut well = 0;
    loop {
        match ends.recv_timeout(GLANCE) {
            Ok(ended) => well += usize::from(ended_well(&ended)),
            Err(RecvTimeoutError::Timeout) => {
                let counts = || flows.iter().flat_map(|flow| flow.counts()).collect();
                reporter.progress(began.elapsed().as_secs_f64(), counts);
                if reporter.reader_is_gone() {
                    flows.iter().for_each(|flow| flow.interrupt());
                }
            }
            Err(RecvTimeoutError::Disconnected) => return well == flows.len(),
        }
    }
}

fn ended_well(ended: &Ended) -> bool {
    let Some(summary) = &ended.summary else {
        return false;
    };
    for (camera, reason) in &summary.failed_cameras {
        eprintln!(
            "agave: {}: camera '{camera}' could not be read: {reason}",
            ended.file.display()
        );
    }
    summary.failed_cameras.is_empty() && summary.unbalanced.is_empty()
}

/// For what talks to the outside: adapters' requests and the process's signals. Frames never
/// come here.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("network")
        .enable_all()
        .build()
        .context("cannot start the network threads")
}

pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// The first signal ends the run in good order, the second ends the process.
async fn interrupt_on_signal(flows: Vec<Arc<Live>>) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return;
    };
    let mut asked_before = false;
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        if asked_before {
            std::process::exit(130);
        }
        asked_before = true;
        flows.iter().for_each(|flow| flow.interrupt());
    }
}

/// Reads the flow file again and makes the running flow into what it says.
struct Reloader {
    machine: Arc<Machine>,
    file: PathBuf,
    overrides: Vec<Override>,
    live: Arc<Live>,
}

impl Reloader {
    fn reload(&self) {
        let Some(flow) = load(&self.machine, &self.file, &self.overrides) else {
            eprintln!("agave: the flow goes on as it was");
            return;
        };
        match self.live.reload(flow) {
            Ok(()) => eprintln!("agave: reloaded"),
            Err(error) => {
                let file = self.file.display();
                eprintln!("{file}: error: {error}\nagave: the flow goes on as it was");
            }
        }
    }
}

/// SIGHUP is how services are told to read their files again.
async fn reload_on_signal(reloader: Arc<Reloader>) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut hang_up) = signal(SignalKind::hangup()) else {
        return;
    };
    while hang_up.recv().await.is_some() {
        let reloader = Arc::clone(&reloader);
        // It compiles and waits: not for the network's threads.
        let done = tokio::task::spawn_blocking(move || reloader.reload());
        if done.await.is_err() {
            tracing::error!("reloading panicked; please report this");
        }
    }
}
