//! A child process whose lines can be waited for. It ends with its guard, and what it printed
//! is shown when the test around it fails.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How often a process that has closed its output is asked whether it has ended.
const EXIT_POLL: Duration = Duration::from_millis(5);

/// How much of what a process printed is shown when a test fails.
const SHOWN_LINES: usize = 80;

/// A running child with its standard output read line by line.
pub struct Process {
    name: String,
    child: Child,
    lines: Receiver<String>,
    stdout: Vec<String>,
    stderr: Arc<Mutex<String>>,
    stderr_reader: Option<JoinHandle<()>>,
}

/// What a process that has ended leaves behind.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Everything it printed.
    pub stdout: String,
    /// Everything it complained about.
    pub stderr: String,
}

impl Process {
    /// Starts `command`; `name` is what messages call it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &str, command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}: {command:?}"))?;
        let stdout = child.stdout.take().context("its output is not piped")?;
        let stderr = child.stderr.take().context("its errors are not piped")?;
        let kept = Arc::new(Mutex::new(String::new()));
        let keeper = Arc::clone(&kept);
        Ok(Self {
            name: name.to_owned(),
            child,
            lines: lines_of(stdout),
            stdout: Vec::new(),
            stderr: kept,
            stderr_reader: Some(thread::spawn(move || keep(stderr, &keeper))),
        })
    }

    /// The next line of its standard output, or nothing when there will be no more.
    ///
    /// # Errors
    /// When none comes within `within`; the message says that it waited `for_what`.
    pub fn line(&mut self, for_what: &str, within: Duration) -> Result<Option<String>> {
        match self.lines.recv_timeout(within) {
            Ok(line) => {
                self.stdout.push(line.clone());
                Ok(Some(line))
            }
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => bail!(
                "{} did not get as far as {for_what} within {within:?}",
                self.name
            ),
        }
    }

    /// Reads lines until one begins with `beginning`, and returns what follows it.
    ///
    /// # Errors
    /// When none does within `within`, or the process closes its output before.
    pub fn wait_for(&mut self, beginning: &str, within: Duration) -> Result<String> {
        let deadline = Instant::now() + within;
        let wanted = format!("the line '{beginning}'");
        while let Some(line) = self.line(&wanted, until(deadline))? {
            if let Some(rest) = line.strip_prefix(beginning) {
                return Ok(rest.trim().to_owned());
            }
        }
        bail!("{} ended before {wanted}", self.name)
    }

    /// Its number among the processes of the machine.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let process = Pid::from_child(&self.child);
        kill_process(process, signal)
            .with_context(|| format!("cannot send {signal:?} to {}", self.name))
    }

    /// Ends it at once, as a power cut would.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// When it goes on for longer than `within`.
    pub fn finish(mut self, within: Duration) -> Result<Finished> {
        let deadline = Instant::now() + within;
        while self.line("its end", until(deadline))?.is_some() {}
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if Instant::now() > deadline {
                bail!("{} closed its output but did not end", self.name);
            }
            thread::sleep(EXIT_POLL);
        };
        if let Some(reader) = self.stderr_reader.take() {
            let _ = reader.join();
        }
        Ok(Finished {
            status,
            stdout: self.stdout.iter().map(|line| format!("{line}\n")).collect(),
            stderr: self.complaints(),
        })
    }

    fn complaints(&self) -> String {
        self.stderr
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let status = self.child.wait();
        self.stdout.extend(self.lines.iter());
        if let Some(reader) = self.stderr_reader.take() {
            let _ = reader.join();
        }
        let shown = self.stdout.len().saturating_sub(SHOWN_LINES);
        eprintln!(
            "--- {} ({status:?}) printed, after {shown} lines:",
            self.name
        );
        for line in self.stdout.iter().skip(shown) {
            eprintln!("{line}");
        }
        eprintln!("--- and complained:\n{}---", self.complaints());
    }
}

/// Reads lines on a thread of its own, so that the process never waits for its reader.
fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn keep(errors: impl Read, kept: &Mutex<String>) {
    for line in BufReader::new(errors).lines().map_while(Result::ok) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_str(&line);
        kept.push('\n');
    }
}

fn until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        Process::start("a script", Command::new("sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn lines_are_waited_for_and_the_end_is_known() {
        let mut process = shell("echo before; echo ready 7; echo why >&2; exit 3");
        assert_eq!(
            process.wait_for("ready", Duration::from_secs(5)).unwrap(),
            "7"
        );
        let finished = process.finish(Duration::from_secs(5)).unwrap();
        assert_eq!(finished.status.code(), Some(3));
        assert_eq!(finished.stdout, "before\nready 7\n");
        assert_eq!(finished.stderr, "why\n");
    }

    #[test]
    fn a_wait_says_what_it_waited_for() {
        let mut process = shell("exec sleep 60");
        let error = process
            .wait_for("ready", Duration::from_millis(50))
            .unwrap_err();
        assert!(error.to_string().contains("'ready'"), "{error}");
        assert!(process.finish(Duration::from_millis(50)).is_err());
    }
}
