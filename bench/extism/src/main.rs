//! The zone filter on Extism. `agave-bench hop` starts this and asks for rounds, so that both are
//! measured in turns on the same machine: for each line `raw|json DETECTIONS CALLS` it prints
//! the nanoseconds of one call and how many detections were inside the zone.

use std::hint::black_box;
use std::io::BufRead;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use extism::{Manifest, Plugin, Wasm};
use serde::{Deserialize, Serialize};

const HEADER_BYTES: usize = 16;
const DETECTION_BYTES: usize = 48;

#[derive(Clone, Serialize, Deserialize)]
struct Detection {
    id: u32,
    class: u16,
    confidence: f32,
    bbox: [f32; 4],
    track: Option<u64>,
    zones: u64,
}

#[derive(Clone, Serialize, Deserialize)]
struct Frame {
    frame: u64,
    at: u64,
    detections: Vec<Detection>,
}

fn main() -> Result<()> {
    let guest = std::env::args().nth(1).context("which guest?")?;
    let manifest = Manifest::new([Wasm::data(std::fs::read(guest)?)]);
    let mut plugin = Plugin::new(manifest, [], false)?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let [way, detections, calls] = words.as_slice() else {
            bail!("`{line}` is no request");
        };
        let frame = frame(detections.parse()?);
        let calls: u32 = calls.parse()?;
        let began = Instant::now();
        let mut inside = 0;
        for _ in 0..calls {
            let passed = match *way {
                "raw" => raw(&mut plugin, &frame)?,
                "json" => json(&mut plugin, &frame)?,
                _ => bail!("`{way}` is not raw or json"),
            };
            inside = black_box(passed)
                .detections
                .iter()
                .filter(|one| one.zones != 0)
                .count();
        }
        let nanoseconds = began.elapsed().as_nanos() as f64 / f64::from(calls);
        println!("{nanoseconds} {inside}");
    }
    Ok(())
}

/// From records to records, as Agave's callers have them.
fn raw(plugin: &mut Plugin, frame: &Frame) -> Result<Frame> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + DETECTION_BYTES * frame.detections.len());
    bytes.extend(frame.frame.to_le_bytes());
    bytes.extend(frame.at.to_le_bytes());
    for detection in &frame.detections {
        bytes.extend(detection.id.to_le_bytes());
        bytes.extend(u32::from(detection.class).to_le_bytes());
        bytes.extend(detection.confidence.to_le_bytes());
        for number in detection.bbox {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(u32::from(detection.track.is_some()).to_le_bytes());
        bytes.extend(detection.track.unwrap_or_default().to_le_bytes());
        bytes.extend(detection.zones.to_le_bytes());
    }
    let returned: &[u8] = plugin.call("raw", bytes)?;
    let (header, detections) = returned.split_at(HEADER_BYTES);
    let detections = detections
        .chunks_exact(DETECTION_BYTES)
        .map(|bytes| {
            let word = |at: usize| {
                u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
            };
            let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
            let float = |at: usize| f32::from_bits(word(at));
            Detection {
                id: word(0),
                class: word(4) as u16,
                confidence: float(8),
                bbox: [float(12), float(16), float(20), float(24)],
                track: (word(28) != 0).then(|| long(32)),
                zones: long(40),
            }
        })
        .collect();
    let long =
        |at: usize| -> Result<u64> { Ok(u64::from_le_bytes(header[at..at + 8].try_into()?)) };
    Ok(Frame {
        frame: long(0)?,
        at: long(8)?,
        detections,
    })
}

fn json(plugin: &mut Plugin, frame: &Frame) -> Result<Frame> {
    let returned: &str = plugin.call("json", serde_json::to_string(frame)?)?;
    Ok(serde_json::from_str(returned)?)
}

/// The frame of `agave-bench hop`.
fn frame(count: u32) -> Frame {
    let detection = |id: u32| Detection {
        id,
        class: 0,
        confidence: 0.9,
        bbox: [
            (id as f32 * 0.37) % 0.9,
            (id as f32 * 0.23) % 0.9,
            0.05,
            0.1,
        ],
        track: None,
        zones: 0,
    };
    Frame {
        frame: 1,
        at: 1_000_000_000,
        detections: (0..count).map(detection).collect(),
    }
}
