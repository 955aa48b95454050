//! The command line, one file a command.

mod check;
mod plugin;
mod record;
mod replay;
mod run;
mod schema;
mod test;

use std::path::Path;
use std::process::ExitCode;

use agave_flow::{Flow, FlowText, Override, Surroundings};
use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use crate::cache;
use crate::catalog::Catalog;
use crate::surroundings::Machine;

/// Cameras in, alerts out. What is decided in between lives in sandboxed plugins, wired by a
/// flow file.
#[derive(Parser)]
#[command(version)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a flow
    Run(run::Run),
    /// Run a flow, and write what its models see to a file
    Record(record::Record),
    /// Run a flow on what was recorded, as fast as the machine goes
    Replay(replay::Replay),
    /// Check flow files and say everything that is wrong with them
    Check(check::Check),
    /// Run the tests of flow files
    Test(test::Test),
    /// Build a plugin, or look into one
    #[command(subcommand)]
    Plugin(plugin::Plugin),
    /// Print the JSON Schema of flow files, for completion in an editor
    Schema,
}

impl CommandLine {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Run(run) => run.run(),
            Command::Record(record) => record.run(),
            Command::Replay(replay) => replay.run(),
            Command::Check(check) => check.run(),
            Command::Test(test) => test.run(),
            Command::Plugin(plugin) => plugin.run(),
            Command::Schema => schema::run(),
        }
    }
}

/// This machine, with an engine for its plugins.
fn machine() -> Result<Machine> {
    let mut engine = agave_plugin::Engine::new().context("cannot run plugins here")?;
    if let Some(folder) = cache::folder() {
        let folder = folder.join("compiled");
        match engine.clone().with_cache(&folder) {
            Ok(caching) => engine = caching,
            // Plugins are compiled at every start then, and that is all.
            Err(reason) => {
                tracing::warn!(folder = %folder.display(), %reason, "compiled plugins cannot be kept");
            }
        }
    }
    Ok(Machine {
        catalog: Catalog::new(engine),
    })
}

/// Reads and checks a flow file; prints what is wrong with it. None when it cannot be run.
fn load(machine: &dyn Surroundings, file: &Path, overrides: &[Override]) -> Option<Flow> {
    let text = match FlowText::read(file) {
        Ok(text) => text,
        Err(problem) => {
            eprintln!("{problem}");
            return None;
        }
    };
    let (flow, diagnostics) = agave_flow::load(&text, overrides, machine);
    let printed = diagnostics.to_string();
    if !printed.is_empty() {
        eprintln!("{}", printed.trim_end());
    }
    flow
}

/// Prints to standard output. A reader that has seen enough, such as `head`, is no failure.
fn print(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}
