//! `agave top`: running flows as a table that is drawn again every second.

mod screen;
mod table;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::target::StateFolder;
use crate::command::print;
use crate::control::Status;
use crate::control::client::{self, AskError, Found};
use screen::Screen;

#[derive(Args)]
pub(crate) struct Top {
    /// The flow, by its name or its file; all that run if not said
    #[arg(long)]
    flow: Option<String>,
    /// Print it once, as when standard output is no terminal
    #[arg(long)]
    once: bool,
    /// Print it once as a JSON array with an object for each flow
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    state: StateFolder,
}

/// How often the table is drawn.
const EVERY: Duration = Duration::from_secs(1);

impl Top {
    pub(crate) fn run(self) -> Result<ExitCode> {
        if !self.once
            && !self.json
            && let Some(screen) = Screen::open()
        {
            self.live(screen)?;
            return Ok(ExitCode::SUCCESS);
        }
        // Since their start: that is all one look can say.
        let found = self.found()?;
        let now: Vec<&Status> = found.iter().map(|found| &found.status).collect();
        if self.json {
            print(&serde_json::to_string(&now)?);
            return Ok(ExitCode::SUCCESS);
        }
        print(table::drawn(&now, &BTreeMap::new()).join("\n").trim_end());
        Ok(ExitCode::SUCCESS)
    }

    fn found(&self) -> Result<Vec<Found>> {
        match &self.flow {
            Some(flow) => Ok(vec![self.state.find(Some(flow))?]),
            None => {
                let root = self.state.root()?;
                let running = client::running(&root);
                if running.is_empty() {
                    return Err(AskError::NothingRuns(root).into());
                }
                Ok(running)
            }
        }
    }

    /// Draws until someone stops it or nothing runs any more.
    fn live(&self, mut screen: Screen) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot listen for Ctrl-C")?;
        let mut stop = {
            let _entered = runtime.enter();
            Stop::listen().context("cannot listen for Ctrl-C")?
        };
        let mut before: BTreeMap<String, (Instant, Status)> = BTreeMap::new();
        let mut next = Instant::now();
        loop {
            let found = self.found()?;
            let seen = Instant::now();
            let now: Vec<&Status> = found.iter().map(|found| &found.status).collect();
            let earlier: BTreeMap<String, (Duration, &Status)> = before
                .iter()
                .map(|(flow, (at, status))| (flow.clone(), (seen - *at, status)))
                .collect();
            screen.show(&table::drawn(&now, &earlier));
            before = found
                .into_iter()
                .map(|found| (found.status.flow.clone(), (seen, found.status)))
                .collect();
            next = (next + EVERY).max(Instant::now());
            if runtime.block_on(stop.before(next)) {
                return Ok(());
            }
        }
    }
}

/// Listens all the time: a Ctrl-C while the flows are asked counts, too.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Whether someone stops it before `moment`.
    async fn before(&mut self, moment: Instant) -> bool {
        tokio::select! {
            () = tokio::time::sleep_until(moment.into()) => false,
            _ = self.interrupt.recv() => true,
            _ = self.terminate.recv() => true,
        }
    }
}
