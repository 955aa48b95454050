//! What the tests of hostile plugins share: one engine, plugins by name, and something honest to
//! hand to them.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test program uses its part; a test fails by panicking"
)]

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use agave_core::{Alert, BoundingBox, Detection, FrameDetections, Phase, Point, Severity};
use agave_core::{StreamInfo, Timestamp, Zone};
use agave_plugin::{Delivery, Engine, Failure, Grants, Limits, NodeSetup, Plugin};

/// The camera on which plugins misbehave.
pub(crate) const BAD: &str = "bad";
/// The camera that must not notice.
pub(crate) const GOOD: &str = "good";

/// More than a good plugin needs, so that a busy machine is not taken for a loop.
pub(crate) fn limits() -> Limits {
    Limits {
        deadline: Duration::from_millis(150),
        memory_bytes: 96 << 20,
        ..Limits::default()
    }
}

pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new().unwrap())
}

/// The file of a plugin that `cargo xtask` has built.
pub(crate) fn built(name: &str) -> PathBuf {
    agave_tests::plugin(name).unwrap()
}

pub(crate) fn plugin(name: &str) -> Plugin {
    Plugin::load(engine(), &built(name)).unwrap()
}

pub(crate) fn setup(camera: &str, config: impl std::fmt::Display) -> NodeSetup {
    NodeSetup {
        node: "chaos".to_owned(),
        stream: StreamInfo {
            camera: camera.to_owned(),
            width: 1280,
            height: 720,
            classes: vec!["object".to_owned(), "worker".to_owned()],
            zones: vec![Zone {
                name: "yard".to_owned(),
                polygon: [(0.1, 0.1), (0.9, 0.1), (0.5, 0.9)]
                    .map(|(x, y)| Point { x, y })
                    .to_vec(),
            }],
        },
        cameras: Vec::new(),
        config: config.to_string(),
        limits: limits(),
        grants: Grants::default(),
        outside: agave_plugin::Outside::default(),
    }
}

pub(crate) fn second(second: u64) -> Timestamp {
    Timestamp(second * 1_000_000_000)
}

pub(crate) fn detection(id: u32) -> Detection {
    Detection {
        id,
        class: 0,
        confidence: 0.9,
        bbox: BoundingBox {
            left: 0.4,
            top: 0.2,
            width: 0.2,
            height: 0.2,
        },
        track: None,
        zones: 0,
    }
}

pub(crate) fn frame(number: u64) -> FrameDetections {
    FrameDetections {
        frame: number,
        at: second(number),
        detections: (3..9).map(detection).collect(),
    }
}

pub(crate) fn alert(number: u64) -> Alert {
    Alert {
        key: format!("bad/{number}"),
        kind: "forbidden-object".to_owned(),
        phase: Phase::Begin,
        severity: Severity::Critical,
        at: second(number),
        frame: number,
        class: "object".to_owned(),
        zone: Some("yard".to_owned()),
        detection: detection(7),
        count: 1,
        attributes: vec![("colour".to_owned(), "red".to_owned())],
    }
}

pub(crate) fn delivery(camera: &str, number: u64) -> Delivery {
    Delivery {
        idempotency_key: format!("chaos/{camera}/{number}"),
        camera: camera.to_owned(),
        attempt: 1,
        media_time: Duration::from_secs(number),
        alert: alert(number),
    }
}

/// What a person reads of a failure: one line that stays one, and not a long one.
pub(crate) fn said(failure: &Failure) -> String {
    let said = failure.to_string();
    assert_readable(&said);
    said
}

pub(crate) fn assert_readable(text: &str) {
    let sayable = |character: char| {
        !character.is_control() && !('\u{2028}'..='\u{202e}').contains(&character)
    };
    assert!(
        text.len() <= 3000,
        "{} bytes: {}",
        text.len(),
        text.split_at(1000).0
    );
    assert!(text.chars().all(sayable), "{text:?}");
}
