//! Pictures of recent frames for adapters. They show people, so a node needs a grant for them.

use agave_core::BoundingBox;

use crate::bindings::imports::agave::plugin::frames::{Error, Host};
use crate::bindings::imports::agave::plugin::types::Bbox;
use crate::guest::Guest;
use crate::outside::NoPicture;

impl Host for Guest {
    fn jpeg(
        &mut self,
        camera: String,
        frame: u64,
        region: Option<Bbox>,
        max_side: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        if !self.grants.frames {
            let why = "pictures are not granted; add `frames: true` to the node's `allow`";
            return Ok(Err(Error::Unavailable(why.to_owned())));
        }
        let Some(pictures) = &self.outside.pictures else {
            let why = "there are no pictures here";
            return Ok(Err(Error::Unavailable(why.to_owned())));
        };
        let region = region.map(|region| BoundingBox {
            left: region.left,
            top: region.top,
            width: region.width,
            height: region.height,
        });
        let picture = pictures.jpeg(&camera, frame, region, max_side);
        Ok(picture.map_err(|reason| match reason {
            NoPicture::Expired => Error::Expired,
            NoPicture::Unavailable(why) => Error::Unavailable(why),
        }))
    }
}
