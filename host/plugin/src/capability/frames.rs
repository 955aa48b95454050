//! Pictures of recent frames for adapters. They show people, so a node needs a grant for them.

use agave_core::{BoundingBox, Mark, Shown, View};

use crate::bindings::imports::agave::plugin::frames::{self, Error, Host};
use crate::bindings::imports::agave::plugin::types::Bbox;
use crate::guest::Guest;
use crate::outside::NoPicture;

/// More boxes on one picture are not drawn: they would hide it.
const MOST_MARKS: usize = 256;

impl Host for Guest {
    fn jpeg(
        &mut self,
        camera: String,
        frame: u64,
        region: Option<Bbox>,
        max_side: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        let view = View::of(region.map(bounding_box), max_side);
        Ok(self.shown(&camera, frame, &view).map(|shown| shown.jpeg))
    }

    fn granted(&mut self) -> wasmtime::Result<Result<(), String>> {
        Ok(self.may_see_frames())
    }

    fn show(
        &mut self,
        camera: String,
        frame: u64,
        view: frames::View,
    ) -> wasmtime::Result<Result<frames::Picture, Error>> {
        if view.marks.len() > MOST_MARKS {
            let why = format!(
                "{} boxes on a picture; at most {MOST_MARKS}",
                view.marks.len()
            );
            return Ok(Err(Error::Unavailable(why)));
        }
        let view = View {
            region: view.region.map(bounding_box),
            most_pixels: view.max_side,
            most_bytes: usize::try_from(view.max_bytes).unwrap_or(usize::MAX),
            marks: view.marks.into_iter().map(mark).collect(),
        };
        Ok(self
            .shown(&camera, frame, &view)
            .map(|shown| frames::Picture {
                jpeg: shown.jpeg,
                width: shown.width,
                height: shown.height,
            }))
    }
}

impl Guest {
    fn may_see_frames(&self) -> Result<(), String> {
        let why = "pictures are not granted; add `frames: true` to the node's `allow`";
        self.grants.frames.then_some(()).ok_or(why.to_owned())
    }

    fn shown(&self, camera: &str, frame: u64, view: &View) -> Result<Shown, Error> {
        self.may_see_frames().map_err(Error::Unavailable)?;
        let Some(pictures) = &self.outside.pictures else {
            return Err(Error::Unavailable("there are no pictures here".to_owned()));
        };
        let shown = pictures.show(camera, frame, view);
        shown.map_err(|reason| match reason {
            NoPicture::Expired => Error::Expired,
            NoPicture::Unavailable(why) => Error::Unavailable(why),
        })
    }
}

fn bounding_box(bbox: Bbox) -> BoundingBox {
    BoundingBox {
        left: bbox.left,
        top: bbox.top,
        width: bbox.width,
        height: bbox.height,
    }
}

fn mark(mark: frames::Mark) -> Mark {
    Mark {
        bbox: bounding_box(mark.bbox),
        class: mark.class,
        colour: None,
        label: mark.label,
    }
}
