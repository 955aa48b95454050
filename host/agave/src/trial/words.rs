//! What goes into a plugin and what comes out of it, in the words of a test: as JSON for machines
//! and for comparing, and as a line for people.

use std::time::Duration;

use agave_core::{Alert, BoundingBox, Detection, FrameDetections, Role, StreamInfo, Timestamp};
use agave_plugin::{Failure, Outcome};
use serde_json::{Map, Value, json};

/// When a test begins. Any moment would do, and it is the same in every run.
pub(crate) const START: Timestamp = Timestamp(1_767_225_600_000_000_000);

/// What one call, or a restart, came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Came {
    /// Detections or alerts.
    Things(Vec<Value>),
    Outcome(Value),
    Restarted,
    Failed {
        kind: &'static str,
        message: String,
    },
}

impl Came {
    pub(crate) fn failed(failure: &Failure) -> Self {
        Self::Failed {
            kind: match failure {
                Failure::Trap { .. } => "trap",
                Failure::Deadline(_) => "deadline",
                Failure::Memory(_) => "memory",
                Failure::Output(_) => "output",
                Failure::PluginError(_) => "error",
                Failure::Configuration(_) => "refused",
                Failure::Start(_) => "start",
                _ => "bad-output",
            },
            message: failure.to_string(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Things(things) => things.clone().into(),
            Self::Outcome(outcome) => outcome.clone(),
            Self::Restarted => "restarted".into(),
            Self::Failed { kind, message } => json!({ "fails": kind, "message": message }),
        }
    }

    /// One line for each thing.
    pub(crate) fn lines(&self, role: Role) -> Vec<String> {
        match self {
            Self::Things(things) if things.is_empty() => vec!["nothing".to_owned()],
            Self::Things(things) => things.iter().map(|thing| line(thing, role)).collect(),
            Self::Outcome(outcome) => vec![outcome_line(outcome)],
            Self::Restarted => vec!["restarted".to_owned()],
            Self::Failed { message, .. } => vec![format!("the plugin {message}")],
        }
    }
}

/// A detection or an alert as a line.
pub(crate) fn line(thing: &Value, role: Role) -> String {
    match role {
        Role::Filter => detection_line(thing),
        _ => alert_line(thing),
    }
}

pub(crate) fn detection_json(detection: &Detection, stream: &StreamInfo) -> Value {
    let class = stream.classes.get(usize::from(detection.class));
    json!({
        "id": detection.id,
        "class": class,
        "confidence": decimal(detection.confidence),
        "bbox": corners(&detection.bbox),
        "zones": zone_names(detection.zones, stream),
        "track": detection.track,
    })
}

pub(crate) fn alert_json(alert: &Alert, stream: &StreamInfo) -> Value {
    let attributes: Map<String, Value> = alert
        .attributes
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    json!({
        "at": seconds(alert.at.since(START)),
        "phase": alert.phase,
        "kind": alert.kind,
        "class": alert.class,
        "zone": alert.zone,
        "severity": alert.severity,
        "count": alert.count,
        "key": alert.key,
        "frame": alert.frame,
        "bbox": corners(&alert.detection.bbox),
        "confidence": decimal(alert.detection.confidence),
        "zones": zone_names(alert.detection.zones, stream),
        "track": alert.detection.track,
        "attributes": attributes,
    })
}

pub(crate) fn outcome_json(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Delivered => "delivered".into(),
        Outcome::Retry(None) => "retry".into(),
        Outcome::Retry(Some(after)) => json!({ "retry": seconds(*after) }),
        Outcome::Rejected(reason) => json!({ "rejected": reason }),
    }
}

/// What is seen in a frame, as one line.
pub(crate) fn frame_line(frame: &FrameDetections, stream: &StreamInfo) -> String {
    if frame.detections.is_empty() {
        return "nothing".to_owned();
    }
    let lines: Vec<String> = frame
        .detections
        .iter()
        .map(|detection| detection_line(&detection_json(detection, stream)))
        .collect();
    lines.join("; ")
}

fn detection_line(detection: &Value) -> String {
    let mut line = format!(
        "{} {} at {}",
        text(detection, "class"),
        text(detection, "confidence"),
        text(detection, "bbox")
    );
    let zones = listed(detection, "zones");
    if !zones.is_empty() {
        line.push_str(&format!(" in {zones}"));
    }
    if let Some(track) = detection.get("track").and_then(Value::as_u64) {
        line.push_str(&format!(", track {track}"));
    }
    line
}

pub(crate) fn alert_line(alert: &Value) -> String {
    let mut line = format!(
        "{} of {}: {}",
        text(alert, "phase"),
        text(alert, "kind"),
        text(alert, "class")
    );
    if let Some(zone) = alert.get("zone").and_then(Value::as_str) {
        line.push_str(&format!(" in {zone}"));
    }
    line.push_str(&format!(
        ", {}, at {}",
        text(alert, "severity"),
        text(alert, "at")
    ));
    if let Some(count) = alert.get("count").and_then(Value::as_u64)
        && count != 1
    {
        line.push_str(&format!(", count {count}"));
    }
    for (name, value) in alert
        .get("attributes")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        line.push_str(&format!(", {name}: {}", plain(value)));
    }
    line
}

/// `delivered`, `retry after 5s`, `rejected: …`.
pub(crate) fn outcome_line(outcome: &Value) -> String {
    let member = |key: &str| outcome.get(key).and_then(Value::as_str);
    match (member("retry"), member("rejected")) {
        (Some(after), _) => format!("retry after {after}"),
        (_, Some(reason)) => format!("rejected: {reason}"),
        _ => plain(outcome),
    }
}

fn text(thing: &Value, key: &str) -> String {
    thing.get(key).map_or_else(|| "?".to_owned(), plain)
}

fn listed(thing: &Value, key: &str) -> String {
    let items = thing.get(key).and_then(Value::as_array);
    let names: Vec<&str> = items
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    names.join(", ")
}

/// Texts without their quotes.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(plain).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

fn corners(bbox: &BoundingBox) -> [f64; 4] {
    [bbox.left, bbox.top, bbox.width, bbox.height].map(decimal)
}

/// The number that was written: 0.9, not 0.8999999761581421.
fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}

fn zone_names(bits: u64, stream: &StreamInfo) -> Vec<&str> {
    (0u32..)
        .zip(&stream.zones)
        .filter(|(bit, _)| bits.checked_shr(*bit).is_some_and(|bits| bits & 1 == 1))
        .map(|(_, zone)| zone.name.as_str())
        .collect()
}

/// `4s`, `0.2s`: the only form in which times are compared.
pub(crate) fn seconds(duration: Duration) -> String {
    let text = format!("{}.{:09}", duration.as_secs(), duration.subsec_nanos());
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_they_were_written() {
        assert_eq!(seconds(Duration::from_secs(4)), "4s");
        assert_eq!(seconds(Duration::from_millis(200)), "0.2s");
        assert_eq!(seconds(Duration::from_secs(10)), "10s");
        assert_eq!(seconds(Duration::ZERO), "0s");
        assert_eq!(decimal(0.9), 0.9);
    }

    #[test]
    fn things_are_told_in_a_line() {
        let detection = json!({
            "class": "object", "confidence": 0.9, "bbox": [0.1, 0.2, 0.3, 0.4], "zones": ["yard"],
        });
        assert_eq!(
            line(&detection, Role::Filter),
            "object 0.9 at [0.1, 0.2, 0.3, 0.4] in yard"
        );
        assert_eq!(outcome_line(&json!({ "retry": "5s" })), "retry after 5s");
        assert_eq!(outcome_line(&json!("delivered")), "delivered");
    }
}
