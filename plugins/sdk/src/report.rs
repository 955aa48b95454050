//! The form in which an alert leaves Agave as JSON, the same that `agave run --json` prints.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Delivery;
use crate::types::{Phase, Severity, Timestamp};

/// A struct and not a JSON value: values hold every number as an `f64`, and a confidence of
/// 0.9 would read 0.8999999761581421.
#[derive(Serialize)]
struct Report<'d> {
    camera_id: &'d str,
    ts: String,
    media_time: f64,
    bbox: [f32; 4],
    class: &'d str,
    confidence: f32,
    roi_hit: bool,
    kind: &'d str,
    phase: &'static str,
    key: &'d str,
    severity: &'static str,
    zone: Option<&'d str>,
    frame: u64,
    track: Option<u64>,
    count: u32,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'d str, &'d str>,
}

/// One delivery as the JSON object that every receiver of Agave's alerts knows:
/// `{camera_id, ts, media_time, bbox, class, confidence, roi_hit, kind, phase, key, …}`.
pub fn alert_json(delivery: &Delivery) -> String {
    let alert = &delivery.alert;
    let bbox = &alert.detection.bbox;
    let report = Report {
        camera_id: &delivery.camera,
        ts: rfc_3339(alert.at),
        media_time: (delivery.media_time as f64 / 1e6).round() / 1e3,
        bbox: [bbox.left, bbox.top, bbox.width, bbox.height],
        class: &alert.class,
        confidence: alert.detection.confidence,
        roi_hit: alert.zone.is_some() || alert.detection.zones != 0,
        kind: &alert.kind,
        phase: phase_name(alert.phase),
        key: &alert.key,
        severity: severity_name(alert.severity),
        zone: alert.zone.as_deref(),
        frame: alert.frame,
        track: alert.detection.track,
        count: alert.count,
        attributes: alert
            .attributes
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect(),
    };
    // Strings and numbers only: there is nothing that JSON cannot hold.
    serde_json::to_string(&report).unwrap_or_default()
}

/// As it is written wherever a person reads it.
pub fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Begin => "begin",
        Phase::Update => "update",
        Phase::End => "end",
    }
}

/// As it is written wherever a person reads it.
pub fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

/// UTC with milliseconds, as RFC 3339 writes it. Civil date from days after Howard Hinnant's well-known algorithm; a
/// date library would double the size of a plugin.
pub fn rfc_3339(nanoseconds: Timestamp) -> String {
    let milliseconds = nanoseconds / 1_000_000;
    let (seconds, fraction) = (milliseconds / 1000, milliseconds % 1000);
    let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{fraction:03}Z",
        second_of_day / 3600,
        second_of_day / 60 % 60,
        second_of_day % 60
    )
}

#[cfg(test)]
mod tests {
    use super::rfc_3339;

    #[test]
    fn prints_utc() {
        assert_eq!(rfc_3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            rfc_3339(1_767_323_045_678_000_000),
            "2026-01-02T03:04:05.678Z"
        );
        assert_eq!(
            rfc_3339(1_709_164_800_000_000_000),
            "2024-02-29T00:00:00.000Z"
        );
    }
}
