//! One picture of somebody's, seen with a model that the flow has loaded.

use std::io::Cursor;
use std::time::Instant;

use agave_inspector::Refusal;
use agave_inspector::system::{Image, ImageKind};
use agave_inspector::view::{Inferred, InferredDetection};
use agave_media::{DetectError, Picture};
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::InspectedFlow;
use crate::topology::LookError;

/// Cameras have no longer sides.
const LONGEST_SIDE: u32 = 8192;
/// A picture of 32 million pixels with three colours of 8 bits, when it is unpacked.
const MOST_BYTES: u64 = 96 << 20;
/// What a decoder needs beside the picture.
const MOST_DECODER_BYTES: u64 = 64 << 20;

pub(super) fn infer(
    inspected: &InspectedFlow,
    model: Option<&str>,
    image: &Image,
) -> Result<Inferred, Refusal> {
    let live = inspected.keeper.live();
    let flow = live.flow();
    let names: Vec<&str> = flow
        .models
        .iter()
        .map(|model| model.name.as_str())
        .collect();
    let model = match (model, names.as_slice()) {
        (Some(model), _) => model,
        (None, [only]) => only,
        (None, _) => {
            let said = format!("name one of the models with `model`: {}", names.join(", "));
            return Err(invalid(said));
        }
    };
    let picture = decoded(image)?;
    let began = Instant::now();
    let looked = live.look(model, &picture).ok_or_else(|| {
        let said = format!(
            "there is no model '{model}'; there is: {}",
            names.join(", ")
        );
        Refusal::NotFound(said)
    })?;
    let (detections, classes) = looked.map_err(|error| match error {
        LookError::Detect(DetectError::Picture(error)) => invalid(error.to_string()),
        error => Refusal::Unavailable(error.to_string()),
    })?;
    let named = detections.into_iter().map(|seen| InferredDetection {
        class: match classes.get(usize::from(seen.class)) {
            Some(class) => class.clone(),
            None => seen.class.to_string(),
        },
        confidence: seen.confidence,
        bbox: [
            seen.bbox.left,
            seen.bbox.top,
            seen.bbox.width,
            seen.bbox.height,
        ],
    });
    Ok(Inferred {
        flow: flow.name.clone(),
        model: model.to_owned(),
        width: picture.width(),
        height: picture.height(),
        detections: named.collect(),
        took_ms: began.elapsed().as_secs_f64() * 1000.0,
    })
}

/// The picture as a person sees it: what its camera says of how it was held is done.
fn decoded(image: &Image) -> Result<Picture, Refusal> {
    let format = match image.kind {
        ImageKind::Jpeg => ImageFormat::Jpeg,
        ImageKind::Png => ImageFormat::Png,
    };
    let too_large = |why: &str| {
        invalid(format!(
            "the image is too large: {why}; it may have sides of {LONGEST_SIDE} pixels, and 32 \
             million pixels in all, 25 million with transparency, and half of that with 16 bits a \
             colour"
        ))
    };
    let unreadable = |error: ImageError| match error {
        ImageError::Limits(error) => too_large(&error.to_string()),
        error => invalid(format!("the image cannot be read: {error}")),
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_DECODER_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(&image.data), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    // What it says of its size is looked at before anything is made of it.
    if decoder.total_bytes() > MOST_BYTES {
        let (width, height) = decoder.dimensions();
        return Err(too_large(&format!("it has {width}×{height} pixels")));
    }
    let orientation = decoder.orientation().map_err(unreadable)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    picture.apply_orientation(orientation);
    let picture = picture.into_rgb8();
    Picture::from_rgb(picture.width(), picture.height(), picture.as_raw())
        .map_err(|error| invalid(error.to_string()))
}

fn invalid(said: String) -> Refusal {
    Refusal::Invalid {
        said,
        problems: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Image {
        let mut data = Vec::new();
        let picture = DynamicImage::new_rgb8(width, height);
        picture
            .write_to(&mut Cursor::new(&mut data), ImageFormat::Png)
            .unwrap();
        Image {
            kind: ImageKind::Png,
            data: data.into(),
        }
    }

    #[test]
    fn pictures_are_read_and_bombs_are_not() {
        let picture = decoded(&png(64, 48)).unwrap();
        assert_eq!((picture.width(), picture.height()), (64, 48));
        // As large as it may be, and the decoder needs some memory for itself.
        let largest = decoded(&png(8192, 4096)).unwrap();
        assert_eq!((largest.width(), largest.height()), (8192, 4096));
        // A few kilobytes that would be hundreds of megabytes.
        let bomb = png(8000, 8000);
        assert!(bomb.data.len() < 1 << 20);
        for refused in [
            bomb,
            png(LONGEST_SIDE + 1, 2),
            png(1, 1),
            Image {
                kind: ImageKind::Jpeg,
                data: png(64, 48).data,
            },
            Image {
                kind: ImageKind::Png,
                data: png(64, 48).data.slice(..40),
            },
        ] {
            assert!(matches!(decoded(&refused), Err(Refusal::Invalid { .. })));
        }
    }
}
