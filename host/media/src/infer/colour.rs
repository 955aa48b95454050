//! From the decoder's pixel format to RGB, to the bit as OpenCV 5's `VideoCapture` does it for
//! 8-bit video: models are trained and judged on pictures that were read that way, and a
//! quantised model notices the difference.

use std::ffi::c_int;

use ffmpeg_next as ffmpeg;
use ffmpeg_next::format::Pixel;
use ffmpeg_next::software::scaling;
use ffmpeg_next::{color, frame};

use crate::picture::{Picture, PictureError, check_size};

/// A converter that keeps its buffers as long as pictures have the same size and format.
#[derive(Default)]
pub(crate) struct ToRgb {
    conversion: Option<Conversion>,
}

struct Conversion {
    context: scaling::Context,
    colours: Colours,
    rgb: frame::Video,
}

/// How the numbers in a picture mean colours.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Colours {
    space: color::Space,
    range: color::Range,
}

// SAFETY: a `SwsContext` is bound to no thread; it must not be used by two at once, and nothing
// but `&mut self` reaches it. The binding omits the mark for this context alone.
#[allow(unsafe_code)]
unsafe impl Send for Conversion {}

/// An RGB picture: rows of `3 * width` bytes.
#[derive(Clone, Copy)]
pub(crate) struct RgbView<'a> {
    bytes: &'a [u8],
    stride: usize,
    width: usize,
    height: usize,
}

impl<'a> RgbView<'a> {
    fn of(frame: &'a frame::Video) -> Self {
        Self {
            bytes: frame.data(0),
            stride: frame.stride(0),
            width: frame.width() as usize,
            height: frame.height() as usize,
        }
    }

    /// The row `y`; empty below the picture.
    pub(crate) fn row(&self, y: usize) -> &'a [u8] {
        let start = y * self.stride;
        self.bytes
            .get(start..start + 3 * self.width)
            .unwrap_or_default()
    }

    pub(crate) fn rows(self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.height).map(move |y| self.row(y))
    }
}

impl ToRgb {
    /// # Errors
    /// When the picture is too small or too large, or FFmpeg cannot convert its format.
    pub(crate) fn convert<'a>(
        &'a mut self,
        picture: &'a Picture,
    ) -> Result<RgbView<'a>, PictureError> {
        let frame = picture.frame();
        check_size(frame.width(), frame.height())?;
        if frame.format() == Pixel::RGB24 {
            return Ok(RgbView::of(frame));
        }
        let fits = |conversion: &Conversion| {
            let input = conversion.context.input();
            let size = (input.width, input.height);
            (input.format, size) == (frame.format(), (frame.width(), frame.height()))
                && conversion.colours == Colours::of(frame)
        };
        let unknown = |_| PictureError::Format {
            format: format!("{:?}", frame.format()),
        };
        let mut conversion = match self.conversion.take().filter(fits) {
            Some(conversion) => conversion,
            None => Conversion::new(frame).map_err(unknown)?,
        };
        conversion
            .context
            .run(frame, &mut conversion.rgb)
            .map_err(unknown)?;
        Ok(RgbView::of(&self.conversion.insert(conversion).rgb))
    }
}

impl Conversion {
    fn new(frame: &frame::Video) -> Result<Self, ffmpeg::Error> {
        let mut context = scaling::Context::get(
            frame.format(),
            frame.width(),
            frame.height(),
            Pixel::RGB24,
            frame.width(),
            frame.height(),
            // At equal size this decides only how chroma is scaled, where FFmpeg has no faster
            // way.
            scaling::Flags::BICUBIC,
        )?;
        set_colours(&mut context, Colours::of(frame));
        Ok(Self {
            context,
            colours: Colours::of(frame),
            rgb: frame::Video::empty(),
        })
    }
}

impl Colours {
    fn of(frame: &frame::Video) -> Self {
        Self {
            space: frame.color_space(),
            range: frame.color_range(),
        }
    }
}

/// Has `context` read what the camera says about its colours. HD cameras say BT.709, and
/// swscale would take everything for BT.601.
#[allow(unsafe_code)]
fn set_colours(context: &mut scaling::Context, colours: Colours) {
    let full_range = match colours.range {
        color::Range::JPEG => Some(1),
        color::Range::MPEG => Some(0),
        color::Range::Unspecified => None,
    };
    let space = ffmpeg::ffi::AVColorSpace::from(colours.space) as c_int;
    // SAFETY: the context is valid and ours alone. The tables that are asked for are written
    // before they are read, the tables that are handed over are static in FFmpeg, and it
    // copies them. Nothing else in the binding reaches these two functions.
    unsafe {
        let (mut table, mut inverse) = (std::ptr::null_mut(), std::ptr::null_mut());
        let [
            mut from,
            mut to,
            mut brightness,
            mut contrast,
            mut saturation,
        ] = [0; 5];
        let known = ffmpeg::ffi::sws_getColorspaceDetails(
            context.as_mut_ptr(),
            &mut inverse,
            &mut from,
            &mut table,
            &mut to,
            &mut brightness,
            &mut contrast,
            &mut saturation,
        );
        if known >= 0 {
            ffmpeg::ffi::sws_setColorspaceDetails(
                context.as_mut_ptr(),
                ffmpeg::ffi::sws_getCoefficients(space),
                full_range.unwrap_or(from),
                table,
                to,
                brightness,
                contrast,
                saturation,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour_of(space: color::Space, range: color::Range) -> [u8; 3] {
        let mut frame = frame::Video::new(Pixel::YUV420P, 16, 16);
        for (plane, value) in [(0, 120), (1, 90), (2, 200)] {
            frame.data_mut(plane).fill(value);
        }
        frame.set_color_space(space);
        frame.set_color_range(range);
        let picture = Picture::decoded(frame);
        let rgb = picture.to_rgb().unwrap();
        [rgb[0], rgb[1], rgb[2]]
    }

    #[test]
    fn what_the_camera_says_about_its_colours_is_used() {
        use color::{Range, Space};
        for (space, range, expected) in [
            (Space::Unspecified, Range::Unspecified, [236, 78, 44]),
            (Space::SMPTE170M, Range::MPEG, [236, 78, 44]),
            (Space::BT709, Range::MPEG, [250, 91, 41]),
            (Space::BT709, Range::JPEG, [233, 93, 49]),
        ] {
            let found = colour_of(space, range);
            for (found, expected) in found.into_iter().zip(expected) {
                assert!(
                    found.abs_diff(expected) <= 2,
                    "{space:?} {range:?}: {found} {expected}"
                );
            }
        }
    }
}
