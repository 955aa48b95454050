//! What the tests of both databases write.

use super::*;

/// Thursday, 1 January 2026.
const START: u64 = 1_767_225_600_000_000_000;

pub(super) fn alert(sequence: u64) -> TrailAlert {
    TrailAlert {
        sequence,
        flow: "field".to_owned(),
        node: "calm".to_owned(),
        camera: "gate".to_owned(),
        key: format!("gate/door/person/{sequence}"),
        kind: "forbidden-object".to_owned(),
        phase: "begin".to_owned(),
        severity: "critical".to_owned(),
        at: START + sequence * 1_000_000_000,
        media_time: sequence * 1_000_000_000,
        frame: sequence,
        class: "person".to_owned(),
        zone: Some("door".to_owned()),
        confidence: 0.9,
        track: Some(7),
        count: 1,
        body: r#"{"class":"person","confidence":0.9}"#.to_owned(),
    }
}

pub(super) fn delivery(attempts: u32, arrived: bool) -> TrailDelivery {
    TrailDelivery {
        flow: "field".to_owned(),
        adapter: "hook".to_owned(),
        idempotency_key: alert(1).idempotency_key(),
        outcome: match arrived {
            true => TrailOutcome::Delivered,
            false => TrailOutcome::Waiting("503".to_owned()),
        },
        attempts,
        at: START + u64::from(attempts),
    }
}

pub(super) fn surroundings() -> Surroundings {
    Surroundings {
        flow: "field".to_owned(),
        at: START,
        cameras: vec![TrailCamera {
            name: "gate".to_owned(),
            address: "rtsp://10.0.0.5:554/stream".to_owned(),
            fps: 5.0,
        }],
        zones: vec![TrailZone {
            camera: "gate".to_owned(),
            name: "door".to_owned(),
            polygon: vec![[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]],
        }],
        models: vec![TrailModel {
            name: "people".to_owned(),
            path: "models/people.onnx".to_owned(),
            fingerprint: "98039adf".to_owned(),
            classes: vec!["person".to_owned()],
            confidence: 0.25,
            iou: 0.7,
        }],
    }
}
