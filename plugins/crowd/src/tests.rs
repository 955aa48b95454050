#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use agave_vision_sdk::testing::{self, SiteHarness, json};

use super::*;

const GATE: usize = 0;
const YARD: usize = 1;

/// The yard has another model, so `person` has another number there.
fn cameras() -> Vec<StreamInfo> {
    let camera = |name: &str, classes: &[&str]| StreamInfo {
        camera: name.to_owned(),
        ..testing::stream(classes)
    };
    vec![
        camera("gate", &["person", "dog"]),
        camera("yard", &["bicycle", "person"]),
    ]
}

fn site(more: serde_json::Value) -> SiteHarness<Crowd> {
    let mut config = json!({ "more-than": 5, "classes": ["person"], "after": "2s", "gap": "2s" });
    let more = more.as_object().unwrap().clone();
    config.as_object_mut().unwrap().extend(more);
    SiteHarness::new(config, cameras()).unwrap()
}

/// So many people at this camera, and a dog or a bicycle.
fn see(site: &mut SiteHarness<Crowd>, camera: usize, seconds: f64, people: usize) -> Vec<Alert> {
    let person = if camera == GATE { 0 } else { 1 };
    let mut detections = vec![(person, 0.8); people];
    detections.push((1 - person, 0.9));
    let frame = testing::frame(seconds, &detections);
    site.evaluate(camera, &frame).unwrap()
}

/// What comes of it, with times in seconds.
fn told(alerts: &[Alert]) -> Vec<(Phase, f64)> {
    alerts
        .iter()
        .map(|alert| (alert.phase, alert.at as f64 / 1e9))
        .collect()
}

#[test]
fn all_cameras_together_make_a_crowd() {
    let mut site = site(json!({}));
    let mut alerts = Vec::new();
    for second in 0..20 {
        let people = if (4..10).contains(&second) { 3 } else { 2 };
        alerts.extend(see(&mut site, GATE, f64::from(second), people));
        // It lags behind.
        alerts.extend(see(&mut site, YARD, f64::from(second) - 0.5, people));
    }
    assert_eq!(told(&alerts), [(Phase::Begin, 6.0), (Phase::End, 9.0)]);
    let (begin, end) = (alerts.first().unwrap(), alerts.last().unwrap());
    assert_eq!(begin.key, "gate/crowd/6000");
    assert_eq!(begin.key, end.key);
    assert_eq!(begin.class, "person");
    let number = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        begin.attributes,
        [number("number", "6"), number("cameras", "gate 3, yard 3")]
    );
    assert_eq!(end.attributes, [number("most", "6")]);
}

#[test]
fn what_does_not_last_or_is_no_person_is_no_crowd() {
    let mut site = site(json!({}));
    for second in 0..20 {
        let people = if second % 3 == 0 { 9 } else { 0 };
        assert_eq!(see(&mut site, GATE, f64::from(second), people), []);
        assert_eq!(see(&mut site, YARD, f64::from(second), 0), []);
    }
}

#[test]
fn a_restart_changes_nothing() {
    let mut site = site(json!({}));
    let mut alerts = Vec::new();
    for second in 0..20 {
        let people = if (4..10).contains(&second) { 3 } else { 2 };
        for camera in [GATE, YARD] {
            alerts.extend(see(&mut site, camera, f64::from(second), people));
            site.restart().unwrap();
        }
    }
    assert_eq!(told(&alerts), [(Phase::Begin, 6.0), (Phase::End, 9.0)]);
}

#[test]
fn cameras_are_remembered_by_name() {
    let mut site = site(json!({}));
    for second in 0..4 {
        see(&mut site, GATE, f64::from(second), 6);
    }
    let mut cameras = cameras();
    cameras.reverse();
    site.cameras(cameras).unwrap();
    // The gate has the other number now, and people are still the same class by name.
    let empty = |second: f64| testing::frame(second, &[]);
    assert_eq!(site.evaluate(0, &empty(7.0)).unwrap(), []);
    assert_eq!(site.evaluate(1, &empty(8.0)).unwrap(), []);
    assert_eq!(
        site.evaluate(0, &empty(12.0)).unwrap(),
        [],
        "it did not begin there"
    );
    let end = site.evaluate(1, &empty(12.0)).unwrap();
    assert_eq!(told(&end), [(Phase::End, 7.0)]);
}

#[test]
fn a_silent_camera_neither_counts_for_ever_nor_keeps_an_incident_open() {
    let mut site = site(json!({ "silence": "3s" }));
    let mut alerts = Vec::new();
    for second in 0..4 {
        alerts.extend(see(&mut site, GATE, f64::from(second), 6));
    }
    assert_eq!(told(&alerts), [(Phase::Begin, 2.0)]);
    let mut alerts = Vec::new();
    for second in 4..20 {
        alerts.extend(see(&mut site, YARD, f64::from(second), 0));
    }
    assert_eq!(told(&alerts), [(Phase::End, 6.0)]);
    let end = alerts.first().unwrap();
    assert_eq!(end.detection.class, 1, "the number of that camera's class");
}

#[test]
fn only_a_zone_counts_where_there_is_one() {
    let mut cameras = cameras();
    let zone = |name: &str| Zone {
        name: name.to_owned(),
        polygon: Vec::new(),
    };
    for camera in &mut cameras {
        camera.zones = vec![zone("other")];
    }
    let config = json!({ "more-than": 0, "zone": "stage", "after": "0s" });
    let refused = SiteHarness::<Crowd>::new(config.clone(), cameras.clone()).err();
    assert_eq!(refused.unwrap(), "no camera has a zone `stage`");
    for camera in cameras.iter_mut().take(1) {
        camera.zones.push(zone("stage"));
    }
    let mut site = SiteHarness::<Crowd>::new(config, cameras).unwrap();
    assert_eq!(see(&mut site, GATE, 0.0, 3), []);
    assert_eq!(see(&mut site, YARD, 0.0, 3), []);
    let mut frame = testing::frame(1.0, &[(0, 0.9)]);
    for seen in &mut frame.detections {
        seen.zones = 0b10;
    }
    let begin = site.evaluate(GATE, &frame).unwrap();
    assert_eq!(begin.first().unwrap().zone.as_deref(), Some("stage"));
}

#[test]
fn a_class_that_no_camera_sees_is_refused() {
    let config = json!({ "more-than": 5, "classes": ["person", "unicorn"] });
    let refused = SiteHarness::<Crowd>::new(config, cameras()).err();
    assert_eq!(
        refused.unwrap(),
        "no camera has a model with the class `unicorn`"
    );
}
