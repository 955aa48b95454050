//! What `agave run --json` says of a reload: the one place that knows the names of its fields.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

/// The line of one reload.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Reload {
    /// The flow that was read again.
    pub flow: String,
    /// `files`, `command`, `signal` or `page`.
    pub why: String,
    /// `applied`, `unchanged` or `refused`.
    pub result: String,
    /// The files that had changed, where that was why.
    #[serde(default)]
    pub files: Vec<PathBuf>,
    /// What is different, or what is wrong.
    pub details: Value,
}

impl Reload {
    /// Takes a line that tells of a reload, and leaves every other alone.
    ///
    /// # Errors
    /// When it does not tell all.
    pub(crate) fn from_line(line: &Value) -> Result<Option<Self>> {
        let Some(reload) = line.get("reload") else {
            return Ok(None);
        };
        let reload = serde_json::from_value(reload.clone());
        reload
            .map(Some)
            .with_context(|| format!("this line does not tell a reload: {line}"))
    }

    /// Why it was refused, as a person reads it; nothing when it was not.
    #[must_use]
    pub fn problems(&self) -> &str {
        let problems = self.details.get("problems").and_then(Value::as_str);
        problems.unwrap_or_default()
    }

    /// Whether this node is among what is different.
    #[must_use]
    pub fn changes_node(&self, node: &str) -> bool {
        let nodes = self.details.get("nodes");
        nodes.is_some_and(|nodes| nodes.get(node).is_some())
    }
}
