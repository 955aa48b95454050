//! Bilinear scaling of 8-bit RGB, to the bit as OpenCV's `resize` with `INTER_LINEAR` does it:
//! two taps a direction (no antialiasing when it shrinks) in fixed point with 11 bits, rounded
//! once after the columns and once after the rows. Models are trained on such pictures, and a
//! quantised model sees a rounding that differs.

use super::colour::RgbView;
use super::simd::{self, Loop};

/// Weights are multiples of 1/2048.
const SCALE: f32 = 2048.0;

/// Where the output columns come from: pixels, the ones after them, and their weights.
#[derive(Default)]
struct Columns {
    /// The pixels' first bytes in a row.
    offsets: Vec<u32>,
    weights: Vec<i32>,
    next_weights: Vec<i32>,
}

/// Where an output row comes from: two rows, which are the same one at the edges, and their
/// weights.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    upper: usize,
    lower: usize,
    upper_weight: i16,
    lower_weight: i16,
}

/// What a byte becomes in a tensor: `byte * coarse + byte * fine`.
#[derive(Clone, Copy)]
pub(crate) struct Values {
    coarse: f32,
    fine: f32,
}

impl Values {
    /// From 0 to 255.
    pub(crate) const BYTES: Self = Self {
        coarse: 1.0,
        fine: 0.0,
    };

    /// From 0 to 1: the same floats as of a division by 255, without dividing. The coarse part
    /// is 1/255 cut after 16 bits, so that its product with a byte is exact.
    pub(crate) const FRACTIONS: Self = {
        let coarse = f32::from_bits((1.0_f32 / 255.0).to_bits() & 0xffff_ff00);
        Self {
            coarse,
            fine: (1.0 / 255.0 - coarse as f64) as f32,
        }
    };

    #[inline(always)]
    fn of(self, byte: u8) -> f32 {
        let byte = f32::from(byte);
        byte * self.coarse + byte * self.fine
    }
}

/// A scaling from one size to another, with its row buffers.
pub(crate) struct Resize {
    columns: Columns,
    rows: Vec<Row>,
    gathered: Gathered,
    upper: ScaledRow,
    lower: ScaledRow,
}

/// The pixels of a source row that its output columns come from.
#[derive(Default)]
struct Gathered {
    /// Red, green, blue from the lowest byte on; the highest one is of no use.
    pixels: Vec<u32>,
    /// The pixels after them; here the lowest byte is of no use.
    next: Vec<u32>,
}

/// A source row after the columns are scaled, by colour; in units of 1/128.
#[derive(Default)]
struct ScaledRow {
    source: Option<usize>,
    red: Vec<i16>,
    green: Vec<i16>,
    blue: Vec<i16>,
}

impl Resize {
    /// Sizes are width and height; the source's must be at least 2.
    pub(crate) fn new(from: (usize, usize), to: (usize, usize)) -> Self {
        Self {
            columns: Columns::new(from.0, to.0),
            rows: rows(from.1, to.1),
            gathered: Gathered {
                pixels: vec![0; to.0],
                next: vec![0; to.0],
            },
            upper: ScaledRow::new(to.0),
            lower: ScaledRow::new(to.0),
        }
    }

    /// Writes the scaled picture: `target` gives, for each output row from the top, its red,
    /// green and blue row; `values` says what is stored for a byte.
    pub(crate) fn run<'a>(
        &mut self,
        picture: RgbView<'_>,
        target: impl Iterator<Item = [&'a mut [f32]; 3]>,
        values: Values,
    ) {
        self.upper.source = None;
        self.lower.source = None;
        for (row, target) in self.rows.iter().zip(target) {
            if self.lower.source == Some(row.upper) {
                std::mem::swap(&mut self.upper, &mut self.lower);
            }
            for (scaled, source) in [(&mut self.upper, row.upper), (&mut self.lower, row.lower)] {
                if scaled.source == Some(source) {
                    continue;
                }
                scaled.source = Some(source);
                self.gathered.fill(picture.row(source), &self.columns);
                simd::run(MixColumns {
                    gathered: &self.gathered,
                    columns: &self.columns,
                    scaled,
                });
            }
            simd::run(BlendRows {
                upper: &self.upper,
                lower: &self.lower,
                row,
                values,
                target,
            });
        }
    }
}

impl Gathered {
    fn fill(&mut self, bytes: &[u8], columns: &Columns) {
        let pixels = self.pixels.iter_mut().zip(&mut self.next);
        for (&offset, (pixel, next)) in columns.offsets.iter().zip(pixels) {
            // Whole words, not six bytes apart: this is the loop that takes the time.
            let offset = offset as usize;
            let Some(both) = bytes.get(offset..offset + 6) else {
                return;
            };
            if let Some((&first, &last)) = both.first_chunk().zip(both.last_chunk()) {
                *pixel = u32::from_le_bytes(first);
                *next = u32::from_le_bytes(last);
            }
        }
    }
}

