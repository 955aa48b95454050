//! Alerts in the form of Frigate's `events` topic, for automations that were built on it: an
//! incident is a tracked object, which is `new`, gets an `update`, and comes to its `end`.

use agave_vision_sdk::mqtt::Message;
use agave_vision_sdk::prelude::*;
use serde_json::{Value, json};

use crate::fingerprint::fingerprint;

/// What is assumed of a picture whose size is not known.
const ASSUMED_SIZE: (u32, u32) = (1280, 720);
/// More zones of one incident are not listed.
const MOST_ZONES: usize = 64;

/// What Frigate says of an object that it does not say again with every event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tracked {
    id: String,
    label: String,
    start: Timestamp,
    at: Timestamp,
    end: Option<Timestamp>,
    score: f32,
    top_score: f32,
    /// In pixels: left, top, right, bottom.
    pixels: [u32; 4],
    zones: Vec<String>,
    entered: Vec<String>,
    changes: u32,
    track: Option<u64>,
}

impl Tracked {
    /// What `alert` makes of it.
    pub(crate) fn after(before: Option<&Self>, alert: &Alert, stream: Option<&StreamInfo>) -> Self {
        let score = alert.detection.confidence;
        let zones = zones_of(alert, stream);
        let mut entered = before
            .map(|before| before.entered.clone())
            .unwrap_or_default();
        for zone in &zones {
            if !entered.contains(zone) && entered.len() < MOST_ZONES {
                entered.push(zone.clone());
            }
        }
        let start = before.map_or(alert.at, |before| before.start);
        Self {
            id: before.map_or_else(|| id(&alert.key, start), |before| before.id.clone()),
            label: alert.class.clone(),
            start,
            at: alert.at,
            end: (alert.phase == Phase::End).then_some(alert.at),
            score,
            top_score: before.map_or(score, |before| before.top_score.max(score)),
            pixels: pixels(&alert.detection.bbox, stream),
            zones,
            entered,
            changes: before.map_or(0, |before| before.changes.saturating_add(1)),
            track: alert.detection.track,
        }
    }

    fn json(&self, camera: &str) -> Value {
        let [left, top, right, bottom] = self.pixels;
        let (width, height) = (right.saturating_sub(left), bottom.saturating_sub(top));
        let area = u64::from(width) * u64::from(height);
        let ratio = if height > 0 {
            rounded(f64::from(width) / f64::from(height), 2)
        } else {
            0.0
        };
        let score = rounded(f64::from(self.score), 6);
        let snapshot = json!({
            "frame_time": seconds(self.at),
            "box": self.pixels,
            "area": area,
            "region": self.pixels,
            "score": score,
            "attributes": [],
        });
        json!({
            "id": self.id,
            "camera": camera,
            "frame_time": seconds(self.at),
            "snapshot_time": seconds(self.at),
            "snapshot": snapshot,
            "label": self.label,
            "sub_label": null,
            "top_score": rounded(f64::from(self.top_score), 6),
            "false_positive": false,
            "start_time": seconds(self.start),
            "end_time": self.end.map(seconds),
            "score": score,
            "box": self.pixels,
            "area": area,
            "ratio": ratio,
            "region": self.pixels,
            "active": self.end.is_none(),
            "stationary": false,
            "motionless_count": 0,
            "position_changes": self.changes,
            "current_zones": self.zones,
            "entered_zones": self.entered,
            "has_clip": false,
            "has_snapshot": false,
            "attributes": {},
            "current_attributes": [],
            "pending_loitering": false,
            "thumbnail": null,
        })
    }
}

/// What is published on `PREFIX/events`.
pub(crate) fn event(
    prefix: &str,
    delivery: &Delivery,
    before: Option<&Tracked>,
    after: &Tracked,
) -> Message {
    let alert = &delivery.alert;
    let kind = match alert.phase {
        Phase::Begin => "new",
        Phase::Update => "update",
        Phase::End => "end",
    };
    let mut said = after.json(&delivery.camera);
    // What Frigate does not have, where nobody who does not look for it is disturbed.
    if let Some(fields) = said.as_object_mut() {
        fields.insert("agave".to_owned(), about(delivery));
    }
    let before = before.unwrap_or(after).json(&delivery.camera);
    let event = json!({ "type": kind, "before": before, "after": said });
    Message {
        topic: format!("{prefix}/events"),
        payload: event.to_string().into_bytes(),
        qos: agave_vision_sdk::mqtt::Qos::AtLeastOnce,
        retain: false,
    }
}

fn about(delivery: &Delivery) -> Value {
    let alert = &delivery.alert;
    json!({
        "kind": alert.kind,
        "severity": agave_vision_sdk::severity_name(alert.severity),
        "key": alert.key,
        "count": alert.count,
        "track": alert.detection.track,
        "idempotency_key": delivery.idempotency_key,
    })
}

/// The zones that the detection is in; that of the alert comes first.
fn zones_of(alert: &Alert, stream: Option<&StreamInfo>) -> Vec<String> {
    let mut zones: Vec<String> = alert.zone.iter().cloned().collect();
    let known = stream.map(|stream| stream.zones.as_slice());
    for (bit, zone) in known
        .unwrap_or_default()
        .iter()
        .enumerate()
        .take(MOST_ZONES)
    {
        if alert.detection.zones >> bit & 1 == 1 && !zones.contains(&zone.name) {
            zones.push(zone.name.clone());
        }
    }
    zones
}

fn pixels(bbox: &Bbox, stream: Option<&StreamInfo>) -> [u32; 4] {
    let known = stream.map(|stream| (stream.width, stream.height));
    let known = known.filter(|(width, height)| *width > 0 && *height > 0);
    let (width, height) = known.unwrap_or(ASSUMED_SIZE);
    let pixel = |fraction: f32, side: u32| (fraction.clamp(0.0, 1.0) * side as f32).round() as u32;
    [
        pixel(bbox.left, width),
        pixel(bbox.top, height),
        pixel(bbox.left + bbox.width, width),
        pixel(bbox.top + bbox.height, height),
    ]
}

/// As Frigate makes them: the time of the beginning, and six letters.
fn id(key: &str, start: Timestamp) -> String {
    let mut number = fingerprint(key);
    let mut letters = String::new();
    for _ in 0..6 {
        letters.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
    }
    format!(
        "{}.{:06}-{letters}",
        start / 1_000_000_000,
        start / 1000 % 1_000_000
    )
}

fn seconds(at: Timestamp) -> f64 {
    rounded(at as f64 / 1e9, 6)
}

fn rounded(number: f64, places: i32) -> f64 {
    let unit = 10f64.powi(places);
    (number * unit).round() / unit
}
