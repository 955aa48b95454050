//! A plugin's log lines, with the node and the camera they come from. A plugin that writes
//! without end is cut short, and the cut is said.

use std::time::{Duration, Instant};

use crate::bindings::imports::agave::plugin::log::{Host, Level};
use crate::guest::Guest;
use crate::text::{SENTENCE, shortened};

const MOST_BYTES: usize = 4096;

/// How much an instance may still write in this second.
pub(crate) struct LogBudget {
    lines_per_second: u32,
    second_began: Instant,
    written: u32,
}

enum Allowance {
    Write,
    WriteThatItStops,
    Nothing,
}

impl LogBudget {
    pub(crate) fn new(lines_per_second: u32) -> Self {
        Self {
            lines_per_second,
            second_began: Instant::now(),
            written: 0,
        }
    }

    fn take(&mut self) -> Allowance {
        if self.second_began.elapsed() >= Duration::from_secs(1) {
            *self = Self::new(self.lines_per_second);
        }
        self.written = self.written.saturating_add(1);
        match self.written {
            n if n <= self.lines_per_second => Allowance::Write,
            n if n == self.lines_per_second.saturating_add(1) => Allowance::WriteThatItStops,
            _ => Allowance::Nothing,
        }
    }
}

impl Host for Guest {
    fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        if matches!(level, Level::Warn | Level::Error) {
            self.complaint = Some(shortened(&message, SENTENCE));
        }
        let node = self.node.as_str();
        // An adapter is not one camera's.
        let camera = Some(self.camera.as_str()).filter(|camera| !camera.is_empty());
        match self.log_budget.take() {
            Allowance::Write => {}
            Allowance::WriteThatItStops => {
                tracing::warn!(
                    node,
                    camera,
                    "writes more than {} log lines a second; the rest of this second is left out",
                    self.limits().log_lines_per_second
                );
                return Ok(());
            }
            Allowance::Nothing => return Ok(()),
        }
        let message = shortened(&message, MOST_BYTES);
        match level {
            Level::Trace => tracing::trace!(node, camera, "{message}"),
            Level::Debug => tracing::debug!(node, camera, "{message}"),
            Level::Info => tracing::info!(node, camera, "{message}"),
            Level::Warn => tracing::warn!(node, camera, "{message}"),
            Level::Error => tracing::error!(node, camera, "{message}"),
        }
        Ok(())
    }
}
