//! Records in a block: numbers against those of the camera's record before, floats bit by bit.

use std::time::Duration;

use agave_core::{BoundingBox, Detection, Timestamp};

use super::varint::{Put, Take};
use super::{CameraEntry, Frame, Header, ModelEntry, Record};

/// The shortest detection: its class and five floats.
const LEAST_DETECTION_BYTES: usize = 21;

/// What a camera's next record is written against; at the beginning of a block, nothing.
#[derive(Clone, Copy, Default)]
struct Before {
    number: u64,
    at: u64,
    media_nanoseconds: u64,
    size: (u32, u32),
}

/// Where the cameras of a block stand.
#[derive(Default)]
pub(super) struct Progress {
    cameras: Vec<Before>,
    /// Nobody wants to know what others have seen.
    pub(super) wanted: Option<usize>,
}

impl Progress {
    /// At the beginning of a block.
    pub(super) fn reset(&mut self, cameras: usize) {
        self.cameras.clear();
        self.cameras.resize(cameras, Before::default());
    }

    /// Appends `record`, whose camera is one of the header's.
    pub(super) fn put(&mut self, record: &Record, block: &mut Vec<u8>) {
        match record {
            Record::Lost { camera, frames } => {
                block.put(*camera as u64 * 2 + 1);
                block.put(*frames);
            }
            Record::Frame(frame) => self.put_frame(frame, block),
        }
    }

    fn put_frame(&mut self, frame: &Frame, block: &mut Vec<u8>) {
        let Some(before) = self.cameras.get_mut(frame.camera) else {
            return;
        };
        let now = Before {
            number: frame.number,
            at: frame.at.0,
            media_nanoseconds: u64::try_from(frame.media_time.as_nanos()).unwrap_or(u64::MAX),
            size: frame.size,
        };
        block.put(frame.camera as u64 * 2);
        block.put_difference(now.number, before.number);
        block.put_difference(now.at, before.at);
        block.put_difference(now.media_nanoseconds, before.media_nanoseconds);
        let (size, size_before) = (now.size, before.size);
        block.put_difference(u64::from(size.0), u64::from(size_before.0));
        block.put_difference(u64::from(size.1), u64::from(size_before.1));
        *before = now;
        for seen in &frame.detections {
            let Some(detections) = seen else {
                block.put(0);
                continue;
            };
            block.put(detections.len() as u64 + 1);
            for detection in detections {
                put_detection(detection, block);
            }
        }
    }

    /// Takes the next record.
    pub(super) fn take(&mut self, block: &mut Take<'_>, header: &Header) -> Result<Record, String> {
        let cameras = header.cameras.len();
        let tag = block.number()?;
        let camera = usize::try_from(tag >> 1).unwrap_or(usize::MAX);
        let (Some(entry), Some(before)) =
            (header.cameras.get(camera), self.cameras.get_mut(camera))
        else {
            return Err(format!(
                "a frame of camera number {camera}, where there are {cameras}"
            ));
        };
        if tag & 1 == 1 {
            let frames = block.number()?;
            return Ok(Record::Lost { camera, frames });
        }
        *before = Before {
            number: block.difference(before.number)?,
            at: block.difference(before.at)?,
            media_nanoseconds: block.difference(before.media_nanoseconds)?,
            size: (pixels(block, before.size.0)?, pixels(block, before.size.1)?),
        };
        Ok(Record::Frame(Frame {
            camera,
            number: before.number,
            at: Timestamp(before.at),
            media_time: Duration::from_nanos(before.media_nanoseconds),
            size: before.size,
            detections: match self.wanted {
                Some(wanted) if wanted != camera => passed_over(block, entry, &header.models)?,
                _ => detections(block, entry, &header.models)?,
            },
        }))
    }
}

fn pixels(block: &mut Take<'_>, before: u32) -> Result<u32, String> {
    let pixels = block.difference(u64::from(before))?;
    u32::try_from(pixels).map_err(|_| format!("a frame of {pixels} pixels in one direction"))
}

fn detections(
    block: &mut Take<'_>,
    camera: &CameraEntry,
    models: &[ModelEntry],
) -> Result<Vec<Option<Vec<Detection>>>, String> {
    let of_model = |&model: &usize| {
        let (count, classes) = many(block, model, models)?;
        let Some(count) = count.checked_sub(1) else {
            return Ok(None);
        };
        (0..count)
            .map(|_| take_detection(block, classes))
            .collect::<Result<_, String>>()
            .map(Some)
    };
    camera.models.iter().map(of_model).collect()
}

/// The same without keeping any.
fn passed_over(
    block: &mut Take<'_>,
    camera: &CameraEntry,
    models: &[ModelEntry],
) -> Result<Vec<Option<Vec<Detection>>>, String> {
    for &model in &camera.models {
        let (count, classes) = many(block, model, models)?;
        for _ in 1..count {
            take_detection(block, classes)?;
        }
    }
    Ok(Vec::new())
}

/// One more than there are detections of a model, or 0 if it could not look; and how many classes
/// it has.
fn many(
    block: &mut Take<'_>,
    model: usize,
    models: &[ModelEntry],
) -> Result<(usize, usize), String> {
    let classes = models.get(model).map_or(0, |model| model.classes.len());
    let most = block.left() / LEAST_DETECTION_BYTES + 1;
    let count = block.at_most(most, "detections in what is left of the block")?;
    Ok((count, classes))
}

fn put_detection(detection: &Detection, block: &mut Vec<u8>) {
    block.put(u64::from(detection.class));
    let bbox = &detection.bbox;
    for float in [
        detection.confidence,
        bbox.left,
        bbox.top,
        bbox.width,
        bbox.height,
    ] {
        block.extend_from_slice(&float.to_le_bytes());
    }
}

fn take_detection(block: &mut Take<'_>, classes: usize) -> Result<Detection, String> {
    let class = block.number()?;
    let class = u16::try_from(class)
        .ok()
        .filter(|class| usize::from(*class) < classes)
        .ok_or_else(|| format!("class number {class} of a model that has {classes}"))?;
    Ok(Detection {
        id: 0,
        class,
        confidence: block.float()?,
        bbox: BoundingBox {
            left: block.float()?,
            top: block.float()?,
            width: block.float()?,
            height: block.float()?,
        },
        track: None,
        zones: 0,
    })
}
