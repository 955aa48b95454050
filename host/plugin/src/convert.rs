//! Between the plain data of the host and the types of the contract. The two are kept apart so
//! that a new version of the contract does not reach into every crate.

use agave_core::{Alert, BoundingBox, Detection, FrameDetections, Phase, Severity, StreamInfo};
use agave_core::{Point, Timestamp};

use crate::bindings::imports::agave::plugin::types as wit;

impl From<&StreamInfo> for wit::StreamInfo {
    fn from(stream: &StreamInfo) -> Self {
        Self {
            camera: stream.camera.clone(),
            width: stream.width,
            height: stream.height,
            classes: stream.classes.clone(),
            zones: stream
                .zones
                .iter()
                .map(|zone| wit::Zone {
                    name: zone.name.clone(),
                    polygon: zone
                        .polygon
                        .iter()
                        .map(|&Point { x, y }| wit::Point { x, y })
                        .collect(),
                })
                .collect(),
        }
    }
}

impl From<&Detection> for wit::Detection {
    fn from(detection: &Detection) -> Self {
        let BoundingBox {
            left,
            top,
            width,
            height,
        } = detection.bbox;
        Self {
            id: detection.id,
            class: detection.class,
            confidence: detection.confidence,
            bbox: wit::Bbox {
                left,
                top,
                width,
                height,
            },
            track: detection.track,
            zones: detection.zones,
        }
    }
}

impl From<wit::Detection> for Detection {
    fn from(detection: wit::Detection) -> Self {
        let wit::Bbox {
            left,
            top,
            width,
            height,
        } = detection.bbox;
        Self {
            id: detection.id,
            class: detection.class,
            confidence: detection.confidence,
            bbox: BoundingBox {
                left,
                top,
                width,
                height,
            },
            track: detection.track,
            zones: detection.zones,
        }
    }
}

impl From<&FrameDetections> for wit::FrameDetections {
    fn from(frame: &FrameDetections) -> Self {
        Self {
            frame: frame.frame,
            at: frame.at.0,
            detections: frame.detections.iter().map(Into::into).collect(),
        }
    }
}

impl From<wit::FrameDetections> for FrameDetections {
    fn from(frame: wit::FrameDetections) -> Self {
        Self {
            frame: frame.frame,
            at: Timestamp(frame.at),
            detections: frame.detections.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<&Alert> for wit::Alert {
    fn from(alert: &Alert) -> Self {
        Self {
            key: alert.key.clone(),
            kind: alert.kind.clone(),
            phase: match alert.phase {
                Phase::Begin => wit::Phase::Begin,
                Phase::Update => wit::Phase::Update,
                Phase::End => wit::Phase::End,
            },
            severity: match alert.severity {
                Severity::Info => wit::Severity::Info,
                Severity::Warning => wit::Severity::Warning,
                Severity::Critical => wit::Severity::Critical,
            },
            at: alert.at.0,
            frame: alert.frame,
            class: alert.class.clone(),
            zone: alert.zone.clone(),
            detection: (&alert.detection).into(),
            count: alert.count,
            attributes: alert.attributes.clone(),
        }
    }
}

impl From<wit::Alert> for Alert {
    fn from(alert: wit::Alert) -> Self {
        Self {
            key: alert.key,
            kind: alert.kind,
            phase: match alert.phase {
                wit::Phase::Begin => Phase::Begin,
                wit::Phase::Update => Phase::Update,
                wit::Phase::End => Phase::End,
            },
            severity: match alert.severity {
                wit::Severity::Info => Severity::Info,
                wit::Severity::Warning => Severity::Warning,
                wit::Severity::Critical => Severity::Critical,
            },
            at: Timestamp(alert.at),
            frame: alert.frame,
            class: alert.class,
            zone: alert.zone,
            detection: alert.detection.into(),
            count: alert.count,
            attributes: alert.attributes,
        }
    }
}
