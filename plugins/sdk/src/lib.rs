//! Write an Agave plugin in Rust.
//!
//! A plugin is a type with a typed configuration and a typed state, which plays one role:
//!
//! ```
//! use agave_vision_sdk::prelude::*;
//!
//! /// Lets only sure detections through.
//! struct Sure {
//!     config: Config,
//! }
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Config {
//!     /// Detections below it are dropped, from 0 to 1.
//!     confidence: f32,
//! }
//!
//! impl Plugin for Sure {
//!     type Config = Config;
//!     type State = ();
//!
//!     fn configure(config: Config, _stream: &StreamInfo) -> Result<Self, String> {
//!         Ok(Self { config })
//!     }
//! }
//!
//! impl Filter for Sure {
//!     fn process(&self, _: &mut (), mut frame: FrameDetections) -> Result<FrameDetections, String> {
//!         frame.detections.retain(|detection| detection.confidence >= self.config.confidence);
//!         Ok(frame)
//!     }
//! }
//!
//! agave_vision_sdk::export_filter!(Sure);
//! # fn main() {}
//! ```
//!
//! `agave plugin build` makes a component of the crate. What `process` and its like do needs no
//! WASM to be tested: call them in an ordinary unit test.
//!
//! The state is kept by the SDK: it is saved before a swap or a checkpoint and restored after it
//! without a line of the plugin's own, and a change of the configuration keeps it.

#![allow(unsafe_code, reason = "the generated bindings are the boundary")]

// The generated macros name the runtime by this crate's name, here as in a plugin.
extern crate self as agave_vision_sdk;

#[doc(hidden)]
pub mod bindings;
pub mod clock;
mod duration;
mod export;
pub mod frames;
#[doc(hidden)]
pub mod glue;
pub mod http;
pub mod keyvalue;
mod level;
pub mod log;
pub mod mqtt;
pub mod picture;
mod plugin;
mod report;
pub mod template;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use bindings::adapter::exports::agave::plugin::adapter::{Delivery, Outcome};
pub use bindings::imports::agave::plugin::{secrets, tcp, types};
pub use duration::Duration;
pub use level::Level;
pub use plugin::{Adapter, Filter, Gate, Plugin, Rule, SiteGate, SiteRule};
pub use report::{alert_json, phase_name, rfc_3339, severity_name};
#[doc(hidden)]
pub use wit_bindgen;

/// What nearly every plugin uses.
pub mod prelude {
    pub use crate::types::{
        Alert, Bbox, Detection, FrameDetections, Phase, Point, Severity, StreamInfo, Timestamp,
        Zone,
    };
    pub use crate::{
        Adapter, Delivery, Duration, Filter, Gate, Outcome, Plugin, Rule, SiteGate, SiteRule,
    };
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
}
