//! `agave outbox`: what waits for adapters, and why, and whether alerts arrive at all.

use std::collections::BTreeMap;
use std::process::ExitCode;

use agave_store::Store;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use super::alerts::only_flow;
use super::target::StateFolder;
use crate::command::print;
use crate::control::client::AskError;
use crate::control::{Answer, Ask, JournalStatus, OutboxStatus, TestAlertView, TestOutcome};

#[derive(Subcommand)]
pub(crate) enum Outbox {
    /// How much waits for each adapter, and when its receiver is tried again
    Status(Status),
    /// Send an adapter a test alert, and say what became of it
    Test(Test),
}

#[derive(Args)]
pub(crate) struct Status {
    /// The flow by its name, where there is more than one
    flow: Option<String>,
    /// Print a JSON object for each adapter on a line of its own
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    state: StateFolder,
}

/// The receiver gets an alert of the kind `test`, and its end.
#[derive(Args)]
pub(crate) struct Test {
    /// The adapter's node
    adapter: String,
    /// The flow by its name or file, where more than one runs
    #[arg(long)]
    flow: Option<String>,
    /// Print what became of it as a JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    state: StateFolder,
}

impl Outbox {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self {
            Self::Status(status) => status.run(),
            Self::Test(test) => test.run(),
        }
    }
}

impl Status {
    fn run(self) -> Result<ExitCode> {
        let root = self.state.root()?;
        let flow = match &self.flow {
            Some(flow) => flow.clone(),
            None => only_flow(&root)?,
        };
        let (outboxes, journal) = match self.state.running(&flow) {
            Ok(running) => (running.status.outboxes, Some(running.status.journal)),
            Err(AskError::NothingRuns(_)) => {
                let store = Store::look(&root.join(&flow))
                    .with_context(|| format!("the flow '{flow}' has kept nothing"))?;
                (at_rest(&store)?, None)
            }
            Err(error) => return Err(error.into()),
        };
        if self.json {
            for outbox in &outboxes {
                print(&serde_json::to_string(outbox)?);
            }
            return Ok(ExitCode::SUCCESS);
        }
        let runs = journal.is_some();
        if let Some(JournalStatus {
            trouble: Some(trouble),
            waiting,
            ..
        }) = journal
        {
            print(&format!(
                "The journal cannot be written, and {waiting} alerts wait for it: {trouble}"
            ));
        }
        match (runs, outboxes.is_empty()) {
            (true, true) => print("the flow has no adapter"),
            (true, false) => {}
            (false, true) => print(&format!(
                "the flow '{flow}' does not run, and nothing waits"
            )),
            (false, false) => print(&format!("the flow '{flow}' does not run; in its store:")),
        }
        for outbox in &outboxes {
            print(&told(outbox, runs));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Test {
    /// Fails where the alert did not arrive, so that a script hears of it.
    fn run(self) -> Result<ExitCode> {
        let found = self.state.find(self.flow.as_deref())?;
        let adapter = self.adapter;
        let ask = Ask::TestAlert {
            adapter: adapter.clone(),
        };
        let tested = match found.ask(&ask)?.next() {
            Some(Ok(Answer::Tested(tested))) => tested,
            Some(Ok(Answer::Refused(reason))) => bail!(reason),
            Some(Err(error)) => return Err(error.into()),
            Some(Ok(_)) | None => return Err(AskError::HungUp.into()),
        };
        print(&match self.json {
            true => serde_json::to_string(&tested)?,
            false => outcome(&adapter, &tested),
        });
        Ok(match tested.outcome {
            TestOutcome::Delivered => ExitCode::SUCCESS,
            TestOutcome::Refused
            | TestOutcome::NotNow
            | TestOutcome::Unheard
            | TestOutcome::Failed => ExitCode::FAILURE,
        })
    }
}

fn outcome(adapter: &str, tested: &TestAlertView) -> String {
    let said = tested.said.as_deref().unwrap_or_default();
    match tested.outcome {
        TestOutcome::Delivered => {
            let took_ms = tested.took_ms;
            format!("{adapter}: its receiver took a test alert after {took_ms:.1} ms")
        }
        TestOutcome::Refused => format!("{adapter}: its receiver refused a test alert: {said}"),
        TestOutcome::NotNow => format!("{adapter}: a test alert did not arrive: {said}"),
        TestOutcome::Unheard => {
            format!("{adapter}: nobody has said that a test alert arrived: {said}")
        }
        TestOutcome::Failed => format!("{adapter}: its plugin failed over a test alert: {said}"),
    }
}

/// Of a flow that nobody runs.
fn at_rest(store: &Store) -> Result<Vec<OutboxStatus>> {
    let mut outboxes: BTreeMap<String, OutboxStatus> = BTreeMap::new();
    let mut of = |adapter: &str, add: &dyn Fn(&mut OutboxStatus)| {
        let outbox = outboxes.entry(adapter.to_owned()).or_default();
        adapter.clone_into(&mut outbox.adapter);
        add(outbox);
    };
    for waiting in store.waiting()? {
        of(&waiting.adapter, &|outbox| {
            outbox.waiting += waiting.alerts;
            outbox
                .by_camera
                .insert(waiting.camera.clone(), waiting.alerts);
        });
    }
    for (adapter, dead) in store.dead_letter_counts()? {
        of(&adapter, &|outbox| outbox.dead_letters = dead);
    }
    Ok(outboxes.into_values().collect())
}

fn told(outbox: &OutboxStatus, runs: bool) -> String {
    let OutboxStatus {
        adapter,
        waiting,
        by_camera,
        delivered,
        dead_letters,
        trouble,
        tries_again_in_s,
        quarantined,
    } = outbox;
    let delivered = match runs {
        true => format!(" {delivered} delivered since the start,"),
        false => String::new(),
    };
    let mut told = format!("{adapter}: {waiting} wait,{delivered} {dead_letters} dead letters");
    if *quarantined {
        told += "\n  its plugin was given up; `agave reload` with a mended one starts it again";
    }
    if let Some(trouble) = trouble {
        told += &format!("\n  {trouble}");
    }
    if let Some(seconds) = tries_again_in_s {
        told += &format!("\n  its receiver is away, and is tried again in {seconds:.1} s");
    }
    for (camera, waiting) in by_camera {
        told += &format!("\n  {camera}: {waiting}");
    }
    told
}
