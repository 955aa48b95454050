//! The frames of a test: written out, or recorded.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use agave_core::{Detection, Timestamp};
use agave_flow::{CameraIndex, Flow, Given, GivenDetection, TestCase, TestInputs, instead_of};
use anyhow::{Context, Result, anyhow, bail};

use super::classes::Classes;
use crate::recording::{Casting, Part, Reader, Record, infer_nodes};
use crate::topology::Seen;
use crate::trial::{START, seconds};

/// The size of a test's frames: the plugins are told one, and a test has no picture.
const SIZE: (u32, u32) = (1280, 720);
/// Longer tests say nothing that shorter ones cannot.
const MOST_FRAMES: u64 = 1_000_000;

/// What a test's camera sees, one frame after the other.
pub(super) struct Frames {
    played: Played,
    /// When the test begins.
    pub(super) start: Timestamp,
    /// From one frame to the next.
    pub(super) frame_time: Duration,
    fps: f64,
    /// When the last frame was, and which number it had.
    last: Option<(Timestamp, Duration, u64)>,
    /// How many detections there are for each frame: one list for each infer node.
    models: usize,
    /// How many frames it has given.
    given: u64,
}

enum Played {
    Written { sights: Vec<Sight>, until: u64 },
    Recorded(Box<Recorded>),
}

struct Recorded {
    reader: Reader<BufReader<File>>,
    casting: Casting,
    first: Option<Seen>,
}

/// What is seen in the frames `from..until`.
struct Sight {
    from: u64,
    until: u64,
    /// For each infer node of the camera.
    detections: Vec<Vec<Detection>>,
}

impl Frames {
    /// The frames of `test`.
    ///
    /// # Errors
    /// A class that no model has, something that is in no frame, or a recording that cannot be
    /// used.
    pub(super) fn new(flow: &Flow, classes: &Classes, test: &TestCase) -> Result<Self> {
        let camera = flow
            .cameras
            .get(test.camera.0)
            .context("there is no such camera")?;
        let fps = f64::from(camera.fps);
        let mut frames = Self {
            played: Played::Written {
                sights: Vec::new(),
                until: 0,
            },
            start: START,
            frame_time: Duration::from_secs_f64(1.0 / fps),
            fps,
            last: None,
            models: infer_nodes(flow, test.camera).count(),
            given: 0,
        };
        match &test.given {
            TestInputs::Seen(given) => frames.write(flow, classes, test.camera, given)?,
            TestInputs::Recorded { file, camera } => {
                frames
                    .open(flow, test.camera, file, camera)
                    .with_context(|| file.display().to_string())?;
            }
        }
        Ok(frames)
    }

    /// What the models can see according to the recording, if there is one.
    pub(super) fn classes(&self) -> Option<&[Arc<[String]>]> {
        match &self.played {
            Played::Written { .. } => None,
            Played::Recorded(recorded) => Some(&recorded.casting.classes),
        }
    }

    fn write(
        &mut self,
        flow: &Flow,
        classes: &Classes,
        camera: CameraIndex,
        given: &[Given],
    ) -> Result<()> {
        let mut sights = Vec::new();
        for (number, given) in (1..).zip(given) {
            let mut detections = vec![Vec::new(); self.models];
            for detection in &given.detections {
                let (node, class) = class_of(flow, classes, camera, &detection.class)
                    .with_context(|| format!("entry {number} of `given`"))?;
                if let Some(seen) = detections.get_mut(node) {
                    seen.push(seen_as(detection, class));
                }
            }
            let from = self.frame_at(given.at);
            let until = match given.lasts {
                Duration::ZERO => from + 1,
                lasts => self.frame_at(given.at + lasts),
            };
            if until == from {
                bail!(
                    "entry {number} of `given` is in no frame: at {} frames a second there is \
                     none from {} to {}; leave `for` out to have it in the next one",
                    self.fps,
                    seconds(given.at),
                    seconds(given.at + given.lasts)
                );
            }
            if until > MOST_FRAMES {
                bail!("entry {number} of `given` makes more than {MOST_FRAMES} frames");
            }
            sights.push(Sight {
                from,
                until,
                detections,
            });
        }
        let until = sights.iter().map(|sight| sight.until).max().unwrap_or(0);
        self.played = Played::Written { sights, until };
        Ok(())
    }

