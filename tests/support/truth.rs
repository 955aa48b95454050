//! What a person saw in a clip, and whether the alerts say the same: every incident once, at
//! its time, and nothing else.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use saphyr::{LoadableYamlNode, Yaml};

use crate::Alert;

/// Seconds by which the begin of an incident may be off.
pub const TOLERANCE: f64 = 1.5;

/// The incidents of one clip.
#[derive(Debug)]
pub struct Truth {
    /// In the order of the file.
    pub incidents: Vec<Incident>,
}

/// A time during which something was where it should not be.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// The zone it was in.
    pub zone: String,
    /// What it was.
    pub class: String,
    /// When it came, in seconds of the clip.
    pub begin: f64,
}

impl Truth {
    /// Reads a file of the form `incidents: [{zone, class, begin, end}]`.
    ///
    /// # Errors
    /// When the file cannot be read or has another form.
    pub fn of_rendered_clip(file: &Path) -> Result<Self> {
        let incidents = with_yaml(file, |yaml| {
            sequence(field(yaml, "incidents")?)?
                .map(|incident| {
                    Ok(Incident {
                        zone: text(field(incident, "zone")?)?,
                        class: text(field(incident, "class")?)?,
                        begin: seconds(field(incident, "begin")?)?,
                    })
                })
                .collect()
        })?;
        Ok(Self { incidents })
    }

    /// Reads one clip's part of a file of the form
    /// `CLIP: {zone: {NAME: …}, class: NAME, incidents: [[begin, end], …]}`.
    ///
    /// # Errors
    /// When the file cannot be read, has another form or does not know the clip.
    pub fn of_real_clip(file: &Path, clip: &str) -> Result<Self> {
        let incidents = with_yaml(file, |yaml| {
            let clip = field(yaml, clip)?;
            let zones = field(clip, "zone")?.as_mapping();
            let zone = zones.and_then(|zones| zones.keys().next());
            let zone = text(zone.context("the clip has no zone")?)?;
            let class = text(field(clip, "class")?)?;
            sequence(field(clip, "incidents")?)?
                .map(|times| {
                    let begin = sequence(times)?.next().context("no begin")?;
                    Ok(Incident {
                        zone: zone.clone(),
                        class: class.clone(),
                        begin: seconds(begin)?,
                    })
                })
                .collect()
        })?;
        Ok(Self { incidents })
    }

    /// Every incident begins within the tolerance, none is doubled, none is invented.
    ///
    /// # Errors
    /// When that is not so; the message has both lists.
    pub fn compare(&self, alerts: &[Alert]) -> Result<()> {
        let mut found: Vec<Incident> = alerts
            .iter()
            .filter(|alert| alert.is_begin())
            .map(|alert| Incident {
                zone: alert.zone().unwrap_or_default().to_owned(),
                class: alert.class().to_owned(),
                begin: alert.media_time(),
            })
            .collect();
        let all = found.clone();
        let mut missed = Vec::new();
        for incident in &self.incidents {
            let same = |other: &Incident| {
                other.zone == incident.zone
                    && other.class == incident.class
                    && (other.begin - incident.begin).abs() <= TOLERANCE
            };
            match found.iter().position(same) {
                Some(place) => drop(found.remove(place)),
                None => missed.push(incident),
            }
        }
        if missed.is_empty() && found.is_empty() {
            return Ok(());
        }
        bail!(
            "the alerts are not what is in the clip\n  missed: {missed:?}\n  doubled or invented: {found:?}\n  truth: {:?}\n  begins: {all:?}",
            self.incidents
        );
    }
}

fn with_yaml<T>(file: &Path, read: impl FnOnce(&Yaml<'_>) -> Result<T>) -> Result<T> {
    let inside = || {
        let text = fs::read_to_string(file)?;
        let documents = Yaml::load_from_str(&text)?;
        read(documents.first().context("the file is empty")?)
    };
    inside().with_context(|| format!("cannot take the truth from {}", file.display()))
}

fn field<'a, 'text>(yaml: &'a Yaml<'text>, name: &str) -> Result<&'a Yaml<'text>> {
    yaml.as_mapping_get(name)
        .with_context(|| format!("there is no '{name}'"))
}

fn sequence<'a, 'text>(yaml: &'a Yaml<'text>) -> Result<impl Iterator<Item = &'a Yaml<'text>>> {
    let items = yaml.as_sequence().context("a list was expected")?;
    Ok(items.iter())
}

fn text(yaml: &Yaml<'_>) -> Result<String> {
    let text = yaml.as_str().context("a word was expected")?;
    Ok(text.to_owned())
}

fn seconds(yaml: &Yaml<'_>) -> Result<f64> {
    #[expect(clippy::cast_precision_loss, reason = "clips are shorter than that")]
    let whole = yaml.as_integer().map(|seconds| seconds as f64);
    yaml.as_floating_point()
        .or(whole)
        .context("seconds were expected")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn begin(class: &str, media_time: f64) -> Alert {
        let line = json!({
            "flow": "yard", "camera_id": "gate", "ts": "2026-01-02T03:04:05.678Z", "media_time": media_time,
            "bbox": [0.1, 0.2, 0.3, 0.4], "class": class, "confidence": 0.9, "roi_hit": true,
            "kind": "forbidden-object", "phase": "begin", "key": "1", "zone": "yard",
        });
        Alert::parse(line).unwrap()
    }

    fn truth() -> Truth {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("truth.yaml");
        let text = "incidents:\n- {zone: yard, class: object, begin: 2, end: 4.5}\n- {zone: yard, class: object, begin: 9.5, end: 12}\n";
        fs::write(&file, text).unwrap();
        Truth::of_rendered_clip(&file).unwrap()
    }

    #[test]
    fn alerts_within_the_tolerance_are_the_truth() {
        let alerts = [begin("object", 3.4), begin("object", 9.0)];
        truth().compare(&alerts).unwrap();
    }

    #[test]
    fn whatever_is_missed_late_doubled_or_of_another_class_is_not() {
        let right = begin("object", 2.0);
        let late = begin("object", 11.1);
        let other = begin("worker", 9.5);
        let doubled = [right.clone(), begin("object", 2.1), begin("object", 9.5)];
        assert!(truth().compare(std::slice::from_ref(&right)).is_err());
        assert!(truth().compare(&[right.clone(), late]).is_err());
        assert!(truth().compare(&[right, other]).is_err());
        assert!(truth().compare(&doubled).is_err());
    }
}
