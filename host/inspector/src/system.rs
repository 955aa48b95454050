//! What the API is asked about: the flows of this process, behind traits, because what runs them
//! is not this crate's. Everything here may take its time, and is never called on a thread of
//! the network.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{broadcast, mpsc};
use utoipa::ToSchema;

pub use crate::query::{AlertQuery, IncidentQuery};

use crate::Additions;
use crate::view::{
    Alert, AlertDetails, CameraView, DeadLetterView, Done, FileProblem, GraphView, Incident,
    Inferred, ModelView, NodeView, PassedDetection, RecordingView, ReportView, Status,
    TestAlertView, TriedNow, UsedPlugin, VersionView,
};

/// All that runs in this process.
pub trait System: Send + Sync + 'static {
    /// The flows, in the order in which they were named.
    fn flows(&self) -> Vec<Arc<dyn RunningFlow>>;

    /// Plugins that flows use.
    fn plugins(&self) -> Vec<UsedPlugin>;

    /// Recordings that lie beside the flows' files.
    fn recordings(&self) -> Vec<RecordingView>;

    /// The JSON Schema of flow files.
    fn flow_schema(&self) -> Value;
}

/// One flow that runs.
pub trait RunningFlow: Additions + Send + Sync + 'static {
    /// Unique in this process.
    fn name(&self) -> &str;

    /// Whether it ends or has ended: there is no more to see.
    fn has_ended(&self) -> bool;

    /// How everything is at this moment.
    fn status(&self) -> Status;

    /// The flow as a graph.
    fn graph(&self) -> GraphView;

    /// One node; none where there is no such node.
    fn node(&self, name: &str) -> Option<NodeView>;

    /// The cameras, in the order of their names.
    fn cameras(&self) -> Vec<CameraView>;

    /// The models, in the order of their names.
    fn models(&self) -> Vec<ModelView>;

    /// What `model`, or the only one that there is, sees in `image`. Cameras do not wait for it.
    ///
    /// # Errors
    /// When there is no such model, the image cannot be read, or nothing can be seen now.
    fn infer(&self, model: Option<&str>, image: &Image) -> Result<Inferred, Refusal>;

    /// What happens from now on.
    fn events(&self) -> broadcast::Receiver<FlowEvent>;

    /// What passes `node` from now on.
    ///
    /// # Errors
    /// When nothing can be seen there.
    fn tap(&self, node: &str) -> Result<Feed<Passed>, Refusal>;

    /// The video of `camera` from its last key frame on, with what was seen in its frames.
    ///
    /// # Errors
    /// When there is no such camera.
    fn video(&self, camera: &str) -> Result<Feed<VideoItem>, Refusal>;

    /// Has `camera`, which is lost, tried at once.
    ///
    /// # Errors
    /// When there is no such camera, it is not lost, or it was tried just now.
    fn try_now(&self, camera: &str) -> Result<TriedNow, Refusal>;

    /// The newest frame of `camera` as a JPEG.
    ///
    /// # Errors
    /// When there is no such camera, or no frame of it yet.
    fn picture(&self, camera: &str, wanted: PictureWanted) -> Result<Jpeg, Refusal>;

    /// Alerts that left the flow, the newest first.
    ///
    /// # Errors
    /// When they cannot be read.
    fn alerts(&self, query: &AlertQuery) -> Result<Vec<Alert>, Refusal>;

    /// One alert; none where there is none (any more).
    ///
    /// # Errors
    /// When it cannot be read.
    fn alert(&self, sequence: u64) -> Result<Option<AlertDetails>, Refusal>;

    /// The picture of an alert's frame, as it was when it was raised.
    ///
    /// # Errors
    /// When there is none.
    fn alert_picture(&self, sequence: u64) -> Result<Jpeg, Refusal>;

    /// Incidents, those that began last first.
    ///
    /// # Errors
    /// When they cannot be read.
    fn incidents(&self, query: &IncidentQuery) -> Result<Vec<Incident>, Refusal>;

    /// What adapters have given up, the newest first: those before `before`, at most `most`.
    ///
    /// # Errors
    /// When they cannot be read.
    fn dead_letters(
        &self,
        before: Option<u64>,
        most: usize,
    ) -> Result<Vec<DeadLetterView>, Refusal>;

    /// Does something about dead letters.
    ///
    /// # Errors
    /// When there are none that were meant, or the journal cannot be written.
    fn remedy(&self, remedy: Remedy, letters: &Letters) -> Result<Done, Refusal>;

    /// The flow file; passwords in it are numbers, which a text that is sent back may have.
    ///
    /// # Errors
    /// When it cannot be read.
    fn file(&self) -> Result<FlowFile, Refusal>;

    /// Puts `text` into the flow file, if its tag is still `expected`, and runs it. A text that
    /// cannot run is not written.
    ///
    /// # Errors
    /// When somebody else has changed it, it cannot run, or it cannot be written.
    fn write_file(&self, text: &str, expected: &str, who: &str) -> Result<ReportView, Refusal>;

    /// What would change if the flow file said `text`.
    ///
    /// # Errors
    /// When the flow file cannot be read.
    fn plan(&self, text: &str) -> Result<ReportView, Refusal>;

    /// Reads the flow file again.
    fn reload(&self, who: &str) -> ReportView;

    /// Gives a zone of `camera` these corners, in the flow file, if its tag is still `expected`.
    /// A zone that is not there is added; without corners it is removed.
    ///
    /// # Errors
    /// When somebody else has changed the file, the corners make no zone, or it is written in a
    /// way that cannot be edited.
    fn write_zone(&self, change: &ZoneChange<'_>) -> Result<ReportView, Refusal>;

    /// The flow files that ran, the newest first.
    fn versions(&self) -> Vec<VersionView>;

    /// Puts one of them into the flow file, if its tag is still `expected`, and runs it.
    ///
    /// # Errors
    /// When somebody else has changed it, it cannot run, or it cannot be written.
    fn restore(&self, version: u64, expected: &str, who: &str) -> Result<ReportView, Refusal>;

    /// The text of one of them; passwords in it are numbers.
    fn version(&self, version: u64) -> Option<String>;

    /// Sends a test alert to the adapter `node`, and waits for what becomes of it.
    ///
    /// # Errors
    /// When there is no such adapter, or it cannot be tested now.
    fn test_alert(&self, node: &str) -> Result<TestAlertView, Refusal>;

    /// Starts a node's plugin again where it was given up. Says for how many cameras.
    ///
    /// # Errors
    /// When there is no such node.
    fn revive(&self, node: &str) -> Result<Done, Refusal>;
}

