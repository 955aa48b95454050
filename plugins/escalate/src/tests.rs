use agave_vision_sdk::testing::{self, Harness, json};

use super::*;

fn gate(config: serde_json::Value) -> Harness<Escalate> {
    Harness::new(config, testing::stream(&["person"])).unwrap()
}

fn alert(key: &str, phase: Phase, seconds: f64) -> Alert {
    Alert {
        key: key.to_owned(),
        ..testing::alert("person", phase, seconds)
    }
}

fn told(alerts: &[Alert]) -> Vec<(Phase, Severity, u32)> {
    let one = |alert: &Alert| (alert.phase, alert.severity, alert.count);
    alerts.iter().map(one).collect()
}

#[test]
fn what_lasts_too_long_is_told_once_more_and_stays_raised() {
    let mut gate = gate(json!({ "after": "10s" }));
    let begun = gate.pass(alert("a", Phase::Begin, 1.0)).unwrap();
    assert_eq!(told(&begun), [(Phase::Begin, Severity::Warning, 1)]);
    assert_eq!(gate.tick(10.9).unwrap(), []);
    gate.restart().unwrap();
    let reminder = gate.tick(11.0).unwrap();
    assert_eq!(told(&reminder), [(Phase::Update, Severity::Critical, 0)]);
    assert_eq!(reminder[0].at, 11_000_000_000);
    let reason = ("escalated".to_owned(), "lasts for 10 s".to_owned());
    assert_eq!(reminder[0].attributes, [reason]);
    assert_eq!(gate.tick(100.0).unwrap(), []);
    let over = gate.pass(alert("a", Phase::End, 101.0)).unwrap();
    assert_eq!(told(&over), [(Phase::End, Severity::Critical, 1)]);
    assert_eq!(over[0].attributes.len(), 1);
}

#[test]
fn what_is_told_anyway_is_raised_and_not_told_twice() {
    let mut gate = gate(json!({ "after": "10s" }));
    gate.pass(alert("a", Phase::Begin, 1.0)).unwrap();
    gate.pass(alert("b", Phase::Begin, 1.0)).unwrap();
    let passed = gate.pass(alert("a", Phase::Update, 20.0)).unwrap();
    let expected = [
        (Phase::Update, Severity::Critical, 0),
        (Phase::Update, Severity::Critical, 1),
    ];
    assert_eq!(told(&passed), expected);
    assert_eq!((passed[0].key.as_str(), passed[1].key.as_str()), ("b", "a"));
    assert_eq!(gate.tick(21.0).unwrap(), []);
}

#[test]
fn a_reminder_and_an_update_of_one_frame_have_two_times() {
    let mut gate = gate(json!({ "after": "10s" }));
    gate.pass(alert("a", Phase::Begin, 1.0)).unwrap();
    gate.pass(alert("b", Phase::Begin, 1.0)).unwrap();
    // It reminds of "b", of which there is an update in the same frame.
    let passed = gate.pass(alert("a", Phase::Update, 20.0)).unwrap();
    assert_eq!(
        (passed[0].key.as_str(), passed[0].at),
        ("b", 20_000_000_000)
    );
    gate.restart().unwrap();
    let passed = gate.pass(alert("b", Phase::Update, 20.0)).unwrap();
    assert_eq!(
        (passed[0].key.as_str(), passed[0].at),
        ("b", 20_000_000_001)
    );
    let over = gate.pass(alert("b", Phase::End, 20.0)).unwrap();
    assert_eq!(over[0].at, 20_000_000_000, "it ends once");
}

#[test]
fn an_end_in_time_is_not_raised() {
    let mut gate = gate(json!({ "after": "10s" }));
    gate.pass(alert("a", Phase::Begin, 1.0)).unwrap();
    let over = gate.pass(alert("a", Phase::End, 30.0)).unwrap();
    assert_eq!(told(&over), [(Phase::End, Severity::Warning, 1)]);
    assert_eq!(gate.tick(100.0).unwrap(), []);
}

#[test]
fn the_third_within_a_minute_matters_more() {
    let mut gate = gate(json!({ "repeats": { "times": 3, "within": "1m" } }));
    let mut severity_of = |key: &str, seconds: f64| {
        let begun = gate.pass(alert(key, Phase::Begin, seconds)).unwrap();
        let over = gate.pass(alert(key, Phase::End, seconds + 1.0)).unwrap();
        assert_eq!(begun[0].severity, over[0].severity, "{key}");
        begun[0].severity
    };
    assert_eq!(severity_of("a", 0.0), Severity::Warning);
    assert_eq!(severity_of("b", 50.0), Severity::Warning);
    assert_eq!(severity_of("c", 70.0), Severity::Warning);
    assert_eq!(severity_of("d", 80.0), Severity::Critical);
    assert_eq!(severity_of("e", 200.0), Severity::Warning);
}

#[test]
fn a_severity_is_never_lowered() {
    let mut gate = gate(json!({ "after": "1s", "severity": "info" }));
    gate.pass(alert("a", Phase::Begin, 0.0)).unwrap();
    let reminder = gate.tick(1.0).unwrap();
    assert_eq!(told(&reminder), [(Phase::Update, Severity::Warning, 0)]);
}

#[test]
fn counts_are_conserved_and_memory_is_bounded() {
    let mut gate = gate(json!({ "after": "5s", "repeats": { "times": 2, "within": "1h" } }));
    let (mut received, mut passed) = (0, 0);
    for number in 0..3000 {
        let alert = alert(&format!("k{number}"), Phase::Begin, f64::from(number));
        received += alert.count;
        let out = gate.pass(alert).unwrap();
        passed += out.iter().map(|alert| alert.count).sum::<u32>();
        let out = gate.tick(f64::from(number) + 0.5).unwrap();
        passed += out.iter().map(|alert| alert.count).sum::<u32>();
    }
    assert_eq!(received, passed);
    assert!(gate.saved().len() < 2_000_000);
}

#[test]
fn settings_that_escalate_nothing_or_everything_are_refused() {
    let refused = |config| Harness::<Escalate>::new(config, testing::stream(&[])).err();
    assert!(refused(json!({})).unwrap().contains("nothing is escalated"));
    assert!(refused(json!({ "after": "0s" })).is_some());
}
