//! `agave reload`: a running flow reads its files again.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::target::{StateFolder, report};
use crate::command::print;
use crate::control::{Ask, Verdict};

#[derive(Args)]
pub(crate) struct Reload {
    /// The flow, by its name or its file; the only one that runs if not said
    flow: Option<String>,
    /// Print the report as a JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    state: StateFolder,
}

impl Reload {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let found = self.state.find(self.flow.as_deref())?;
        let report = report(&found, &Ask::Reload)?;
        let refused = report.result == Verdict::Refused;
        if self.json {
            print(&serde_json::to_string(&report)?);
        } else if refused {
            eprintln!("{}", report.said);
        } else {
            print(&report.said);
        }
        Ok(if refused {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}
