//! A receiver of lines that acknowledges each, or does not.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::server::{ready, server};
use crate::{Counterpart, Process, Signal, Taken};

/// A TCP server that takes lines.
pub struct TcpReceiver {
    process: Process,
    port: u16,
    trouble: f64,
    seed: u64,
}

/// A line that came in.
#[derive(Debug, Deserialize)]
pub struct TcpLine {
    /// Without its end.
    pub text: String,
    /// What was answered; nothing where the connection was closed.
    pub answer: String,
}

impl TcpReceiver {
    /// One that answers `OK`, and to so much of the lines, from 0 to 1, something else or
    /// nothing, as `seed` has it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_on(port: u16, trouble: f64, seed: u64) -> Result<Self> {
        let mut command = server("tcp_receiver.py");
        command.args(["--port", &port.to_string()]);
        command.args([
            "--trouble",
            &trouble.to_string(),
            "--seed",
            &seed.to_string(),
        ]);
        let (process, port) = ready("the TCP receiver", &mut command)?;
        Ok(Self {
            process,
            port,
            trouble,
            seed,
        })
    }

    /// The port on which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next line; none when there is none within `within`, or it is gone.
    pub fn line(&mut self, within: Duration) -> Option<TcpLine> {
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.process.line("a line", left).ok()??;
            // A process that was killed may have been writing.
            if let Ok(line) = serde_json::from_str(&line) {
                return Some(line);
            }
        }
    }
}

impl Counterpart for TcpReceiver {
    /// A line is the key, a space, and the rest.
    fn next(&mut self, within: Duration) -> Result<Option<Taken>> {
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(line) = self.line(left) else {
                return Ok(None);
            };
            if line.answer.starts_with("OK") {
                let (key, body) = line.text.split_once(' ').context("a line without a key")?;
                return Ok(Some(Taken {
                    key: key.to_owned(),
                    body: body.to_owned(),
                }));
            }
        }
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        self.process.signal(signal)
    }

    fn come_back(&mut self) -> Result<()> {
        let seed = self.seed.wrapping_add(1);
        *self = Self::start_on(self.port, self.trouble, seed)?;
        Ok(())
    }
}
