//! Runs a plugin in an ordinary unit test, without WASM, through the same steps as in a
//! component: settings come as JSON, a restart saves the state and brings it back.
//!
//! ```
//! # use agave_vision_sdk::prelude::*;
//! # struct Sure;
//! # #[derive(Deserialize, JsonSchema)] struct Config {}
//! # impl Plugin for Sure {
//! #     type Config = Config;
//! #     type State = ();
//! #     fn configure(_: Config, _: &StreamInfo) -> Result<Self, String> { Ok(Self) }
//! # }
//! # impl Filter for Sure {
//! #     fn process(&self, _: &mut (), frame: FrameDetections) -> Result<FrameDetections, String> { Ok(frame) }
//! # }
//! use agave_vision_sdk::testing::{self, Harness, json};
//!
//! let mut filter = Harness::<Sure>::new(json!({}), testing::stream(&["person"]))?;
//! let passed = filter.process(testing::frame(0.0, &[(0, 0.9)]))?;
//! assert_eq!(passed.detections.len(), 1);
//! # Ok::<(), String>(())
//! ```

mod outside;

use serde_json::Value;

use crate::glue::{self, Slot};
use crate::types::{
    Alert, Bbox, Detection, FrameDetections, Phase, Severity, StreamInfo, Timestamp,
};
use crate::{Adapter, Delivery, Filter, Gate, Outcome, Plugin, Rule};

mod site;

pub(crate) use outside::{answer, keep, keep_line, kept, now, publish, show};
pub use outside::{
    answer_http, answer_mqtt, answer_pictures, logged, picture, published, response, set_clock,
};
pub use serde_json::json;
pub use site::SiteHarness;

/// A configured plugin with its state.
pub struct Harness<P: Plugin> {
    slot: Slot<P>,
    config: String,
    stream: StreamInfo,
}

impl<P: Plugin> Harness<P> {
    /// A plugin with `config` as it stands in a flow file.
    ///
    /// # Errors
    /// When the plugin refuses it.
    pub fn new(config: Value, stream: StreamInfo) -> Result<Self, String> {
        let harness = Self {
            slot: Slot::default(),
            config: config.to_string(),
            stream,
        };
        glue::configure(&harness.slot, &harness.config, &harness.stream)?;
        Ok(harness)
    }

    /// Changes the settings; the state is kept.
    ///
    /// # Errors
    /// When the plugin refuses them.
    pub fn configure(&mut self, config: Value) -> Result<(), String> {
        self.config = config.to_string();
        glue::configure(&self.slot, &self.config, &self.stream)
    }

    /// Tells it about another stream, as when a camera changes its picture; the state is kept.
    ///
    /// # Errors
    /// When the plugin refuses its settings for it.
    pub fn describe_stream(&mut self, stream: StreamInfo) -> Result<(), String> {
        self.stream = stream;
        glue::configure(&self.slot, &self.config, &self.stream)
    }

    /// Saves, makes a new instance and restores, as after a failure.
    ///
    /// # Errors
    /// When what was saved cannot be restored.
    pub fn restart(&mut self) -> Result<(), String> {
        let saved = glue::save(&self.slot);
        self.slot = Slot::default();
        glue::configure(&self.slot, &self.config, &self.stream)?;
        glue::restore(&self.slot, P::STATE_VERSION, &saved)
    }

    /// What would be saved.
    #[must_use]
    pub fn saved(&self) -> String {
        String::from_utf8_lossy(&glue::save(&self.slot)).into_owned()
    }

    /// Takes over what was saved by the version `version` of the state.
    ///
    /// # Errors
    /// When the plugin cannot read it.
    pub fn restore(&mut self, version: u32, saved: &str) -> Result<(), String> {
        glue::restore(&self.slot, version, saved.as_bytes())
    }
}

impl<P: Filter> Harness<P> {
    /// [`Filter::process`].
    ///
    /// # Errors
    /// Those of the plugin.
    pub fn process(&mut self, frame: FrameDetections) -> Result<FrameDetections, String> {
        glue::with(&self.slot, |plugin, state| plugin.process(state, frame))
    }
}

