//! A severity in a plugin's configuration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::types::Severity;

/// How much something matters, as a setting: `info`, `warning` or `critical`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth a line in a log.
    Info,
    /// Worth a look.
    Warning,
    /// Worth getting up.
    Critical,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Info => Self::Info,
            Level::Warning => Self::Warning,
            Level::Critical => Self::Critical,
        }
    }
}
