//! `agave run`: a flow from its cameras to its adapters, until the sources end, the time is
//! over or someone stops it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use agave_flow::{Flow, Override};
use anyhow::{Context, Result};
use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::command::{load, machine};
use crate::report::{Format, Reporter};
use crate::surroundings::{Machine, state_folder};
use crate::topology::build::Workshop;
use crate::topology::{AlertSink, Finish, Live, Running, Signal, Tap, Taps, Topology};

#[derive(Args)]
pub(crate) struct Run {
    /// The flow file
    flow: PathBuf,
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
    /// How many frames are looked at in parallel; as many as there are cores if not said
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: Option<u16>,
}

/// What goes along with a running flow.
pub(super) trait Companion {
    /// Who looks at what passes, from the first frame.
    fn tap(&self) -> Option<Arc<dyn Tap>> {
        None
    }

    /// Hears what will run, before it does; `classes` are what each model of the flow can see.
    fn begin(&self, _flow: &Flow, _classes: &[Arc<[String]>]) -> Result<()> {
        Ok(())
    }

    /// Whether the flow should stop because of it.
    fn has_enough(&self) -> bool {
        false
    }

    /// Whether the flow may become another one while it runs.
    fn may_reload(&self) -> bool {
        true
    }
}

/// Nobody.
struct Alone;

impl Companion for Alone {}

impl Run {
    pub(crate) fn run(self) -> Result<ExitCode> {
        self.run_with(&Alone)
    }

    /// Runs the flow to its end.
    pub(super) fn run_with(self, companion: &dyn Companion) -> Result<ExitCode> {
        let machine = Arc::new(machine()?);
        let Some(flow) = load(&*machine, &self.flow, &self.overrides) else {
            return Ok(ExitCode::FAILURE);
        };
        let runtime = runtime()?;
        let format = if self.json {
            Format::Json
        } else {
            Format::Human
        };
        let reporter = Arc::new(Reporter::new(format).context("cannot start the printing thread")?);
        let taps = Arc::<Taps>::default();
        let _looks = companion.tap().map(|tap| taps.add(tap));
        let workshop = Workshop {
            machine: Arc::clone(&machine),
            runtime: runtime.handle().clone(),
            hang_up: CancellationToken::new(),
            sink: Arc::clone(&reporter) as Arc<dyn AlertSink>,
            taps: Arc::clone(&taps),
            state: state_folder(self.state, &flow.name),
            workers: self.workers.map_or_else(cores, usize::from),
        };
        let shown = self.flow.display().to_string();
        let topology = Topology::build(flow, &workshop).with_context(|| shown)?;
        companion.begin(topology.flow(), &topology.classes())?;
        let running = Running::start(topology).context("cannot start the flow's threads")?;
        runtime.spawn(interrupt_on_signal(running.sender()));
        let reloader = Reloader {
            machine,
            file: self.flow,
            overrides: self.overrides,
            live: Arc::clone(running.live()),
        };
        if companion.may_reload() {
            runtime.spawn(reload_on_signal(Arc::new(reloader)));
        }
        let sender = running.sender();
        let finish = running.wait(self.limit, &mut |live| {
            reporter.progress(live);
            if reporter.reader_is_gone() || companion.has_enough() {
                // The wait is over when the running flow hears it; it hears it at once.
                let _ = sender.send(Signal::Interrupted);
            }
        });
        if finish == Finish::Stopped && self.limit.is_none() {
            tracing::info!("stopping");
        }
        let summary = running.finish(finish);
        reporter.summary(&summary);
        reporter.finish();
        for (camera, reason) in &summary.failed_cameras {
            eprintln!("agave: camera '{camera}' could not be read: {reason}");
        }
        let good = summary.failed_cameras.is_empty() && summary.unbalanced.is_empty();
        Ok(if good {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
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
async fn interrupt_on_signal(sender: Sender<Signal>) {
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
        // Nobody hears it when the run is already over.
        let _ = sender.send(Signal::Interrupted);
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
        let Some(flow) = load(&*self.machine, &self.file, &self.overrides) else {
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
