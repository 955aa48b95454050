//! Pictures come from whoever has the frames.

use bytes::Bytes;

/// Gives pictures of cameras as JPEG, or none where there is none. It is called where it may
/// take a while.
pub trait Pictures: Send + Sync {
    /// The latest picture of a camera, with a longer side of at most `most_side` pixels.
    fn latest(&self, camera: &str, most_side: Option<u32>) -> Option<Bytes>;

    /// One frame of a camera.
    fn frame(&self, camera: &str, frame: u64) -> Option<Bytes>;
}

/// For a device without any.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPictures;

impl Pictures for NoPictures {
    fn latest(&self, _: &str, _: Option<u32>) -> Option<Bytes> {
        None
    }

    fn frame(&self, _: &str, _: u64) -> Option<Bytes> {
        None
    }
}
