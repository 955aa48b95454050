//! The rule for several cameras: its cameras share one instance, so what it does at one of them
//! may not pass for another's.

use chaos_site::Mode;

use super::*;

table! {
    Honest => Answers("bad/16/chaos"),
    Loop => Fails(Call, Deadline, "ran longer than its deadline of 150 ms"),
    LoopInCameras => Fails(Start, Deadline, "ran longer than its deadline of 5000 ms"),
    Trap => Fails(Call, Trap, "unreachable"),
    TrapInCameras => Fails(Start, Trap, "unreachable"),
    RefuseCameras => Fails(Start, Unavailable, "refused its configuration: all well  no cameras\\u{1b}[2J"),
    Error => Fails(Call, PluginError, "returned an error: chaos was asked for an error"),
    OtherCamerasClass => Fails(Call, BadOutput, "an alert of class `bicycle`, which does not exist"),
    OtherCamerasZone => Fails(Call, BadOutput, "an alert in zone `stage`, which does not exist"),
    OtherCamerasZoneBit => Fails(Call, BadOutput, "a zone bit that does not exist"),
    OtherCamerasClassNumber => Fails(Call, BadOutput, "class 2, which does not exist"),
    OtherCamerasTime => Fails(Call, BadOutput, "later than the frame 1"),
    OtherCamerasFrame => Fails(Call, BadOutput, "later than the frame 1"),
    Flood => Fails(Call, BadOutput, ""),
    SteadyFlood => Answers("bad/16/chaos"),
}

/// The bad camera, and a good one that is ahead and has a class and a zone more.
fn with_cameras(setup: NodeSetup) -> NodeSetup {
    let bad = setup.stream.clone();
    let mut good = bad.clone();
    good.camera = GOOD.to_owned();
    good.classes.push("bicycle".to_owned());
    let mut stage = good.zones[0].clone();
    stage.name = "stage".to_owned();
    good.zones.push(stage);
    NodeSetup {
        stream: agave_core::StreamInfo::default(),
        cameras: vec![bad, good],
        ..setup
    }
}

#[test]
fn every_mode_of_the_rule_for_several_cameras_is_contained() {
    let plugin = plugin("chaos-site");
    let mut other_node = other_node();
    let complaints = TABLE.iter().filter_map(|&(mode, expected)| {
        let config = json!({ "mode": mode, "camera": BAD }).to_string();
        let setup = with_cameras(setup(BAD, &config));
        let came = trial(&plugin, &setup, |instance, number| {
            let good = instance.evaluate_site(1, &frame(number + 1))?;
            assert_eq!(good[0].key, format!("good/{}/chaos", number + 1));
            instance.evaluate_site(0, &frame(number))
        });
        other_node.still_the_same();
        complaint(expected, &came).map(|complaint| format!("{mode:?}: {complaint}"))
    });
    report(complaints.collect());
}

/// Not from a plugin, but it must not come to a panic either.
#[test]
fn a_camera_that_there_is_not_is_refused() {
    let config = json!({ "mode": "honest", "camera": BAD }).to_string();
    let setup = with_cameras(setup(BAD, &config));
    let mut instance = Instance::start(&plugin("chaos-site"), &setup).unwrap();
    let failure = instance.evaluate_site(7, &frame(1)).unwrap_err();
    assert!(matches!(failure, Failure::PluginError(_)), "{failure}");
    let wrong_part = instance.evaluate(&frame(1)).unwrap_err();
    assert!(matches!(wrong_part, Failure::BadOutput(_)), "{wrong_part}");
}
