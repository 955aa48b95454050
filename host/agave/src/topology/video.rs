//! The cameras' own video, for those who watch while the flow runs.

use agave_media::Viewer;

use super::camera::RunningCamera;
use super::running::Live;
use crate::control::VideoStatus;

impl Live {
    /// Watches `camera` until the viewer is dropped, also when it gets another source. `None`
    /// when the flow has no such camera, or too many watch it.
    #[cfg_attr(not(test), expect(dead_code, reason = "for a page that shows cameras"))]
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
