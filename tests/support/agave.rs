//! The program under test, run as a user runs it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::{Alert, Finished, Process, Summary, place};

/// How long a command that runs no flow may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);

/// Runs `agave` with `arguments` to its end, whatever that is.
///
/// # Errors
/// When it cannot be started or does not end.
pub fn agave<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Finished> {
    agave_within(COMMAND_LIMIT, arguments)
}

/// The same with `variables` in its environment.
///
/// # Errors
/// When it cannot be started or does not end.
pub fn agave_with<A: AsRef<OsStr>>(
    variables: &[(&str, &OsStr)],
    arguments: impl IntoIterator<Item = A>,
) -> Result<Finished> {
    agave_with_within(COMMAND_LIMIT, variables, arguments)
}

/// The same for what may take longer.
///
/// # Errors
/// When it cannot be started or does not end within `limit`.
pub fn agave_with_within<A: AsRef<OsStr>>(
    limit: Duration,
    variables: &[(&str, &OsStr)],
    arguments: impl IntoIterator<Item = A>,
) -> Result<Finished> {
    let state = state()?;
    let mut command = command(&state)?;
    command.envs(variables.iter().copied()).args(arguments);
    Process::start("agave", &mut command)?.finish(limit)
}

/// The same for what may take longer.
///
/// # Errors
/// When it cannot be started or does not end within `limit`.
pub fn agave_within<A: AsRef<OsStr>>(
    limit: Duration,
    arguments: impl IntoIterator<Item = A>,
) -> Result<Finished> {
    let state = state()?;
    Process::start("agave", command(&state)?.args(arguments))?.finish(limit)
}

/// The same in `folder`, as someone works who has the program and no clone. Crates are compiled
/// into one folder for all of them.
///
/// # Errors
/// When it cannot be started or does not end within `limit`.
pub fn agave_in<A: AsRef<OsStr>>(
    folder: &Path,
    limit: Duration,
    arguments: impl IntoIterator<Item = A>,
) -> Result<Finished> {
    let state = state()?;
    let mut command = command(&state)?;
    command
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", place::crates()?)
        .args(arguments);
    Process::start("agave", &mut command)?.finish(limit)
}

/// A running `agave run --json`.
pub struct Agave {
    process: Process,
    alerts: Vec<Alert>,
    summary: Option<Summary>,
    /// Of this run alone, unless the test names another.
    _state: TempDir,
}

/// What a run that has ended with success reported.
#[derive(Debug)]
pub struct Outcome {
    /// All alerts, in the order in which they were printed.
    pub alerts: Vec<Alert>,
    /// The last line.
    pub summary: Summary,
    /// Everything that was printed, and complained about.
    pub output: Finished,
}

impl Agave {
    /// Starts `flow` with more `arguments`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(flow: &Path, arguments: &[&str]) -> Result<Self> {
        Self::run_with(flow, arguments, &[])
    }

    /// The same with `variables` in its environment.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run_with(flow: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Result<Self> {
        let state = state()?;
        let mut command = command(&state)?;
        command.envs(variables.iter().copied());
        command.args(["run", "--json"]).arg(flow).args(arguments);
        Ok(Self {
            process: Process::start("agave run", &mut command)?,
            alerts: Vec::new(),
            summary: None,
            _state: state,
        })
    }

    /// Ends the process at once, as a power cut would. Gives the alerts that it printed.
    ///
    /// # Errors
    /// When it cannot be ended, or printed something else.
    pub fn kill(mut self) -> Result<Vec<Alert>> {
        self.process.kill()?;
        while self.read_line("its end", COMMAND_LIMIT)? {}
        Ok(self.alerts)
    }

    /// Waits for the next alert with which an incident begins.
    ///
    /// # Errors
    /// When there is none within `within`, or the run ends without one.
    pub fn next_begin(&mut self, within: Duration) -> Result<Alert> {
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let more = self.read_line("an incident's begin", left)?;
            ensure!(more, "agave ended without another incident");
            if let Some(alert) = self.alerts.last().filter(|alert| alert.is_begin()) {
                return Ok(alert.clone());
            }
        }
    }

    /// Sends the process a signal.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.process.signal(signal)
    }

    /// Waits for the end of the run, which must be a success with a summary in which every
    /// node's ledger balances.
    ///
    /// # Errors
    /// When any of that is not so, or it takes longer than `within`.
    pub fn finish(mut self, within: Duration) -> Result<Outcome> {
        let deadline = Instant::now() + within;
        let left = || deadline.saturating_duration_since(Instant::now());
        while self.read_line("the summary", left())? {}
        let output = self.process.finish(left())?;
        ensure!(
            output.status.success(),
            "agave run ended with {}:\n{}",
            output.status,
            output.stderr
        );
        let summary = self.summary.context("the last line is not a summary")?;
        summary.check_ledger()?;
        Ok(Outcome {
            alerts: self.alerts,
            summary,
            output,
        })
    }

    /// Takes one line in, and says whether there was one.
    fn read_line(&mut self, for_what: &str, within: Duration) -> Result<bool> {
        let Some(line) = self.process.line(for_what, within)? else {
            return Ok(false);
        };
        let value: Value = serde_json::from_str(&line)
            .with_context(|| format!("with --json this line is not JSON: {line}"))?;
        ensure!(self.summary.is_none(), "a line follows the summary: {line}");
        self.summary = Summary::from_line(&value);
        if self.summary.is_none() {
            self.alerts.push(Alert::parse(value)?);
        }
        Ok(true)
    }
}

/// What a run keeps: the same flow runs in many tests at the same time.
fn state() -> Result<TempDir> {
    TempDir::new().context("there is no room for what the flow keeps")
}

fn command(state: &TempDir) -> Result<Command> {
    let mut command = Command::new(place::program()?);
    command
        .current_dir(place::repository())
        .env("AGAVE_STATE", state.path())
        .env("AGAVE_PLUGINS", place::plugins()?)
        .env("NO_COLOR", "1");
    Ok(command)
}
