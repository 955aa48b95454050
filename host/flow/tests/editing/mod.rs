//! What tests of edits have in common: a flow with one camera, and its zones.

use agave_core::Point;
use agave_flow::FlowText;
use agave_flow::edit::{self, EditError, Edited};

use crate::memory::{Memory, text};

pub(crate) const TRIANGLE: [(f32, f32); 3] = [(0.1, 0.1), (0.9, 0.1), (0.5, 0.9)];

pub(crate) fn points(corners: &[(f32, f32)]) -> Vec<Point> {
    corners.iter().map(|&(x, y)| Point { x, y }).collect()
}

/// A flow with `cameras` in it, which begin on line 4.
pub(crate) fn flow(cameras: &str) -> FlowText {
    let rest = "nodes:\n  detect: { infer: people, from: cameras }\n  alert: { plugin: forbidden-object, from: detect, config: { zone: yard } }\n";
    text(&format!(
        "version: 1\nname: yard\nmodels: {{ people: {{ path: ../models/yolov8n.onnx }} }}\n{cameras}{rest}"
    ))
}

pub(crate) fn set(cameras: &str, zone: &str, corners: &[(f32, f32)]) -> Result<Edited, EditError> {
    let world = Memory::default();
    edit::set_zone(&flow(cameras), &world, "gate", zone, &points(corners))
}

#[track_caller]
pub(crate) fn check(before: &str, edited: Result<Edited, EditError>, after: &str) {
    let edited = edited.unwrap_or_else(|error| panic!("{error}\n{before}"));
    assert_eq!(edited.text, flow(after).as_str(), "\n{}", edited.text);
}
