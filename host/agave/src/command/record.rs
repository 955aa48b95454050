//! `agave record`: a flow runs as with `agave run`, and what its models see is written to a file.
//! The flow stays as it is for as long as that takes: a recording is of one version of it.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use agave_flow::Override;
use agave_store::Store;
use anyhow::{Context, Result, ensure};
use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::command::flows::{Ended, ended_well};
use crate::command::run::{cores, runtime};
use crate::command::signals::Stop;
use crate::command::{load, machine};
use crate::recording::{Scribe, may_be_replaced};
use crate::report::{FlowReporter, Format, Reporter};
use crate::topology::build::Workshop;
use crate::topology::journal::Journal;
use crate::topology::{AlertSink, Running, Signal, Summary, Tap, Taps, Topology};

#[derive(Args)]
pub(crate) struct Record {
    /// The flow file
    flow: PathBuf,
    /// The file that the recording is written to; a recording that is there is replaced, and
    /// nothing else
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print each alert and the closing summary as a JSON object on a line of its own
    #[arg(long)]
    json: bool,
    /// Stop after this time, for example 60s or 5m
    #[arg(long = "for", value_name = "TIME", value_parser = agave_core::parse_duration)]
    limit: Option<Duration>,
    /// Change a value of the flow file for this run, for example cameras.gate.url=clip.mp4
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<Override>,
    /// How many frames are looked at in parallel; as many as there are cores if not said
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: Option<u16>,
}

impl Record {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let machine = Arc::new(machine()?);
        let Some(flow) = load(&machine, &self.flow, &self.overrides) else {
            return Ok(ExitCode::FAILURE);
        };
        let runtime = runtime()?;
        let format = match self.json {
            true => Format::Json,
            false => Format::Human,
        };
        let reporter = Arc::new(Reporter::new(format).context("cannot start the printing thread")?);
        let of_flow = FlowReporter {
            reporter: Arc::clone(&reporter),
            flow: flow.name.clone(),
            one_of_several: false,
            is_over: Arc::default(),
        };
        let scribe = Arc::<Scribe>::default();
        let taps = Arc::<Taps>::default();
        let _writes = taps.add(Arc::clone(&scribe) as Arc<dyn Tap>);
        // Nodes begin anew, as they do in a replay; the flow may be running for real beside this.
        let store = Store::in_memory().context("there is no memory for what plugins keep")?;
        let sink = Arc::new(of_flow.clone()) as Arc<dyn AlertSink>;
        let journal = Journal::start(store.clone(), sink).context("cannot start the journal")?;
        let workshop = Workshop {
            machine,
            runtime: runtime.handle().clone(),
            hang_up: CancellationToken::new(),
            journal,
            taps,
            only_checked: false,
            shows_pictures: false,
            store: Ok(store),
            workers: self.workers.map_or_else(cores, usize::from),
        };
        let shown = self.flow.display().to_string();
        let topology = Topology::build(flow, &workshop).with_context(|| shown)?;
        let out = || format!("cannot write {}", self.out.display());
        ensure!(
            may_be_replaced(&self.out),
            "{} is there and is no recording; name another file",
            self.out.display()
        );
        // Only now: a flow that cannot run must not cost an earlier recording.
        let file = File::create(&self.out).with_context(out)?;
        scribe
            .begin(topology.flow(), &topology.classes(), file)
            .with_context(out)?;
        let stop = Stop::listen(&runtime)?;
        let running = Running::start(topology).context("cannot start the flow's threads")?;
        let summary = self.attend(running, (&runtime, stop), &scribe, &reporter);
        of_flow.summary(&summary);
        reporter.finish();
        self.tell(&scribe)?;
        let file = self.flow.clone();
        Ok(match ended_well(&Ended { file, summary }) {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        })
    }

    /// Waits for the end of the flow.
    fn attend(
        &self,
        running: Running,
        (runtime, stop): (&tokio::runtime::Runtime, Stop),
        scribe: &Scribe,
        reporter: &Reporter,
    ) -> Summary {
        let (sender, interrupted) = (running.sender(), running.sender());
        runtime.spawn(stop.then(move || {
            // Nobody hears it when the flow is already over.
            let _ = interrupted.send(Signal::Interrupted);
        }));
        let finish = running.wait(self.limit, &mut |live| {
            let counts = || {
                live.counts()
                    .into_iter()
                    .map(|(_, counts)| counts)
                    .collect()
            };
            reporter.progress(live.began().elapsed().as_secs_f64(), counts);
            if reporter.reader_is_gone() || scribe.has_failed() {
                let _ = sender.send(Signal::Interrupted);
            }
        });
        running.finish(finish)
    }

    fn tell(&self, scribe: &Scribe) -> Result<()> {
        let out = self.out.display();
        let Some(recorded) = scribe.finish() else {
            return Ok(());
        };
        let recorded = recorded.with_context(|| format!("cannot write {out}"))?;
        eprintln!("{out}: {} frames", recorded.frames);
        if recorded.lost > 0 {
            eprintln!(
                "agave: {} frames are missing in {out}: the disk was too slow for them",
                recorded.lost
            );
        }
        Ok(())
    }
}
