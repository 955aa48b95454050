//! The program under test, run as a user runs it.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::{Alert, Finished, Process, Reload, Summary, place};

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
    flows: usize,
    alerts: Vec<Alert>,
    reloads: Vec<Reload>,
    summaries: Vec<Summary>,
    /// Of this run alone, unless the test names another.
    state: TempDir,
}

/// What a run that has ended with success reported.
#[derive(Debug)]
pub struct Outcome {
    /// All alerts, in the order in which they were printed.
    pub alerts: Vec<Alert>,
    /// All reloads, in the order in which they were printed.
    pub reloads: Vec<Reload>,
    /// The last line.
    pub summary: Summary,
    /// One for each flow, in the order in which they ended.
    pub summaries: Vec<Summary>,
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
        Self::start(&[flow], arguments, variables)
    }

    /// Starts several flows in one process.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run_all(flows: &[&Path], arguments: &[&str]) -> Result<Self> {
        Self::start(flows, arguments, &[])
    }

    /// Starts the program in `folder` without the name of a flow.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn begin_in(folder: &Path, arguments: &[&str]) -> Result<Self> {
        Self::start_in(Some(folder), &[], arguments, &[])
    }

    fn start(flows: &[&Path], arguments: &[&str], variables: &[(&str, &str)]) -> Result<Self> {
        Self::start_in(None, flows, arguments, variables)
    }

    fn start_in(
        folder: Option<&Path>,
        flows: &[&Path],
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Self> {
        let state = state()?;
        let mut command = command(&state)?;
        if let Some(folder) = folder {
            command.current_dir(folder);
        }
        command.envs(variables.iter().copied());
        command.args(["run", "--json"]).args(flows).args(arguments);
        Ok(Self {
            process: Process::start("agave run", &mut command)?,
            // Without a name it is the one of the folder.
            flows: flows.len().max(1),
            alerts: Vec::new(),
            reloads: Vec::new(),
            summaries: Vec::new(),
            state,
        })
    }

    /// Runs another `agave` beside it, which finds what this one runs.
    ///
    /// # Errors
    /// When it cannot be started or does not end.
    pub fn beside<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Finished> {
        let mut command = command(&self.state)?;
        Process::start("agave beside it", command.args(arguments))?.finish(COMMAND_LIMIT)
    }

    /// The same for one that goes on.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_beside<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Process> {
        Process::start("agave beside it", command(&self.state)?.args(arguments))
    }

    /// Where its flows keep what they remember.
    #[must_use]
    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// Waits until a flow of it can be asked from outside and its camera sends.
    ///
    /// # Errors
    /// When that is not so within `within`.
    pub fn wait_until_live(&self, flow: &str, within: Duration) -> Result<()> {
        self.wait_until_shown(flow, " live ", within)
    }

    /// Waits until `agave top` shows `text` of a flow.
    ///
    /// # Errors
    /// When that is not so within `within`.
    pub fn wait_until_shown(&self, flow: &str, text: &str, within: Duration) -> Result<()> {
        let deadline = Instant::now() + within;
        loop {
            let shown = self.beside(["top", "--once", "--flow", flow])?;
            if shown.stdout.contains(text) {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "flow '{flow}' did not show '{text}' within {within:?}: {}{}",
                shown.stdout,
                shown.stderr
            );
        }
    }

    /// How often a camera of a running flow was connected to again.
    ///
    /// # Errors
    /// When the flow does not say.
    pub fn reconnects(&self, flow: &str, camera: &str) -> Result<u64> {
        let shown = self.beside(["top", "--json", "--flow", flow])?;
        let statuses: Value = serde_json::from_str(&shown.stdout).with_context(|| shown.stderr)?;
        let cameras = statuses.pointer("/0/cameras").and_then(Value::as_array);
        let of_name = |one: &&Value| one.get("name").is_some_and(|name| name == camera);
        let found = cameras.into_iter().flatten().find(of_name);
        let reconnects = found.and_then(|camera| camera.get("reconnects")?.as_u64());
        reconnects.with_context(|| format!("there is no camera '{camera}' in {statuses}"))
    }

    /// Waits for the next reload.
    ///
    /// # Errors
    /// When there is none within `within`, or the run ends without one.
    pub fn next_reload(&mut self, within: Duration) -> Result<Reload> {
        let deadline = Instant::now() + within;
        let before = self.reloads.len();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let more = self.read_line("a reload", left)?;
            ensure!(more, "agave ended without another reload");
            if let Some(reload) = self.reloads.get(before) {
                return Ok(reload.clone());
            }
        }
    }

    /// Waits for the summary of one of its flows.
    ///
    /// # Errors
    /// When there is none within `within`.
    pub fn next_summary(&mut self, within: Duration) -> Result<Summary> {
        let deadline = Instant::now() + within;
        let before = self.summaries.len();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let more = self.read_line("a summary", left)?;
            ensure!(more, "agave ended without another summary");
            if let Some(summary) = self.summaries.get(before) {
                return Ok(summary.clone());
            }
        }
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

    /// The priorities of the threads that are called like this, as `nice` has them.
    ///
    /// # Errors
    /// When they cannot be looked at.
    pub fn niceness(&self, thread: &str) -> Result<Vec<i32>> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process.number()))?;
        let stats =
            tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("stat")).ok());
        let called = format!("({thread}) ");
        let of_them = stats.filter_map(|stat| Some(stat.split_once(&called)?.1.to_owned()));
        of_them
            .map(|rest| {
                // proc(5): the state is the third, the niceness the nineteenth.
                let nice = rest.split(' ').nth(16).context("it is shorter")?;
                Ok(nice.parse()?)
            })
            .collect()
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
        for summary in &self.summaries {
            summary.check_ledger()?;
        }
        let summary = self.summaries.last().cloned();
        Ok(Outcome {
            alerts: self.alerts,
            reloads: self.reloads,
            summary: summary.context("the last line is not a summary")?,
            summaries: self.summaries,
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
        ensure!(
            self.summaries.len() < self.flows,
            "a line follows the summary: {line}"
        );
        if let Some(summary) = Summary::from_line(&value) {
            self.summaries.push(summary);
        } else if let Some(reload) = Reload::from_line(&value)? {
            self.reloads.push(reload);
        } else {
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
        .env("AGAVE_PLUGINS", place::plugin_folders()?)
        .env("NO_COLOR", "1");
    Ok(command)
}
