//! The ways in which a call into a plugin can fail. They are told apart because they call for
//! different answers: a deadline asks for a faster plugin, a returned error for a look at its
//! input.

use std::time::Duration;

use agave_core::DropReason;
use wasmtime::{Trap, WasmBacktrace};

use crate::guest::Guest;
use crate::text::{SENTENCE, shortened};

const MOST_FRAMES: usize = 6;
/// How the engine says that a guest has handed over too much; a test sees to it that it does.
const OUTPUT_EXHAUSTED: &str = "fuel allocated for hostcalls has been exhausted";

/// Why a call gave no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// The guest stopped itself or did what no guest may do.
    #[error("trapped: {message}{}", frames(.backtrace))]
    Trap {
        /// What it did.
        message: String,
        /// The guest's functions, innermost first.
        backtrace: Vec<String>,
    },
    /// The guest ran longer than its node allows.
    #[error("ran longer than its deadline of {}", milliseconds(.0))]
    Deadline(Duration),
    /// The guest wanted more memory than its node allows.
    #[error("wanted more memory than its limit of {} MiB", .0 >> 20)]
    Memory(usize),
    /// The guest handed more to the host at once than its node allows.
    #[error("handed the host more at once than its limit of {} KiB", .0 >> 10)]
    Output(usize),
    /// The guest returned an error.
    #[error("returned an error: {0}")]
    PluginError(String),
    /// The guest returned something that cannot be true.
    #[error("returned what cannot be true: {0}")]
    BadOutput(String),
    /// What the guest handed over is no value of the contract.
    #[error("handed over what cannot be read: {0}")]
    Malformed(String),
    /// The guest's state cannot be kept.
    #[error("cannot be remembered: {0}")]
    Snapshot(String),
    /// The guest refused its configuration.
    #[error("refused its configuration: {0}")]
    Configuration(String),
    /// The guest could not be started at all.
    #[error("could not be started: {0}")]
    Start(String),
}

impl Failure {
    /// Under which reason the ledger counts what was lost by it.
    pub fn reason(&self) -> DropReason {
        match self {
            Self::Trap { .. } => DropReason::Trap,
            Self::Deadline(_) => DropReason::Deadline,
            Self::Memory(_) => DropReason::Memory,
            Self::PluginError(_) => DropReason::PluginError,
            Self::Output(_) | Self::BadOutput(_) | Self::Malformed(_) | Self::Snapshot(_) => {
                DropReason::BadOutput
            }
            Self::Configuration(_) | Self::Start(_) => DropReason::Unavailable,
        }
    }

    /// Whether the instance is in an unknown state and must not be called again.
    pub fn poisons(&self) -> bool {
        !matches!(self, Self::PluginError(_) | Self::BadOutput(_))
    }

    /// What an error of the engine was, seen from the guest's limits.
    pub(crate) fn of(error: &wasmtime::Error, guest: &Guest) -> Self {
        if guest.memory_denied() {
            return Self::Memory(guest.limits().memory_bytes);
        }
        if error.downcast_ref::<Trap>() == Some(&Trap::Interrupt) {
            return Self::Deadline(guest.deadline());
        }
        let reason = error.root_cause().to_string();
        if reason.contains(OUTPUT_EXHAUSTED) {
            // The engine has no type for it that could be asked for.
            return Self::Output(guest.output_bytes());
        }
        let trap = error.downcast_ref::<Trap>();
        let backtrace = error.downcast_ref::<WasmBacktrace>();
        let message = shortened(&reason, SENTENCE);
        if trap.is_none() && backtrace.is_none() {
            // The guest had returned already, or was only just being given its input.
            return Self::Malformed(message);
        }
        Self::Trap {
            message,
            backtrace: backtrace.map(functions).unwrap_or_default(),
        }
    }

    /// As [`Self::of`], for an instance that there is not yet. What no guest did is the host's:
    /// there may be no room for another instance.
    pub(crate) fn at_start(error: &wasmtime::Error, guest: &Guest) -> Self {
        Self::Start(match Self::of(error, guest) {
            Self::Malformed(reason) => reason,
            failure => failure.to_string(),
        })
    }
}

/// The guest's own functions, innermost first.
fn functions(backtrace: &WasmBacktrace) -> Vec<String> {
    let functions: Vec<String> = backtrace
        .frames()
        .iter()
        .map(|frame| readable(frame.func_name().unwrap_or("<unnamed>")))
        .collect();
    // How a language panics says nothing about why.
    let panicked = functions.iter().rposition(|name| name.contains("panic"));
    functions
        .into_iter()
        .skip(panicked.map_or(0, |index| index + 1))
        .take(MOST_FRAMES)
        .collect()
}

/// Without the mangling and the hash of the compiler.
fn readable(function: &str) -> String {
    shortened(&format!("{:#}", rustc_demangle::demangle(function)), 200)
}

fn milliseconds(duration: &Duration) -> String {
    format!("{} ms", duration.as_millis())
}

fn frames(backtrace: &[String]) -> String {
    if backtrace.is_empty() {
        return String::new();
    }
    format!(" (in {})", backtrace.join(" < "))
}