impl ScaledRow {
    fn new(width: usize) -> Self {
        Self {
            source: None,
            red: vec![0; width],
            green: vec![0; width],
            blue: vec![0; width],
        }
    }
}

struct MixColumns<'a> {
    gathered: &'a Gathered,
    columns: &'a Columns,
    scaled: &'a mut ScaledRow,
}

impl Loop for MixColumns<'_> {
    #[inline(always)]
    fn run(self) {
        let Self {
            gathered,
            columns,
            scaled,
        } = self;
        mix_colour::<0>(gathered, columns, &mut scaled.red);
        mix_colour::<8>(gathered, columns, &mut scaled.green);
        mix_colour::<16>(gathered, columns, &mut scaled.blue);
    }
}

/// Scales the columns of the colour that is `SHIFT` bits up in a gathered pixel.
#[inline(always)]
fn mix_colour<const SHIFT: u32>(gathered: &Gathered, columns: &Columns, target: &mut [i16]) {
    let pixels = gathered.pixels.iter().zip(&gathered.next);
    let weights = columns.weights.iter().zip(&columns.next_weights);
    for (((pixel, next), (weight, next_weight)), target) in pixels.zip(weights).zip(target) {
        let this = ((pixel >> SHIFT) & 0xff) as i32;
        let next = ((next >> (SHIFT + 8)) & 0xff) as i32;
        // At most 255 * 128.
        *target = ((this * weight + next * next_weight) >> 4) as i16;
    }
}

