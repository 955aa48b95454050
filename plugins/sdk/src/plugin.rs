//! What a plugin's author writes: one type, its configuration, its state, and one role.
//!
//! The type itself is what was made of the configuration and never changes; everything that
//! changes from frame to frame is in the state. That is why a new configuration keeps the state
//! and why a snapshot needs no code of the author's.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::types::{Alert, FrameDetections, StreamInfo, Timestamp};
use crate::{Delivery, Outcome};

/// A configured plugin.
pub trait Plugin: Sized + 'static {
    /// The node's `config` in the flow file. Its schema is what the host checks it against, and
    /// the doc comments of its fields are what the user reads in an editor.
    type Config: DeserializeOwned + JsonSchema;

    /// What the plugin remembers of its stream; `()` when it remembers nothing.
    type State: Default + Serialize + DeserializeOwned;

    /// Raise it when an older state can no longer be read as [`Plugin::State`].
    const STATE_VERSION: u32 = 1;

    /// The older state versions that [`Plugin::State`] can still be read from.
    const READS_STATE: &'static [u32] = &[];

    /// Takes the configuration for one stream.
    ///
    /// # Errors
    /// A sentence for the user when the configuration makes no sense for this stream, for
    /// example when it names a zone that the camera does not have.
    fn configure(config: Self::Config, stream: &StreamInfo) -> Result<Self, String>;
}

/// Detections in, detections out: zones, tracking, smoothing, class filters.
pub trait Filter: Plugin {
    /// Takes one frame's detections and gives what goes on. Detections keep their ids.
    ///
    /// # Errors
    /// A sentence for the user; the frame is then dropped and counted.
    fn process(
        &self,
        state: &mut Self::State,
        frame: FrameDetections,
    ) -> Result<FrameDetections, String>;
}

/// Detections in, alerts out: forbidden object, dwell, line crossing, crowd.
pub trait Rule: Plugin {
    /// Looks at one frame's detections; an empty list of them moves time forward.
    ///
    /// # Errors
    /// A sentence for the user; the frame is then dropped and counted.
    fn evaluate(
        &self,
        state: &mut Self::State,
        frame: &FrameDetections,
    ) -> Result<Vec<Alert>, String>;
}

/// Detections of several cameras in, alerts out, for a node with `partition: none`: one instance
/// looks at all cameras of the node.
///
/// [`Plugin::configure`] is given a stream without a name, a size, classes and zones; what the
/// cameras have comes with [`SiteRule::cameras`]. The numbers of cameras may differ after a
/// restart, so a state remembers them by name.
pub trait SiteRule: Plugin {
    /// Takes the cameras, by the numbers that [`SiteRule::evaluate`] uses: after each `configure`,
    /// and again when one of them changes, comes or goes.
    ///
    /// # Errors
    /// A sentence for the user when the configuration makes no sense for these cameras.
    fn cameras(&mut self, cameras: &[StreamInfo]) -> Result<(), String>;

    /// Looks at one frame of one camera. The alerts are that camera's: with its classes and
    /// zones, and not later than the frame.
    ///
    /// Of one camera time never goes back. Cameras are not in step, so between two of them it
    /// does, by as much as one lags behind the other.
    ///
    /// # Errors
    /// A sentence for the user; the frame is then dropped and counted.
    fn evaluate(
        &self,
        state: &mut Self::State,
        camera: usize,
        frame: &FrameDetections,
    ) -> Result<Vec<Alert>, String>;
}

/// Alerts in, alerts out: debounce, rate limit, schedule, enrich.
///
/// A gate may hold alerts back and fold several into one, whose `count` is then their sum: the
/// host's ledger weighs alerts by their count, so nothing can be hidden by accident.
pub trait Gate: Plugin {
    /// Takes one alert and gives what goes on now.
    ///
    /// # Errors
    /// A sentence for the user; the alert is then dropped and counted.
    fn pass(&self, state: &mut Self::State, alert: Alert) -> Result<Vec<Alert>, String>;

    /// Stream time has reached `now`: lets go of what was waiting for it.
    ///
    /// # Errors
    /// A sentence for the user.
    fn tick(&self, _state: &mut Self::State, _now: Timestamp) -> Result<Vec<Alert>, String> {
        Ok(Vec::new())
    }
}

/// Alerts of several cameras in, alerts out, for a node with `partition: none`: one instance for
/// all cameras of the node. As for [`SiteRule`], the stream of [`Plugin::configure`] is empty, and
/// a state remembers cameras by name.
pub trait SiteGate: Plugin {
    /// Takes the cameras, by the numbers that the other functions use: after each `configure`, and
    /// again when one of them changes, comes or goes.
    ///
    /// # Errors
    /// A sentence for the user when the configuration makes no sense for these cameras.
    fn cameras(&mut self, cameras: &[StreamInfo]) -> Result<(), String>;

    /// Takes one alert of a camera and gives what goes on now of that camera's.
    ///
    /// # Errors
    /// A sentence for the user; the alert is then dropped and counted.
    fn pass(
        &self,
        state: &mut Self::State,
        camera: usize,
        alert: Alert,
    ) -> Result<Vec<Alert>, String>;

    /// The stream of this camera has reached `now`: lets go of what was waiting for it.
    ///
    /// # Errors
    /// A sentence for the user.
    fn tick(
        &self,
        state: &mut Self::State,
        camera: usize,
        now: Timestamp,
    ) -> Result<Vec<Alert>, String>;
}

/// Alerts in, the outside world out, through the capabilities that the flow file grants.
pub trait Adapter: Plugin {
    /// Delivers one alert, or says what should become of it.
    fn deliver(&self, state: &mut Self::State, delivery: &Delivery) -> Outcome;

    /// What there is to do beside deliveries, for the cameras whose alerts come here: introduce
    /// them to a receiver, keep a connection alive, let go of a relay. Called before the first
    /// delivery after each `configure`, when one of the cameras changes, comes or goes, and
    /// again after the time that it gives, which is 0.1 s at least; if it gives none, 0.1 s after
    /// a delivery.
    fn upkeep(&self, _state: &mut Self::State, _cameras: &[StreamInfo]) -> Option<crate::Duration> {
        None
    }

    /// Nothing more is delivered, because the process ends or the node was taken out of the flow:
    /// what must not stay as it is without anybody who looks after it is put right here. There is
    /// about a second for it.
    fn leave(&self, _state: &mut Self::State) {}
}
