//! What an alert can be asked for in a template.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::Delivery;
use crate::report::{alert_json, phase_name, rfc_3339, severity_name};

/// A placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Placeholder {
    Known(Known),
    /// One of the things that the rule said besides.
    Attribute(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Camera,
    Kind,
    Class,
    Zone,
    Phase,
    Severity,
    Key,
    At,
    AtUnix,
    MediaTime,
    Count,
    Confidence,
    Bbox,
    Frame,
    Track,
    Attempt,
    IdempotencyKey,
    Attributes,
    Alert,
}

const KNOWN: [(&str, Known); 19] = [
    ("camera", Known::Camera),
    ("kind", Known::Kind),
    ("class", Known::Class),
    ("zone", Known::Zone),
    ("phase", Known::Phase),
    ("severity", Known::Severity),
    ("key", Known::Key),
    ("at", Known::At),
    ("at_unix", Known::AtUnix),
    ("media_time", Known::MediaTime),
    ("count", Known::Count),
    ("confidence", Known::Confidence),
    ("bbox", Known::Bbox),
    ("frame", Known::Frame),
    ("track", Known::Track),
    ("attempt", Known::Attempt),
    ("idempotency_key", Known::IdempotencyKey),
    ("attributes", Known::Attributes),
    ("alert", Known::Alert),
];

/// All names but those of attributes.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|(name, _)| *name)
}

/// What stands in the place of a placeholder.
pub(super) enum Value<'d> {
    /// The alert has none.
    Nothing,
    Text(Cow<'d, str>),
    /// A number, a list or an object, as JSON.
    Json(String),
}

impl<'d> Value<'d> {
    fn text(text: impl Into<Cow<'d, str>>) -> Self {
        Self::Text(text.into())
    }

    fn json(value: &impl Serialize) -> Self {
        // Numbers and texts only: there is nothing that JSON cannot hold.
        Self::Json(serde_json::to_string(value).unwrap_or_default())
    }

    pub(super) fn into_text(self) -> Cow<'d, str> {
        match self {
            Self::Nothing => Cow::Borrowed(""),
            Self::Text(text) => text,
            Self::Json(json) => Cow::Owned(json),
        }
    }
}

impl Placeholder {
    /// The one that is written `{name}`.
    pub(super) fn named(name: &str) -> Option<Self> {
        if let Some(attribute) = name.strip_prefix("attributes.") {
            return (!attribute.is_empty()).then(|| Self::Attribute(attribute.to_owned()));
        }
        let known = KNOWN.iter().find(|(known, _)| *known == name)?;
        Some(Self::Known(known.1))
    }

    pub(super) fn value<'d>(&self, delivery: &'d Delivery) -> Value<'d> {
        match self {
            Self::Known(known) => known.value(delivery),
            Self::Attribute(wanted) => {
                let mut attributes = delivery.alert.attributes.iter();
                let found = attributes.find(|(name, _)| name == wanted);
                found.map_or(Value::Nothing, |(_, value)| Value::text(value))
            }
        }
    }
}

impl Known {
    fn value(self, delivery: &Delivery) -> Value<'_> {
        let alert = &delivery.alert;
        match self {
            Self::Camera => Value::text(&delivery.camera),
            Self::Kind => Value::text(&alert.kind),
            Self::Class => Value::text(&alert.class),
            Self::Zone => alert.zone.as_ref().map_or(Value::Nothing, Value::text),
            Self::Phase => Value::text(phase_name(alert.phase)),
            Self::Severity => Value::text(severity_name(alert.severity)),
            Self::Key => Value::text(&alert.key),
            Self::At => Value::text(rfc_3339(alert.at)),
            Self::AtUnix => Value::json(&(alert.at / 1_000_000_000)),
            Self::MediaTime => Value::json(&((delivery.media_time as f64 / 1e6).round() / 1e3)),
            Self::Count => Value::json(&alert.count),
            Self::Confidence => Value::json(&alert.detection.confidence),
            Self::Bbox => {
                let bbox = &alert.detection.bbox;
                Value::json(&[bbox.left, bbox.top, bbox.width, bbox.height])
            }
            Self::Frame => Value::json(&alert.frame),
            Self::Track => alert
                .detection
                .track
                .map_or(Value::Nothing, |track| Value::json(&track)),
            Self::Attempt => Value::json(&delivery.attempt),
            Self::IdempotencyKey => Value::text(&delivery.idempotency_key),
            Self::Attributes => {
                let attributes = alert.attributes.iter();
                let attributes = attributes.map(|(name, value)| (name.as_str(), value.as_str()));
                Value::json(&attributes.collect::<BTreeMap<_, _>>())
            }
            Self::Alert => Value::Json(alert_json(delivery)),
        }
    }
}
