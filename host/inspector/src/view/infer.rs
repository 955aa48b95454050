//! What a model sees in one picture.

use serde::Serialize;
use utoipa::ToSchema;

use super::bounds;

/// What a model of a running flow sees in a picture that somebody sent.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Inferred {
    /// The flow.
    #[schema(example = "demo")]
    pub flow: String,
    /// Its model.
    #[schema(example = "pina")]
    pub model: String,
    /// Pixels of the picture from left to right, as a person sees it.
    #[schema(example = 1920)]
    pub width: u32,
    /// Pixels from top to bottom.
    #[schema(example = 1080)]
    pub height: u32,
    /// In the order of falling confidence.
    pub detections: Vec<InferredDetection>,
    /// Milliseconds that the model took, with what it waited for others.
    #[schema(example = 11.5)]
    pub took_ms: f64,
}

/// Something that a model sees.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct InferredDetection {
    /// The class by name.
    #[schema(example = "worker")]
    pub class: String,
    /// From 0 to 1; not below what the flow says of the model.
    #[schema(example = 0.87, minimum = 0, maximum = 1)]
    pub confidence: f32,
    /// Left, top, width and height as fractions of the frame.
    #[schema(schema_with = bounds::place)]
    pub bbox: [f32; 4],
}
