//! A double of a Hikvision device, which says of every request how it came and what it did.

use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::Process;
use crate::server::{ready, server};

/// Until a request has come: a model is loaded and plugins are compiled before the first.
const PATIENCE: Duration = Duration::from_secs(60);

/// The device of `tests/servers/hikvision.py`.
pub struct HikvisionDevice {
    process: Process,
    port: u16,
}

/// One request that came in.
#[derive(Clone, Debug, Deserialize)]
pub struct HikvisionRequest {
    /// When, in seconds since 1970.
    pub at: f64,
    /// Whether it had a login.
    pub login: bool,
    /// Whether that was wrong.
    pub wrong: bool,
    /// Whether its nonce was refused.
    pub stale: bool,
    /// What was answered.
    pub status: u16,
    /// What the device did.
    pub did: Option<String>,
}

impl HikvisionDevice {
    /// Starts one that knows `admin` with `password`, with more `arguments` of the script.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(password: &str, arguments: &[&str]) -> Result<Self> {
        let mut command = server("hikvision.py");
        command.args(arguments).env("DEVICE_PASSWORD", password);
        let (process, port) = ready("the device", &mut command)?;
        Ok(Self { process, port })
    }

    /// The port on which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests up to the one that `is_it`.
    ///
    /// # Errors
    /// When it does not come.
    pub fn until(
        &mut self,
        what: &str,
        is_it: impl Fn(&HikvisionRequest) -> bool,
    ) -> Result<Vec<HikvisionRequest>> {
        let mut requests = Vec::new();
        loop {
            let line = self.process.line(what, PATIENCE)?;
            let request = parsed(&line.context("the device is gone")?)?;
            let found = is_it(&request);
            requests.push(request);
            if found {
                return Ok(requests);
            }
        }
    }

    /// The requests up to the one over which it did `what`.
    ///
    /// # Errors
    /// When it does not do that.
    pub fn until_it_did(&mut self, what: &str) -> Result<Vec<HikvisionRequest>> {
        self.until(what, |request| request.did.as_deref() == Some(what))
    }

    /// Stops it and gives the requests that nobody has looked at.
    ///
    /// # Errors
    /// When it cannot be stopped or printed something else.
    pub fn stop(mut self) -> Result<Vec<HikvisionRequest>> {
        self.process.kill()?;
        let mut requests = Vec::new();
        while let Some(line) = self.process.line("its end", PATIENCE)? {
            requests.push(parsed(&line)?);
        }
        Ok(requests)
    }
}

fn parsed(line: &str) -> Result<HikvisionRequest> {
    serde_json::from_str(line).with_context(|| format!("not a request: {line}"))
}
