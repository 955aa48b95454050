//! `agave graph`: a flow as a picture, in a language that other programs draw.

use std::path::PathBuf;
use std::process::ExitCode;

use agave_flow::Override;
use anyhow::Result;
use clap::Args;

use crate::command::{load, machine, print};
use crate::graph::{Format, Graph};

#[derive(Args)]
pub(crate) struct Draw {
    /// The flow file
    flow: PathBuf,
    /// In which language
    #[arg(long, value_enum, default_value = "mermaid")]
    format: Format,
    /// Change a value of the flow file first
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<Override>,
}

impl Draw {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let machine = machine()?;
        let Some(flow) = load(&machine, &self.flow, &self.overrides) else {
            return Ok(ExitCode::FAILURE);
        };
        print(Graph::of(&flow).written(self.format).trim_end());
        Ok(ExitCode::SUCCESS)
    }
}