/// A change of a camera's zones.
#[derive(Clone, Copy, Debug)]
pub struct ZoneChange<'c> {
    /// The camera.
    pub camera: &'c str,
    /// The zone.
    pub zone: &'c str,
    /// The corners that it is to have; none takes it away.
    pub points: Option<&'c [[f32; 2]]>,
    /// The tag that the file must have.
    pub expected: &'c str,
    /// Who wants it.
    pub who: &'c str,
}

/// Something that somebody looks at as it comes, until this is dropped. What comes while the
/// queue is full is left out.
pub struct Feed<T> {
    /// What has come.
    pub items: mpsc::Receiver<T>,
    /// Gives what was left out since it was last asked.
    pub left_out: Box<dyn Fn() -> u64 + Send>,
    /// Ends it when it is dropped.
    pub guard: Box<dyn Send>,
}

/// Something passed a node, in the form in which it is sent.
pub type Passed = Value;

/// Something happened to a flow.
#[derive(Clone, Debug)]
pub enum FlowEvent {
    /// An alert left it.
    Alert(Arc<Alert>),
    /// It was read again.
    Reload(Arc<ReportView>),
}

/// A piece of a camera's video.
#[derive(Clone, Debug)]
pub enum VideoItem {
    /// What the packets from here on are.
    Config {
        /// As WebCodecs name it; none where that cannot play it.
        codec: Option<String>,
        /// What the decoder must know before the first packet.
        description: Option<Bytes>,
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// One encoded picture.
    Packet {
        /// Whether a decoder can begin with it.
        key_frame: bool,
        /// When it is shown, in microseconds of the stream's own clock.
        presentation_us: i64,
        /// The access unit.
        data: Bytes,
    },
    /// What was seen in a picture.
    Frame {
        /// When the picture is shown, in microseconds of the stream's own clock.
        presentation_us: i64,
        /// Its number.
        frame: u64,
        /// When it was captured.
        ts: String,
        /// The node that gave it.
        node: String,
        /// What was seen.
        detections: Vec<PassedDetection>,
    },
}

/// In which form a picture is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PictureWanted {
    /// Its longest side has at most so many pixels.
    pub most_pixels: u32,
    /// What is drawn in it of what was seen.
    pub boxes: Boxes,
}

/// What is drawn in a picture of what was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Boxes {
    /// Nothing.
    #[default]
    None,
    /// What stands in a zone, if the camera has some.
    Zones,
    /// Everything.
    All,
}

/// A picture of a frame.
#[derive(Clone, Debug)]
pub struct Jpeg {
    /// The file.
    pub data: Bytes,
    /// The frame's number.
    pub frame: u64,
    /// When it was captured.
    pub ts: String,
}

/// A picture that somebody sends.
#[derive(Clone, Debug)]
pub struct Image {
    /// What it is said to be.
    pub kind: ImageKind,
    /// The file.
    pub data: Bytes,
}

/// What pictures can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageKind {
    /// image/jpeg
    Jpeg,
    /// image/png
    Png,
}

/// What can be done about dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Deliver them after all.
    Retry,
    /// Forget them.
    Drop,
}

/// Some of the dead letters; all of them if nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letters {
    /// Those of this adapter.
    pub adapter: Option<String>,
    /// The one with this number.
    pub sequence: Option<u64>,
}

/// A flow file as it is now.
#[derive(Clone, Debug)]
pub struct FlowFile {
    /// What stands in it.
    pub text: String,
    /// Changes with the text.
    pub tag: String,
}

/// Why something cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// Somebody else has changed it meanwhile.
    #[error("{0}")]
    Stale(String),
    /// It would be wrong.
    #[error("{said}")]
    Invalid {
        /// In words.
        said: String,
        /// Where, if it is about a file.
        problems: Vec<FileProblem>,
    },
    /// Something in a form that was sent would be wrong.
    #[error("{said}")]
    Flawed {
        /// The field.
        field: &'static str,
        /// In words.
        said: String,
    },
    /// More was sent than is taken.
    #[error("{0}")]
    TooLarge(String),
    /// As things are there is nothing to do, or it was done just now.
    #[error("{0}")]
    Conflict(String),
    /// It cannot be done now.
    #[error("{0}")]
    Unavailable(String),
}
