use std::collections::{BTreeMap, BTreeSet};

use agave_vision_sdk::testing::{self, Harness, json};

use super::*;

fn gate(config: serde_json::Value) -> Harness<RateLimit> {
    Harness::new(config, testing::stream(&["person", "dog"])).unwrap()
}

/// One token a minute, one at once.
fn strict() -> Harness<RateLimit> {
    gate(json!({ "burst": 1, "every": "1m" }))
}

fn alert(key: &str, class: &str, phase: Phase, seconds: f64) -> Alert {
    Alert {
        key: key.to_owned(),
        ..testing::alert(class, phase, seconds)
    }
}

type Told = (Phase, String, u32);

fn told(alerts: &[Alert]) -> Vec<Told> {
    let one = |alert: &Alert| (alert.phase, alert.key.clone(), alert.count);
    alerts.iter().map(one).collect()
}

fn this(phase: Phase, key: &str, count: u32) -> Vec<Told> {
    vec![(phase, key.to_owned(), count)]
}

#[test]
fn a_flicker_is_one_incident_with_its_count() {
    let mut gate = strict();
    for number in 0..100 {
        let key = format!("k{number}");
        let seconds = f64::from(number) * 0.1;
        let begun = gate
            .pass(alert(&key, "person", Phase::Begin, seconds))
            .unwrap();
        match number {
            0 => assert_eq!(told(&begun), this(Phase::Begin, "k0", 1)),
            _ => assert_eq!(begun, []),
        }
        let ended = gate
            .pass(alert(&key, "person", Phase::End, seconds + 0.05))
            .unwrap();
        assert_eq!(ended, []);
    }
    assert_eq!(gate.tick(59.9).unwrap(), []);
    let over = gate.tick(60.0).unwrap();
    assert_eq!(told(&over), this(Phase::End, "k0", 199));
    assert_eq!(
        over[0].at, 9_950_000_000,
        "when it ended, not when it was told"
    );
    assert_eq!(gate.tick(1e6).unwrap(), []);
}

#[test]
fn what_is_new_gets_through_at_once() {
    let mut gate = strict();
    let zone = |zone: &str, alert: Alert| Alert {
        zone: Some(zone.to_owned()),
        ..alert
    };
    let track = |track: u64, mut alert: Alert| {
        alert.detection.track = Some(track);
        alert
    };
    let news = [
        alert("a", "person", Phase::Begin, 1.0),
        alert("b", "dog", Phase::Begin, 1.1),
        zone("yard", alert("c", "person", Phase::Begin, 1.2)),
        track(7, alert("d", "person", Phase::Begin, 1.3)),
        track(8, alert("e", "person", Phase::Begin, 1.4)),
    ];
    for one in news {
        assert_eq!(gate.pass(one.clone()).unwrap(), [one]);
    }
    let same = track(8, alert("f", "person", Phase::Begin, 1.5));
    assert_eq!(gate.pass(same).unwrap(), []);
}

#[test]
fn what_is_new_gets_through_a_budget_that_all_share() {
    let mut gate = gate(json!({ "per": [], "burst": 1, "every": "1m" }));
    for key in ["a", "b", "c"] {
        gate.pass(alert(key, "person", Phase::Begin, 1.0)).unwrap();
    }
    let dog = gate.pass(alert("d", "dog", Phase::Begin, 2.0)).unwrap();
    assert_eq!(told(&dog), this(Phase::Begin, "d", 1));
    // It does not end while there is no token, so a dog that comes back is the same.
    assert_eq!(gate.pass(alert("d", "dog", Phase::End, 3.0)).unwrap(), []);
    assert_eq!(gate.pass(alert("e", "dog", Phase::Begin, 4.0)).unwrap(), []);
}

#[test]
fn what_gets_worse_does_not_wait() {
    let mut gate = strict();
    gate.pass(alert("a", "person", Phase::Begin, 1.0)).unwrap();
    assert_eq!(
        gate.pass(alert("a", "person", Phase::Update, 2.0)).unwrap(),
        []
    );
    let worse = Alert {
        severity: Severity::Critical,
        ..alert("a", "person", Phase::Update, 3.0)
    };
    let passed = gate.pass(worse.clone()).unwrap();
    assert_eq!(told(&passed), this(Phase::Update, "a", 2));
    assert_eq!(passed[0].severity, Severity::Critical);
    assert_eq!(
        gate.pass(Alert {
            at: 4_000_000_000,
            ..worse
        })
        .unwrap(),
        []
    );
}

