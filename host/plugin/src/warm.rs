//! The version that ran before an exchange, kept ready for a while. It sees what the new one
//! sees and its answers go nowhere; so when the new one fails, it can answer in its place and go
//! on as if there had been no exchange.

use std::time::Duration;

use agave_core::{Role, Timestamp};

use crate::failure::Failure;
use crate::instance::{Instance, NodeSetup};
use crate::plugin::Plugin;
use crate::snapshot::Snapshot;

/// For so long after an exchange, in the caller's time.
const PROBATION: Duration = Duration::from_secs(10);

/// A version that may come back.
pub(crate) struct Warm {
    pub(crate) plugin: Plugin,
    pub(crate) setup: NodeSetup,
    pub(crate) instance: Box<Instance>,
    until: Timestamp,
    /// Whether it has said the same as the new one so far.
    agrees: bool,
}

impl Warm {
    /// What ran until `now`.
    pub(crate) fn new(
        plugin: Plugin,
        setup: NodeSetup,
        instance: Box<Instance>,
        now: Timestamp,
    ) -> Self {
        Self {
            plugin,
            setup,
            instance,
            until: now + PROBATION,
            agrees: true,
        }
    }

    /// Sees what the new version has seen and answered. Says whether it is still of use.
    pub(crate) fn follow<T: PartialEq>(
        &mut self,
        now: Timestamp,
        call: &impl Fn(&mut Instance) -> Result<T, Failure>,
        answer: &T,
    ) -> bool {
        // What an adapter does cannot be done twice.
        if self.plugin.role() != Role::Adapter {
            match call(&mut self.instance) {
                Ok(own) => self.agrees &= own == *answer,
                Err(_) => return false,
            }
        }
        now < self.until
    }

    /// Whether it is where the new version would be.
    pub(crate) fn follows(&self) -> bool {
        self.agrees && self.plugin.role() != Role::Adapter
    }

    /// Answers where the new version failed, whose last snapshot this is.
    ///
    /// What the new version has announced must not be announced again. Where both have said the
    /// same that is so by itself; otherwise this one goes on from what the new one knew, if it
    /// reads that.
    pub(crate) fn answer<T>(
        &mut self,
        call: &impl Fn(&mut Instance) -> Result<T, Failure>,
        snapshot: Option<&Snapshot>,
    ) -> Result<T, Failure> {
        if let (false, Some(snapshot)) = (self.follows(), snapshot) {
            let _ = self.instance.restore(snapshot);
        }
        call(&mut self.instance)
    }
}
