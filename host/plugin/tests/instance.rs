//! Real plugins, as `cargo xtask` builds them: what they answer, what they remember, and what
//! becomes of those that misbehave.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use agave_core::{Alert, BoundingBox, Detection, DropReason, FrameDetections, Phase, Severity};
use agave_core::{StreamInfo, Timestamp};
use agave_plugin::{
    Engine, Failure, Grants, Instance, Limits, NodeSetup, OnFailure, Outside, Plugin, Supervised,
    Verdict,
};

fn plugin(name: &str) -> Plugin {
    let path = agave_tests::plugin(name).unwrap();
    Plugin::load(&Engine::new().unwrap(), &path).unwrap()
}

fn setup(config: &str) -> NodeSetup {
    NodeSetup {
        node: "node".to_owned(),
        stream: StreamInfo {
            camera: "gate".to_owned(),
            classes: vec!["object".to_owned()],
            ..StreamInfo::default()
        },
        cameras: Vec::new(),
        config: config.to_owned(),
        limits: Limits::default(),
        grants: Grants::default(),
        outside: Outside::default(),
    }
}

fn second(second: u64) -> Timestamp {
    Timestamp(second * 1_000_000_000)
}

fn detection() -> Detection {
    Detection {
        id: 7,
        class: 0,
        confidence: 0.9,
        bbox: BoundingBox {
            left: 0.1,
            top: 0.1,
            width: 0.2,
            height: 0.2,
        },
        track: None,
        zones: 0,
    }
}

fn frame(at: u64) -> FrameDetections {
    FrameDetections {
        frame: at,
        at: second(at),
        detections: vec![detection()],
    }
}

fn alert(phase: Phase, at: u64) -> Alert {
    Alert {
        key: "gate/1".to_owned(),
        kind: "forbidden-object".to_owned(),
        phase,
        severity: Severity::Critical,
        at: second(at),
        frame: at,
        class: "object".to_owned(),
        zone: None,
        detection: detection(),
        count: 1,
        attributes: vec![("colour".to_owned(), "red".to_owned())],
    }
}

