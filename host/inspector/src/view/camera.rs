//! Cameras, their zones, and what was seen in a frame.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CameraTrouble, bounds};

/// One camera of a flow.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CameraView {
    /// Unique among the cameras.
    pub name: String,
    /// `rtsp` or `file`.
    pub source: String,
    /// Where it is, without credentials.
    pub url: String,
    /// Whether it is asked with a login.
    pub has_login: bool,
    /// Frames that are looked at in a second.
    pub fps: f32,
    /// `connecting`, `live`, `lost`, `ended` or `failed`.
    pub health: String,
    /// Why it is lost or failed, as the program says it.
    pub reason: Option<String>,
    /// The same in plain words, and what to do about it.
    pub trouble: Option<CameraTrouble>,
    /// Since when it is as it is.
    #[schema(format = DateTime)]
    pub since: Option<String>,
    /// Seconds until a camera that is lost is tried again; nothing while it is being tried.
    #[schema(minimum = 0)]
    pub tries_again_in_s: Option<f64>,
    /// Pixels from left to right, once it is live.
    pub width: Option<u32>,
    /// Pixels from top to bottom, once it is live.
    pub height: Option<u32>,
    /// FFmpeg's name of the codec, once it is live; none for a recording.
    pub codec: Option<String>,
    /// Seconds from one key frame to the next.
    pub key_frame_gap_s: Option<f64>,
    /// The models that look at it.
    pub models: Vec<String>,
    /// What they know.
    pub classes: Vec<String>,
    /// In the order of their names.
    pub zones: Vec<ZoneView>,
    /// Incidents that have begun and not ended.
    pub open_incidents: u64,
}

/// A zone of a camera.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ZoneView {
    /// Unique within its camera.
    pub name: String,
    /// Corners in order, as fractions of the frame from the left and the top.
    #[schema(schema_with = bounds::corners)]
    pub points: Vec<[f32; 2]>,
}

/// What came of the wish to have a camera tried at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TriedNow {
    /// In words, with what is to be minded.
    #[schema(example = "gate is tried now.")]
    pub said: String,
}

/// The corners that a zone is to have.
#[derive(Clone, Debug, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneShape {
    /// Corners in order, as fractions of the frame from the left and the top; at least three.
    #[schema(schema_with = bounds::corners)]
    pub points: Vec<[f32; 2]>,
}

/// A zone that is to be there.
#[derive(Clone, Debug, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewZone {
    /// No other zone of the camera has it.
    #[schema(example = "forbidden", pattern = "^[A-Za-z0-9_-]{1,64}$")]
    pub name: String,
    /// Corners in order, as fractions of the frame from the left and the top; at least three.
    #[schema(schema_with = bounds::corners)]
    pub points: Vec<[f32; 2]>,
}

/// The zones of a camera, with the flow that has it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CameraZones {
    /// The flow.
    pub flow: String,
    /// The camera.
    pub camera: String,
    /// In the order of their names.
    pub zones: Vec<ZoneView>,
}

/// One detection with its names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PassedDetection {
    /// The class by name.
    pub class: String,
    /// From 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub confidence: f32,
    /// Left, top, width and height as fractions of the frame.
    #[schema(schema_with = bounds::place)]
    pub bbox: [f32; 4],
    /// The track, where a filter follows things.
    pub track: Option<u64>,
    /// The zones that it is in.
    pub zones: Vec<String>,
}
