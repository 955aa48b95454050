//! The way of a frame in words.

use agave_core::{Alert, AlertReport, Detection, Phase, StreamInfo, Timestamp, Zone};
use agave_inspector::view::{Followed, PassedDetection, Why, WhyStep, ZoneView};

use super::trace::{Given, Trace};
use crate::keeper::named;

/// What each node gave, in words and in detail.
pub(super) fn why(trace: &Trace, followed: Option<Followed>) -> Why {
    let stream = &*trace.stream;
    let steps = trace.given().map(|(node, given)| match given {
        Given::Detections(detections) => gave_detections(stream, node, detections),
        Given::Alerts(alerts) => gave_alerts(stream, node, alerts),
    });
    Why {
        frame: trace.frame,
        ts: trace.at.to_string(),
        steps: steps.collect(),
        zones: stream.zones.iter().map(zone).collect(),
        followed,
    }
}

fn zone(zone: &Zone) -> ZoneView {
    let points = zone.polygon.iter().map(|point| [point.x, point.y]);
    ZoneView {
        name: zone.name.clone(),
        points: points.collect(),
    }
}

/// What a frame showed.
pub(in crate::inspected) struct Seen {
    pub(in crate::inspected) at: Timestamp,
    pub(in crate::inspected) detections: Vec<PassedDetection>,
}

/// What a frame showed behind the last node that gave detections.
pub(super) fn seen(trace: &Trace) -> Seen {
    let mut given = trace.given().rev().filter_map(|(_, given)| match given {
        Given::Detections(detections) => Some(named(&trace.stream, detections)),
        Given::Alerts(_) => None,
    });
    Seen {
        at: trace.at,
        detections: given.next().unwrap_or_default(),
    }
}

fn gave_detections(stream: &StreamInfo, node: &str, detections: &[Detection]) -> WhyStep {
    WhyStep {
        node: node.to_owned(),
        role: "detections".to_owned(),
        detections: named(stream, detections),
        alerts: Vec::new(),
        said: match detections.len() {
            0 => "let nothing by".to_owned(),
            1 => "gave 1 detection".to_owned(),
            count => format!("gave {count} detections"),
        },
    }
}

fn gave_alerts(stream: &StreamInfo, node: &str, alerts: &[Alert]) -> WhyStep {
    let report = |alert: &Alert| {
        let report = AlertReport::new(&stream.camera, alert.at, alert);
        serde_json::to_value(report).unwrap_or_default()
    };
    WhyStep {
        node: node.to_owned(),
        role: "alerts".to_owned(),
        detections: Vec::new(),
        alerts: alerts.iter().map(report).collect(),
        said: match alerts {
            [only] => format!(
                "raised {} ({} of {})",
                only.kind,
                phase(only.phase),
                only.class
            ),
            several => format!("raised {} alerts", several.len()),
        },
    }
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Begin => "begin",
        Phase::Update => "update",
        Phase::End => "end",
    }
}
