//! One node with all that is known of it.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A node of a flow.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct NodeView {
    /// Its name in the flow file.
    pub name: String,
    /// `infer`, `filter`, `rule`, `gate` or `adapter`.
    pub role: String,
    /// What runs in it.
    pub plugin: Option<PluginView>,
    /// What looks in it.
    pub model: Option<ModelView>,
    /// The nodes that it reads.
    pub inputs: Vec<String>,
    /// The cameras whose data reaches it.
    pub cameras: Vec<String>,
    /// How it is configured.
    #[schema(value_type = Option<Object>)]
    pub config: Option<Value>,
    /// Which settings there are, as a JSON Schema.
    #[schema(value_type = Option<Object>)]
    pub config_schema: Option<Value>,
    /// Its lines of the flow file.
    pub yaml: Option<String>,
    /// The file that has them.
    pub file: Option<String>,
    /// The number of the first of them.
    pub line: Option<u64>,
    /// What it may reach.
    #[schema(value_type = Option<Object>)]
    pub allow: Option<Value>,
    /// What it may use up.
    pub limits: Option<LimitsView>,
    /// What happens to data when it fails: `restart`, `open` or `closed`.
    pub on_failure: Option<String>,
    /// At which hours it works; always, where there is nothing.
    pub active: Option<String>,
    /// What went wrong the last time that something did.
    pub last_failure: Option<LastFailure>,
}

/// A plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PluginView {
    /// What it calls itself.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// The component.
    pub file: String,
    /// The component, told by its bytes: 64 hexadecimal digits.
    pub sha256: String,
    /// What it says about itself.
    pub description: Option<String>,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ModelView {
    /// Its name in the flow file.
    pub name: String,
    /// The ONNX file.
    pub file: String,
    /// The file, told by its bytes: 64 hexadecimal digits.
    pub sha256: String,
    /// Detections below it are dropped.
    pub confidence: f32,
    /// Of two boxes of a class that overlap by more, the weaker is dropped.
    pub iou: f32,
    /// Pixels of its input from left to right, where it is loaded.
    #[schema(example = 640)]
    pub width: Option<u32>,
    /// Pixels from top to bottom, where it is loaded.
    #[schema(example = 640)]
    pub height: Option<u32>,
    /// What it runs on, as ONNX Runtime calls it, where it is loaded.
    #[schema(example = "CPUExecutionProvider")]
    pub provider: Option<String>,
    /// What it knows, in the order of its numbers.
    pub classes: Vec<String>,
    /// Nodes that use it.
    pub used_by: Vec<String>,
}

/// A model, with the flow that has it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FlowModel {
    /// The flow.
    pub flow: String,
    /// The model.
    #[serde(flatten)]
    pub model: ModelView,
}

/// What one instance of a plugin may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LimitsView {
    /// The longest that one call may take.
    pub deadline_ms: u64,
    /// The most memory an instance may have.
    pub memory_bytes: u64,
    /// The most that it may hand to the host at once.
    pub output_bytes: u64,
}

/// What went wrong in a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LastFailure {
    /// When, by the clock of the camera's pictures.
    #[schema(format = DateTime)]
    pub at: String,
    /// For which camera; none for a node that looks at several together.
    pub camera: Option<String>,
    /// What kind of failure, as the ledger counts it: `trap`, `deadline` and so on.
    #[schema(example = "deadline")]
    pub reason: String,
    /// In words, with the backtrace of the plugin where there is one.
    pub message: String,
}