struct BlendRows<'a, 'b> {
    upper: &'a ScaledRow,
    lower: &'a ScaledRow,
    row: &'a Row,
    values: Values,
    target: [&'b mut [f32]; 3],
}

impl Loop for BlendRows<'_, '_> {
    #[inline(always)]
    fn run(self) {
        let [red, green, blue] = self.target;
        let (upper, lower) = (self.upper, self.lower);
        blend_colour(&upper.red, &lower.red, self.row, self.values, red);
        blend_colour(&upper.green, &lower.green, self.row, self.values, green);
        blend_colour(&upper.blue, &lower.blue, self.row, self.values, blue);
    }
}

#[inline(always)]
fn blend_colour(upper: &[i16], lower: &[i16], row: &Row, values: Values, target: &mut [f32]) {
    let high = |value: i16, weight: i16| ((i32::from(value) * i32::from(weight)) >> 16) as i16;
    for ((&upper, &lower), target) in upper.iter().zip(lower).zip(target) {
        let sum = high(upper, row.upper_weight) + high(lower, row.lower_weight);
        // At most 255.
        *target = values.of(((sum + 2) >> 2) as u8);
    }
}

/// Where an output pixel falls between the pixels of the source: the one before it, and how far
/// it is from there to the next. The one before the first is -1.
fn position(index: usize, from: usize, to: usize) -> (isize, f32) {
    let scale = 1.0 / (to as f64 / from as f64);
    let position = ((index as f64 + 0.5) * scale - 0.5) as f32;
    let floor = position.floor();
    (floor as isize, position - floor)
}

fn weight(fraction: f32) -> i16 {
    (fraction * SCALE).round_ties_even() as i16
}

impl Columns {
    fn new(from: usize, to: usize) -> Self {
        let last = from - 1;
        let mut columns = Self::default();
        for index in 0..to {
            let (at, this, next) = match position(index, from, to) {
                (..0, _) => (0, 1.0, 0.0),
                // The last pixel alone, seen from the one before it: a next one always exists.
                (before, _) if before as usize >= last => (last - 1, 0.0, 1.0),
                (before, fraction) => (before as usize, 1.0 - fraction, fraction),
            };
            columns.offsets.push(3 * at as u32);
            columns.weights.push(i32::from(weight(this)));
            columns.next_weights.push(i32::from(weight(next)));
        }
        columns
    }
}

fn rows(from: usize, to: usize) -> Vec<Row> {
    let inside = |row: isize| (row.max(0) as usize).min(from - 1);
    (0..to)
        .map(|index| {
            let (before, fraction) = position(index, from, to);
            // Beyond the edges the weights stay: rounded apart, they may give one less.
            Row {
                upper: inside(before),
                lower: inside(before + 1),
                upper_weight: weight(1.0 - fraction),
                lower_weight: weight(fraction),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Picture;
    use crate::infer::ToRgb;

    /// Sharp enough that every tap matters.
    fn pattern(width: usize, height: usize) -> Picture {
        let mut bytes = Vec::new();
        for y in 0..height {
            for x in 0..width {
                for colour in 0..3 {
                    bytes.push(((x * x * 37 + y * 101 + colour * 53 + x * y * 7) % 256) as u8);
                }
            }
        }
        Picture::from_rgb(width as u32, height as u32, &bytes).unwrap()
    }

    fn resized(from: (usize, usize), to: (usize, usize)) -> Vec<u8> {
        let picture = pattern(from.0, from.1);
        let mut to_rgb = ToRgb::default();
        let view = to_rgb.convert(&picture).unwrap();
        let mut planes = vec![vec![0.0; to.0 * to.1]; 3];
        let [red, green, blue] = planes.as_mut_slice() else {
            unreachable!()
        };
        let rows = red
            .chunks_mut(to.0)
            .zip(green.chunks_mut(to.0))
            .zip(blue.chunks_mut(to.0))
            .map(|((red, green), blue)| [red, green, blue]);
        Resize::new(from, to).run(view, rows, Values::BYTES);
        (0..to.0 * to.1)
            .flat_map(|index| planes.iter().map(move |plane| plane[index] as u8))
            .collect()
    }

    /// The expected bytes are OpenCV 5.0's: `cv2.resize(…, interpolation=cv2.INTER_LINEAR)`.
    #[test]
    fn it_is_opencv_to_the_bit() {
        #[rustfmt::skip]
        let smaller = [
            92, 145, 198, 137, 190, 107, 77, 130, 98, 130, 149, 66, 95, 148, 150, 82, 135,
            188, 197, 199, 47, 53, 106, 159, 177, 25, 78, 143, 196, 96, 139, 124, 126,
            137, 156, 72, 114, 82, 135, 69, 105, 90, 191, 73, 127,
        ];
        assert_eq!(resized((11, 7), (5, 3)), smaller);
        #[rustfmt::skip]
        let larger = [
            0, 53, 106, 13, 66, 119, 34, 87, 140, 92, 145, 198, 143, 196, 249, 102, 155,
            208, 77, 130, 183, 40, 93, 146, 54, 107, 161, 77, 130, 183, 86, 139, 192, 94,
            147, 193, 113, 166, 154, 126, 179, 129, 101, 154, 207, 117, 170, 223, 142,
            195, 248, 76, 129, 182, 21, 74, 108, 130, 183, 72, 199, 252, 49, 161, 215,
            114, 179, 177, 131, 206, 117, 159, 143, 119, 172, 79, 132, 178, 103, 156, 143,
            119, 172, 122, 202, 255, 52, 220, 182, 70, 249, 64, 99, 187, 112, 165, 118,
            171, 224, 85, 138, 191, 65, 118, 171,
        ];
        assert_eq!(resized((4, 3), (7, 5)), larger);
    }

    /// The same sums a pixel at a time, in rows that are wide enough for every vector and end
    /// within one.
    #[test]
    fn vectors_are_as_exact_as_single_pixels() {
        for (from, to) in [
            ((97, 31), (70, 13)),
            ((50, 9), (131, 40)),
            ((960, 6), (416, 3)),
        ] {
            let bytes = pattern(from.0, from.1).to_rgb().unwrap();
            let columns = Columns::new(from.0, to.0);
            let mut expected = Vec::new();
            for row in rows(from.1, to.1) {
                for column in 0..to.0 {
                    for colour in 0..3 {
                        let mixed = |row: usize| {
                            let at = row * from.0 * 3 + columns.offsets[column] as usize + colour;
                            let sum = i32::from(bytes[at]) * columns.weights[column]
                                + i32::from(bytes[at + 3]) * columns.next_weights[column];
                            sum >> 4
                        };
                        let upper = (mixed(row.upper) * i32::from(row.upper_weight)) >> 16;
                        let lower = (mixed(row.lower) * i32::from(row.lower_weight)) >> 16;
                        expected.push(((upper + lower + 2) >> 2) as u8);
                    }
                }
            }
            assert!(resized(from, to) == expected, "{from:?} to {to:?}");
        }
    }

    #[test]
    fn values_are_those_of_a_division() {
        for byte in 0..=255 {
            let (whole, fraction) = (Values::BYTES.of(byte), Values::FRACTIONS.of(byte));
            assert_eq!(whole.to_bits(), f32::from(byte).to_bits());
            assert_eq!(fraction.to_bits(), (f32::from(byte) / 255.0).to_bits());
        }
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let same = pattern(9, 4).to_rgb().unwrap();
        assert_eq!(resized((9, 4), (9, 4)), same);
    }
}
