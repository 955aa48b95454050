//! One version of a plugin, or of its settings, takes the place of another, and may have to give it
//! back.

use std::sync::Arc;

use agave_core::Timestamp;

use super::{State, Supervised};
use crate::failure::Failure;
use crate::instance::Instance;
use crate::warm::Warm;

impl Supervised {
    /// Goes on where `running` is, which goes on as well: whoever asked decides which of the two
    /// is called from now on. A `running` that is not running has its last snapshot.
    ///
    /// # Errors
    /// When `running` cannot say what it remembers, which is a failure of its own as at any
    /// other time, or when this plugin does not read it.
    pub fn take_over(&mut self, now: Timestamp, running: &mut Self) -> Result<(), Failure> {
        let snapshot = match &mut running.state {
            State::Running(instance) => match instance.save() {
                Ok(snapshot) => Some(Arc::new(snapshot)),
                Err(failure) => {
                    running.failed(&failure, now);
                    return Err(failure);
                }
            },
            State::Waiting { .. } | State::Quarantined => running.snapshot.clone(),
        };
        if let (State::Running(instance), Some(snapshot)) = (&mut self.state, &snapshot) {
            instance.restore(snapshot)?;
        }
        self.is_snapshot_current = snapshot.is_some();
        self.snapshot = snapshot;
        self.snapshot_at = now;
        Ok(())
    }

    /// Tries on a snapshot that another version took.
    ///
    /// # Errors
    /// When this plugin does not read it.
    pub fn try_on(&mut self, before: &Self) -> Result<(), Failure> {
        match (&mut self.state, &before.snapshot) {
            (State::Running(instance), Some(snapshot)) => instance.restore(snapshot),
            _ => Ok(()),
        }
    }

    /// What ran before has gone, after [`Self::take_over`]. It is kept for a while in case that
    /// this one fails soon, if it `may_come_back`.
    pub fn succeed(&mut self, before: Self, may_come_back: bool) {
        self.failures += before.failures;
        self.recycled += before.recycled;
        // One that was not running has nothing to go back to.
        if let (State::Running(instance), true) = (before.state, may_come_back) {
            let (plugin, setup) = (before.plugin, before.setup);
            let warm = Warm::new(plugin, setup, instance, self.snapshot_at);
            self.warm = Some(Box::new(warm));
        }
    }

    /// The answer of the version before, when this one failed soon after it was put in its
    /// place. From then on that one runs again.
    pub(super) fn second_answer<T>(
        &mut self,
        failure: &Failure,
        call: &impl Fn(&mut Instance) -> Result<T, Failure>,
    ) -> Option<T> {
        let mut warm = self.warm.take()?;
        let answer = warm.answer(call, self.snapshot.as_deref()).ok()?;
        self.put_back(*warm, failure);
        Some(answer)
    }

    pub(super) fn put_back(&mut self, warm: Warm, failure: &Failure) {
        let node = self.setup.node.as_str();
        let camera = Some(self.setup.stream.camera.as_str()).filter(|camera| !camera.is_empty());
        tracing::error!(
            node,
            camera,
            "the new version of the plugin {failure}; the one before is back"
        );
        self.relapse = Some(failure.to_string());
        self.recycle_bytes = warm.setup.limits.recycle_bytes;
        self.plugin = warm.plugin;
        self.setup = warm.setup;
        self.state = State::Running(warm.instance);
    }
}
