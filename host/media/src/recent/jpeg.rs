//! From a decoded picture to JPEG: converted, cut, scaled, encoded.

use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame;
use ffmpeg_next::software::scaling;

use agave_core::BoundingBox;
use jpeg_encoder::{ColorType, Encoder};

use super::NoRecentPicture;
use crate::Picture;
use crate::infer::ToRgb;

/// People look at it; half of it would be half as large and show blocks.
const QUALITY: u8 = 85;
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

pub(super) fn encode(
    picture: &Picture,
    region: Option<BoundingBox>,
    most_pixels: u32,
) -> Result<Vec<u8>, NoRecentPicture> {
    if most_pixels < LEAST_PIXELS {
        return Err(NoRecentPicture::Size(most_pixels));
    }
    let cut = cut(picture.width(), picture.height(), region).ok_or(NoRecentPicture::Region)?;
    let (width, height) = scaled(cut, most_pixels);
    let failed = |error: &dyn std::fmt::Display| NoRecentPicture::Encoding(error.to_string());
    let mut converter = ToRgb::default();
    let rgb = converter.convert(picture).map_err(|error| failed(&error))?;
    let rows = (cut.top..cut.top + cut.height).map(|y| {
        let from = 3 * cut.left as usize;
        let row = rgb.row(y as usize);
        row.get(from..from + 3 * cut.width as usize)
            .unwrap_or_default()
    });
    let bytes: Vec<u8> = if (width, height) == (cut.width, cut.height) {
        rows.flatten().copied().collect()
    } else {
        scale(rows, cut, width, height).map_err(|error| failed(&error))?
    };
    // No side of a picture is over 16384.
    let side = |pixels: u32| u16::try_from(pixels).unwrap_or(u16::MAX);
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, QUALITY)
        .encode(&bytes, side(width), side(height), ColorType::Rgb)
        .map_err(|error| failed(&error))?;
    Ok(jpeg)
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

fn scale<'r>(
    rows: impl Iterator<Item = &'r [u8]>,
    cut: Cut,
    width: u32,
    height: u32,
) -> Result<Vec<u8>, ffmpeg_next::Error> {
    let mut source = frame::Video::new(Pixel::RGB24, cut.width, cut.height);
    let stride = source.stride(0);
    for (target, row) in source.data_mut(0).chunks_mut(stride).zip(rows) {
        if let Some(target) = target.get_mut(..row.len()) {
            target.copy_from_slice(row);
        }
    }
    let mut context = scaling::Context::get(
        Pixel::RGB24,
        cut.width,
        cut.height,
        Pixel::RGB24,
        width,
        height,
        // It averages what becomes one pixel: small pictures stay readable.
        scaling::Flags::AREA,
    )?;
    let mut target = frame::Video::empty();
    context.run(&source, &mut target)?;
    let stride = target.stride(0);
    let row = 3 * width as usize;
    let rows = target.data(0).chunks(stride).take(height as usize);
    Ok(rows
        .flat_map(|line| line.get(..row).unwrap_or_default())
        .copied()
        .collect())
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
        assert_eq!(of(region(0.9, 0.9, 5.0, 5.0)), Some((180, 90, 20, 10)));
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
