#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use agave_vision_sdk::prelude::*;
use agave_vision_sdk::testing::{self, Harness, json};
use serde_json::Value;

use crate::Track;
use crate::assignment::{Edge, assign};
use crate::motion::Motion;
use crate::pixels::PixelBox;

fn tracker(config: Value) -> Harness<Track> {
    Harness::new(config, testing::stream(&["person", "bottle"])).unwrap()
}

/// A person's box whose left edge is at `left`, with this confidence.
fn seen(left: f32, confidence: f32) -> Detection {
    let mut detection = testing::detection(0, 0, confidence);
    detection.bbox.left = left;
    detection
}

fn tracks(harness: &mut Harness<Track>, detections: &[Detection]) -> Vec<Option<u64>> {
    let mut frame = testing::frame(0.0, &[]);
    frame.detections = detections.to_vec();
    let passed = harness.process(frame).unwrap().detections;
    assert_eq!(passed.len(), detections.len(), "nothing is dropped");
    passed.iter().map(|detection| detection.track).collect()
}

/// The published Kalman filter, as `tests/reference/track.py` wrote it down.
#[test]
fn motion_is_that_of_the_reference() {
    let golden: Value =
        serde_json::from_str(include_str!("../../../tests/reference/track/motion.json")).unwrap();
    let numbers = |value: &Value| -> Vec<f64> {
        let list = value.as_array().unwrap();
        list.iter().map(|one| one.as_f64().unwrap()).collect()
    };
    let pixel_box = |value: &Value| {
        let [left, top, width, height] = numbers(value)[..].try_into().unwrap();
        PixelBox::new(left, top, width, height)
    };
    let mut motion = Motion::begin(&pixel_box(&golden["first"]));
    for step in golden["steps"].as_array().unwrap() {
        motion.predict();
        if !step["box"].is_null() {
            motion.correct(&pixel_box(&step["box"]));
        }
        let mean = numbers(&step["mean"]);
        for (index, axis) in motion.axes().into_iter().enumerate() {
            let block = numbers(&step["blocks"][index]);
            let wanted = [mean[index], mean[index + 4], block[0], block[1], block[2]];
            for (found, wanted) in axis.into_iter().zip(wanted) {
                let error = (found - wanted).abs() / wanted.abs().max(1e-6);
                assert!(error < 1e-9, "{found} and not {wanted} in {step}");
            }
        }
    }
}

#[test]
fn assignments_are_the_best_there_are() {
    let mut chance = 1u64;
    let mut next = |below: u64| {
        chance = chance
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (chance >> 33) % below
    };
    for _ in 0..3000 {
        let (rows, columns) = (next(6) as usize, next(6) as usize);
        let limit = 0.8;
        let mut edges = Vec::new();
        for row in 0..rows {
            for column in 0..columns {
                let cost = next(1_000_000) as f64 / 1e6;
                if cost < limit {
                    edges.push(Edge { row, column, cost });
                }
            }
        }
        let chosen = assign(rows, columns, edges.clone(), limit);
        let mut taken = vec![false; columns];
        for pair in &chosen {
            assert!(!std::mem::replace(&mut taken[pair.column], true));
        }
        assert!(chosen.windows(2).all(|two| two[0].row < two[1].row));
        let gain: f64 = chosen.iter().map(|pair| limit - pair.cost).sum();
        let best = best_gain(&edges, limit, 0, rows, &mut vec![false; columns]);
        assert!(
            (gain - best).abs() < 1e-9,
            "{gain} of {best} with {edges:?}"
        );
    }
}

/// By trying everything.
fn best_gain(edges: &[Edge], limit: f64, row: usize, rows: usize, taken: &mut [bool]) -> f64 {
    if row == rows {
        return 0.0;
    }
    let mut best = best_gain(edges, limit, row + 1, rows, taken);
    for edge in edges.iter().filter(|edge| edge.row == row) {
        if !std::mem::replace(&mut taken[edge.column], true) {
            let rest = best_gain(edges, limit, row + 1, rows, taken);
            best = best.max(limit - edge.cost + rest);
            taken[edge.column] = false;
        }
    }
    best
}

