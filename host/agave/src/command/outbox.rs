//! `agave outbox`: what waits for adapters, and why.

use std::collections::BTreeMap;
use std::process::ExitCode;

use agave_store::Store;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use super::alerts::only_flow;
use super::target::StateFolder;
use crate::command::print;
use crate::control::client::AskError;
use crate::control::{JournalStatus, OutboxStatus};

#[derive(Subcommand)]
pub(crate) enum Outbox {
    /// How much waits for each adapter, and when its receiver is tried again
    Status(Status),
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

impl Outbox {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let Self::Status(status) = self;
        status.run()
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
