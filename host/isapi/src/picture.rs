//! Pictures come from whoever has the frames.

use bytes::Bytes;

use crate::notice::Notice;

/// Gives pictures of cameras as JPEG, or none where there is none. It is called where it may
/// take a while.
pub trait Pictures: Send + Sync {
    /// The latest picture of a camera, with a longer side of at most `most_side` pixels.
    fn latest(&self, camera: &str, most_side: Option<u32>) -> Option<Bytes>;

    /// The frame in which something happened.
    fn of(&self, notice: &Notice) -> Option<Bytes>;
}

/// For a device without any.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPictures;

impl Pictures for NoPictures {
    fn latest(&self, _: &str, _: Option<u32>) -> Option<Bytes> {
        None
    }

    fn of(&self, _: &Notice) -> Option<Bytes> {
        None
    }
}
