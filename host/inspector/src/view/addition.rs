//! What a page adds to a flow, and what it wants to know before.

use agave_core::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ReportView, bounds};

/// Where a camera is, and how it lets one in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraAddress {
    /// An `rtsp://` address, or a video file relative to the folder of the flow file. A login in
    /// it counts as if it stood in `user` and `password`.
    #[schema(example = "rtsp://10.0.0.5:554/stream", max_length = 2048)]
    #[serde(deserialize_with = "bounds::text::<2048, _>")]
    pub url: String,
    /// Whom to log in as, if the camera wants a login.
    #[schema(max_length = 256)]
    #[serde(default, deserialize_with = "bounds::at_most::<256, _>")]
    pub user: Option<String>,
    /// With what. It is shown nowhere.
    #[schema(value_type = Option<String>, max_length = 256)]
    #[serde(default, deserialize_with = "secret")]
    pub password: Option<Secret>,
    /// A camera of the flow whose login is used where none is given.
    #[schema(example = "gate", max_length = 64)]
    #[serde(default, deserialize_with = "bounds::at_most::<64, _>")]
    pub login_of: Option<String>,
}

fn secret<'de, D: serde::Deserializer<'de>>(given: D) -> Result<Option<Secret>, D::Error> {
    Ok(bounds::at_most::<256, _>(given)?.map(Secret::new))
}

/// What came of connecting to a camera.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CameraTrial {
    /// The address without a login.
    pub url: String,
    /// What is wrong; nothing where there was a picture.
    pub trouble: Option<CameraTrouble>,
    /// The first picture.
    pub picture: Option<TriedPicture>,
    /// Milliseconds until the picture was there, or it was clear that there is none.
    pub took_ms: u64,
}

/// The first picture of a camera.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TriedPicture {
    /// A JPEG, in base64; at most 1280 pixels on its longest side.
    pub jpeg: String,
    /// Pixels of the camera's picture from left to right.
    pub width: u32,
    /// Pixels of the camera's picture from top to bottom.
    pub height: u32,
    /// FFmpeg's name of the codec.
    #[schema(example = "h264")]
    pub codec: String,
}

/// Why there is no picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CameraTrouble {
    /// In one word.
    pub kind: TroubleKind,
    /// What happened.
    #[schema(example = "10.0.0.5 is there, and nothing listens at port 554.")]
    pub said: String,
    /// What to do.
    #[schema(example = "Is the port right, and is RTSP turned on in the camera's settings?")]
    pub advice: String,
}

/// Why there is no picture, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// It is no address of a camera.
    Address,
    /// No machine has that name.
    Name,
    /// Nobody answers.
    Silent,
    /// The machine is there, and nothing listens at the port.
    Refused,
    /// What listens there does not speak RTSP, or breaks off.
    Protocol,
    /// The login is wrong, or one is wanted.
    Login,
    /// There is no stream at the path.
    Path,
    /// There is no video that can be decoded.
    Video,
    /// All was well, and no picture came.
    Picture,
    /// There is no such file, or it may not be read.
    File,
    /// It is a recording, which can be a camera and has no pictures.
    Recording,
}

/// A camera that is to be added.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCamera {
    /// What it is called.
    #[schema(example = "gate", pattern = "^[A-Za-z0-9_-]{1,64}$")]
    pub name: String,
    /// Where it is. A login is kept in a file of its own, and the flow file only refers to it.
    pub address: CameraAddress,
    /// How many frames are looked at in a second; 5 if not said.
    #[schema(exclusive_minimum = 0, maximum = 120)]
    pub fps: Option<f32>,
    /// The model that looks at it, where no node looks at all cameras: the name of one of the
    /// flow's, or the `path` of one that lies around. Without one it shows its picture only, until
    /// it is given one.
    pub model: Option<String>,
}

