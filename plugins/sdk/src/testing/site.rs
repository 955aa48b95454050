//! Plugins that look at several cameras, in ordinary unit tests.

use serde_json::Value;

use super::{Harness, nanoseconds};
use crate::glue::{self, Slot};
use crate::types::{Alert, FrameDetections, StreamInfo};
use crate::{Plugin, SiteGate, SiteRule};

/// A configured plugin that looks at several cameras, with its state.
pub struct SiteHarness<P: Plugin> {
    harness: Harness<P>,
    cameras: Vec<StreamInfo>,
    tell: fn(&mut P, &[StreamInfo]) -> Result<(), String>,
}

impl<P: Plugin> SiteHarness<P> {
    fn telling(
        config: Value,
        cameras: Vec<StreamInfo>,
        tell: fn(&mut P, &[StreamInfo]) -> Result<(), String>,
    ) -> Result<Self, String> {
        let harness = Self {
            harness: Harness::new(config, no_stream())?,
            cameras,
            tell,
        };
        harness.tell()?;
        Ok(harness)
    }

    fn tell(&self) -> Result<(), String> {
        glue::cameras(&self.harness.slot, |plugin| {
            (self.tell)(plugin, &self.cameras)
        })
    }

    /// Tells it about other cameras; the state is kept.
    ///
    /// # Errors
    /// When the plugin refuses them.
    pub fn cameras(&mut self, cameras: Vec<StreamInfo>) -> Result<(), String> {
        self.cameras = cameras;
        self.tell()
    }

    /// Saves, makes a new instance and restores, as after a failure.
    ///
    /// # Errors
    /// When what was saved cannot be restored.
    pub fn restart(&mut self) -> Result<(), String> {
        let saved = self.harness.saved();
        self.harness.slot = Slot::default();
        glue::configure(&self.harness.slot, &self.harness.config, &no_stream())?;
        self.tell()?;
        self.harness.restore(P::STATE_VERSION, &saved)
    }
}

impl<P: SiteRule> SiteHarness<P> {
    /// A rule with `config` as it stands in a flow file, and the cameras of its node.
    ///
    /// # Errors
    /// When the plugin refuses them.
    pub fn new(config: Value, cameras: Vec<StreamInfo>) -> Result<Self, String> {
        Self::telling(config, cameras, P::cameras)
    }

    /// [`SiteRule::evaluate`].
    ///
    /// # Errors
    /// Those of the plugin.
    pub fn evaluate(
        &mut self,
        camera: usize,
        frame: &FrameDetections,
    ) -> Result<Vec<Alert>, String> {
        glue::with(&self.harness.slot, |plugin, state| {
            plugin.evaluate(state, camera, frame)
        })
    }
}

impl<P: SiteGate> SiteHarness<P> {
    /// A gate with `config` as it stands in a flow file, and the cameras of its node.
    ///
    /// # Errors
    /// When the plugin refuses them.
    pub fn of_gate(config: Value, cameras: Vec<StreamInfo>) -> Result<Self, String> {
        Self::telling(config, cameras, P::cameras)
    }

    /// [`SiteGate::pass`].
    ///
    /// # Errors
    /// Those of the plugin.
    pub fn pass(&mut self, camera: usize, alert: Alert) -> Result<Vec<Alert>, String> {
        glue::with(&self.harness.slot, |plugin, state| {
            plugin.pass(state, camera, alert)
        })
    }

    /// [`SiteGate::tick`], so many seconds after the first frame.
    ///
    /// # Errors
    /// Those of the plugin.
    pub fn tick(&mut self, camera: usize, seconds: f64) -> Result<Vec<Alert>, String> {
        glue::with(&self.harness.slot, |plugin, state| {
            plugin.tick(state, camera, nanoseconds(seconds))
        })
    }
}

/// What a plugin for several cameras is configured with: its cameras come after that.
fn no_stream() -> StreamInfo {
    StreamInfo {
        camera: String::new(),
        width: 0,
        height: 0,
        classes: Vec::new(),
        zones: Vec::new(),
    }
}
