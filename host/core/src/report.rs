//! The form in which an alert leaves Agave as JSON: on standard output, in a webhook's body and
//! wherever else a person or a program reads it.

use serde::Serialize;

use crate::{Alert, Phase, Severity, Timestamp};

/// An alert with the camera and the time of the stream, ready to be printed as JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlertReport {
    /// The camera's name in the flow file.
    pub camera_id: String,
    /// Capture time, RFC 3339.
    pub ts: String,
    /// Seconds since the stream's first frame.
    pub media_time: f64,
    /// Left, top, width and height as fractions of the frame.
    pub bbox: [f32; 4],
    /// The class by name.
    pub class: String,
    /// From 0 to 1.
    pub confidence: f32,
    /// Whether the detection was inside a zone.
    pub roi_hit: bool,
    /// What kind of incident.
    pub kind: String,
    /// Begin, update or end.
    pub phase: Phase,
    /// The incident's key.
    pub key: String,
    /// How much it matters.
    pub severity: Severity,
    /// The zone by name.
    pub zone: Option<String>,
    /// The frame's number in its stream.
    pub frame: u64,
    /// The track, where a filter follows things.
    pub track: Option<u64>,
    /// How many alerts are folded into this one.
    pub count: u32,
    /// Whatever else the rule said.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub attributes: serde_json::Map<String, serde_json::Value>,
}

impl AlertReport {
    /// The report of `alert`, seen by `camera`, whose first frame was captured at `stream_start`.
    pub fn new(camera: &str, stream_start: Timestamp, alert: &Alert) -> Self {
        let bbox = alert.detection.bbox;
        Self {
            camera_id: camera.to_owned(),
            ts: alert.at.to_string(),
            media_time: milliseconds_rounded(alert.at.since(stream_start).as_secs_f64()),
            bbox: [bbox.left, bbox.top, bbox.width, bbox.height],
            class: alert.class.clone(),
            confidence: alert.detection.confidence,
            roi_hit: alert.zone.is_some() || alert.detection.zones != 0,
            kind: alert.kind.clone(),
            phase: alert.phase,
            key: alert.key.clone(),
            severity: alert.severity,
            zone: alert.zone.clone(),
            frame: alert.frame,
            track: alert.detection.track,
            count: alert.count,
            attributes: alert
                .attributes
                .iter()
                .map(|(name, value)| (name.clone(), value.clone().into()))
                .collect(),
        }
    }
}

/// A reader of seconds wants 3.2, not 3.200000001.
fn milliseconds_rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
