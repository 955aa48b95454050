//! What became of a change, or would become of one.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What became of a reload, or would become of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReportView {
    /// The flow's name.
    pub flow: String,
    /// In one word.
    pub result: Verdict,
    /// For a person, in as many lines as it takes.
    pub said: String,
    /// The same for a program.
    #[schema(value_type = Object)]
    pub details: Value,
    /// What is wrong with the files.
    #[serde(default)]
    pub problems: Vec<FileProblem>,
}

/// In one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// What the files say runs now.
    Applied,
    /// It would run after a reload.
    Planned,
    /// The files say what runs already.
    Unchanged,
    /// What ran goes on.
    Refused,
}

/// Something that is wrong with a flow file, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileProblem {
    /// `error` or `warning`.
    pub severity: String,
    /// What `agave explain` tells more about.
    #[schema(example = "E012")]
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What to do, a line each.
    #[serde(default)]
    pub help: Vec<String>,
    /// The file.
    pub file: String,
    /// From 1; none where it is about the whole file.
    pub line: Option<u64>,
    /// From 1, in characters.
    pub column: Option<u64>,
    /// Where it ends.
    pub end_line: Option<u64>,
    /// The column behind it.
    pub end_column: Option<u64>,
}
