//! A picture in RGB that can be cut, made smaller and painted on.

use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame;
use ffmpeg_next::software::scaling;

/// Red, green and blue.
pub(super) type Colour = [u8; 3];

/// Three bytes a pixel, row by row from the top left, without padding.
#[derive(Clone)]
pub(super) struct Image {
    width: u32,
    height: u32,
    bytes: Vec<u8>,
}

impl Image {
    /// From rows of `width` pixels; what is missing is black.
    pub(super) fn of<'r>(width: u32, height: u32, rows: impl Iterator<Item = &'r [u8]>) -> Self {
        let mut bytes: Vec<u8> = rows.flatten().copied().collect();
        bytes.resize(3 * width as usize * height as usize, 0);
        Self {
            width,
            height,
            bytes,
        }
    }

    pub(super) fn width(&self) -> u32 {
        self.width
    }

    pub(super) fn height(&self) -> u32 {
        self.height
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same with another size, each pixel the average of those that it stands for.
    ///
    /// # Errors
    /// When FFmpeg cannot do it.
    pub(super) fn scaled(&self, width: u32, height: u32) -> Result<Self, ffmpeg_next::Error> {
        if (width, height) == (self.width, self.height) {
            return Ok(self.clone());
        }
        let mut source = frame::Video::new(Pixel::RGB24, self.width, self.height);
        let stride = source.stride(0);
        let rows = self.bytes.chunks_exact(3 * self.width as usize);
        for (target, row) in source.data_mut(0).chunks_mut(stride).zip(rows) {
            if let Some(target) = target.get_mut(..row.len()) {
                target.copy_from_slice(row);
            }
        }
        let mut context = scaling::Context::get(
            Pixel::RGB24,
            self.width,
            self.height,
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
        let rows = rows.map(|line| line.get(..row).unwrap_or_default());
        Ok(Self::of(width, height, rows))
    }

    /// Paints the pixels from `left` to before `right` and from `top` to before `bottom`, as far
    /// as they are in the picture.
    pub(super) fn fill(&mut self, [left, top, right, bottom]: [i64; 4], colour: Colour) {
        let within = |pixel: i64, side: u32| pixel.clamp(0, i64::from(side));
        for y in within(top, self.height)..within(bottom, self.height) {
            for x in within(left, self.width)..within(right, self.width) {
                self.blend(x, y, colour, u8::MAX);
            }
        }
    }

    /// Paints one pixel, if it is in the picture; with less than 255 of `strength` what was there
    /// shines through.
    pub(super) fn blend(&mut self, x: i64, y: i64, colour: Colour, strength: u8) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else {
            return;
        };
        if x >= self.width || y >= self.height {
            return;
        }
        let at = 3 * (y as usize * self.width as usize + x as usize);
        let Some(pixel) = self.bytes.get_mut(at..at + 3) else {
            return;
        };
        for (old, new) in pixel.iter_mut().zip(colour) {
            let strength = u16::from(strength);
            let mixed = u16::from(new) * strength + u16::from(*old) * (255 - strength);
            *old = u8::try_from(mixed / 255).unwrap_or(u8::MAX);
        }
    }
}

#[cfg(test)]
impl Image {
    pub(super) fn plain(width: u32, height: u32, colour: Colour) -> Self {
        let row = colour.repeat(width as usize);
        Self::of(width, height, (0..height).map(|_| row.as_slice()))
    }

    pub(super) fn at(&self, x: u32, y: u32) -> Colour {
        let at = 3 * (y * self.width + x) as usize;
        [self.bytes[at], self.bytes[at + 1], self.bytes[at + 2]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHITE: Colour = [255; 3];
    const BLACK: Colour = [0; 3];

    #[test]
    fn only_what_is_in_the_picture_is_painted() {
        let mut image = Image::plain(4, 3, WHITE);
        image.fill([-5, 1, 2, 99], BLACK);
        let painted = |x, y| image.at(x, y) == BLACK;
        assert!(painted(0, 1) && painted(1, 2));
        assert!(!painted(0, 0) && !painted(2, 1) && !painted(3, 2));
        image.blend(-1, 0, BLACK, 255);
        image.blend(4, 0, BLACK, 255);
        assert_eq!(image.at(3, 0), WHITE);
    }

    #[test]
    fn a_faint_colour_lets_through_what_was_there() {
        let mut image = Image::plain(1, 1, [200, 100, 0]);
        image.blend(0, 0, [100, 200, 0], 0);
        assert_eq!(image.at(0, 0), [200, 100, 0]);
        image.blend(0, 0, [100, 200, 0], 128);
        let [red, green, _] = image.at(0, 0);
        assert!(red.abs_diff(150) <= 1 && green.abs_diff(150) <= 1);
    }

    #[test]
    fn a_smaller_picture_has_the_colours_of_the_larger_one() {
        let mut image = Image::plain(64, 32, WHITE);
        image.fill([0, 0, 32, 32], BLACK);
        let small = image.scaled(16, 8).unwrap();
        assert_eq!((small.width(), small.height()), (16, 8));
        assert_eq!((small.at(2, 4), small.at(13, 4)), (BLACK, WHITE));
    }
}
