//! What a rule has to say about the detections.

use serde::{Deserialize, Serialize};

use crate::{Detection, Timestamp};

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a line in a log.
    Info,
    /// Worth a look.
    Warning,
    /// Worth getting up.
    Critical,
}

/// The part of its incident that an alert reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The incident has begun.
    Begin,
    /// It goes on, and something about it changed.
    Update,
    /// It is over.
    End,
}

/// One report of one incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// One incident keeps one key through all its phases.
    pub key: String,
    /// What kind of incident, for example `forbidden-object`.
    pub kind: String,
    /// Which part of the incident this reports.
    pub phase: Phase,
    /// How much it matters.
    pub severity: Severity,
    /// When it happened, in stream time.
    pub at: Timestamp,
    /// The frame in which it happened.
    pub frame: u64,
    /// The class of the detection, by name.
    pub class: String,
    /// The zone it is about, by name.
    pub zone: Option<String>,
    /// The detection that it is about.
    pub detection: Detection,
    /// How many alerts are folded into this one, itself included. 0 is that of an update by which
    /// a gate reminds of an incident: it stands for no alert of a rule.
    pub count: u32,
    /// Whatever else the rule has to say.
    pub attributes: Vec<(String, String)>,
}