impl<P: Rule> Harness<P> {
    /// [`Rule::evaluate`].
    ///
    /// # Errors
    /// Those of the plugin.
    pub fn evaluate(&mut self, frame: &FrameDetections) -> Result<Vec<Alert>, String> {
        glue::with(&self.slot, |plugin, state| plugin.evaluate(state, frame))
    }
}

impl<P: Gate> Harness<P> {
    /// [`Gate::pass`].
    ///
    /// # Errors
    /// Those of the plugin.
    pub fn pass(&mut self, alert: Alert) -> Result<Vec<Alert>, String> {
        glue::with(&self.slot, |plugin, state| plugin.pass(state, alert))
    }

    /// [`Gate::tick`], so many seconds after the stream's first frame.
    ///
    /// # Errors
    /// Those of the plugin.
    pub fn tick(&mut self, seconds: f64) -> Result<Vec<Alert>, String> {
        glue::with(&self.slot, |plugin, state| {
            plugin.tick(state, nanoseconds(seconds))
        })
    }
}

impl<P: Adapter> Harness<P> {
    /// [`Adapter::deliver`].
    pub fn deliver(&mut self, delivery: &Delivery) -> Outcome {
        let outcome = glue::with(&self.slot, |plugin, state| {
            Ok(plugin.deliver(state, delivery))
        });
        outcome.unwrap_or_else(Outcome::Rejected)
    }

    /// [`Adapter::upkeep`].
    pub fn upkeep(&mut self, cameras: &[StreamInfo]) -> Option<crate::Duration> {
        let again = glue::with(
            &self.slot,
            |plugin, state| Ok(plugin.upkeep(state, cameras)),
        );
        again.ok().flatten()
    }

    /// [`Adapter::leave`].
    pub fn leave(&mut self) {
        let left = glue::with(&self.slot, |plugin, state| {
            plugin.leave(state);
            Ok(())
        });
        left.unwrap_or_default();
    }
}

/// A stream of the camera `camera` whose model knows `classes`.
#[must_use]
pub fn stream(classes: &[&str]) -> StreamInfo {
    StreamInfo {
        camera: "camera".to_owned(),
        width: 1280,
        height: 720,
        classes: classes.iter().map(|class| (*class).to_owned()).collect(),
        zones: Vec::new(),
    }
}

/// A frame so many seconds after the first, with a class and a confidence for each detection.
#[must_use]
pub fn frame(seconds: f64, detections: &[(u16, f32)]) -> FrameDetections {
    FrameDetections {
        frame: (seconds * 10.0) as u64,
        at: nanoseconds(seconds),
        detections: (0..)
            .zip(detections)
            .map(|(id, &(class, confidence))| detection(id, class, confidence))
            .collect(),
    }
}

/// A detection in the middle of the frame.
#[must_use]
pub fn detection(id: u32, class: u16, confidence: f32) -> Detection {
    Detection {
        id,
        class,
        confidence,
        bbox: Bbox {
            left: 0.4,
            top: 0.4,
            width: 0.2,
            height: 0.2,
        },
        track: None,
        zones: 0,
    }
}

/// An alert so many seconds after the stream's first frame.
#[must_use]
pub fn alert(class: &str, phase: Phase, seconds: f64) -> Alert {
    Alert {
        key: "camera/incident".to_owned(),
        kind: "example".to_owned(),
        phase,
        severity: Severity::Warning,
        at: nanoseconds(seconds),
        frame: (seconds * 10.0) as u64,
        class: class.to_owned(),
        zone: None,
        detection: detection(0, 0, 0.9),
        count: 1,
        attributes: Vec::new(),
    }
}

/// The first attempt at an alert.
#[must_use]
pub fn delivery(alert: Alert) -> Delivery {
    Delivery {
        idempotency_key: format!("node/camera/{}/{}", alert.key, alert.at),
        camera: "camera".to_owned(),
        attempt: 1,
        media_time: alert.at,
        alert,
    }
}

fn nanoseconds(seconds: f64) -> Timestamp {
    (seconds * 1e9) as Timestamp
}
