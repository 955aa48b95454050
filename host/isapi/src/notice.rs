//! What the device is told of an incident.

use agave_core::{Alert, BoundingBox, Phase, Timestamp};

/// One report of one incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// The camera's name in the flow.
    pub camera: String,
    /// The same for all notices of one incident.
    pub key: String,
    /// Which part of it this reports. An update of an incident that the device does not know
    /// opens it without announcing it: it was announced before a restart.
    pub phase: Phase,
    /// What kind of incident.
    pub kind: String,
    /// The class of the detection, by name.
    pub class: String,
    /// The zone that it is about, by name.
    pub zone: Option<String>,
    /// Where the thing is.
    pub bbox: BoundingBox,
    /// When it happened.
    pub at: Timestamp,
    /// The frame in which it happened, which is what a picture of it shows.
    pub frame: u64,
    /// How many alerts are folded into it.
    pub count: u32,
}

impl Notice {
    /// What `alert` of `camera` says.
    #[must_use]
    pub fn of(camera: &str, alert: &Alert) -> Self {
        Self {
            camera: camera.to_owned(),
            key: alert.key.clone(),
            phase: alert.phase,
            kind: alert.kind.clone(),
            class: alert.class.clone(),
            zone: alert.zone.clone(),
            bbox: alert.detection.bbox,
            at: alert.at,
            frame: alert.frame,
            count: alert.count,
        }
    }
}
