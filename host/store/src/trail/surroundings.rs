//! What a flow consists of, as far as somebody wants to know later: which zone, which model and
//! which thresholds there were when an alert was raised.

use serde_json::{Value, json};

/// What a flow consists of now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surroundings {
    /// The flow.
    pub flow: String,
    /// Since when, in nanoseconds since 1970.
    pub at: u64,
    /// Its cameras.
    pub cameras: Vec<TrailCamera>,
    /// The zones of its cameras.
    pub zones: Vec<TrailZone>,
    /// Its models.
    pub models: Vec<TrailModel>,
}

/// A camera.
#[derive(Clone, Debug, PartialEq)]
pub struct TrailCamera {
    /// Its name.
    pub name: String,
    /// Where it is, without its login.
    pub address: String,
    /// How many frames of it are looked at in a second.
    pub fps: f64,
}

/// A zone of a camera.
#[derive(Clone, Debug, PartialEq)]
pub struct TrailZone {
    /// The camera's name.
    pub camera: String,
    /// The zone's name.
    pub name: String,
    /// Its corners, as fractions of the frame from its top left.
    pub polygon: Vec<[f32; 2]>,
}

/// A model with its thresholds.
#[derive(Clone, Debug, PartialEq)]
pub struct TrailModel {
    /// Its name.
    pub name: String,
    /// Its file.
    pub path: String,
    /// What tells the file from every other.
    pub fingerprint: String,
    /// What it can see.
    pub classes: Vec<String>,
    /// Detections that it is less sure of are dropped.
    pub confidence: f64,
    /// Of two boxes that overlap by more than this, the weaker is dropped.
    pub iou: f64,
}

/// A row of one of the tables that have versions.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    pub(super) table: &'static str,
    /// Unique in its flow and table.
    pub(super) name: String,
    /// The columns of its own with what is in them, as text.
    pub(super) columns: Vec<(&'static str, Kind, String)>,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Real,
    Json,
}

impl Thing {
    /// All of it, to be compared.
    pub(super) fn content(&self) -> String {
        let columns = self.columns.iter().map(|(_, _, value)| value.as_str());
        json!(columns.collect::<Vec<_>>()).to_string()
    }
}

/// The tables that have versions.
pub(super) const TABLES: [&str; 3] = ["cameras", "zones", "models"];

/// What is to be done so that a table says what is.
#[derive(Debug, Default)]
pub(super) struct Changes<'t> {
    /// These names are not as they were, or gone.
    pub(super) ended: Vec<String>,
    /// These begin.
    pub(super) begun: Vec<&'t Thing>,
}

impl Surroundings {
    pub(super) fn things(&self) -> Vec<Thing> {
        let text = |column, value: &str| (column, Kind::Text, value.to_owned());
        let real = |column, value: f64| (column, Kind::Real, value.to_string());
        let cameras = self.cameras.iter().map(|camera| Thing {
            table: "cameras",
            name: camera.name.clone(),
            columns: vec![text("address", &camera.address), real("fps", camera.fps)],
        });
        let zones = self.zones.iter().map(|zone| Thing {
            table: "zones",
            name: format!("{}/{}", zone.camera, zone.name),
            columns: vec![("polygon", Kind::Json, corners(&zone.polygon).to_string())],
        });
        let models = self.models.iter().map(|model| Thing {
            table: "models",
            name: model.name.clone(),
            columns: vec![
                text("path", &model.path),
                text("fingerprint", &model.fingerprint),
                ("classes", Kind::Json, json!(model.classes).to_string()),
                real("confidence", model.confidence),
                real("iou", model.iou),
            ],
        });
        cameras.chain(zones).chain(models).collect()
    }
}

/// Corners as they stand in a flow file: a float that was read from `0.1` is `0.1` again.
fn corners(polygon: &[[f32; 2]]) -> Value {
    let number = |side: &f32| side.to_string().parse::<f64>().unwrap_or_default();
    let corners = polygon.iter();
    corners
        .map(|corner| Value::from(corner.iter().map(number).collect::<Vec<f64>>()))
        .collect()
}

/// What has changed in `table` that says of now (name, content).
pub(super) fn changes<'t>(
    table: &str,
    now: &[(String, String)],
    given: &'t [Thing],
) -> Changes<'t> {
    let given: Vec<&Thing> = given.iter().filter(|thing| thing.table == table).collect();
    let is_given = |(name, content): &&(String, String)| {
        let same = |thing: &&Thing| thing.name == *name && thing.content() == *content;
        given.iter().any(same)
    };
    let is_there = |thing: &&&Thing| {
        let content = thing.content();
        now.iter()
            .any(|(name, there)| *name == thing.name && *there == content)
    };
    Changes {
        ended: now
            .iter()
            .filter(|row| !is_given(row))
            .map(|(name, _)| name.clone())
            .collect(),
        begun: given
            .iter()
            .filter(|thing| !is_there(thing))
            .copied()
            .collect(),
    }
}
