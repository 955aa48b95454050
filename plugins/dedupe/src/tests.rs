use agave_vision_sdk::testing::{self, SiteHarness, json};

use super::*;

const CAMERAS: [&str; 3] = ["gate", "yard", "roof"];

fn cameras() -> Vec<StreamInfo> {
    let camera = |name: &&str| StreamInfo {
        camera: (*name).to_owned(),
        ..testing::stream(&["person", "dog"])
    };
    CAMERAS.iter().map(camera).collect()
}

fn gate(config: serde_json::Value) -> Result<SiteHarness<Dedupe>, String> {
    SiteHarness::of_gate(config, cameras())
}

fn alert(key: &str, class: &str, phase: Phase, seconds: f64) -> Alert {
    Alert {
        key: key.to_owned(),
        ..testing::alert(class, phase, seconds)
    }
}

fn told(alerts: &[Alert]) -> Vec<(Phase, &str, u32)> {
    let mut told = Vec::new();
    for alert in alerts {
        told.push((alert.phase, alert.key.as_str(), alert.count));
    }
    told
}

#[test]
fn what_two_cameras_see_is_one_incident() {
    let mut gate = gate(json!({})).unwrap();
    let first = gate
        .pass(0, alert("a", "person", Phase::Begin, 1.0))
        .unwrap();
    assert_eq!(told(&first), [(Phase::Begin, "a", 1)]);
    let second = gate
        .pass(1, alert("b", "person", Phase::Begin, 3.0))
        .unwrap();
    assert_eq!(told(&second), [(Phase::Update, "a", 1)]);
    let owner = ("began-at".to_owned(), "gate".to_owned());
    assert_eq!(second[0].attributes, [owner]);
    assert_eq!(
        gate.pass(0, alert("a", "person", Phase::End, 4.0)).unwrap(),
        []
    );
    gate.restart().unwrap();
    assert_eq!(gate.tick(0, 20.0).unwrap(), [], "it goes on at the other");
    let over = gate
        .pass(1, alert("b", "person", Phase::End, 21.0))
        .unwrap();
    assert_eq!(told(&over), [(Phase::Update, "a", 1)]);
    assert_eq!(gate.tick(1, 22.0).unwrap(), [], "it began elsewhere");
    let over = gate.tick(0, 21.5).unwrap();
    assert_eq!(told(&over), [(Phase::End, "a", 1)]);
    assert_eq!(over[0].at, 21_000_000_000);
}

#[test]
fn what_is_another_thing_is_another_incident() {
    let mut gate = gate(json!({})).unwrap();
    gate.pass(0, alert("a", "person", Phase::Begin, 1.0))
        .unwrap();
    for (camera, other) in [
        (1, alert("b", "dog", Phase::Begin, 2.0)),
        (0, alert("c", "person", Phase::Begin, 3.0)),
        (1, alert("d", "person", Phase::Begin, 60.0)),
    ] {
        assert_eq!(gate.pass(camera, other.clone()).unwrap(), [other]);
    }
}

#[test]
fn a_camera_that_lags_is_the_second_all_the_same() {
    let mut gate = gate(json!({ "within": "2s" })).unwrap();
    gate.pass(0, alert("a", "person", Phase::Begin, 10.0))
        .unwrap();
    let second = gate
        .pass(1, alert("b", "person", Phase::Begin, 8.5))
        .unwrap();
    assert_eq!(told(&second), [(Phase::Update, "a", 1)]);
}

#[test]
fn zones_and_groups_tell_things_apart() {
    let in_zone = |zone: &str, alert: Alert| Alert {
        zone: Some(zone.to_owned()),
        ..alert
    };
    let config = json!({ "same": ["class", "zone"], "groups": [["gate", "yard"]] });
    let mut gate = gate(config).unwrap();
    let begin = |key: &str| alert(key, "person", Phase::Begin, 1.0);
    gate.pass(0, in_zone("door", begin("a"))).unwrap();
    let other_zone = gate.pass(1, in_zone("fence", begin("b"))).unwrap();
    assert_eq!(told(&other_zone), [(Phase::Begin, "b", 1)]);
    let no_group = gate.pass(2, in_zone("door", begin("c"))).unwrap();
    assert_eq!(told(&no_group), [(Phase::Begin, "c", 1)]);
    let same = gate.pass(1, in_zone("door", begin("d"))).unwrap();
    assert_eq!(told(&same), [(Phase::Update, "a", 1)]);
}

