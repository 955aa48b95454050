//! The cameras' own video, for those who watch while the flow runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use agave_media::{VideoMemory, VideoRelay, Viewer};

use super::camera::RunningCamera;
use super::running::Live;
use crate::control::VideoStatus;

/// The relays of a flow's cameras. A relay belongs to a camera's name: a file that is another
/// one is another camera with the same viewers, as long as the one before is there until the
/// new one has begun.
#[derive(Clone, Default)]
pub(super) struct Relays {
    memory: VideoMemory,
    by_camera: Arc<Mutex<BTreeMap<String, Weak<VideoRelay>>>>,
}

impl Relays {
    /// The relay of `camera`, which lives as long as somebody has it.
    pub(super) fn of(&self, camera: &str) -> Arc<VideoRelay> {
        let mut relays = self
            .by_camera
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        relays.retain(|_, relay| relay.strong_count() > 0);
        relays
            .get(camera)
            .and_then(Weak::upgrade)
            .unwrap_or_else(|| {
                let relay = Arc::new(VideoRelay::new(&self.memory));
                relays.insert(camera.to_owned(), Arc::downgrade(&relay));
                relay
            })
    }
}

impl Live {
    /// Watches `camera` until the viewer is dropped, also when it gets another source. `None`
    /// when the flow has no such camera, or too many watch it.
    pub(crate) fn watch_video(&self, camera: &str) -> Option<Viewer> {
        let parts = self.parts();
        let mut cameras = parts.cameras.iter();
        let found = cameras.find(|running| running.camera.name == camera)?;
        found.video.watch()
    }
}

impl RunningCamera {
    /// What its pictures are, once one has come.
    pub(super) fn video_status(&self) -> Option<VideoStatus> {
        let picture = self.state.get().picture?;
        let gap = self.video.key_frame_gap();
        Some(VideoStatus {
            width: picture.width,
            height: picture.height,
            codec: picture.codec,
            key_frame_gap_s: gap.map(|gap| gap.as_secs_f64()),
            viewers: self.video.viewers() as u64,
        })
    }
}
