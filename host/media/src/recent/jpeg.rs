//! From a decoded picture to JPEG: converted, cut, scaled, drawn on, encoded.

use agave_core::{BoundingBox, Shown, View};
use jpeg_encoder::{ColorType, Encoder, EncodingError, SamplingFactor};

use super::image::Image;
use super::{NoRecentPicture, marks};
use crate::Picture;
use crate::infer::ToRgb;

/// People look at it; half of it would be half as large and show blocks. The others are for
/// pictures that have to be smaller.
const QUALITIES: [u8; 3] = [85, 65, 45];
/// FFmpeg wants two pixels at least, and so does an eye.
const LEAST_PIXELS: u32 = 2;

/// A part of a picture in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cut {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

pub(super) fn encode(picture: &Picture, view: &View) -> Result<Shown, NoRecentPicture> {
    if view.most_pixels < LEAST_PIXELS {
        return Err(NoRecentPicture::Size(view.most_pixels));
    }
    let size = (picture.width(), picture.height());
    let cut = cut(size.0, size.1, view.region).ok_or(NoRecentPicture::Region)?;
    let failed = |error: &dyn std::fmt::Display| NoRecentPicture::Encoding(error.to_string());
    let part = part(picture, cut).map_err(|error| failed(&error))?;
    let window = window(cut, size);
    let mut most_pixels = view.most_pixels.min(cut.width.max(cut.height));
    while most_pixels >= LEAST_PIXELS {
        let (width, height) = scaled(cut, most_pixels);
        let mut image = part.scaled(width, height).map_err(|error| failed(&error))?;
        marks::draw(&mut image, window, &view.marks);
        for quality in QUALITIES {
            let jpeg = compressed(&image, quality, !view.marks.is_empty());
            let jpeg = jpeg.map_err(|error| failed(&error))?;
            if jpeg.len() <= view.most_bytes {
                return Ok(Shown {
                    jpeg,
                    width,
                    height,
                });
            }
        }
        most_pixels /= 2;
    }
    Err(NoRecentPicture::Bytes(view.most_bytes))
}

fn part(picture: &Picture, cut: Cut) -> Result<Image, crate::PictureError> {
    let mut converter = ToRgb::default();
    let rgb = converter.convert(picture)?;
    let rows = (cut.top..cut.top + cut.height).map(|y| {
        let from = 3 * cut.left as usize;
        let row = rgb.row(y as usize);
        row.get(from..from + 3 * cut.width as usize)
            .unwrap_or_default()
    });
    Ok(Image::of(cut.width, cut.height, rows))
}

fn compressed(image: &Image, quality: u8, has_lines: bool) -> Result<Vec<u8>, EncodingError> {
    // No side of a picture is over 16384.
    let side = |pixels: u32| u16::try_from(pixels).unwrap_or(u16::MAX);
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, quality);
    if has_lines {
        // Coloured lines are thinner than what half of the colours can show.
        encoder.set_sampling_factor(SamplingFactor::R_4_4_4);
    }
    let (width, height) = (side(image.width()), side(image.height()));
    encoder.encode(image.bytes(), width, height, ColorType::Rgb)?;
    Ok(jpeg)
}

/// Which part of a frame of this size was cut out, as fractions.
#[allow(
    clippy::cast_possible_truncation,
    reason = "fractions do not need the precision"
)]
fn window(cut: Cut, (width, height): (u32, u32)) -> BoundingBox {
    let part = |pixels: u32, whole: u32| (f64::from(pixels) / f64::from(whole)) as f32;
    BoundingBox {
        left: part(cut.left, width),
        top: part(cut.top, height),
        width: part(cut.width, width),
        height: part(cut.height, height),
    }
}

/// What of the picture `region` covers; nothing if it is outside, too small or no region.
fn cut(width: u32, height: u32, region: Option<BoundingBox>) -> Option<Cut> {
    let Some(region) = region else {
        return Some(Cut {
            left: 0,
            top: 0,
            width,
            height,
        });
    };
    let (left, width) = span(region.left, region.width, width)?;
    let (top, height) = span(region.top, region.height, height)?;
    Some(Cut {
        left,
        top,
        width,
        height,
    })
}

/// The pixels from `from` on, `size` of them, both as fractions of `pixels`.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "both ends are within the picture"
)]
fn span(from: f32, size: f32, pixels: u32) -> Option<(u32, u32)> {
    let to = from + size;
    if !(from.is_finite() && to.is_finite() && from < 1.0 && to > 0.0) {
        return None;
    }
    let whole = f64::from(pixels);
    let first = (f64::from(from.max(0.0)) * whole).floor() as u32;
    let last = (f64::from(to.min(1.0)) * whole).ceil() as u32;
    let count = last.min(pixels).checked_sub(first)?;
    (count >= LEAST_PIXELS).then_some((first, count))
}

/// The size of `cut` with its longest side at most `most_pixels`.
fn scaled(cut: Cut, most_pixels: u32) -> (u32, u32) {
    let longest = cut.width.max(cut.height);
    if longest <= most_pixels {
        return (cut.width, cut.height);
    }
    let shrunk = |side: u32| {
        let side = u64::from(side) * u64::from(most_pixels) / u64::from(longest);
        u32::try_from(side).unwrap_or(most_pixels).max(LEAST_PIXELS)
    };
    (shrunk(cut.width), shrunk(cut.height))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(left: f32, top: f32, width: f32, height: f32) -> Option<BoundingBox> {
        Some(BoundingBox {
            left,
            top,
            width,
            height,
        })
    }

    #[test]
    fn a_region_is_cut_to_the_frame() {
        let of = |region| cut(200, 100, region).map(|c| (c.left, c.top, c.width, c.height));
        assert_eq!(of(None), Some((0, 0, 200, 100)));
        assert_eq!(of(region(0.25, 0.5, 0.5, 0.25)), Some((50, 50, 100, 25)));
        assert_eq!(of(region(-0.5, -0.5, 1.0, 1.0)), Some((0, 0, 100, 50)));
        assert_eq!(of(region(0.75, 0.75, 5.0, 5.0)), Some((150, 75, 50, 25)));
        for nothing in [
            region(1.0, 0.0, 1.0, 1.0),
            region(-1.0, 0.0, 1.0, 1.0),
            region(0.5, 0.5, 0.0, 0.0),
            region(0.5, 0.5, -0.2, 0.2),
            region(f32::NAN, 0.0, 1.0, 1.0),
            region(0.0, 0.0, f32::INFINITY, 1.0),
        ] {
            assert_eq!(of(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn the_longest_side_decides_and_nothing_grows() {
        let cut = cut(1920, 1080, None).unwrap();
        assert_eq!(scaled(cut, 640), (640, 360));
        assert_eq!(scaled(cut, 4000), (1920, 1080));
        assert_eq!(scaled(cut, 2), (2, 2));
    }
}