    fn open(
        &mut self,
        flow: &Flow,
        camera: CameraIndex,
        file: &Path,
        recorded: &str,
    ) -> Result<()> {
        let name = flow
            .cameras
            .get(camera.0)
            .map_or("", |camera| camera.name.as_str());
        let input = File::open(file).context("cannot be opened")?;
        let reader = Reader::new(BufReader::with_capacity(1 << 18, input))?;
        let casting = Casting::new(flow, reader.header(), &[Part::new(recorded, name)])?;
        let mut recorded = Box::new(Recorded {
            reader,
            casting,
            first: None,
        });
        recorded.first = recorded.next()?;
        if let Some(first) = &recorded.first {
            self.start = first.at;
        }
        self.played = Played::Recorded(recorded);
        Ok(())
    }

    /// The first frame at `at` or after it.
    fn frame_at(&self, at: Duration) -> u64 {
        // A frame is where it is to a nanosecond.
        let frames = (at.as_secs_f64() - 1e-9) * self.fps;
        frames.ceil().max(0.0) as u64
    }

    /// The next frame of what is given; none when that is over.
    pub(super) fn next(&mut self) -> Result<Option<Seen>> {
        let number = self.given;
        let seen = match &mut self.played {
            Played::Written { until, .. } if number >= *until => None,
            Played::Written { sights, .. } => {
                let mut detections = vec![Vec::new(); self.models];
                let now = sights
                    .iter()
                    .filter(|sight| (sight.from..sight.until).contains(&number));
                for (all, seen) in now.flat_map(detections_of) {
                    if let Some(all) = detections.get_mut(all) {
                        all.extend_from_slice(seen);
                    }
                }
                Some(self.frame(number, detections))
            }
            Played::Recorded(recorded) => match recorded.first.take() {
                Some(first) => Some(first),
                None => recorded.next()?,
            },
        };
        self.given += u64::from(seen.is_some());
        if let Some(seen) = &seen {
            self.last = Some((seen.at, seen.media_time, seen.frame));
        }
        Ok(seen)
    }

    /// A frame after all of them, in which nothing is seen.
    pub(super) fn empty(&mut self) -> Seen {
        let seen = match (&self.played, self.last) {
            (Played::Recorded(_), Some((at, media_time, number))) => Seen {
                at: at + self.frame_time,
                media_time: media_time + self.frame_time,
                ..self.frame(number + 1, Vec::new())
            },
            _ => self.frame(self.given, Vec::new()),
        };
        self.given += 1;
        self.last = Some((seen.at, seen.media_time, seen.frame));
        Seen {
            detections: (0..self.models).map(|_| Some(Vec::new())).collect(),
            ..seen
        }
    }

    fn frame(&self, number: u64, detections: Vec<Vec<Detection>>) -> Seen {
        let since = Duration::from_secs_f64(number as f64 / self.fps);
        let in_order = |mut detections: Vec<Detection>| {
            // As a model gives them.
            detections.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
            Some(detections)
        };
        Seen {
            frame: number,
            at: START + since,
            media_time: since,
            size: SIZE,
            detections: detections.into_iter().map(in_order).collect(),
        }
    }
}

impl Recorded {
    fn next(&mut self) -> Result<Option<Seen>> {
        for record in self.reader.by_ref() {
            if let Record::Frame(frame) = record?
                && let Some((_, seen)) = self.casting.seen(frame)
            {
                return Ok(Some(seen));
            }
        }
        Ok(None)
    }
}

fn detections_of(sight: &Sight) -> impl Iterator<Item = (usize, &[Detection])> {
    sight.detections.iter().map(Vec::as_slice).enumerate()
}

fn seen_as(detection: &GivenDetection, class: u16) -> Detection {
    Detection {
        id: 0,
        class,
        confidence: detection.confidence,
        bbox: detection.bbox,
        track: None,
        zones: 0,
    }
}

/// Which of the camera's infer nodes sees things of `class`, and as which number.
fn class_of(
    flow: &Flow,
    classes: &Classes,
    camera: CameraIndex,
    class: &str,
) -> Result<(usize, u16)> {
    let mut known: Vec<&str> = Vec::new();
    for (node, (_, model)) in infer_nodes(flow, camera).enumerate() {
        let Some(names) = classes.by_model.get(model.0) else {
            continue;
        };
        let position = names.iter().position(|name| name == class);
        if let Some(number) = position.and_then(|position| u16::try_from(position).ok()) {
            return Ok((node, number));
        }
        known.extend(names.iter().map(String::as_str));
    }
    let name = flow
        .cameras
        .get(camera.0)
        .map_or("", |camera| camera.name.as_str());
    let help = instead_of(class, "classes", &known);
    Err(anyhow!(
        "no model that looks at camera '{name}' sees '{class}'; {help}"
    ))
}