#[test]
fn a_camera_that_is_silent_or_gone_keeps_nothing_open() {
    let mut gate = gate(json!({})).unwrap();
    gate.pass(0, alert("a", "person", Phase::Begin, 1.0))
        .unwrap();
    gate.pass(1, alert("b", "person", Phase::Begin, 2.0))
        .unwrap();
    assert_eq!(
        gate.pass(0, alert("a", "person", Phase::End, 3.0)).unwrap(),
        []
    );
    assert_eq!(gate.tick(0, 30.0).unwrap(), []);
    let over = gate.tick(0, 90.0).unwrap();
    assert_eq!(told(&over), [(Phase::End, "a", 1)]);

    gate.pass(1, alert("c", "person", Phase::Begin, 100.0))
        .unwrap();
    gate.pass(0, alert("d", "person", Phase::Begin, 100.0))
        .unwrap();
    gate.cameras(cameras().split_off(1)).unwrap();
    let over = gate
        .pass(0, alert("c", "person", Phase::End, 101.0))
        .unwrap();
    assert_eq!(over, []);
    let over = gate.tick(0, 110.0).unwrap();
    assert_eq!(told(&over), [(Phase::End, "c", 1)]);
}

#[test]
fn groups_that_cannot_be_meant_are_refused() {
    let refused = |groups| gate(json!({ "groups": groups })).err().unwrap();
    let error = refused(json!([["gate", "yrad"]]));
    assert!(
        error.contains("`yrad`") && error.contains("it reads gate, yard, roof"),
        "{error}"
    );
    assert!(refused(json!([["gate"]])).contains("fewer than two"));
    assert!(refused(json!([["gate", "yard"], ["gate", "roof"]])).contains("twice"));
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

/// For each camera what goes in comes out of the same camera, and an incident begins and ends at
/// one camera.
#[test]
fn counts_are_conserved_camera_by_camera() {
    for seed in 1..60 {
        let mut chance = Chance(seed);
        let mut gate = gate(json!({ "within": "3s" })).unwrap();
        let mut received = [0; 3];
        let mut passed: Vec<(usize, Alert)> = Vec::new();
        let mut open: Vec<(usize, String)> = Vec::new();
        let mut seconds = 0.0;
        for number in 0..400 {
            seconds += chance.below(20) as f64 / 10.0;
            if chance.below(20) == 0 {
                gate.restart().unwrap();
            }
            let camera = chance.below(3) as usize;
            let out = gate.tick(camera, seconds).unwrap();
            passed.extend(out.into_iter().map(|alert| (camera, alert)));
            let (camera, next) = if open.is_empty() || chance.below(2) == 0 {
                let key = format!("k{number}");
                open.push((camera, key.clone()));
                (camera, alert(&key, "person", Phase::Begin, seconds))
            } else {
                let (camera, key) = open.swap_remove(chance.below(open.len() as u64) as usize);
                (camera, alert(&key, "person", Phase::End, seconds))
            };
            received[camera] += next.count;
            let out = gate.pass(camera, next).unwrap();
            passed.extend(out.into_iter().map(|alert| (camera, alert)));
            let mut sums = [0; 3];
            passed
                .iter()
                .for_each(|(camera, alert)| sums[*camera] += alert.count);
            assert!((0..3).all(|camera| sums[camera] <= received[camera]));
        }
        for (camera, key) in open {
            received[camera] += 1;
            let out = gate
                .pass(camera, alert(&key, "person", Phase::End, seconds))
                .unwrap();
            passed.extend(out.into_iter().map(|alert| (camera, alert)));
        }
        for camera in 0..3 {
            let out = gate.tick(camera, seconds + 10.0).unwrap();
            passed.extend(out.into_iter().map(|alert| (camera, alert)));
        }
        let mut sums = [0; 3];
        let mut incidents: BTreeMap<&str, Vec<(usize, Phase)>> = BTreeMap::new();
        for (camera, alert) in &passed {
            sums[*camera] += alert.count;
            let phases = incidents.entry(&alert.key).or_default();
            phases.push((*camera, alert.phase));
        }
        assert_eq!(sums, received, "seed {seed}");
        for (key, phases) in incidents {
            let (owner, first) = phases[0];
            assert_eq!(first, Phase::Begin, "{key}");
            assert_eq!(
                phases[phases.len() - 1],
                (owner, Phase::End),
                "{key}: {phases:?}"
            );
            let updates = phases.iter().filter(|(_, phase)| *phase == Phase::Update);
            assert_eq!(updates.count() + 2, phases.len(), "{key}: {phases:?}");
        }
    }
}
