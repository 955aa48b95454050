//! Pictures of recent frames, for whoever is told of an alert and wants to see it. Frames are
//! kept as the decoder gave them, which costs memory and no time; a picture is cut, scaled, drawn
//! on and encoded when somebody asks for it.

mod image;
mod jpeg;
mod marks;
mod shelf;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use agave_core::{BoundingBox, Shown, View};

use crate::Picture;
use shelf::{Missing, Room, Shelf};

/// For all cameras together.
const MOST_BYTES: usize = 512 << 20;
/// For one camera. A frame of 1920×1080 has 3 MB.
const MOST_BYTES_PER_CAMERA: usize = 64 << 20;

/// Why there is no picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRecentPicture {
    /// The frame has been there and made room for newer ones.
    #[error("the frame is not there any more")]
    Expired,
    /// Pictures of this camera are not kept.
    #[error("no pictures of camera `{0}` are kept")]
    Camera(String),
    /// It has not been looked at: not sampled, superseded, or still to come.
    #[error("frame {0} has not been looked at since the start")]
    NotSeen(u64),
    /// There is nothing in the region.
    #[error("the region is not within the frame")]
    Region,
    /// Nothing fits into so few pixels.
    #[error("a picture of {0} pixels; the longest side must have at least 2")]
    Size(u32),
    /// No picture of it is so small, be it as coarse as it may.
    #[error("no picture fits into {0} bytes")]
    Bytes(usize),
    /// The picture cannot be converted or encoded.
    #[error("the picture cannot be encoded: {0}")]
    Encoding(String),
}

/// The recent frames of some cameras, by the camera's name.
pub struct RecentPictures {
    cameras: BTreeMap<String, usize>,
    shelf: Mutex<Shelf>,
}

impl RecentPictures {
    /// Keeps frames of these cameras, for half a minute at most, and fewer where they are large.
    pub fn of(cameras: impl IntoIterator<Item = String>) -> Self {
        let room = Room {
            bytes: MOST_BYTES,
            bytes_per_camera: MOST_BYTES_PER_CAMERA,
        };
        Self::in_room(cameras, room)
    }

    /// The same for people, who want to see what is now: an eighth of the room.
    pub fn for_people(cameras: impl IntoIterator<Item = String>) -> Self {
        let room = Room {
            bytes: MOST_BYTES / 8,
            bytes_per_camera: MOST_BYTES_PER_CAMERA / 8,
        };
        Self::in_room(cameras, room)
    }

    fn in_room(cameras: impl IntoIterator<Item = String>, room: Room) -> Self {
        let cameras: BTreeMap<String, usize> = cameras.into_iter().zip(0..).collect();
        Self {
            shelf: Mutex::new(Shelf::new(cameras.len(), room)),
            cameras,
        }
    }

    /// Whose frames are kept, in the order of their names.
    pub fn cameras(&self) -> impl Iterator<Item = &str> {
        self.cameras.keys().map(String::as_str)
    }

    /// Keeps a frame, if frames of its camera are kept.
    pub fn keep(&self, camera: &str, frame: u64, picture: &Arc<Picture>) {
        if let Some(&camera) = self.cameras.get(camera) {
            let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            shelf.push(camera, frame, Arc::clone(picture), Instant::now());
        }
    }

    /// The number of the newest frame of a camera; none where there is none.
    pub fn newest(&self, camera: &str) -> Option<u64> {
        let camera = *self.cameras.get(camera)?;
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.newest(camera)
    }

    /// A frame as JPEG, or `region` of it, its longest side at most `most_pixels`. It is never
    /// larger than it was taken.
    ///
    /// # Errors
    /// Those of [`show`](Self::show).
    pub fn jpeg(
        &self,
        camera: &str,
        frame: u64,
        region: Option<BoundingBox>,
        most_pixels: u32,
    ) -> Result<Vec<u8>, NoRecentPicture> {
        let shown = self.show(camera, frame, &View::of(region, most_pixels))?;
        Ok(shown.jpeg)
    }

    /// A frame as `view` wants to see it.
    ///
    /// # Errors
    /// When the frame is not there (any more), or there is nothing to show of it.
    pub fn show(&self, camera: &str, frame: u64, view: &View) -> Result<Shown, NoRecentPicture> {
        let index = self.cameras.get(camera).copied();
        let index = index.ok_or_else(|| NoRecentPicture::Camera(camera.to_owned()))?;
        // Encoding happens outside of the lock: frames go on coming.
        let found = self
            .shelf
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(index, frame, Instant::now());
        let picture = found.map_err(|missing| match missing {
            Missing::Expired => NoRecentPicture::Expired,
            Missing::NeverThere => NoRecentPicture::NotSeen(frame),
        })?;
        jpeg::encode(&picture, view)
    }
}
