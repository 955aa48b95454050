//! A decoded picture in whatever form the decoder gave it. Colours are converted only where
//! somebody looks: most pictures are superseded or not sampled, and for them the conversion
//! would be work for nothing.

use std::fmt;

use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame;

use crate::infer::ToRgb;

/// Neither cameras nor models go beyond this; it keeps byte counts far from overflow.
const MAX_SIDE: u32 = 16_384;

/// A picture that was decoded, or made from RGB bytes.
pub struct Picture {
    frame: frame::Video,
}

/// Why bytes are not a picture, or a picture cannot be looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// A side is below 2 or above 16384 pixels.
    #[error("a picture of {width}×{height} pixels: both sides must be from 2 to {MAX_SIDE}")]
    Size {
        /// Pixels from left to right.
        width: u32,
        /// Pixels from top to bottom.
        height: u32,
    },
    /// The bytes do not fit the size.
    #[error("{width}×{height} pixels of RGB are {expected} bytes, these are {found}")]
    Length {
        /// Pixels from left to right.
        width: u32,
        /// Pixels from top to bottom.
        height: u32,
        /// Bytes that the size asks for.
        expected: usize,
        /// Bytes that were given.
        found: usize,
    },
    /// FFmpeg does not convert this pixel format.
    #[error("cannot convert the pixel format {format} to RGB")]
    Format {
        /// FFmpeg's name of the format.
        format: String,
    },
}

impl Picture {
    pub(crate) fn decoded(frame: frame::Video) -> Self {
        Self { frame }
    }

    /// A picture from `width` × `height` × 3 bytes: red, green, blue, row by row from the top
    /// left, without padding.
    ///
    /// # Errors
    /// When the bytes do not fit the size, or the size is out of range.
    pub fn from_rgb(width: u32, height: u32, bytes: &[u8]) -> Result<Self, PictureError> {
        check_size(width, height)?;
        let row = width as usize * 3;
        let expected = row * height as usize;
        if bytes.len() != expected {
            return Err(PictureError::Length {
                width,
                height,
                expected,
                found: bytes.len(),
            });
        }
        let mut frame = frame::Video::new(Pixel::RGB24, width, height);
        let stride = frame.stride(0);
        let rows = frame.data_mut(0).chunks_mut(stride);
        for (target, source) in rows.zip(bytes.chunks_exact(row)) {
            if let Some(target) = target.get_mut(..row) {
                target.copy_from_slice(source);
            }
        }
        Ok(Self { frame })
    }

    /// Pixels from left to right.
    pub fn width(&self) -> u32 {
        self.frame.width()
    }

    /// Pixels from top to bottom.
    pub fn height(&self) -> u32 {
        self.frame.height()
    }

    /// The picture as `width` × `height` × 3 bytes: red, green, blue, row by row from the top
    /// left, without padding. It allocates and converts; a detector has buffers for that.
    ///
    /// # Errors
    /// When FFmpeg does not know how to convert the decoder's pixel format.
    pub fn to_rgb(&self) -> Result<Vec<u8>, PictureError> {
        let mut converter = ToRgb::default();
        let view = converter.convert(self)?;
        Ok(view.rows().flatten().copied().collect())
    }

    /// The memory that it takes.
    pub(crate) fn bytes(&self) -> usize {
        let planes = 0..self.frame.planes();
        planes.map(|plane| self.frame.data(plane).len()).sum()
    }

    pub(crate) fn frame(&self) -> &frame::Video {
        &self.frame
    }
}

/// # Errors
/// When a side is out of range. The lower bound is what bilinear interpolation needs.
pub(crate) fn check_size(width: u32, height: u32) -> Result<(), PictureError> {
    let fits = 2..=MAX_SIDE;
    if fits.contains(&width) && fits.contains(&height) {
        Ok(())
    } else {
        Err(PictureError::Size { width, height })
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Picture")
            .field("width", &self.width())
            .field("height", &self.height())
            .field("format", &self.frame.format())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_go_in_and_come_out() {
        // 5 pixels a row: the decoder's rows are padded, ours are not.
        let bytes: Vec<u8> = (0..5 * 4 * 3).collect();
        let picture = Picture::from_rgb(5, 4, &bytes).unwrap();
        assert_eq!((picture.width(), picture.height()), (5, 4));
        assert_eq!(picture.to_rgb().unwrap(), bytes);
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert!(matches!(
            Picture::from_rgb(4, 4, &[0; 47]),
            Err(PictureError::Length { expected: 48, .. })
        ));
        for (width, height) in [(0, 4), (4, 0), (1, 4), (20_000, 4)] {
            assert!(matches!(
                Picture::from_rgb(width, height, &[]),
                Err(PictureError::Size { .. })
            ));
        }
    }
}
