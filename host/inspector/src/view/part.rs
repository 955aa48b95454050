//! Flows, the versions that ran, and what lies around for them.

use serde::Serialize;
use utoipa::ToSchema;

/// A flow that runs in this process.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FlowView {
    /// Its name.
    pub name: String,
    /// The file that it is read from.
    pub file: String,
    /// Seconds since its start.
    pub running_s: f64,
    /// How many cameras it has.
    pub cameras: usize,
    /// How many nodes it has.
    pub nodes: usize,
    /// What a person should look at, if there is something.
    pub trouble: Option<String>,
}

/// A flow file that ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct VersionView {
    /// Its number; larger is later.
    pub version: u64,
    /// Since when.
    #[schema(format = DateTime)]
    pub at: String,
    /// Who put it there, where that is known.
    pub who: Option<String>,
    /// What it came by: `start`, `files`, `command`, `signal` or `page`.
    pub why: String,
    /// Whether it runs now.
    pub current: bool,
    /// What it changed, in words.
    pub said: String,
    /// The files in which it differs from the one before.
    pub files: Vec<String>,
}

/// A plugin that flows of this process use.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct UsedPlugin {
    /// What it calls itself.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// `filter`, `rule`, `gate` or `adapter`.
    pub role: String,
    /// The component.
    pub file: String,
    /// The component, told by its bytes: 64 hexadecimal digits.
    pub sha256: String,
    /// What it says about itself.
    pub description: Option<String>,
    /// Which settings there are, as a JSON Schema.
    #[schema(value_type = Option<Object>)]
    pub config_schema: Option<serde_json::Value>,
    /// `FLOW/NODE` of each node that it runs in.
    pub used_by: Vec<String>,
}

/// A recording of what models saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RecordingView {
    /// The file's name.
    pub name: String,
    /// How large it is.
    pub bytes: u64,
    /// When it was last written.
    #[schema(format = DateTime)]
    pub modified: String,
}
