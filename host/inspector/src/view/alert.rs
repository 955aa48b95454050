//! Alerts, the incidents that they report, what became of them and why they were raised.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{PassedDetection, ZoneView, bounds};

/// One report of an incident, as it left the flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Alert {
    /// Its number in the flow's journal; larger is later.
    pub sequence: u64,
    /// The node that gave it.
    pub node: String,
    /// What it says, as `agave run --json` prints it.
    #[serde(flatten)]
    #[schema(value_type = AlertSaid)]
    pub said: Map<String, Value>,
    /// Whether there is a picture of its frame.
    #[serde(default)]
    pub has_picture: bool,
}

/// What an alert says. It may say more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AlertSaid {
    /// The camera.
    pub camera_id: String,
    /// When it was captured.
    #[schema(format = DateTime)]
    pub ts: String,
    /// Seconds since the stream's first frame, where that is known.
    #[schema(example = 12.4)]
    pub media_time: Option<f64>,
    /// Left, top, width and height as fractions of the frame.
    #[schema(schema_with = bounds::place)]
    pub bbox: [f32; 4],
    /// The class by name.
    pub class: String,
    /// From 0 to 1.
    #[schema(example = 0.89, minimum = 0, maximum = 1)]
    pub confidence: f32,
    /// Whether the detection was inside a zone.
    pub roi_hit: bool,
    /// What kind of incident.
    pub kind: String,
    /// What of the incident it reports.
    pub phase: Phase,
    /// What all alerts of the incident have in common.
    pub key: String,
    /// `info`, `warning` or `critical`.
    pub severity: String,
    /// The zone by name.
    pub zone: Option<String>,
    /// The frame's number in its stream.
    pub frame: u64,
    /// The track, where a filter follows things.
    pub track: Option<u64>,
    /// How many alerts are folded into this one.
    pub count: u32,
}

/// What of an incident an alert reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It begins.
    Begin,
    /// It goes on.
    Update,
    /// It ends.
    End,
}

impl Phase {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Update => "update",
            Self::End => "end",
        }
    }
}

/// How much an alert matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a line in a log.
    Info,
    /// Worth a look.
    Warning,
    /// Worth getting up.
    Critical,
}

impl Severity {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// An alert, what became of it, and why it was raised.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AlertDetails {
    /// The alert.
    pub alert: Alert,
    /// What happened, in plain words: what was seen, where and for how long, what raised the
    /// incident, and whether it has ended. Only what is known of it is said.
    #[schema(
        example = "An object (86 %) was in zone-1 of back-gate for 1.2 s; the rule \
        object-in-zone-1 raised “forbidden-object”. It ended after 4 s."
    )]
    pub summary: String,
    /// One for each adapter that it went to, as far as that is known, or that reads its node now.
    pub deliveries: Vec<Delivery>,
    /// The way of its frame through the flow, where that is still known.
    pub why: Option<Why>,
}

/// What became of an alert at one adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Delivery {
    /// The node.
    pub adapter: String,
    /// Where it is.
    pub state: DeliveryState,
    /// How often it was tried, where that is known.
    pub attempts: Option<u32>,
    /// Why it was given up.
    pub reason: Option<String>,
    /// When that was.
    #[schema(format = DateTime)]
    pub at: Option<String>,
}

/// Where an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// It is still to be delivered.
    Waiting,
    /// The receiver has it.
    Delivered,
    /// It was given up, and is kept.
    Dead,
    /// It was given up, and is not kept any more.
    Dropped,
    /// It does not wait and was not given up; more is not known: it came to its end before the
    /// process started, or the adapter came later.
    Unknown,
}

/// The way of one frame through the flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Why {
    /// The frame's number in its stream.
    pub frame: u64,
    /// When it was captured.
    #[schema(format = DateTime)]
    pub ts: String,
    /// Each node that it passed, in the order of the flow.
    pub steps: Vec<WhyStep>,
    /// The camera's zones as they were then.
    #[serde(default)]
    pub zones: Vec<ZoneView>,
    /// How long what the alert is about had been seen, where it is in the frame.
    #[serde(default)]
    pub followed: Option<Followed>,
}

/// How long something had been seen: followed back from frame to frame, by its track or, where
/// nothing follows things, by its class and place. Where the alert names a zone, in that zone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Followed {
    /// Whether it was in the alert's zone.
    pub in_zone: bool,
    /// Seconds from when it was first seen so.
    #[schema(example = 1.2)]
    pub seconds: f64,
    /// Whether it may have been there longer: older frames are not known any more.
    pub at_least: bool,
}

/// What one node made of a frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WhyStep {
    /// The node.
    pub node: String,
    /// Its role.
    pub role: String,
    /// The detections that it gave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detections: Vec<PassedDetection>,
    /// The alerts that it gave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub alerts: Vec<Value>,
    /// The same in words.
    pub said: String,
}

/// Everything that was reported under one key.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Incident {
    /// What its alerts have in common.
    pub key: String,
    /// The camera that saw it.
    pub camera_id: String,
    /// What kind of incident.
    pub kind: String,
    /// The class by name.
    pub class: String,
    /// The zone by name.
    pub zone: Option<String>,
    /// The gravest of its alerts.
    pub severity: String,
    /// When it was first reported.
    #[schema(format = DateTime)]
    pub began: String,
    /// When it ended; not yet, where there is nothing.
    #[schema(format = DateTime)]
    pub ended: Option<String>,
    /// How many alerts of the rule it stands for.
    pub count: u64,
    /// The number of its first alert.
    pub first_sequence: u64,
    /// The number of its last alert.
    pub last_sequence: u64,
    /// Whether its beginning is among the alerts that are kept; otherwise it began earlier.
    pub has_begin: bool,
    /// Whether there is a picture of its beginning.
    pub has_picture: bool,
}
