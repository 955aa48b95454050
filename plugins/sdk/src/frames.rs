//! Pictures of recent frames. In a native test there is no host:
//! [`testing::answer_pictures`](crate::testing::answer_pictures) says which there are.

use crate::types::Bbox;

pub use crate::bindings::imports::agave::plugin::frames::{Error, Mark, Picture, View};

/// Whether this node may see pictures, or which grant is missing: for `configure`, so that a
/// mistake shows before the first alert.
///
/// # Errors
/// With the sentence that says what to add to the node.
pub fn granted() -> Result<(), String> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::imports::agave::plugin::frames::granted();
    #[cfg(not(target_arch = "wasm32"))]
    Ok(())
}

/// A frame of a camera, or a part of it, as JPEG.
///
/// # Errors
/// When there is none (any more): see [`Error`].
pub fn jpeg(
    camera: &str,
    frame: u64,
    region: Option<Bbox>,
    max_side: u32,
) -> Result<Vec<u8>, Error> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::imports::agave::plugin::frames::jpeg(camera, frame, region, max_side);
    #[cfg(not(target_arch = "wasm32"))]
    {
        let view = View {
            region,
            max_side,
            max_bytes: u32::MAX,
            marks: Vec::new(),
        };
        crate::testing::show(camera, frame, &view).map(|picture| picture.jpeg)
    }
}

/// A frame of a camera as `view` wants to see it.
///
/// # Errors
/// When there is none (any more): see [`Error`].
pub fn show(camera: &str, frame: u64, view: &View) -> Result<Picture, Error> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::imports::agave::plugin::frames::show(camera, frame, view);
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::show(camera, frame, view)
}
