//! A camera's video as its viewers get it.

use agave_inspector::Refusal;
use agave_inspector::system::{Feed, VideoItem};

use super::InspectedFlow;

pub(super) fn video(_: &InspectedFlow, camera: &str) -> Result<Feed<VideoItem>, Refusal> {
    Err(Refusal::Unavailable(format!(
        "there is no video of '{camera}'"
    )))
}
