//! The tracking filter gives the identities that ByteTrack's own code gives, to every detection
//! of every frame of the recorded clips, whenever it is saved and restored in between. The
//! goldens are written by `tests/reference/track.py`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use agave_core::{BoundingBox, Detection, FrameDetections, StreamInfo, Timestamp};
use agave_plugin::{Instance, NodeSetup};
use common::{plugin, setup};
use serde_json::Value;

/// A recording with the identities that the reference gave.
struct Golden {
    setup: NodeSetup,
    frames: Vec<(FrameDetections, Vec<Option<u64>>)>,
}

fn golden(name: &str) -> Golden {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference");
    let text = std::fs::read_to_string(folder.join(format!("track/{name}.jsonl"))).unwrap();
    let mut lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let header: Value = lines.next().unwrap();
    let number = |key: &str| u32::try_from(header[key].as_u64().unwrap()).unwrap();
    let stream = StreamInfo {
        camera: name.to_owned(),
        width: number("width"),
        height: number("height"),
        classes: serde_json::from_value(header["classes"].clone()).unwrap(),
        zones: Vec::new(),
    };
    let frames = (0..).zip(lines).map(|(number, rows)| frame(number, &rows));
    Golden {
        frames: frames.collect(),
        setup: NodeSetup {
            stream,
            ..setup(name, "{}")
        },
    }
}

fn frame(number: u64, rows: &Value) -> (FrameDetections, Vec<Option<u64>>) {
    let rows = rows.as_array().unwrap();
    let detection = |(id, row): (u32, &Value)| {
        let number = |index: usize| row[index].as_f64().unwrap() as f32;
        Detection {
            id,
            class: u16::try_from(row[0].as_u64().unwrap()).unwrap(),
            confidence: number(1),
            bbox: BoundingBox {
                left: number(2),
                top: number(3),
                width: number(4),
                height: number(5),
            },
            track: None,
            zones: 0,
        }
    };
    let frame = FrameDetections {
        frame: number,
        at: Timestamp(number * 40_000_000),
        detections: (0..).zip(rows).map(detection).collect(),
    };
    (frame, rows.iter().map(|row| row[6].as_u64()).collect())
}

fn tracks(instance: &mut Instance, frame: &FrameDetections) -> Vec<Option<u64>> {
    let passed = instance.process(frame).unwrap();
    assert_eq!(passed.detections.len(), frame.detections.len());
    passed.detections.iter().map(|one| one.track).collect()
}

/// Restarted after every `restart` frames, if that is not 0.
fn compare(name: &str, restart: usize) {
    let golden = golden(name);
    let plugin = plugin("track");
    let mut instance = Instance::start(&plugin, &golden.setup).unwrap();
    for (index, (frame, wanted)) in golden.frames.iter().enumerate() {
        assert_eq!(
            tracks(&mut instance, frame),
            *wanted,
            "frame {index} of {name}, restarted after every {restart}"
        );
        if restart > 0 && index % restart == 0 {
            let saved = instance.save().unwrap();
            instance = Instance::start(&plugin, &golden.setup).unwrap();
            instance.restore(&saved).unwrap();
            assert_eq!(instance.save().unwrap(), saved, "it is not what was saved");
        }
    }
}

#[test]
fn bottles_have_the_identities_of_the_reference() {
    compare("bottle-detection", 0);
}

#[test]
fn people_have_the_identities_of_the_reference() {
    compare("one-by-one-person-detection", 0);
}

#[test]
fn a_crowd_has_the_identities_of_the_reference() {
    compare("crowd", 0);
}

#[test]
fn a_restart_at_any_frame_changes_no_identity() {
    for restart in [1, 7, 50] {
        compare("bottle-detection", restart);
        compare("one-by-one-person-detection", restart);
        compare("crowd", restart);
    }
}
