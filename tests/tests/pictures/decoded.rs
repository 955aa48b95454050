//! A JPEG as a receiver sees it: decoded by FFmpeg, which has no part in encoding it.

use agave_media::{Frame, FrameSink, SourceConfig, SourceEvent, run};
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// Two colours are one where no channel differs by more: JPEG is not exact.
const ONE_COLOUR: u8 = 40;
/// Of the pixels on a line so many have to be of its colour: the label covers some.
const MOST: f64 = 0.8;

/// A decoded picture.
pub(crate) struct Decoded {
    /// Pixels from left to right.
    pub(crate) width: u32,
    /// Pixels from top to bottom.
    pub(crate) height: u32,
    rgb: Vec<u8>,
}

/// The picture in this base64.
///
/// # Errors
/// When it is none.
pub(crate) fn from_base64(text: &str) -> Result<Decoded> {
    decoded(&STANDARD.decode(text)?)
}

/// The picture in this JPEG.
///
/// # Errors
/// When it is none.
pub(crate) fn decoded(jpeg: &[u8]) -> Result<Decoded> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("picture.jpg");
    std::fs::write(&file, jpeg)?;
    let file = file.to_str().context("a path that is not text")?;
    let mut sink = Frames::default();
    run(
        &SourceConfig::new("file", file),
        &mut sink,
        &CancellationToken::new(),
    )?;
    let frame = sink.0.pop().context("nothing was decoded")?;
    Ok(Decoded {
        width: frame.picture.width(),
        height: frame.picture.height(),
        rgb: frame.picture.to_rgb()?,
    })
}

#[derive(Default)]
struct Frames(Vec<Frame>);

impl FrameSink for Frames {
    fn frame(&mut self, frame: Frame) {
        self.0.push(frame);
    }

    fn event(&mut self, _: SourceEvent) {}
}

impl Decoded {
    fn at(&self, x: u32, y: u32) -> Result<[u8; 3]> {
        let (x, y) = (x.min(self.width - 1), y.min(self.height - 1));
        let at = 3 * (y as usize * self.width as usize + x as usize);
        let pixel = self.rgb.get(at..at + 3).context("outside of the picture")?;
        Ok(pixel.try_into()?)
    }

    /// The pixels along the lines of a box at `bbox`, which is left, top, width and height as
    /// fractions.
    fn edges(&self, [left, top, width, height]: [f64; 4]) -> Vec<(u32, u32)> {
        let pixel = |fraction: f64, side: u32| (fraction * f64::from(side)).round() as u32;
        let (left, right) = (pixel(left, self.width), pixel(left + width, self.width));
        let (top, bottom) = (pixel(top, self.height), pixel(top + height, self.height));
        let across = (left + 3..right - 3).flat_map(|x| [(x, top), (x, bottom - 1)]);
        let down = (top + 3..bottom - 3).flat_map(|y| [(left, y), (right - 1, y)]);
        across.chain(down).collect()
    }

    /// The colour of most of these pixels, which is one.
    fn one_colour(&self, pixels: &[(u32, u32)]) -> Result<[u8; 3]> {
        let mut colours = Vec::new();
        for (x, y) in pixels {
            colours.push(self.at(*x, *y)?);
        }
        let middle = |channel: fn([u8; 3]) -> u8| -> Result<u8> {
            let mut values: Vec<u8> = colours.iter().map(|colour| channel(*colour)).collect();
            values.sort_unstable();
            values.get(values.len() / 2).copied().context("no pixels")
        };
        let middle = [
            middle(|[red, ..]| red)?,
            middle(|[_, green, _]| green)?,
            middle(|[.., blue]| blue)?,
        ];
        let same = colours.iter().filter(|colour| is_one(**colour, middle));
        let share = same.count() as f64 / colours.len() as f64;
        ensure!(share > MOST, "only {share:.2} of the box has its colour");
        Ok(middle)
    }

    /// The colour of the box at `bbox` (an alert's).
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn has_a_box(&self, bbox: &Value) -> Result<[u8; 3]> {
        let bbox: [f64; 4] = serde_json::from_value(bbox.clone())?;
        self.one_colour(&self.edges(bbox))
    }

    /// Fails if there is no box at `bbox`, or if anything else than its surroundings
    /// is not as in `without`.
    ///
    /// # Errors
    /// When the box is not there.
    pub(crate) fn has_a_box_where(&self, bbox: &Value, without: &Self) -> Result<()> {
        let colour = self.has_a_box(bbox)?;
        let bbox: [f64; 4] = serde_json::from_value(bbox.clone())?;
        let edges = self.edges(bbox);
        let mut changed = 0;
        for (x, y) in &edges {
            changed += usize::from(!is_one(self.at(*x, *y)?, without.at(*x, *y)?));
        }
        let share = changed as f64 / edges.len() as f64;
        ensure!(
            share > MOST,
            "{colour:?} is what was there before: {share:.2}"
        );
        // The middle of the box, and the corners of the frame, where no detection is.
        let [left, top, width, height] = bbox;
        let x = ((left + width / 2.0) * f64::from(self.width)) as u32;
        let y = ((top + height / 2.0) * f64::from(self.height)) as u32;
        for (x, y) in [(x, y), (0, 0), (self.width, 0), (0, self.height)] {
            ensure!(
                is_one(self.at(x, y)?, without.at(x, y)?),
                "painted at {x},{y}"
            );
        }
        Ok(())
    }

    /// Fails if this is no picture of an object with its box: it is in the middle, unless the
    /// object is at the frame's edge, and then its lower line is somewhere.
    ///
    /// # Errors
    /// When the box is not there.
    pub(crate) fn has_a_box_in_its_middle(&self) -> Result<()> {
        // With 0.3 of its size on each side an object begins at 0.3 / 1.6.
        let begin = 0.3 / 1.6;
        let size = 1.0 / 1.6;
        let edges = self.edges([begin, begin, size, size]);
        let right = (f64::from(self.width) * (begin + size)).round() as u32 - 2;
        let sides: Vec<(u32, u32)> = edges
            .into_iter()
            .filter(|(x, _)| x.abs_diff(right) < 2)
            .collect();
        self.one_colour(&sides).map(drop)
    }
}

fn is_one(one: [u8; 3], other: [u8; 3]) -> bool {
    let mut both = one.iter().zip(other);
    both.all(|(one, other)| one.abs_diff(other) <= ONE_COLOUR)
}
