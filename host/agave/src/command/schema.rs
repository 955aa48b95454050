//! `agave schema`: the JSON Schema of flow files, from the types that read them.

use std::process::ExitCode;

use anyhow::{Context, Result};

pub(crate) fn run() -> Result<ExitCode> {
    let schema = serde_json::to_string_pretty(&agave_flow::schema())
        .context("the schema cannot be printed")?;
    super::print(&schema);
    Ok(ExitCode::SUCCESS)
}
