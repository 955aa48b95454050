//! `agave run`: flows from their cameras to their adapters, until the sources end, the time is
//! over or someone stops them. Several flows share the process and nothing else: each has its
//! threads, its folder for state and its control socket, and ends by itself.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use agave_flow::{Flow, Override};
use agave_inspector::system::FlowEvent;
use agave_store::Store;
use anyhow::{Context, Result, ensure};
use clap::Args;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::command::beginning;
use crate::command::flows::{Ended, Flows, attend, reload_on_signal};
use crate::command::inspector::{self, InspectorOptions};
use crate::command::machine;
use crate::command::signals::{HangUp, Stop};
use crate::control::{Controlled, Server};
use crate::inspected::{Announcer, Evidence, Inspected, InspectedFlow};
use crate::keeper::{self, Beginning, Keeper, Reading, Source};
use crate::report::{FlowReporter, Format, Reporter};
use crate::secrets::KeptSecrets;
use crate::surroundings::{Machine, open_store, state_folder, state_root};
use crate::topology::build::{BuildError, Workshop};
use crate::topology::journal::{Journal, Keep, parse_size};
use crate::topology::{AlertSink, Finish, Running, Tap, Taps, Topology};

#[derive(Args)]
pub(crate) struct Run {
    /// The flow files; several run beside each other. Without one it is agave.yaml in this
    /// folder, which is begun if it is not there
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
    /// The folder of what is there again after a restart; AGAVE_STATE, or agave in the folder
    /// for state of your system, if not said
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
    /// Keep nothing: after a restart everything begins anew
    #[arg(long)]
    no_state: bool,
    /// How long alerts are kept, for example 2160h; 720h if not said
    #[arg(long, value_name = "TIME", value_parser = parse_time_kept)]
    keep_for: Option<Duration>,
    /// How many alerts of each flow are kept; 100000 if not said
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    keep_alerts: Option<u64>,
    /// How large the file of each flow may become before the oldest alerts are forgotten, for
    /// example 10GiB; 1GiB if not said. What is still to be delivered is kept in any case
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    keep_size: Option<u64>,
    /// How many frames of each flow are looked at in parallel; as many as there are cores if not
    /// said
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: Option<u16>,
    #[command(flatten)]
    inspector: InspectorOptions,
}

/// Alerts that are kept for no time at all are lost, which nobody means.
fn parse_time_kept(text: &str) -> Result<Duration, String> {
    match agave_core::parse_duration(text)? {
        Duration::ZERO => Err("alerts are kept for some time, at least 1ms".to_owned()),
        time => Ok(time),
    }
}

/// A flow that is checked and built, and has not started.
struct Ready {
    source: Source,
    beginning: Beginning,
    topology: Topology,
    state: Result<PathBuf, String>,
    reporter: FlowReporter,
    evidence: Option<Arc<Evidence>>,
    events: broadcast::Sender<FlowEvent>,
}

impl Run {
    pub(crate) fn run(mut self) -> Result<ExitCode> {
        ensure!(
            self.flows.len() <= 1 || self.overrides.is_empty(),
            "--set changes one flow; with several, change their files or run them one by one"
        );
        let mut machine = machine()?;
        let root = state_root(self.state.clone()).ok();
        machine.kept_secrets = KeptSecrets::below(root.as_deref());
        let machine = Arc::new(machine);
        let runtime = runtime()?;
        let stop = Stop::listen(&runtime)?;
        let hang_up = HangUp::listen(&runtime)?;
        let format = if self.json {
            Format::Json
        } else {
            Format::Human
        };
        let reporter = Arc::new(Reporter::new(format).context("cannot start the printing thread")?);
        // What is wrong with its address or its certificate is said before anything is begun.
        let page = self.inspector.prepare(state_root(self.state.clone()))?;
        if self.flows.is_empty() {
            self.flows.push(beginning::flow_of_this_folder()?);
        }
        let Some(ready) = self.ready(&machine, &runtime, &reporter) else {
            return Ok(ExitCode::FAILURE);
        };
        let began = Instant::now();
        let (ended, ends) = channel();
        let mut flows = Flows {
            page: page.as_ref().map(|page| page.handle().clone()),
            ..Flows::default()
        };
        for one in ready {
            self.start(one, &runtime, ended.clone(), &mut flows)?;
        }
        drop(ended);
        let flows = Arc::new(flows);
        let inspected = Arc::new(Inspected::new(flows.inspected.clone()));
        let inspector = page.map(|page| inspector::serve(page, inspected));
        let inspector = inspector.transpose()?;
        let running = Arc::clone(&flows);
        runtime.spawn(stop.then(move || running.interrupt()));
        runtime.spawn(reload_on_signal(hang_up, Arc::clone(&flows)));
        let good = attend(&flows, &ends, &reporter, began);
        drop(inspector);
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
    ) -> Option<Vec<Ready>> {
        let mut all_good = true;
        let mut read: Vec<(Source, Beginning, Flow)> = Vec::new();
        for file in &self.flows {
            let source = Source {
                machine: Arc::clone(machine),
                file: file.clone(),
                overrides: self.overrides.clone(),
            };
            let began = SystemTime::now();
            let Reading {
                flow,
                problems,
                files,
                texts,
                ..
            } = keeper::read(machine, file, &self.overrides);
            if !problems.is_empty() {
                eprintln!("{problems}");
            }
            if !file.exists() {
                eprintln!("{}", beginning::HINT);
            }
            match flow {
                None => all_good = false,
                Some(flow) if read.iter().any(|(_, _, other)| other.name == flow.name) => {
                    let (name, file) = (&flow.name, file.display());
                    eprintln!("{file}: error: another of these flows is called '{name}', too");
                    all_good = false;
                }
                Some(flow) => {
                    let beginning = Beginning {
                        read: began,
                        files,
                        texts,
                        versions: None,
                    };
                    read.push((source, beginning, flow));
                }
            }
        }
        let mut ready = Vec::new();
        for (source, beginning, flow) in read {
            match self.build(source, beginning, flow.clone(), runtime, reporter) {
                Ok(built) => ready.push(built),
                Err(error) => {
                    match error.downcast_ref::<BuildError>() {
                        Some(error) => {
                            eprintln!("{}", error.diagnostic(&flow).to_string().trim_end());
                        }
                        None => {
                            let shown = flow.file.display();
                            eprintln!("{shown}: error: {error:#}");
                        }
                    }
                    all_good = false;
                }
            }
        }
        all_good.then_some(ready)
    }

