//! From a picture to what a model sees in it: load → model → session, and around each run the
//! preparation and the reading of the answer that the model was trained with.

mod colour;
mod letterbox;
mod metadata;
mod model;
mod postprocess;
mod properties;
mod resize;
mod runtime;
mod session;
mod shape;
mod simd;
mod tensor;

pub(crate) use colour::ToRgb;
pub use model::{Model, ModelError, ModelOptions};
pub use properties::class_names;
pub use runtime::{Runtime, RuntimeError, initialise_runtime};
pub use session::{DetectError, Detector, Timings};
pub use shape::Layout;
