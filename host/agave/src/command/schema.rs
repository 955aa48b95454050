//! `agave schema`: the JSON Schema of flow files, from the types that read them.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

#[derive(Args)]
pub(crate) struct Schema {
    /// That of the files that a flow file includes
    #[arg(long)]
    part: bool,
}

impl Schema {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let schema = match self.part {
            true => agave_flow::part_schema(),
            false => agave_flow::schema(),
        };
        let schema =
            serde_json::to_string_pretty(&schema).context("the schema cannot be printed")?;
        super::print(&schema);
        Ok(ExitCode::SUCCESS)
    }
}
