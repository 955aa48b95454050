//! What is shown: the shapes of everything that the API answers with. They are data and decide
//! nothing; the documents of the API are made from them.

mod addition;
mod alert;
pub(crate) mod bounds;
mod camera;
mod delivery;
mod graph;
mod infer;
mod node;
mod part;
mod report;
mod status;

pub use addition::{
    Addition, CameraAddress, CameraTrial, CameraTrouble, ChangedRule, ChosenModel, ModelFile,
    ModelFiles, NewCamera, NewRule, ReceivedModel, RuleView, Settings, TriedPicture, TroubleKind,
};
pub use alert::{
    Alert, AlertDetails, AlertSaid, Delivery, DeliveryState, Followed, Incident, Phase, Severity,
    Why, WhyStep,
};
pub use camera::{
    CameraView, CameraZones, NewZone, PassedDetection, TriedNow, ZoneShape, ZoneView,
};
pub use delivery::{DeadLetterView, Done, TestAlertView, TestOutcome};
pub use graph::{Edge, GraphNode, GraphView};
pub use infer::{Inferred, InferredDetection};
pub use node::{FlowModel, LastFailure, LimitsView, ModelView, NodeView, PluginView};
pub use part::{FlowView, RecordingView, UsedPlugin, VersionView};
pub use report::{FileProblem, ReportView, Verdict};
pub use status::{
    CameraStatus, JournalStatus, NodeStatus, OutboxStatus, Reloads, Status, VideoStatus,
};
