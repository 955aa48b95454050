//! `agave plugin inspect`: what a component says about itself, and what it may do.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::Args;

use crate::command::{machine, print};

#[derive(Args)]
pub(crate) struct Inspect {
    /// The plugin's name, or its file
    plugin: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(super) fn run(self) -> Result<ExitCode> {
        let machine = machine()?;
        let path = machine
            .catalog
            .find(&self.plugin, Path::new("."))
            .map_err(|problem| match problem {
                agave_flow::PluginProblem::NotFound { known } => {
                    anyhow!("there are: {}", known.join(", ")).context(problem_with(&self.plugin))
                }
                other => anyhow!("{other}").context(problem_with(&self.plugin)),
            })?;
        let plugin = machine.catalog.load(&path)?;
        let description = plugin.description();
        if self.json {
            let json = serde_json::json!({
                "name": description.name,
                "version": description.version,
                "summary": description.summary,
                "role": plugin.role(),
                "file": path,
                "size_bytes": plugin.size_bytes(),
                "sha256": plugin.sha256(),
                "imports": plugin.imports(),
                "state_version": description.state_version,
                "reads_state": description.reads_state,
                "config_schema": description.config_schema,
            });
            print(&serde_json::to_string_pretty(&json)?);
            return Ok(ExitCode::SUCCESS);
        }
        let schema = serde_json::to_string_pretty(&description.config_schema)
            .context("the configuration's schema cannot be printed")?;
        print(&format!(
            "name     {} {}",
            description.name, description.version
        ));
        print(&format!("role     {}", plugin.role()));
        print(&format!("summary  {}", description.summary));
        print(&format!("file     {}", path.display()));
        print(&format!(
            "size     {} KiB",
            plugin.size_bytes().div_ceil(1024)
        ));
        print(&format!("sha256   {}", plugin.sha256()));
        print(&format!("imports  {}", plugin.imports().join(", ")));
        print(&format!("state    version {}", description.state_version));
        print(&format!("config   {}", schema.replace('\n', "\n         ")));
        Ok(ExitCode::SUCCESS)
    }
}

fn problem_with(plugin: &str) -> String {
    format!("no plugin '{plugin}'")
}
