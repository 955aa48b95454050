//! A web server as strict as a camera, which says of every request how it came.

use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::Process;
use crate::server::{START_LIMIT, ready, server};

/// The server of `tests/servers/device.py`.
pub struct Device {
    process: Process,
    port: u16,
}

/// One request that came in.
#[derive(Clone, Debug, Deserialize)]
pub struct DeviceRequest {
    /// On which connection, counted from 1.
    pub connection: u64,
    /// `GET` and so on.
    pub method: String,
    /// The path of its address.
    pub path: String,
    /// The scheme of its login, if it had one.
    pub login: Option<String>,
    /// Whether that was a login that is wrong.
    pub wrong: bool,
    /// What was answered.
    pub status: u16,
}

impl Device {
    /// Starts one that knows `agave:password` and the bearer token `token`, with more `arguments`
    /// of the script.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(password: &str, token: &str, arguments: &[&str]) -> Result<Self> {
        let mut command = server("device.py");
        command.args(arguments);
        command.env("DEVICE_PASSWORD", password);
        command.env("DEVICE_TOKEN", token);
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

    /// The next request that came in.
    ///
    /// # Errors
    /// When there is none.
    pub fn next(&mut self) -> Result<DeviceRequest> {
        let line = self.process.line("a request", Duration::from_secs(10))?;
        let line = line.context("the device is gone")?;
        serde_json::from_str(&line).with_context(|| format!("not a request: {line}"))
    }

    /// Stops it and returns the requests that were not looked at yet.
    ///
    /// # Errors
    /// When it cannot be stopped or printed something else.
    pub fn stop(mut self) -> Result<Vec<DeviceRequest>> {
        self.process.kill()?;
        let mut requests = Vec::new();
        while let Some(line) = self.process.line("its end", START_LIMIT)? {
            let request = serde_json::from_str(&line);
            requests.push(request.with_context(|| format!("not a request: {line}"))?);
        }
        Ok(requests)
    }
}
