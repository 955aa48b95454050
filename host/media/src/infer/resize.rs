//! Bilinear scaling of 8-bit RGB, to the bit as OpenCV's `resize` with `INTER_LINEAR` does it:
//! two taps a direction (no antialiasing when it shrinks) in fixed point with 11 bits, rounded
//! once after the columns and once after the rows. Models are trained on such pictures, and a
//! quantised model sees a rounding that differs.

use super::colour::RgbView;

/// Weights are multiples of 1/2048.
const SCALE: f32 = 2048.0;

/// Where an output column comes from: a pixel, the one after it, and their weights.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Column {
    at: usize,
    weight: i32,
    next_weight: i32,
}

/// Where an output row comes from: two rows, which are the same one at the edges, and their
/// weights.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    upper: usize,
    lower: usize,
    upper_weight: i32,
    lower_weight: i32,
}

/// A scaling from one size to another, with its row buffers.
pub(crate) struct Resize {
    columns: Vec<Column>,
    rows: Vec<Row>,
    upper: ScaledRow,
    lower: ScaledRow,
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
            columns: columns(from.0, to.0),
            rows: rows(from.1, to.1),
            upper: ScaledRow::new(to.0),
            lower: ScaledRow::new(to.0),
        }
    }

    /// Writes the scaled picture: `target` gives, for each output row from the top, its red,
    /// green and blue row; `value` says what is stored for a byte.
    pub(crate) fn run<'a>(
        &mut self,
        picture: RgbView<'_>,
        target: impl Iterator<Item = [&'a mut [f32]; 3]>,
        value: impl Fn(u8) -> f32,
    ) {
        self.upper.source = None;
        self.lower.source = None;
        for (row, [red, green, blue]) in self.rows.iter().zip(target) {
            if self.lower.source == Some(row.upper) {
                std::mem::swap(&mut self.upper, &mut self.lower);
            }
            self.upper
                .fill(row.upper, picture.row(row.upper), &self.columns);
            self.lower
                .fill(row.lower, picture.row(row.lower), &self.columns);
            let blend = |upper: &[i16], lower: &[i16], target: &mut [f32]| {
                for ((&upper, &lower), target) in upper.iter().zip(lower).zip(target) {
                    *target = value(blended(upper, lower, row));
                }
            };
            blend(&self.upper.red, &self.lower.red, red);
            blend(&self.upper.green, &self.lower.green, green);
            blend(&self.upper.blue, &self.lower.blue, blue);
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

    fn fill(&mut self, source: usize, bytes: &[u8], columns: &[Column]) {
        if self.source == Some(source) {
            return;
        }
        self.source = Some(source);
        let colours = self
            .red
            .iter_mut()
            .zip(self.green.iter_mut())
            .zip(self.blue.iter_mut());
        for (column, ((red, green), blue)) in columns.iter().zip(colours) {
            let pixels = bytes.get(column.at * 3..).and_then(<[u8]>::first_chunk);
            let Some(&[r, g, b, next_r, next_g, next_b]) = pixels else {
                continue;
            };
            let mix = |this: u8, next: u8| {
                let sum = i32::from(this) * column.weight + i32::from(next) * column.next_weight;
                // At most 255 * 128.
                (sum >> 4) as i16
            };
            *red = mix(r, next_r);
            *green = mix(g, next_g);
            *blue = mix(b, next_b);
        }
    }
}

#[inline(always)]
fn blended(upper: i16, lower: i16, row: &Row) -> u8 {
    let high = |value: i16, weight: i32| (i32::from(value) * weight) >> 16;
    let sum = high(upper, row.upper_weight) + high(lower, row.lower_weight);
    // At most 255.
    ((sum + 2) >> 2) as u8
}

/// Where an output pixel falls between the pixels of the source: the one before it, and how far
/// it is from there to the next. The one before the first is -1.
fn position(index: usize, from: usize, to: usize) -> (isize, f32) {
    let scale = 1.0 / (to as f64 / from as f64);
    let position = ((index as f64 + 0.5) * scale - 0.5) as f32;
    let floor = position.floor();
    (floor as isize, position - floor)
}

fn weight(fraction: f32) -> i32 {
    (fraction * SCALE).round_ties_even() as i32
}

fn columns(from: usize, to: usize) -> Vec<Column> {
    let last = from - 1;
    (0..to)
        .map(|index| match position(index, from, to) {
            (..0, _) => Column {
                at: 0,
                weight: weight(1.0),
                next_weight: 0,
            },
            // The last pixel alone, seen from the one before it: a next one always exists.
            (before, _) if before as usize >= last => Column {
                at: last - 1,
                weight: 0,
                next_weight: weight(1.0),
            },
            (before, fraction) => Column {
                at: before as usize,
                weight: weight(1.0 - fraction),
                next_weight: weight(fraction),
            },
        })
        .collect()
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
        Resize::new(from, to).run(view, rows, f32::from);
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

    #[test]
    fn the_same_size_changes_nothing() {
        let same = pattern(9, 4).to_rgb().unwrap();
        assert_eq!(resized((9, 4), (9, 4)), same);
    }
}
