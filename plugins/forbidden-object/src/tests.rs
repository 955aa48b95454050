use super::*;

const SECOND: u64 = 1_000_000_000;

fn stream() -> StreamInfo {
    StreamInfo {
        camera: "gate".to_owned(),
        width: 640,
        height: 480,
        classes: ["pina", "worker", "object"].map(str::to_owned).to_vec(),
        zones: vec![Zone {
            name: "forbidden".to_owned(),
            polygon: Vec::new(),
        }],
    }
}

fn config(json: &str) -> Config {
    serde_json::from_str(json).unwrap()
}

fn rule() -> ForbiddenObject {
    let config = config(r#"{"zone":"forbidden","allow":["pina","worker"],"after":"1s"}"#);
    ForbiddenObject::configure(config, &stream()).unwrap()
}

fn frame(at: u64, seen: &[(u16, u64)]) -> FrameDetections {
    let detection = |(id, &(class, zones)): (u32, &(u16, u64))| Detection {
        id,
        class,
        confidence: 0.9,
        bbox: Bbox {
            left: 0.3,
            top: 0.5,
            width: 0.1,
            height: 0.3,
        },
        track: None,
        zones,
    };
    FrameDetections {
        frame: at,
        at,
        detections: (0..).zip(seen).map(detection).collect(),
    }
}

/// Runs the rule at 4 frames a second; `seen` says what is there at each quarter second.
fn run(seen: impl Fn(u64) -> Vec<(u16, u64)>, seconds: u64) -> Vec<(Phase, u64)> {
    let (rule, mut state) = (rule(), State::default());
    (0..=seconds * 4)
        .flat_map(|quarter| {
            let frame = frame(quarter * SECOND / 4, &seen(quarter));
            rule.evaluate(&mut state, &frame).unwrap()
        })
        .map(|alert| (alert.phase, alert.at * 4 / SECOND))
        .collect()
}

#[test]
fn an_object_that_stays_begins_and_ends_once() {
    let alerts = run(
        |quarter| {
            if (8..20).contains(&quarter) {
                vec![(2, 1)]
            } else {
                vec![]
            }
        },
        10,
    );
    assert_eq!(alerts, [(Phase::Begin, 12), (Phase::End, 19)]);
}

#[test]
fn a_short_absence_is_no_end() {
    let alerts = run(
        |quarter| {
            if (12..16).contains(&quarter) {
                vec![]
            } else {
                vec![(2, 1)]
            }
        },
        10,
    );
    assert_eq!(alerts, [(Phase::Begin, 4)]);
}

#[test]
fn workers_objects_elsewhere_and_passers_by_are_no_incident() {
    assert_eq!(run(|_| vec![(0, 1), (1, 1), (2, 0)], 5), []);
    assert_eq!(
        run(|quarter| if quarter < 3 { vec![(2, 1)] } else { vec![] }, 5),
        []
    );
}

#[test]
fn the_state_survives_the_journey_of_a_snapshot() {
    let (rule, mut state) = (rule(), State::default());
    for quarter in 0..6 {
        rule.evaluate(&mut state, &frame(quarter * SECOND / 4, &[(2, 1)]))
            .unwrap();
    }
    let bytes = serde_json::to_vec(&state).unwrap();
    let mut restored: State = serde_json::from_slice(&bytes).unwrap();
    let later = frame(10 * SECOND, &[]);
    let end = rule.evaluate(&mut restored, &later).unwrap();
    assert_eq!(end, rule.evaluate(&mut state, &later).unwrap());
    assert_eq!(end.len(), 1);
    assert_eq!(end[0].phase, Phase::End);
    assert_eq!(end[0].key, "gate/forbidden/object/1000");
}

#[test]
fn names_that_do_not_exist_are_refused() {
    let refused = |json| {
        ForbiddenObject::configure(config(json), &stream())
            .err()
            .unwrap()
    };
    assert_eq!(
        refused(r#"{"zone":"forbiden"}"#),
        "camera `gate` has no zone `forbiden`; it has forbidden"
    );
    assert_eq!(
        refused(r#"{"zone":"forbidden","alert":["objct"]}"#),
        "the model has no class `objct`; it has pina, worker, object"
    );
}
