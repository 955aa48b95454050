//! Writes recordings as `docs/recordings.md` describes them, so that a test can have seen what
//! no clip shows.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

const MAGIC: [u8; 10] = [0x89, b'A', b'G', b'R', b'E', b'C', 0x0D, 0x0A, 1, 0];
const HEADER: u8 = 1;
const FRAMES: u8 = 2;
const END: u8 = 3;
/// Far below what a block may have.
const FRAMES_A_BLOCK: usize = 1000;
const SIZE: (u64, u64) = (1280, 720);
const START: u64 = 1_767_225_600_000_000_000;

/// Something that a model saw.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Its class, by its place among the model's.
    pub class: u64,
    /// How sure the model was.
    pub confidence: f32,
    /// Left, top, width and height as fractions of the frame.
    pub bbox: [f32; 4],
}

/// One frame of one camera.
#[derive(Clone, Debug)]
pub struct SeenFrame {
    /// The camera, by its place among the recording's.
    pub camera: u64,
    /// Its number.
    pub number: u64,
    /// When it was captured, in nanoseconds since 1970.
    pub at: u64,
    /// Since the camera's first frame, in nanoseconds.
    pub media_time: u64,
    /// What the model saw in it.
    pub seen: Vec<Seen>,
}

/// Frames of so many cameras, one camera after the other for each number, as if all had been
/// captured `frame_time` nanoseconds apart from Thursday, 1 January 2026, on.
#[must_use]
pub fn seen_frames(
    cameras: u64,
    numbers: u64,
    frame_time: u64,
    seen: impl Fn(u64, u64) -> Vec<Seen>,
) -> Vec<SeenFrame> {
    let frame = |camera, number| SeenFrame {
        camera,
        number,
        at: START + number * frame_time,
        media_time: number * frame_time,
        seen: seen(camera, number),
    };
    let of_number = |number| (0..cameras).map(move |camera| (camera, number));
    let places = (0..numbers).flat_map(of_number);
    places
        .map(|(camera, number)| frame(camera, number))
        .collect()
}

/// Nodes that raise an alert when something of `class` is in `zone` for half a second.
#[must_use]
pub fn watching(zone: &str, class: &str) -> Value {
    json!({
        "detect": { "infer": "model", "from": "cameras" },
        "zoned": { "plugin": "roi", "from": "detect" },
        "tracked": { "plugin": "track", "from": "zoned" },
        "rule": {
            "plugin": "forbidden-object",
            "from": "tracked",
            "config": { "zone": zone, "alert": [class], "after": "500ms" },
        },
    })
}

/// Writes what one model with `classes` has seen on `cameras`, in the order of `frames`.
///
/// # Errors
/// When the file cannot be written.
pub fn write_recording(
    file: &Path,
    classes: &[&str],
    cameras: &[String],
    frames: &[SeenFrame],
) -> Result<()> {
    let mut bytes = MAGIC.to_vec();
    put_block(&mut bytes, HEADER, &header(classes, cameras))?;
    for frames in frames.chunks(FRAMES_A_BLOCK) {
        let mut block = Vec::new();
        let mut before = vec![[0; 5]; cameras.len()];
        for frame in frames {
            let before = before.get_mut(usize::try_from(frame.camera)?);
            put_frame(
                &mut block,
                frame,
                before.context("there is no such camera")?,
            );
        }
        put_block(&mut bytes, FRAMES, &block)?;
    }
    let mut end = Vec::new();
    put(&mut end, frames.len() as u64);
    put(&mut end, 0);
    put_block(&mut bytes, END, &end)?;
    let mut file = std::fs::File::create(file).context("cannot write the recording")?;
    Ok(file.write_all(&bytes)?)
}

fn header(classes: &[&str], cameras: &[String]) -> Vec<u8> {
    let mut header = Vec::new();
    put(&mut header, 1);
    put_text(&mut header, "model");
    put(&mut header, classes.len() as u64);
    for class in classes {
        put_text(&mut header, class);
    }
    put(&mut header, cameras.len() as u64);
    for camera in cameras {
        put_text(&mut header, camera);
        put(&mut header, 1);
        put(&mut header, 0);
    }
    header
}

fn put_frame(block: &mut Vec<u8>, frame: &SeenFrame, before: &mut [u64; 5]) {
    put(block, frame.camera * 2);
    let now = [frame.number, frame.at, frame.media_time, SIZE.0, SIZE.1];
    for (now, before) in now.iter().zip(before.iter()) {
        let difference = now.wrapping_sub(*before).cast_signed();
        put(
            block,
            ((difference << 1) ^ (difference >> 63)).cast_unsigned(),
        );
    }
    *before = now;
    put(block, frame.seen.len() as u64 + 1);
    for seen in &frame.seen {
        put(block, seen.class);
        block.extend(seen.confidence.to_le_bytes());
        block.extend(seen.bbox.iter().flat_map(|side| side.to_le_bytes()));
    }
}

fn put_block(bytes: &mut Vec<u8>, kind: u8, payload: &[u8]) -> Result<()> {
    let length = u32::try_from(payload.len()).context("the block is too long")?;
    let mut head = vec![kind];
    head.extend(length.to_le_bytes());
    let checked: Vec<u8> = head.iter().chain(payload).copied().collect();
    bytes.extend(&head);
    bytes.extend(crc32(&checked).to_le_bytes());
    bytes.extend(payload);
    Ok(())
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put(bytes, text.len() as u64);
    bytes.extend(text.as_bytes());
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| match sum & 1 {
        1 => 0xEDB8_8320 ^ (sum >> 1),
        _ => sum >> 1,
    };
    !bytes.iter().fold(u32::MAX, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), step)
    })
}