#[test]
fn what_never_ends_is_told_again_with_each_token() {
    let mut gate = strict();
    let mut passed = Vec::new();
    for second in 0..150 {
        let key = format!("k{second}");
        let seconds = f64::from(second);
        passed.extend(gate.tick(seconds).unwrap());
        passed.extend(
            gate.pass(alert(&key, "person", Phase::Begin, seconds))
                .unwrap(),
        );
    }
    let expected = [
        this(Phase::Begin, "k0", 1),
        this(Phase::Update, "k0", 59),
        this(Phase::Update, "k0", 60),
    ];
    assert_eq!(told(&passed), expected.concat());
}

#[test]
fn nothing_to_limit_and_nothing_at_all_are_refused() {
    let refused = |config| Harness::<RateLimit>::new(config, testing::stream(&[])).err();
    assert!(refused(json!({ "every": "0s" })).is_some());
    assert!(refused(json!({ "per": ["colour"] })).is_some());
    assert!(refused(json!({ "evry": "1s" })).is_some());
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

/// Rules' alerts as they come: incidents that begin, change and mostly end, at random.
struct Storm {
    chance: Chance,
    open: Vec<(String, &'static str)>,
    begun: u32,
}

impl Storm {
    fn next(&mut self, seconds: f64) -> Alert {
        let known = match self.open.len() as u64 {
            0 => None,
            open => Some(self.chance.below(open) as usize),
        };
        let (key, class, phase) = match (self.chance.below(3), known) {
            (0, Some(index)) => {
                let (key, class) = self.open.swap_remove(index);
                (key, class, Phase::End)
            }
            (1, Some(index)) => {
                let (key, class) = self.open[index].clone();
                (key, class, Phase::Update)
            }
            _ => {
                self.begun += 1;
                let class = ["person", "dog"][self.chance.below(2) as usize];
                let key = format!("k{}", self.begun);
                self.open.push((key.clone(), class));
                (key, class, Phase::Begin)
            }
        };
        let mut next = alert(&key, class, phase, seconds);
        next.count = 1 + self.chance.below(3) as u32;
        next.severity = [Severity::Info, Severity::Critical][self.chance.below(2) as usize];
        next.detection.track = [None, Some(1)][self.chance.below(2) as usize];
        next
    }
}

/// For storms at random: what goes in comes out or is held, however often it is restarted; each
/// incident begins once and ends at most once; and no two alerts are one for a receiver.
#[test]
fn counts_are_conserved_and_incidents_are_whole() {
    for seed in 1..60 {
        let mut chance = Chance(seed);
        let burst = 1 + chance.below(3);
        let mut gate = gate(json!({ "burst": burst, "every": "5s" }));
        let mut storm = Storm {
            chance,
            open: Vec::new(),
            begun: 0,
        };
        let (mut received, mut passed) = (0, Vec::new());
        let mut seconds = 0.0;
        for _ in 0..400 {
            seconds += storm.chance.below(20) as f64 / 10.0;
            if storm.chance.below(20) == 0 {
                gate.restart().unwrap();
            }
            passed.extend(gate.tick(seconds).unwrap());
            let next = storm.next(seconds);
            received += next.count;
            passed.extend(gate.pass(next).unwrap());
            let out: u32 = passed.iter().map(|alert| alert.count).sum();
            assert!(out <= received, "more than there was");
        }
        for _ in 0..1000 {
            seconds += 5.0;
            passed.extend(gate.tick(seconds).unwrap());
        }
        let out: u32 = passed.iter().map(|alert| alert.count).sum();
        assert_eq!(out, received, "seed {seed}");
        assert_whole(&passed);
    }
}

fn assert_whole(passed: &[Alert]) {
    let mut phases: BTreeMap<&str, Vec<Phase>> = BTreeMap::new();
    let mut deliveries = BTreeSet::new();
    for alert in passed {
        phases.entry(&alert.key).or_default().push(alert.phase);
        let is_new = deliveries.insert((&alert.key, alert.phase as u8, alert.at));
        assert!(is_new, "the same delivery twice: {alert:?}");
    }
    for (key, phases) in phases {
        assert_eq!(phases[0], Phase::Begin, "{key}");
        let begins = phases
            .iter()
            .filter(|&&phase| phase == Phase::Begin)
            .count();
        assert_eq!(begins, 1, "{key}");
        let end = phases.iter().position(|&phase| phase == Phase::End);
        assert!(
            end.is_none_or(|end| end == phases.len() - 1),
            "{key}: {phases:?}"
        );
    }
}
