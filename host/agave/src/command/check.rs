//! `agave check`: everything that is wrong with flow files, without running them.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use agave_core::AlertReport;
use agave_flow::Override;
use agave_store::Store;
use anyhow::Result;
use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::command::run::runtime;
use crate::command::{load, machine, print};
use crate::topology::build::Workshop;
use crate::topology::journal::Journal;
use crate::topology::{AlertSink, Topology};

#[derive(Args)]
pub(crate) struct Check {
    /// The flow files
    #[arg(required = true)]
    flows: Vec<PathBuf>,
    /// Change a value of the flow files first, for example cameras.gate.url=clip.mp4
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<Override>,
}

/// Nothing runs, so there are no alerts.
struct Silence;

impl AlertSink for Silence {
    fn alert(&self, _node: &str, _report: &AlertReport) {}
}

impl Check {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let machine = Arc::new(machine()?);
        let runtime = runtime()?;
        let mut all_good = true;
        for file in &self.flows {
            let Some(flow) = load(&machine, file, &self.overrides) else {
                all_good = false;
                continue;
            };
            let (cameras, nodes) = (flow.cameras.len(), flow.nodes.len());
            let workshop = Workshop {
                machine: Arc::clone(&machine),
                runtime: runtime.handle().clone(),
                hang_up: CancellationToken::new(),
                journal: Journal::start(Store::in_memory()?, Arc::new(Silence))?,
                store: Ok(Store::in_memory()?),
                taps: Arc::default(),
                only_checked: true,
                shows_pictures: false,
                workers: 1,
            };
            // A class that the model does not have shows only here.
            match Topology::build(flow.clone(), &workshop) {
                Ok(_) => print(&format!(
                    "{}: no errors (cameras: {cameras}, nodes: {nodes})",
                    file.display(),
                )),
                Err(error) => {
                    eprintln!("{}", error.diagnostic(&flow).to_string().trim_end());
                    all_good = false;
                }
            }
        }
        Ok(if all_good {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}
