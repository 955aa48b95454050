//! `agave plan`: what would change, before anything does.

use std::path::PathBuf;
use std::process::ExitCode;

use agave_flow::{Changes, Flow, Override, diff};
use anyhow::{Context, Result};
use clap::Args;

use super::target::{StateFolder, report};
use crate::command::{load, machine, print};
use crate::control::client::AskError;
use crate::control::{Ask, Verdict};

#[derive(Args)]
pub(crate) struct Plan {
    /// The flow file as it would be saved
    flow: PathBuf,
    /// Compare with this file, and ask no running flow
    #[arg(long, value_name = "FLOW")]
    from: Option<PathBuf>,
    /// Change a value of the flow files first; a running flow keeps what it was started with
    #[arg(long = "set", value_name = "PATH=VALUE", requires = "from")]
    overrides: Vec<Override>,
    /// Print what changes as a JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    state: StateFolder,
}

impl Plan {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let machine = machine()?;
        // What is wrong with it is said before anyone is asked.
        let Some(after) = load(&machine, &self.flow, &self.overrides) else {
            return Ok(ExitCode::FAILURE);
        };
        if let Some(file) = &self.from {
            let Some(before) = load(&machine, file, &self.overrides) else {
                return Ok(ExitCode::FAILURE);
            };
            return self.show(&diff(&before, &after));
        }
        let found = match self.state.running(&after.name) {
            Ok(found) => found,
            Err(AskError::NothingRuns(_)) => {
                eprintln!("flow '{}' does not run, so all of it is new", after.name);
                return self.show(&diff(&nothing_of(&after), &after));
            }
            Err(error) => return Err(error.into()),
        };
        let file = std::path::absolute(&self.flow).context("this folder is gone")?;
        let report = report(&found, &Ask::Plan { file: Some(file) })?;
        if report.result == Verdict::Refused {
            eprintln!("{}", report.said);
            return Ok(ExitCode::FAILURE);
        }
        if self.json {
            print(&report.details.to_string());
        } else {
            print(&report.said);
        }
        Ok(ExitCode::SUCCESS)
    }

    fn show(&self, changes: &Changes) -> Result<ExitCode> {
        if self.json {
            print(&serde_json::to_string(changes)?);
        } else {
            print(changes.to_string().trim_end());
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A flow of the same name with nothing in it.
fn nothing_of(flow: &Flow) -> Flow {
    Flow {
        models: Vec::new(),
        brokers: Vec::new(),
        cameras: Vec::new(),
        nodes: Vec::new(),
        tests: Vec::new(),
        ..flow.clone()
    }
}
