//! The zone filter as one writes it for Extism, in the two usual ways: with bytes laid out by
//! hand, and with JSON. The rule is that of `plugins/roi`.

use extism_pdk::{FnResult, Json, plugin_fn};
use serde::{Deserialize, Serialize};

const POLYGON: [(f32, f32); 4] = [(0.10, 0.40), (0.60, 0.35), (0.65, 0.95), (0.08, 0.95)];

/// Frame, time, then the detections.
const HEADER_BYTES: usize = 16;
/// id, class, confidence, four coordinates, track and whether there is one, zones.
const DETECTION_BYTES: usize = 48;
const BOX_AT: usize = 12;
const ZONES_AT: usize = 40;

#[derive(Serialize, Deserialize)]
struct Detection {
    id: u32,
    class: u16,
    confidence: f32,
    bbox: [f32; 4],
    track: Option<u64>,
    zones: u64,
}

#[derive(Serialize, Deserialize)]
struct Frame {
    frame: u64,
    at: u64,
    detections: Vec<Detection>,
}

/// Detections as bytes, in and out.
#[plugin_fn]
pub fn raw(mut frame: Vec<u8>) -> FnResult<Vec<u8>> {
    for detection in frame[HEADER_BYTES..].chunks_exact_mut(DETECTION_BYTES) {
        let number = |index: usize| {
            let at = BOX_AT + 4 * index;
            f32::from_le_bytes([
                detection[at],
                detection[at + 1],
                detection[at + 2],
                detection[at + 3],
            ])
        };
        let zones = zones_of([number(0), number(1), number(2), number(3)]);
        detection[ZONES_AT..].copy_from_slice(&zones.to_le_bytes());
    }
    Ok(frame)
}

/// Detections as JSON, in and out.
#[plugin_fn]
pub fn json(Json(mut frame): Json<Frame>) -> FnResult<Json<Frame>> {
    for detection in &mut frame.detections {
        detection.zones = zones_of(detection.bbox);
    }
    Ok(Json(frame))
}

fn zones_of([left, top, width, height]: [f32; 4]) -> u64 {
    u64::from(contains(left + width / 2.0, top + height))
}

fn contains(x: f32, y: f32) -> bool {
    let (x, y) = (x.clamp(0.0, 1.0 - 1e-6), y.clamp(0.0, 1.0 - 1e-6));
    let mut inside = false;
    let mut previous = POLYGON[3];
    for corner in POLYGON {
        if (corner.1 > y) != (previous.1 > y) {
            let along = (y - corner.1) / (previous.1 - corner.1);
            if x < corner.0 + along * (previous.0 - corner.0) {
                inside = !inside;
            }
        }
        previous = corner;
    }
    inside
}
