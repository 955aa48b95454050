//! An alert as it stands on a line of standard output: the one place that knows the names of
//! its fields.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

/// One alert line.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// The line as it was printed.
    pub line: Value,
    fields: Fields,
}

/// The fields that tests look at; that all of them are there is part of every test.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Fields {
    flow: String,
    camera_id: String,
    ts: String,
    media_time: f64,
    bbox: [f64; 4],
    class: String,
    confidence: f64,
    roi_hit: bool,
    kind: String,
    phase: String,
    key: String,
    zone: Option<String>,
}

impl Alert {
    pub(crate) fn parse(line: Value) -> Result<Self> {
        let fields: Fields = serde_json::from_value(line.clone())
            .with_context(|| format!("this line is not an alert: {line}"))?;
        let alert = Self { line, fields };
        alert
            .check()
            .with_context(|| format!("in {}", alert.line))?;
        Ok(alert)
    }

    /// What holds for every alert.
    fn check(&self) -> Result<()> {
        let fields = &self.fields;
        let rfc3339 = fields.ts.get(10..11) == Some("T") && fields.ts.ends_with('Z');
        anyhow::ensure!(rfc3339, "ts is not a time in RFC 3339 and UTC");
        anyhow::ensure!(
            fields.media_time >= 0.0,
            "it happened before the stream began"
        );
        let [left, top, width, height] = fields.bbox;
        let inside = |from: f64, size: f64| from >= -1e-3 && size > 0.0 && from + size <= 1.001;
        anyhow::ensure!(
            inside(left, width) && inside(top, height),
            "bbox is not inside the frame"
        );
        anyhow::ensure!(
            (0.0..=1.0).contains(&fields.confidence),
            "confidence is not between 0 and 1"
        );
        anyhow::ensure!(
            fields.roi_hit || fields.zone.is_none(),
            "it names a zone without roi_hit"
        );
        anyhow::ensure!(
            !fields.kind.is_empty() && !fields.key.is_empty(),
            "it has no kind or key"
        );
        Ok(())
    }

    /// The flow that raised it.
    #[must_use]
    pub fn flow(&self) -> &str {
        &self.fields.flow
    }

    /// The camera that saw it.
    #[must_use]
    pub fn camera(&self) -> &str {
        &self.fields.camera_id
    }

    /// Seconds since the stream's first frame.
    #[must_use]
    pub fn media_time(&self) -> f64 {
        self.fields.media_time
    }

    /// What was seen.
    #[must_use]
    pub fn class(&self) -> &str {
        &self.fields.class
    }

    /// Where, if the rule asked for a zone.
    #[must_use]
    pub fn zone(&self) -> Option<&str> {
        self.fields.zone.as_deref()
    }

    /// Whether an incident begins with it.
    #[must_use]
    pub fn is_begin(&self) -> bool {
        self.fields.phase == "begin"
    }
}

/// One camera's alerts without what differs from run to run, to compare two runs on the same
/// clip: no capture time, and instead of each key, which holds one, the incident's number.
#[must_use]
pub fn without_wall_clock(alerts: &[Alert], camera: &str) -> Vec<Value> {
    let mut keys: Vec<&str> = Vec::new();
    let of_camera = alerts.iter().filter(|alert| alert.camera() == camera);
    of_camera
        .map(|alert| {
            let key = alert.fields.key.as_str();
            let known = keys.iter().position(|known| *known == key);
            let number = known.unwrap_or_else(|| {
                keys.push(key);
                keys.len() - 1
            });
            let mut line = alert.line.clone();
            if let Some(fields) = line.as_object_mut() {
                fields.remove("ts");
                fields.insert("key".to_owned(), number.into());
            }
            line
        })
        .collect()
}

/// The alerts with which incidents begin.
#[must_use]
pub fn begins(alerts: &[Alert]) -> Vec<&Alert> {
    alerts.iter().filter(|alert| alert.is_begin()).collect()
}
