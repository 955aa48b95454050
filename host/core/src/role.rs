//! The four parts that a plugin can play, and so the four kinds of its node.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which part a plugin plays. It decides what the plugin reads, what it gives and what it may
/// import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Detections in, detections out.
    Filter,
    /// Detections in, alerts out.
    Rule,
    /// Alerts in, alerts out.
    Gate,
    /// Alerts in, the outside world out. The only role that may reach it.
    Adapter,
}

impl Role {
    /// Whether the role reads alerts; otherwise it reads detections.
    pub fn reads_alerts(self) -> bool {
        matches!(self, Self::Gate | Self::Adapter)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}