/// A rule that is to be added: an alert when something of these classes is in a zone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRule {
    /// Whose zone it is.
    #[schema(example = "gate")]
    pub camera: String,
    /// The zone.
    #[schema(example = "yard")]
    pub zone: String,
    /// What raises an alert.
    #[schema(schema_with = bounds::classes)]
    pub classes: Vec<String>,
    /// What it is called; made of the classes and the zone, if not said.
    pub name: Option<String>,
    /// How long something must have been there; the plugin's own default, if not said.
    #[schema(example = "500ms")]
    pub after: Option<String>,
    /// How much it matters: `info`, `warning` or `critical`.
    #[schema(example = "warning")]
    pub severity: Option<String>,
    /// How long something may be gone and come back as the same incident; 2 s, if not said.
    #[schema(example = "2s")]
    pub hold: Option<String>,
}

/// A rule of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RuleView {
    /// The node's name.
    #[schema(example = "object-in-yard")]
    pub name: String,
    /// The plugin's own name; one that is `forbidden-object` can be changed here.
    #[schema(example = "forbidden-object")]
    pub plugin: String,
    /// The cameras that it is about.
    pub cameras: Vec<String>,
    /// The zone that it watches, if it watches one.
    pub zone: Option<String>,
    /// What raises an alert, where it says so.
    pub classes: Option<Vec<String>>,
    /// How long something must have been there; the plugin's own default, if not said.
    #[schema(example = "500ms")]
    pub after: Option<String>,
    /// How much it matters; the plugin's own default, if not said.
    pub severity: Option<String>,
    /// The `debounce` that reads it and nothing else.
    #[schema(example = "calm-object-in-yard")]
    pub gate: Option<String>,
    /// How long something may be gone and come back as the same incident.
    #[schema(example = "2s")]
    pub hold: Option<String>,
}

/// What is to be different about a rule; what is not said stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedRule {
    /// What raises an alert.
    #[schema(example = json!(["person"]), min_items = 1, max_items = 1000)]
    pub classes: Option<Vec<String>>,
    /// How long something must have been there.
    #[schema(example = "500ms")]
    pub after: Option<String>,
    /// How much it matters: `info`, `warning` or `critical`.
    #[schema(example = "warning")]
    pub severity: Option<String>,
    /// How long something may be gone and come back as the same incident.
    #[schema(example = "2s")]
    pub hold: Option<String>,
}

/// The model that is to look at a camera.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChosenModel {
    /// The name of one of the flow's, or the `path` of one that lies around.
    #[schema(example = "models/people.onnx", min_length = 1, max_length = 2048)]
    #[serde(deserialize_with = "bounds::text::<2048, _>")]
    pub model: String,
}

/// Settings of a plugin that are to have other values, by their names; `null` takes one away.
#[derive(Clone, Debug, PartialEq, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object, example = json!({ "hold": "3s", "severity": null }))]
pub struct Settings(pub serde_json::Map<String, serde_json::Value>);

/// What was added to a flow, or would be.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Addition {
    /// What it changed, or would change.
    pub report: ReportView,
    /// What stands in the flow file with it; passwords in it are numbers.
    pub text: String,
}

/// A model that lies where models are looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ModelFile {
    /// The file, as a flow file says it.
    pub path: String,
    /// What it would be called.
    pub name: String,
    /// What it can see, where the file says so.
    pub classes: Vec<String>,
    /// Whether it came with Agave. It is put beside the flow file when it is chosen.
    pub is_shipped: bool,
}

/// A model that was sent, and that a flow can run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReceivedModel {
    /// The file, as a flow file says it.
    #[schema(example = "models/people.onnx")]
    pub path: String,
    /// What it would be called.
    #[schema(example = "people")]
    pub name: String,
    /// What it can see.
    #[schema(example = json!(["person", "car"]))]
    pub classes: Vec<String>,
    /// Pixels of its input from left to right.
    #[schema(example = 640)]
    pub width: u32,
    /// Pixels of its input from top to bottom.
    #[schema(example = 640)]
    pub height: u32,
}

/// What lies where models are looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ModelFiles {
    /// At most 100, those nearest to the flow file first.
    pub items: Vec<ModelFile>,
    /// Where was looked.
    pub folders: Vec<String>,
    /// Whether a camera that is added has to name a model: no node looks at all cameras.
    pub is_needed: bool,
}