fn chaos(mode: &str) -> Instance {
    let config = format!(r#"{{"mode":"{mode}","camera":"gate"}}"#);
    Instance::start(&plugin("chaos"), &setup(&config)).unwrap()
}

#[test]
fn what_a_gate_remembers_survives_into_another_instance() {
    let debounce = plugin("debounce");
    let setup = setup(r#"{"hold":"10s"}"#);
    let mut first = Instance::start(&debounce, &setup).unwrap();
    let begin = alert(Phase::Begin, 1);
    assert_eq!(first.pass(std::slice::from_ref(&begin)).unwrap(), [begin]);
    assert_eq!(first.pass(&[alert(Phase::End, 5)]).unwrap(), []);

    let mut second_instance = Instance::start(&debounce, &setup).unwrap();
    second_instance.restore(&first.save().unwrap()).unwrap();
    assert_eq!(second_instance.tick(second(14)).unwrap(), []);
    assert_eq!(
        second_instance.tick(second(15)).unwrap(),
        [alert(Phase::End, 5)]
    );
}

#[test]
fn a_new_configuration_keeps_what_is_remembered() {
    let setup = setup(r#"{"hold":"10s"}"#);
    let mut gate = Instance::start(&plugin("debounce"), &setup).unwrap();
    gate.pass(&[alert(Phase::Begin, 1)]).unwrap();
    gate.pass(&[alert(Phase::End, 5)]).unwrap();
    gate.configure(r#"{"hold":"2s"}"#, &setup.stream).unwrap();
    assert_eq!(gate.tick(second(7)).unwrap(), [alert(Phase::End, 5)]);
}

#[test]
fn a_refused_configuration_says_why() {
    let rule = plugin("forbidden-object");
    let refused = Instance::start(&rule, &setup(r#"{"zone":"yard"}"#)).err();
    let expected = "camera `gate` has no zone `yard`; it has none".to_owned();
    assert_eq!(refused, Some(Failure::Configuration(expected)));
}

#[test]
fn each_way_of_failing_has_its_name() {
    let failure = |mode| chaos(mode).process(&frame(1)).unwrap_err();
    assert_eq!(
        failure("loop"),
        Failure::Deadline(Duration::from_millis(50))
    );
    assert_eq!(failure("allocate"), Failure::Memory(32 << 20));
    assert_eq!(
        failure("error"),
        Failure::PluginError("chaos was asked for an error".to_owned())
    );
    let Failure::Trap { backtrace, .. } = failure("trap") else {
        panic!("a trap is a trap");
    };
    assert!(
        backtrace.iter().any(|function| function.contains("chaos")),
        "{backtrace:?}"
    );
}

#[test]
fn a_plugin_is_called_only_in_its_role() {
    let mut filter = chaos("error");
    assert!(matches!(filter.tick(second(1)), Err(Failure::BadOutput(_))));
}

fn supervised(mode: &str, on_failure: OnFailure) -> Supervised {
    let config = format!(r#"{{"mode":"{mode}","camera":"gate"}}"#);
    Supervised::start(plugin("chaos"), setup(&config), on_failure).unwrap()
}

fn call(plugin: &mut Supervised, at: u64) -> Verdict<FrameDetections> {
    plugin.call(second(at), |instance| instance.process(&frame(at)))
}

#[test]
fn a_failed_plugin_waits_and_is_started_again() {
    let mut plugin = supervised("trap", OnFailure::Restart);
    assert_eq!(call(&mut plugin, 1), Verdict::Dropped(DropReason::Trap));
    let same_moment = call(&mut plugin, 1);
    assert_eq!(same_moment, Verdict::Dropped(DropReason::Unavailable));
    assert_eq!(call(&mut plugin, 2), Verdict::Dropped(DropReason::Trap));
    assert_eq!(plugin.failures(), 2);
}

#[test]
fn a_plugin_that_keeps_failing_is_quarantined() {
    let mut plugin = supervised("trap", OnFailure::Restart);
    // Each wait is at most 30 s of stream time.
    (0..10).for_each(|attempt| drop(call(&mut plugin, attempt * 31)));
    assert!(plugin.quarantined());
    let later = call(&mut plugin, 1_000_000);
    assert_eq!(later, Verdict::Dropped(DropReason::Unavailable));
    assert_eq!(plugin.failures(), 10);
}

#[test]
fn failures_with_successes_between_them_have_a_budget() {
    let config = r#"{"mode":"trap","camera":"gate","every":2}"#;
    let start = || Supervised::start(plugin("chaos"), setup(config), OnFailure::Restart).unwrap();
    let calls = |plugin: &mut Supervised, spacing: u64| {
        for number in 1..=400 {
            call_frame(plugin, second(number * spacing), number);
        }
    };
    let mut often = start();
    calls(&mut often, 1);
    assert!(often.quarantined());
    assert_eq!(often.failures(), 101);
    let mut seldom = start();
    calls(&mut seldom, 10);
    assert!(!seldom.quarantined());
    assert_eq!(seldom.failures(), 200);
}

fn call_frame(plugin: &mut Supervised, now: Timestamp, number: u64) {
    let _ = plugin.call(now, |instance| instance.process(&frame(number)));
}

#[test]
fn open_lets_by_and_closed_stops_for_good() {
    let mut open = supervised("trap", OnFailure::Open);
    assert_eq!(call(&mut open, 1), Verdict::Around(DropReason::Trap));
    let mut closed = supervised("trap", OnFailure::Closed);
    assert_eq!(call(&mut closed, 1), Verdict::Dropped(DropReason::Trap));
    assert!(closed.quarantined());
}

#[test]
fn a_returned_error_does_not_cost_the_instance() {
    let mut plugin = supervised("error", OnFailure::Restart);
    for at in 1..=20 {
        let verdict = call(&mut plugin, at);
        assert_eq!(verdict, Verdict::Dropped(DropReason::PluginError));
    }
    assert!(!plugin.quarantined());
}

#[test]
fn a_plugin_that_cannot_be_remembered_announces_nothing() {
    let mut plugin = supervised("unsavable-state", OnFailure::Restart);
    for attempt in 0..10 {
        let at = 1 + attempt * 31;
        let verdict = plugin.call_announcing(
            second(at),
            |instance| instance.process(&frame(at)),
            |_| true,
        );
        assert_eq!(verdict, Verdict::Dropped(DropReason::Trap));
    }
    assert!(plugin.quarantined(), "a save that fails is a failure too");
}

#[test]
fn a_restart_goes_on_from_what_was_announced_last() {
    let debounce = plugin("debounce");
    let setup = setup(r#"{"hold":"10s"}"#);
    let mut gate = Supervised::start(debounce, setup, OnFailure::Restart).unwrap();
    let announces = |passed: &Vec<Alert>| !passed.is_empty();
    let begin = alert(Phase::Begin, 1);
    let begun = gate.call_announcing(
        second(1),
        |instance| instance.pass(std::slice::from_ref(&begin)),
        announces,
    );
    assert_eq!(begun, Verdict::Answered(vec![begin.clone()]));
    // Within the same second, so that only the announcement can have led to a snapshot.
    let failed: Verdict<()> = gate.call(second(1), |_| {
        Err(Failure::Trap {
            message: "the test says so".to_owned(),
            backtrace: Vec::new(),
        })
    });
    assert_eq!(failed, Verdict::Dropped(DropReason::Trap));
    let again = gate.call_announcing(
        second(2),
        |instance| instance.pass(std::slice::from_ref(&begin)),
        announces,
    );
    let Verdict::Answered(passed) = again else {
        panic!("the gate runs again");
    };
    assert_eq!(
        passed[0].phase,
        Phase::Update,
        "it has not forgotten the incident"
    );
}
