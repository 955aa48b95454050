//! The command line, one file a command.

mod alerts;
mod beginning;
mod check;
mod dead_letters;
mod explain;
mod flows;
mod graph;
mod inspector;
mod outbox;
mod plan;
mod plugin;
mod record;
mod reload;
mod replay;
pub(crate) mod run;
mod schema;
mod signals;
mod tap;
mod target;
mod test;
mod token;
mod top;

use std::path::Path;
use std::process::ExitCode;

use agave_flow::{Flow, Override, Surroundings};
use agave_plugin::Optimisation;
use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};

use crate::cache;
use crate::catalog::Catalog;
use crate::keeper::{self, Reading};
use crate::secrets::KeptSecrets;
use crate::surroundings::{Machine, state_root};

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
    /// Show the alerts that a flow has had
    Alerts(alerts::Alerts),
    /// Show, retry and drop what adapters have given up
    #[command(subcommand)]
    DeadLetters(dead_letters::DeadLetters),
    /// Show what waits for adapters
    #[command(subcommand)]
    Outbox(outbox::Outbox),
    /// Run a flow, and write what its models see to a file
    Record(record::Record),
    /// Run a flow on what was recorded, as fast as the machine goes
    Replay(replay::Replay),
    /// Check flow files and say everything that is wrong with them
    Check(check::Check),
    /// Run the tests of flow files
    Test(test::Test),
    /// Say what a code such as E012 means, with an example of wrong and right
    Explain(explain::Explain),
    /// Read a running flow's files again, as saving them does
    Reload(reload::Reload),
    /// Say what a flow file would change in the running flow, and change nothing
    Plan(plan::Plan),
    /// Show what passes a node of a running flow
    Tap(tap::Tap),
    /// Show the cameras and nodes of running flows with their rates and failures
    Top(top::Top),
    /// Make, show and take away tokens for the control API
    #[command(subcommand)]
    Token(token::Token),
    /// Draw a flow
    Graph(graph::Draw),
    /// What `cargo xtask bench reload` and `delivery` run
    #[command(hide = true)]
    Drill {
        /// Change a flow under load so often
        #[arg(long, default_value_t = 500)]
        changes: u32,
        /// Send so many alerts through a webhook instead
        #[arg(long, requires = "to")]
        alerts: Option<u32>,
        /// To the web server there
        #[arg(long, value_name = "ORIGIN")]
        to: Option<String>,
    },
    /// Build a plugin, or look into one
    #[command(subcommand)]
    Plugin(plugin::Plugin),
    /// Print the JSON Schema of flow files, for completion in an editor
    Schema(schema::Schema),
}

impl CommandLine {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Run(run) => run.run(),
            Command::Alerts(alerts) => alerts.run(),
            Command::DeadLetters(command) => command.run(),
            Command::Outbox(command) => command.run(),
            Command::Record(record) => record.run(),
            Command::Replay(replay) => replay.run(),
            Command::Check(check) => check.run(),
            Command::Test(test) => test.run(),
            Command::Explain(explain) => explain.run(),
            Command::Reload(reload) => reload.run(),
            Command::Plan(plan) => plan.run(),
            Command::Tap(tap) => tap.run(),
            Command::Top(top) => top.run(),
            Command::Token(token) => token.run(),
            Command::Graph(graph) => graph.run(),
            Command::Plugin(plugin) => plugin.run(),
            Command::Drill {
                changes,
                alerts,
                to,
            } => {
                let figures = match (alerts, to) {
                    (Some(alerts), Some(origin)) => crate::drill::post(alerts, &origin)?,
                    _ => crate::drill::run(changes)?,
                };
                print(&figures.to_string());
                Ok(ExitCode::SUCCESS)
            }
            Command::Schema(schema) => schema.run(),
        }
    }
}

/// This machine, with an engine for its plugins.
pub(crate) fn machine() -> Result<Machine> {
    let engine = agave_plugin::Engine::compiling(optimisation()?);
    let mut engine = engine.context("cannot run plugins here")?;
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
    let root = state_root(None).ok();
    Ok(Machine {
        catalog: Catalog::new(engine),
        kept_secrets: KeptSecrets::below(root.as_deref()),
    })
}

/// What `AGAVE_OPTIMISE` says of compiling plugins.
fn optimisation() -> Result<Optimisation> {
    match std::env::var("AGAVE_OPTIMISE").as_deref() {
        Err(_) | Ok("" | "speed") => Ok(Optimisation::Speed),
        Ok("none") => Ok(Optimisation::None),
        Ok(other) => bail!("AGAVE_OPTIMISE is '{other}'; it can be 'speed' or 'none'"),
    }
}

/// Reads and checks a flow file; prints what is wrong with it. None when it cannot be run.
fn load(machine: &Machine, file: &Path, overrides: &[Override]) -> Option<Flow> {
    let Reading { flow, problems, .. } = keeper::read(machine, file, overrides);
    if !problems.is_empty() {
        eprintln!("{problems}");
    }
    flow
}

/// The same for a flow that is rehearsed and not run.
fn load_in(surroundings: &dyn Surroundings, file: &Path, overrides: &[Override]) -> Option<Flow> {
    let loaded = agave_flow::load_file(file, overrides, surroundings);
    let problems = loaded.diagnostics.to_string();
    if !problems.is_empty() {
        eprintln!("{}", problems.trim_end());
    }
    loaded.flow
}

/// Prints to standard output. A reader that has seen enough, such as `head`, is no failure.
fn print(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}
