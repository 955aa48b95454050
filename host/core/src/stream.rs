//! What a plugin is told about the stream it looks at.

use serde::{Deserialize, Serialize};

use crate::Zone;

/// A detection has one bit for each zone.
pub const MAX_ZONES: usize = 64;

/// The stream of one camera, as a plugin knows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StreamInfo {
    /// The camera's name in the flow file.
    pub camera: String,
    /// Pixels from left to right; 0 while it is not known.
    pub width: u32,
    /// Pixels from top to bottom; 0 while it is not known.
    pub height: u32,
    /// What the model can see, in the order of its class indices.
    pub classes: Vec<String>,
    /// The camera's zones, in the order of their bits; at most [`MAX_ZONES`].
    pub zones: Vec<Zone>,
}