    fn build(
        &self,
        source: Source,
        mut beginning: Beginning,
        flow: Flow,
        runtime: &tokio::runtime::Runtime,
        reporter: &Arc<Reporter>,
    ) -> Result<Ready> {
        let reporter = FlowReporter {
            reporter: Arc::clone(reporter),
            flow: flow.name.clone(),
            one_of_several: self.flows.len() > 1,
            is_over: Arc::default(),
        };
        let state = state_folder(self.state.clone(), &flow.name);
        let store = match self.no_state {
            true => Store::in_memory()?,
            false => open_store(&state, self.state.is_some(), &flow.name)?,
        };
        let kept = state.as_ref().ok().filter(|_| store.lasts());
        beginning.versions = kept.map(|folder| folder.join("versions"));
        let evidence = self.inspector.evidence(&state, &store)?;
        let taps: Arc<Taps> = Arc::default();
        if let Some(evidence) = &evidence {
            // As long as the flow runs.
            taps.add(Arc::clone(evidence) as Arc<dyn Tap>).stay();
        }
        let sink = Announcer::new(reporter.clone(), evidence.clone());
        let events = sink.events();
        let sink = Arc::new(sink) as Arc<dyn AlertSink>;
        let journal = Journal::keeping(self.keep(), store.clone(), sink);
        let journal = journal.context("cannot start the journal")?;
        let workshop = Workshop {
            machine: Arc::clone(&source.machine),
            runtime: runtime.handle().clone(),
            hang_up: CancellationToken::new(),
            journal,
            store: Ok(store),
            taps,
            only_checked: false,
            shows_pictures: evidence.is_some(),
            workers: self.workers.map_or_else(cores, usize::from),
        };
        Ok(Ready {
            topology: Topology::build(flow, &workshop)?,
            source,
            beginning,
            state,
            reporter,
            evidence,
            events,
        })
    }

    /// How much of the past is kept.
    fn keep(&self) -> Keep {
        let usual = Keep::default();
        Keep {
            time: self.keep_for.unwrap_or(usual.time),
            alerts: self.keep_alerts.unwrap_or(usual.alerts),
            bytes: self.keep_size.unwrap_or(usual.bytes),
        }
    }

    /// Starts a flow on a thread of its own, which tells when it has ended.
    fn start(
        &self,
        ready: Ready,
        runtime: &tokio::runtime::Runtime,
        ended: Sender<Ended>,
        flows: &mut Flows,
    ) -> Result<()> {
        let Ready {
            source,
            beginning,
            topology,
            state,
            reporter,
            evidence,
            events,
        } = ready;
        let machine = Arc::clone(&source.machine);
        let (file, limit) = (source.file.clone(), self.limit);
        let running = Running::start(topology).context("cannot start the flow's threads")?;
        flows.senders.push(running.sender());
        let live = Arc::clone(running.live());
        let keeper = Keeper::new(
            source,
            beginning,
            Arc::clone(&live),
            reporter.clone(),
            events,
        );
        flows.keepers.push(Arc::clone(&keeper));
        if let Some(evidence) = &evidence {
            evidence.attach(&live);
        }
        if let (Some(evidence), Some(page)) = (evidence, flows.page.clone()) {
            let inspected = InspectedFlow::new(Arc::clone(&keeper), evidence, machine, page);
            flows.inspected.push(inspected);
        }
        let watcher = keeper.watch().context("cannot watch the flow's files")?;
        let control = control(&keeper, state, runtime.handle());
        let attend = move || {
            let finish = running.wait(limit, &mut |_| {});
            if finish == Finish::Stopped && limit.is_none() {
                tracing::info!(flow = keeper.name(), "stopping");
            }
            keeper.end();
            running.begin_to_finish(finish);
            // A flow that ends is not changed any more.
            drop((watcher, control));
            let summary = running.finish(finish);
            reporter.summary(&summary);
            // Nobody hears it when the process is ending in another way.
            let _ = ended.send(Ended { file, summary });
        };
        std::thread::Builder::new()
            .name("flow".to_owned())
            .spawn(attend)
            .context("cannot start the flow's thread")?;
        Ok(())
    }
}

/// A flow runs without, where there can be no control socket.
fn control(
    keeper: &Arc<Keeper>,
    state: Result<PathBuf, String>,
    runtime: &tokio::runtime::Handle,
) -> Option<Server> {
    let controlled = Arc::clone(keeper) as Arc<dyn Controlled>;
    let started = state.and_then(|folder| {
        Server::start(&folder, controlled, runtime).map_err(|error| error.to_string())
    });
    started
        .inspect_err(|reason| {
            let flow = keeper.name();
            tracing::warn!(
                flow,
                "agave reload, plan, tap and top cannot reach this flow: {reason}"
            );
        })
        .ok()
}

/// For what talks to the outside: adapters' requests and the process's signals. Frames never
/// come here.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
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
