use agave_vision_sdk::testing::{self, Harness, json};

use super::*;

const HOUR: f64 = 3600.0;

/// Time begins on a Thursday, at midnight in UTC.
fn gate(rules: serde_json::Value) -> Result<Harness<Hours>, String> {
    let config = json!({ "time-zone": "UTC", "rules": rules });
    Harness::new(config, testing::stream(&["person", "dog"]))
}

fn alert(key: &str, class: &str, phase: Phase, hours: f64) -> Alert {
    Alert {
        key: key.to_owned(),
        ..testing::alert(class, phase, hours * HOUR)
    }
}

fn told(alerts: &[Alert]) -> Vec<(Phase, &str, Severity, u32)> {
    let mut told = Vec::new();
    for alert in alerts {
        told.push((alert.phase, alert.key.as_str(), alert.severity, alert.count));
    }
    told
}

#[test]
fn the_first_entry_that_fits_decides() {
    let rules = json!([
        { "hours": "22:00-06:00", "classes": ["dog"], "then": "pass" },
        { "hours": "22:00-06:00", "then": { "severity": "critical" } },
        { "then": { "severity": "info" } },
    ]);
    let mut gate = gate(rules).unwrap();
    let mut severity = |key: &str, class: &str, hours: f64| {
        let passed = gate.pass(alert(key, class, Phase::Begin, hours)).unwrap();
        passed[0].severity
    };
    assert_eq!(severity("a", "person", 1.0), Severity::Critical);
    assert_eq!(severity("b", "dog", 1.0), Severity::Warning);
    assert_eq!(severity("c", "dog", 12.0), Severity::Info);
}

#[test]
fn an_incident_keeps_the_severity_with_which_it_began() {
    let rules = json!([{ "hours": "22:00-06:00", "then": { "severity": "critical" } }]);
    let mut gate = gate(rules).unwrap();
    gate.pass(alert("a", "person", Phase::Begin, 5.9)).unwrap();
    gate.restart().unwrap();
    let over = gate.pass(alert("a", "person", Phase::End, 6.1)).unwrap();
    assert_eq!(told(&over), [(Phase::End, "a", Severity::Critical, 1)]);
}

#[test]
fn the_night_is_one_incident_in_the_morning() {
    let rules = json!([{ "hours": "22:00-06:00", "classes": ["dog"], "then": "hold" }]);
    let mut gate = gate(rules).unwrap();
    for (key, hours) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        for (phase, hours) in [(Phase::Begin, hours), (Phase::End, hours + 0.1)] {
            assert_eq!(gate.pass(alert(key, "dog", phase, hours)).unwrap(), []);
        }
    }
    let person = gate.pass(alert("p", "person", Phase::Begin, 3.5)).unwrap();
    assert_eq!(person.len(), 1, "of which nobody said that it can wait");
    gate.restart().unwrap();
    assert_eq!(gate.tick(5.99 * HOUR).unwrap(), []);
    let morning = gate.tick(6.0 * HOUR).unwrap();
    let expected = [
        (Phase::Begin, "a", Severity::Warning, 5),
        (Phase::End, "a", Severity::Warning, 1),
    ];
    assert_eq!(told(&morning), expected);
    assert_eq!(morning[0].at, alert("a", "dog", Phase::Begin, 1.0).at);
    assert_eq!(gate.tick(7.0 * HOUR).unwrap(), []);
}

#[test]
fn what_still_goes_on_in_the_morning_ends_when_it_ends() {
    let rules = json!([{ "hours": "22:00-06:00", "then": "hold" }]);
    let mut gate = gate(rules).unwrap();
    for key in ["a", "b"] {
        gate.pass(alert(key, "dog", Phase::Begin, 5.0)).unwrap();
    }
    let morning = gate.tick(6.0 * HOUR).unwrap();
    assert_eq!(told(&morning), [(Phase::Begin, "a", Severity::Warning, 2)]);
    let one = gate.pass(alert("b", "dog", Phase::End, 7.0)).unwrap();
    assert_eq!(told(&one), [(Phase::Update, "a", Severity::Warning, 1)]);
    let other = gate.pass(alert("a", "dog", Phase::End, 8.0)).unwrap();
    assert_eq!(told(&other), [(Phase::End, "a", Severity::Warning, 1)]);
}

