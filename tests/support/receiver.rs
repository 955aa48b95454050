//! The receivers of `tests/servers` as an ordeal needs them: each answers with an error now and
//! then, says what it has taken, and comes back on its port after it was killed.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::server::{ready, server};
use crate::{Counterpart, Process, Signal, Taken};

/// A server that takes alerts.
pub struct Receiver {
    kind: Kind,
    process: Process,
    port: u16,
    trouble: f64,
    seed: u64,
}

/// What it is and how it says what it has taken.
#[derive(Clone, Copy)]
enum Kind {
    Web,
    Lines,
    Hikvision { password: &'static str },
}

impl Receiver {
    /// A web server, which answers so much of the requests, from 0 to 1, with an error, as `seed`
    /// has it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn web(port: u16, trouble: f64, seed: u64) -> Result<Self> {
        Self::start(Kind::Web, port, trouble, seed)
    }

    /// One of lines over TCP, which acknowledges them.
    ///
    /// # Errors
    /// When it does not start.
    pub fn lines(port: u16, trouble: f64, seed: u64) -> Result<Self> {
        Self::start(Kind::Lines, port, trouble, seed)
    }

    /// A Hikvision device with one connection, which takes what other devices push and switches
    /// its outputs. It knows `admin` with `password`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn hikvision(port: u16, password: &'static str, trouble: f64, seed: u64) -> Result<Self> {
        Self::start(Kind::Hikvision { password }, port, trouble, seed)
    }

    fn start(kind: Kind, port: u16, trouble: f64, seed: u64) -> Result<Self> {
        let mut command = kind.command();
        command.args(["--port", &port.to_string()]);
        command.args(["--trouble", &trouble.to_string()]);
        command.args(["--seed", &seed.to_string()]);
        let (process, port) = ready("the receiver", &mut command)?;
        Ok(Self {
            kind,
            process,
            port,
            trouble,
            seed,
        })
    }
}

impl Kind {
    fn command(self) -> Command {
        match self {
            Self::Web => server("http_receiver.py"),
            Self::Lines => server("tcp_receiver.py"),
            Self::Hikvision { password } => {
                let mut command = server("hikvision.py");
                command.args(["--sockets", "1"]);
                command.env("DEVICE_PASSWORD", password);
                command
            }
        }
    }

    /// The alert of a line of its output, if it has taken one.
    fn taken(self, line: &Value) -> Result<Option<Taken>> {
        let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
        match self {
            Self::Web if text("answer") == "200" => {
                let key = line.pointer("/headers/idempotency-key");
                let key = key.and_then(Value::as_str);
                let body = line.get("body").context("a request without a body")?;
                Ok(Some(Taken {
                    key: key.context("a request without a key")?.to_owned(),
                    body: body.to_string(),
                }))
            }
            // The key, a space, and the rest.
            Self::Lines if text("answer").starts_with("OK") => {
                let (key, body) = text("text").split_once(' ').unwrap_or((text("text"), ""));
                Ok(Some(Taken {
                    key: key.to_owned(),
                    body: body.to_owned(),
                }))
            }
            // What is pushed has a key; what is switched has none.
            Self::Hikvision { .. } if !text("did").is_empty() => {
                let key = Some(text("key")).filter(|key| !key.is_empty());
                Ok(Some(Taken {
                    key: key.unwrap_or(text("did")).to_owned(),
                    body: text("digest").to_owned(),
                }))
            }
            _ => Ok(None),
        }
    }
}

impl Counterpart for Receiver {
    fn next(&mut self, within: Duration) -> Result<Option<Taken>> {
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(Some(line)) = self.process.line("an alert", left) else {
                return Ok(None);
            };
            // A process that was killed may have been writing.
            let Ok(line) = serde_json::from_str::<Value>(&line) else {
                continue;
            };
            if let Some(taken) = self.kind.taken(&line)? {
                return Ok(Some(taken));
            }
        }
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        self.process.signal(signal)
    }

    fn come_back(&mut self) -> Result<()> {
        let seed = self.seed.wrapping_add(1);
        *self = Self::start(self.kind, self.port, self.trouble, seed)?;
        Ok(())
    }
}
