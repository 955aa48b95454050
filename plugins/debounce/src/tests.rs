use super::*;

const SECOND: u64 = 1_000_000_000;

fn alert(phase: Phase, at_seconds: u64, class: &str, key: &str) -> Alert {
    Alert {
        key: key.to_owned(),
        kind: "forbidden-object".to_owned(),
        phase,
        severity: Severity::Critical,
        at: at_seconds * SECOND,
        frame: at_seconds,
        class: class.to_owned(),
        zone: Some("forbidden".to_owned()),
        detection: Detection {
            id: 0,
            class: 2,
            confidence: 0.9,
            bbox: Bbox {
                left: 0.1,
                top: 0.1,
                width: 0.1,
                height: 0.1,
            },
            track: None,
            zones: 1,
        },
        count: 1,
        attributes: Vec::new(),
    }
}

fn gate() -> Debounce {
    let config = Config {
        hold: Duration::from_millis(10_000),
    };
    Debounce::configure(
        config,
        &StreamInfo {
            camera: "gate".to_owned(),
            width: 0,
            height: 0,
            classes: Vec::new(),
            zones: Vec::new(),
        },
    )
    .unwrap()
}

fn told(alerts: &[Alert]) -> Vec<(Phase, &str, u32)> {
    alerts
        .iter()
        .map(|alert| (alert.phase, alert.key.as_str(), alert.count))
        .collect()
}

#[test]
fn a_bounce_is_one_incident() {
    let (gate, mut state) = (gate(), State::default());
    let begun = gate
        .pass(&mut state, alert(Phase::Begin, 1, "object", "a"))
        .unwrap();
    assert_eq!(told(&begun), [(Phase::Begin, "a", 1)]);
    assert_eq!(
        gate.pass(&mut state, alert(Phase::End, 5, "object", "a"))
            .unwrap(),
        []
    );
    assert_eq!(gate.tick(&mut state, 9 * SECOND).unwrap(), []);
    let again = gate
        .pass(&mut state, alert(Phase::Begin, 10, "object", "b"))
        .unwrap();
    assert_eq!(told(&again), [(Phase::Update, "a", 2)]);
    assert_eq!(
        gate.pass(&mut state, alert(Phase::End, 12, "object", "b"))
            .unwrap(),
        []
    );
    assert_eq!(gate.tick(&mut state, 21 * SECOND).unwrap(), []);
    let over = gate.tick(&mut state, 22 * SECOND).unwrap();
    assert_eq!(told(&over), [(Phase::End, "a", 1)]);
    assert_eq!(
        over[0].at,
        12 * SECOND,
        "the end is when it ended, not when it was let go"
    );
}

#[test]
fn another_class_gets_through() {
    let (gate, mut state) = (gate(), State::default());
    gate.pass(&mut state, alert(Phase::Begin, 1, "object", "a"))
        .unwrap();
    let other = gate
        .pass(&mut state, alert(Phase::Begin, 2, "dog", "b"))
        .unwrap();
    assert_eq!(told(&other), [(Phase::Begin, "b", 1)]);
}

#[test]
fn begins_without_ends_are_incidents_of_their_own() {
    let (gate, mut state) = (gate(), State::default());
    for key in ["a", "b", "c"] {
        let begun = gate
            .pass(&mut state, alert(Phase::Begin, 1, "object", key))
            .unwrap();
        assert_eq!(told(&begun), [(Phase::Begin, key, 1)]);
    }
    assert_eq!(state.open.len(), 1);
}

#[test]
fn after_the_hold_it_is_a_new_incident() {
    let (gate, mut state) = (gate(), State::default());
    gate.pass(&mut state, alert(Phase::Begin, 1, "object", "a"))
        .unwrap();
    gate.pass(&mut state, alert(Phase::End, 2, "object", "a"))
        .unwrap();
    let both = gate
        .pass(&mut state, alert(Phase::Begin, 12, "object", "b"))
        .unwrap();
    assert_eq!(told(&both), [(Phase::End, "a", 1), (Phase::Begin, "b", 1)]);
}

#[test]
fn counts_are_conserved() {
    let (gate, mut state) = (gate(), State::default());
    let (mut received, mut passed) = (0, 0);
    for second in 0..200 {
        let phase = [Phase::Begin, Phase::End, Phase::Update][second as usize % 3];
        let alert = alert(
            phase,
            second * (1 + second % 7),
            "object",
            &second.to_string(),
        );
        received += alert.count;
        passed += gate
            .pass(&mut state, alert)
            .unwrap()
            .iter()
            .map(|a| a.count)
            .sum::<u32>();
    }
    passed += gate
        .tick(&mut state, u64::MAX)
        .unwrap()
        .iter()
        .map(|a| a.count)
        .sum::<u32>();
    assert_eq!(received, passed);
}
