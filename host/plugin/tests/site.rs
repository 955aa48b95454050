//! A rule that looks at several cameras: one instance that knows them all, is told when one of
//! them changes, and survives its failures with what it remembers of each.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use agave_core::{Alert, FrameDetections, Phase, Role, StreamInfo, Timestamp};
use agave_plugin::{Failure, NodeSetup, OnFailure, Supervised, Verdict};
use common::{detection, plugin, setup};
use serde_json::{Value, json};

/// In the order of their numbers.
const GATE: usize = 0;
const YARD: usize = 1;

fn camera(name: &str, classes: &[&str]) -> StreamInfo {
    StreamInfo {
        camera: name.to_owned(),
        width: 1280,
        height: 720,
        classes: classes.iter().map(|class| (*class).to_owned()).collect(),
        zones: Vec::new(),
    }
}

fn site(config: Value) -> NodeSetup {
    NodeSetup {
        node: "crowd".to_owned(),
        stream: StreamInfo::default(),
        cameras: vec![camera("gate", &["person"]), camera("yard", &["person"])],
        ..setup("", config)
    }
}

fn config() -> Value {
    json!({ "more-than": 5, "after": "2s", "gap": "2s" })
}

fn people(milliseconds: u64, number: u32) -> FrameDetections {
    FrameDetections {
        frame: milliseconds / 100,
        at: Timestamp(milliseconds * 1_000_000),
        detections: (0..number).map(detection).collect(),
    }
}

/// As a camera's chain does it.
fn see(node: &mut Supervised, camera: usize, frame: &FrameDetections) -> Vec<Alert> {
    let verdict = node.call_announcing(
        frame.at,
        |instance| instance.evaluate_site(camera, frame),
        |alerts| !alerts.is_empty(),
    );
    match verdict {
        Verdict::Answered(alerts) => alerts,
        other => panic!("{other:?}"),
    }
}

/// Both cameras see three people from the fourth second to the ninth; the yard lags behind by
/// 300 ms. `disturb` happens after every second.
fn told(mut disturb: impl FnMut(&mut Supervised, Timestamp)) -> Vec<Alert> {
    let mut node = Supervised::start(plugin("crowd"), site(config()), OnFailure::Restart).unwrap();
    let mut alerts = Vec::new();
    for second in 1..20 {
        let number = if (4..10).contains(&second) { 3 } else { 2 };
        let frame = people(second * 1000, number);
        alerts.extend(see(&mut node, GATE, &frame));
        let behind = people(second * 1000 - 300, number);
        alerts.extend(see(&mut node, YARD, &behind));
        disturb(&mut node, frame.at);
    }
    assert_eq!(node.failures(), 0);
    alerts
}

#[test]
fn one_instance_looks_at_all_cameras() {
    let plugin = plugin("crowd");
    assert_eq!(plugin.role(), Role::Rule);
    assert!(plugin.looks_at_several_cameras());
    assert!(!common::plugin("forbidden-object").looks_at_several_cameras());

    let alerts = told(|_, _| {});
    let phases: Vec<Phase> = alerts.iter().map(|alert| alert.phase).collect();
    assert_eq!(phases, [Phase::Begin, Phase::End]);
    assert_eq!(alerts[0].at, Timestamp(6_000_000_000));
    assert_eq!(alerts[0].attributes[1].1, "gate 3, yard 3");
    assert_eq!(alerts[0].key, alerts[1].key);
}

#[test]
fn an_exchange_or_a_changed_camera_changes_nothing_else() {
    let undisturbed = told(|_, _| {});
    let successor = plugin("crowd");
    let exchanged = told(|node, now| {
        let mut next =
            Supervised::start(successor.clone(), site(config()), OnFailure::Restart).unwrap();
        next.take_over(now, node).unwrap();
        *node = next;
    });
    assert_eq!(exchanged, undisturbed);
    let changed = told(|node, now| {
        let mut wider = camera("yard", &["person"]);
        wider.width += u32::try_from(now.0 / 1_000_000_000).unwrap();
        node.describe_camera(now, YARD, wider);
    });
    assert_eq!(changed, undisturbed);
}

/// It goes back to what was remembered last, and knows its cameras again.
#[test]
fn after_a_trap_a_new_instance_knows_its_cameras() {
    let config = json!({ "mode": "trap", "camera": "yard" });
    let mut node =
        Supervised::start(plugin("chaos-site"), site(config), OnFailure::Restart).unwrap();
    assert_eq!(
        see(&mut node, GATE, &people(1000, 1))[0].key,
        "gate/10/chaos"
    );
    let bad = people(1100, 1);
    let trapped = node.call(bad.at, |instance| instance.evaluate_site(YARD, &bad));
    assert!(matches!(trapped, Verdict::Dropped(_)), "{trapped:?}");
    // The instance is the gate's, too.
    let waiting = people(1200, 1);
    let waiting = node.call(waiting.at, |instance| {
        instance.evaluate_site(GATE, &waiting)
    });
    assert!(matches!(waiting, Verdict::Dropped(_)), "{waiting:?}");
    assert_eq!(
        see(&mut node, GATE, &people(2000, 1))[0].key,
        "gate/20/chaos"
    );
}

#[test]
fn cameras_that_make_no_sense_are_refused_at_the_start() {
    let config = json!({ "more-than": 5, "classes": ["unicorn"] });
    let refused = Supervised::start(plugin("crowd"), site(config), OnFailure::Restart);
    match refused.err() {
        Some(Failure::Configuration(reason)) => {
            assert_eq!(reason, "no camera has a model with the class `unicorn`");
        }
        other => panic!("{other:?}"),
    }
}
