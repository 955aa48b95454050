//! What a model saw.

use serde::{Deserialize, Serialize};

use crate::{BoundingBox, Timestamp};

/// One thing that a model saw in one frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Unique within its frame; the host gives it and a filter keeps it.
    pub id: u32,
    /// Index into the stream's classes.
    pub class: u16,
    /// From 0 to 1.
    pub confidence: f32,
    /// Where in the frame.
    pub bbox: BoundingBox,
    /// The identity that a tracking filter gave it.
    pub track: Option<u64>,
    /// Bit n is set when it is inside the stream's zone n.
    pub zones: u64,
}

/// What was seen in one frame. An empty list is news too: it moves time forward.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FrameDetections {
    /// Number of the frame in its stream, counted from the first one read.
    pub frame: u64,
    /// When the frame was captured.
    pub at: Timestamp,
    /// In the order of falling confidence when they come from a model.
    pub detections: Vec<Detection>,
}
