//! A plugin's log lines, with the node and the camera they come from. A plugin that writes
//! without end is cut short, and the cut is said.

use std::time::{Duration, Instant};

use crate::bindings::imports::agave::plugin::log::{Host, Level};
use crate::guest::Guest;
use crate::text::shortened;

const LINES_PER_SECOND: u32 = 50;
const MOST_BYTES: usize = 4096;

/// How much an instance may still write in this second.
pub(crate) struct LogBudget {
    second_began: Instant,
    written: u32,
}

impl Default for LogBudget {
    fn default() -> Self {
        Self {
            second_began: Instant::now(),
            written: 0,
        }
    }
}

enum Allowance {
    Write,
    WriteThatItStops,
    Nothing,
}

impl LogBudget {
    fn take(&mut self) -> Allowance {
        if self.second_began.elapsed() >= Duration::from_secs(1) {
            *self = Self::default();
        }
        self.written = self.written.saturating_add(1);
        match self.written {
            ..=LINES_PER_SECOND => Allowance::Write,
            n if n == LINES_PER_SECOND + 1 => Allowance::WriteThatItStops,
            _ => Allowance::Nothing,
        }
    }
}

impl Host for Guest {
    fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        let node = self.node.as_str();
        // An adapter is not one camera's.
        let camera = Some(self.camera.as_str()).filter(|camera| !camera.is_empty());
        match self.log_budget.take() {
            Allowance::Write => {}
            Allowance::WriteThatItStops => {
                tracing::warn!(
                    node,
                    camera,
                    "writes more than {LINES_PER_SECOND} log lines a second; the rest of this second is left out"
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
