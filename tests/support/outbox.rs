//! What `agave outbox status` says.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::Agave;

/// How it is with one adapter.
#[derive(Clone, Debug, Deserialize)]
pub struct OutboxStatus {
    adapter: String,
    /// So many are not settled.
    pub waiting: u64,
    /// Since the start.
    pub delivered: u64,
    /// So many were given up.
    pub dead_letters: u64,
    /// Why the last attempt came to nothing, as long as none has succeeded since.
    pub trouble: Option<String>,
    /// In so many seconds, as long as the receiver is away.
    pub tries_again_in_s: Option<f64>,
}

impl OutboxStatus {
    /// How it is with `adapter` of a flow that keeps its state in `state`; nothing is known before
    /// it has begun.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn of(agave: &Agave, flow: &str, state: &Path, adapter: &str) -> Result<Option<Self>> {
        let state = state.to_str().context("a path that is not text")?;
        let said = agave.beside(["outbox", "status", flow, "--json", "--state", state])?;
        let statuses = said.stdout.lines().map(serde_json::from_str::<Self>);
        Ok(statuses.flatten().find(|status| status.adapter == adapter))
    }
}

/// Waits until `ask` gives what `is_so`.
///
/// # Errors
/// When that does not come to pass within `within`.
pub fn until<T: std::fmt::Debug>(
    what: &str,
    within: Duration,
    mut ask: impl FnMut() -> Result<T>,
    is_so: impl Fn(&T) -> bool,
) -> Result<T> {
    let deadline = Instant::now() + within;
    loop {
        let answer = ask()?;
        if is_so(&answer) {
            return Ok(answer);
        }
        if Instant::now() >= deadline {
            bail!("it never was so: {what}; at last {answer:?}");
        }
    }
}