#[test]
fn two_updates_of_an_incident_have_two_times() {
    let rules = json!([{ "hours": "22:00-06:00", "then": "hold" }]);
    let mut gate = gate(rules).unwrap();
    for key in ["a", "b", "c"] {
        gate.pass(alert(key, "dog", Phase::Begin, 5.0)).unwrap();
    }
    gate.tick(6.0 * HOUR).unwrap();
    // Both in one frame, and a third one right behind it.
    let mut times = Vec::new();
    for key in ["a", "b"] {
        let told = gate.pass(alert(key, "dog", Phase::Update, 7.0)).unwrap();
        times.push(told[0].at);
        gate.restart().unwrap();
    }
    let told = gate.pass(alert("c", "dog", Phase::End, 7.0)).unwrap();
    assert_eq!(told[0].phase, Phase::Update);
    times.push(told[0].at);
    let frame = alert("a", "dog", Phase::Update, 7.0).at;
    assert_eq!(times, [frame, frame + 1, frame + 2]);
}

#[test]
fn the_end_of_what_was_told_is_not_held() {
    let rules = json!([{ "hours": "22:00-06:00", "then": "hold" }]);
    let mut gate = gate(rules).unwrap();
    gate.pass(alert("a", "dog", Phase::Begin, 21.9)).unwrap();
    let over = gate.pass(alert("a", "dog", Phase::End, 22.1)).unwrap();
    assert_eq!(told(&over), [(Phase::End, "a", Severity::Warning, 1)]);
}

#[test]
fn the_clock_on_the_wall_decides() {
    let rules = json!([{ "hours": "01:00-02:00", "then": { "severity": "critical" } }]);
    let config = json!({ "time-zone": "Europe/Berlin", "rules": rules });
    let stream = testing::stream(&["person"]);
    let mut gate: Harness<Hours> = Harness::new(config, stream).unwrap();
    let passed = gate.pass(alert("a", "person", Phase::Begin, 0.5)).unwrap();
    assert_eq!(
        passed[0].severity,
        Severity::Critical,
        "half past one there"
    );
}

#[test]
fn a_table_that_cannot_be_meant_is_refused() {
    let refused = |rules| gate(rules).err().unwrap();
    let error = refused(json!([{ "hours": "night", "then": "hold" }]));
    assert!(error.contains("`rules[0].hours`"), "{error}");
    let error = refused(json!([{ "classes": ["cat"], "then": "pass" }]));
    assert!(error.contains("it has person, dog"), "{error}");
    let error = refused(json!([{ "then": "hold" }]));
    assert!(error.contains("for ever"), "{error}");
    let config = json!({ "time-zone": "Europe/Brelin", "rules": [{ "hours": "01:00-02:00", "then": "hold" }] });
    let error = Harness::<Hours>::new(config, testing::stream(&[])).err();
    assert!(error.unwrap().contains("Europe/Brelin"));
}

/// Numbers that look random, the same on every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn counts_are_conserved() {
    for seed in 1..40 {
        let mut chance = Chance(seed);
        let rules = json!([
            { "hours": "22:00-06:00", "classes": ["dog"], "then": "hold" },
            { "hours": "12:00-13:00", "then": "hold" },
            { "hours": "13:00-15:00", "then": { "severity": "info" } },
        ]);
        let mut gate = gate(rules).unwrap();
        let (mut received, mut passed) = (0, 0);
        let mut open: Vec<(String, &str)> = Vec::new();
        let mut hours = 0.0;
        for number in 0..500 {
            hours += chance.below(100) as f64 / 100.0;
            if chance.below(20) == 0 {
                gate.restart().unwrap();
            }
            let next = if open.is_empty() || chance.below(2) == 0 {
                let class = ["person", "dog"][chance.below(2) as usize];
                open.push((format!("k{number}"), class));
                alert(&format!("k{number}"), class, Phase::Begin, hours)
            } else {
                let (key, class) = open.swap_remove(chance.below(open.len() as u64) as usize);
                alert(&key, class, Phase::End, hours)
            };
            received += next.count;
            let told = gate.pass(next).unwrap();
            passed += told.iter().map(|alert| alert.count).sum::<u32>();
            assert!(passed <= received);
        }
        let noon = (hours / 24.0).ceil() * 24.0 + 11.0;
        let told = gate.tick(noon * HOUR).unwrap();
        passed += told.iter().map(|alert| alert.count).sum::<u32>();
        assert_eq!(received, passed, "seed {seed}");
    }
}
