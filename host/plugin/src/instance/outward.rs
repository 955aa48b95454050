//! The calls of an adapter.

use std::time::Duration;

use agave_core::StreamInfo;

use super::{Exports, Instance, wrong_role};
use crate::bindings::adapter::exports::agave::plugin::adapter as wit_adapter;
use crate::bindings::imports::agave::plugin::types as wit;
use crate::delivery::{Delivery, Outcome};
use crate::failure::Failure;

impl Instance {
    /// As an adapter: what became of each delivery, in order. Blocks while it talks to the
    /// outside, so it must not be called on a thread of the asynchronous runtime.
    ///
    /// # Errors
    /// When the plugin fails or is no adapter.
    pub fn deliver(&mut self, deliveries: &[Delivery]) -> Result<Vec<Outcome>, Failure> {
        self.begin_call();
        self.store.data_mut().complaint = None;
        let Exports::Adapter(exports, _) = &self.exports else {
            return Err(wrong_role());
        };
        let given: Vec<wit_adapter::Delivery> = deliveries.iter().map(Into::into).collect();
        let outcomes = exports
            .agave_plugin_adapter()
            .call_deliver(&mut self.store, &given)
            .map_err(|error| Failure::of(&error, self.store.data()))?;
        if outcomes.len() != deliveries.len() {
            return Err(Failure::BadOutput(format!(
                "{} outcomes for {} deliveries",
                outcomes.len(),
                deliveries.len()
            )));
        }
        Ok(outcomes.into_iter().map(Into::into).collect())
    }

    /// The last warning that it logged since it was last asked to deliver.
    #[must_use]
    pub fn complaint(&self) -> Option<&str> {
        self.store.data().complaint.as_deref()
    }

    /// As an adapter: what it has to do beside deliveries. Gives how soon it wants to be asked
    /// again. Blocks like [`Self::deliver`].
    ///
    /// # Errors
    /// When the plugin fails.
    pub fn upkeep(&mut self, cameras: &[StreamInfo]) -> Result<Option<Duration>, Failure> {
        self.begin_upkeep();
        let Exports::Adapter(_, Some(exports)) = &self.exports else {
            return Ok(None);
        };
        let given: Vec<wit::StreamInfo> = cameras.iter().map(Into::into).collect();
        let again_ms = exports
            .agave_plugin_upkeep()
            .call_upkeep(&mut self.store, &given)
            .map_err(|error| Failure::of(&error, self.store.data()))?;
        Ok(again_ms.map(|milliseconds| Duration::from_millis(milliseconds.into())))
    }

    /// As an adapter: nothing more is delivered. Blocks like [`Self::deliver`].
    ///
    /// # Errors
    /// When the plugin fails.
    pub fn leave(&mut self) -> Result<(), Failure> {
        self.begin_upkeep();
        let Exports::Adapter(_, Some(exports)) = &self.exports else {
            return Ok(());
        };
        exports
            .agave_plugin_upkeep()
            .call_leave(&mut self.store)
            .map_err(|error| Failure::of(&error, self.store.data()))
    }
}