#[test]
fn what_comes_later_needs_a_second_sight() {
    let mut tracker = tracker(json!({}));
    assert_eq!(tracks(&mut tracker, &[seen(0.1, 0.9)]), [Some(1)]);
    let two = [seen(0.1, 0.9), seen(0.6, 0.9)];
    assert_eq!(tracks(&mut tracker, &two), [Some(1), None]);
    assert_eq!(tracks(&mut tracker, &two), [Some(1), Some(2)]);
    // Seen once, not again, and then anew: the number that it would have had is not used again.
    assert_eq!(tracks(&mut tracker, &[seen(0.35, 0.9)]), [None]);
    assert_eq!(tracks(&mut tracker, &[]), []);
    assert_eq!(tracks(&mut tracker, &[seen(0.35, 0.9)]), [None]);
    assert_eq!(tracks(&mut tracker, &[seen(0.35, 0.9)]), [Some(4)]);
}

#[test]
fn an_unsure_detection_keeps_a_track_and_begins_none() {
    let mut tracker = tracker(json!({}));
    assert_eq!(tracks(&mut tracker, &[seen(0.1, 0.9)]), [Some(1)]);
    let unsure = [seen(0.1, 0.2), seen(0.6, 0.2), seen(0.1, 0.05)];
    for _ in 0..5 {
        assert_eq!(tracks(&mut tracker, &unsure), [Some(1), None, None]);
    }
    // Surer than `track-threshold`, but not sure enough for a new one.
    for _ in 0..3 {
        assert_eq!(tracks(&mut tracker, &[seen(0.6, 0.55)]), [None]);
    }
}

/// The frame in which its time is over is one after the buffer, and the reference still looks for
/// it in the next.
#[test]
fn what_is_out_of_sight_is_the_same_for_as_long_as_the_buffer_says() {
    for (hidden, is_same) in [(1, true), (30, true), (31, true), (32, false), (60, false)] {
        let mut tracker = tracker(json!({}));
        tracks(&mut tracker, &[seen(0.1, 0.9)]);
        for _ in 0..hidden {
            tracks(&mut tracker, &[]);
        }
        let back = tracks(&mut tracker, &[seen(0.1, 0.9)]);
        assert_eq!(back == [Some(1)], is_same, "hidden for {hidden} frames");
    }
}

#[test]
fn a_class_is_kept_where_that_is_asked_for() {
    let other = Detection {
        class: 1,
        ..seen(0.1, 0.9)
    };
    let mut as_published = tracker(json!({}));
    assert_eq!(tracks(&mut as_published, &[seen(0.1, 0.9)]), [Some(1)]);
    assert_eq!(tracks(&mut as_published, &[other]), [Some(1)]);
    let mut per_class = tracker(json!({ "per-class": true }));
    assert_eq!(tracks(&mut per_class, &[seen(0.1, 0.9)]), [Some(1)]);
    assert_eq!(tracks(&mut per_class, &[other]), [None]);
    assert_eq!(
        tracks(&mut per_class, &[other, seen(0.1, 0.9)]),
        [Some(2), Some(1)]
    );
}

#[test]
fn tracks_go_along_when_the_picture_changes_its_size() {
    let mut tracker = tracker(json!({}));
    for step in 0..10 {
        let at = 0.1 + 0.02 * step as f32;
        assert_eq!(tracks(&mut tracker, &[seen(at, 0.9)]), [Some(1)]);
    }
    let mut small = testing::stream(&["person", "bottle"]);
    (small.width, small.height) = (320, 240);
    tracker.describe_stream(small).unwrap();
    assert_eq!(tracks(&mut tracker, &[seen(0.3, 0.9)]), [Some(1)]);
}

#[test]
fn what_has_no_area_or_an_old_track_goes_on_without_one() {
    let mut tracker = tracker(json!({}));
    let mut flat = seen(0.1, 0.9);
    flat.bbox.height = 0.0;
    flat.track = Some(77);
    assert_eq!(tracks(&mut tracker, &[flat]), [None]);
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let config = json!({ "low-threshold": 0.6 });
    let refused = Harness::<Track>::new(config, testing::stream(&["person"])).err();
    assert!(refused.unwrap().contains("above `track-threshold`, 0.5"));
}

#[test]
fn no_more_is_remembered_than_can_be_seen() {
    let mut tracker = tracker(json!({}));
    let crowd: Vec<Detection> = (0..1500)
        .map(|index| {
            let mut one = seen((index % 50) as f32 / 50.0, 0.9);
            one.bbox = Bbox {
                top: (index / 50) as f32 / 30.0,
                width: 0.01,
                height: 0.02,
                ..one.bbox
            };
            one
        })
        .collect();
    for _ in 0..3 {
        let found = tracks(&mut tracker, &crowd);
        assert_eq!(found.iter().flatten().count(), 1000);
    }
}
