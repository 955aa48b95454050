//! From a camera, a file or a picture to what a model sees in it.
//!
//! Two halves that meet only in [`Frame`]: a source reads and decodes on the camera's own
//! thread ([`run`]), a worker prepares, infers and reads the model's answer ([`Model`] →
//! [`Detector`]). Retina, FFmpeg and ONNX Runtime are known to this crate and to no other.

mod encoded;
mod ffmpeg;
mod frame;
mod infer;
mod picture;
mod recent;
mod relay;
mod source;

pub use encoded::{EncodedPacket, StreamDescription};
pub use frame::Frame;
pub use infer::{
    DetectError, Detector, Layout, Model, ModelError, ModelOptions, Runtime, RuntimeError, Timings,
    class_names, initialise_runtime,
};
pub use picture::{Picture, PictureError};
pub use recent::{NoRecentPicture, RecentPictures};
pub use relay::{Video, VideoMemory, VideoRelay, Viewer};
pub use source::{
    FrameSink, Nudge, Pace, SourceConfig, SourceCounts, SourceError, SourceEvent, Transport, run,
};
