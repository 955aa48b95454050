//! WebAssembly never gives memory back: an instance that has grown makes room for a new one that
//! goes on where it was.

use agave_core::Timestamp;

use super::{State, Supervised};
use crate::failure::Failure;
use crate::instance::{Instance, NodeSetup};
use crate::plugin::Plugin;
use crate::snapshot::Snapshot;

impl Supervised {
    /// Replaces an instance that has grown past its mark by one that goes on where it was.
    pub(super) fn recycle_when_due(&mut self, now: Timestamp) {
        let State::Running(instance) = &mut self.state else {
            return;
        };
        let before = instance.memory_bytes();
        if before <= self.recycle_bytes {
            return;
        }
        let limit = self.setup.limits.memory_bytes;
        let snapshot = match instance.save() {
            Ok(snapshot) => snapshot,
            Err(failure) => return self.failed(&failure, now),
        };
        match successor(&self.plugin, &self.setup, Some(&snapshot)) {
            Ok(successor) => {
                let after = successor.memory_bytes();
                tracing::debug!(
                    node = self.setup.node,
                    camera = self.setup.stream.camera,
                    before,
                    after,
                    "the plugin's memory had passed its mark; a new instance goes on"
                );
                self.recycled += 1;
                self.state = State::Running(Box::new(successor));
                self.keep(snapshot, now);
                self.next_mark(after, limit);
            }
            // The instance still works; at its limit it will fail by that name.
            Err(failure) => {
                tracing::warn!(
                    node = self.setup.node,
                    camera = self.setup.stream.camera,
                    "the plugin's memory has passed its mark, and a new instance {failure}"
                );
                self.next_mark(before, limit);
            }
        }
    }

    /// One that needs much memory at once must not be replaced at every call.
    fn next_mark(&mut self, has: usize, limit: usize) {
        let room = limit.saturating_sub(has) / 2;
        self.recycle_bytes = self
            .setup
            .limits
            .recycle_bytes
            .max(has.saturating_add(room));
    }
}

/// An instance that goes on where `snapshot` was taken.
pub(super) fn successor(
    plugin: &Plugin,
    setup: &NodeSetup,
    snapshot: Option<&Snapshot>,
) -> Result<Instance, Failure> {
    let mut instance = Instance::restart(plugin, setup)?;
    if let Some(snapshot) = snapshot {
        instance.restore(snapshot)?;
    }
    Ok(instance)
}
