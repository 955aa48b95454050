//! How a running flow is at one moment, in numbers since its start. Rates are the difference of
//! two of these, and whoever wants some asks twice.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The whole flow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Status {
    /// The flow's name.
    pub(crate) flow: String,
    /// The file that it is read from, as an absolute path.
    pub(crate) file: PathBuf,
    /// Of the program that runs it.
    pub(crate) process: u32,
    /// Since its start.
    pub(crate) seconds: f64,
    /// In the order of the flow.
    pub(crate) cameras: Vec<CameraStatus>,
    /// In the order of the flow.
    pub(crate) nodes: Vec<NodeStatus>,
    pub(crate) reloads: Reloads,
    #[serde(default)]
    pub(crate) journal: JournalStatus,
    /// One for each adapter, in the order of the flow.
    #[serde(default)]
    pub(crate) outboxes: Vec<OutboxStatus>,
}

/// What keeps the alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JournalStatus {
    /// Whether anything is there again after a restart.
    pub(crate) lasts: bool,
    /// Alerts that are not written yet.
    pub(crate) waiting: u64,
    /// How often something was written since the start, each time to the disk.
    pub(crate) commits: u64,
    /// Why nothing can be written, while that is so.
    pub(crate) trouble: Option<String>,
}

/// What an adapter has still to deliver.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct OutboxStatus {
    /// The node.
    pub(crate) adapter: String,
    pub(crate) waiting: u64,
    /// The same by camera.
    pub(crate) by_camera: BTreeMap<String, u64>,
    /// Since the start.
    pub(crate) delivered: u64,
    /// What was given up and is still kept.
    pub(crate) dead_letters: u64,
    /// Why nothing has been delivered lately.
    pub(crate) trouble: Option<String>,
    /// Seconds until the receiver is tried again, while it is away.
    pub(crate) tries_again_in_s: Option<f64>,
    /// The plugin was given up.
    pub(crate) quarantined: bool,
}

/// How often the flow was read again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reloads {
    pub(crate) applied: u64,
    /// The files said what ran already.
    pub(crate) unchanged: u64,
    pub(crate) refused: u64,
    /// Why the last one was refused, if what runs is not what the files say.
    pub(crate) pending: Option<String>,
}

/// One camera.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CameraStatus {
    pub(crate) name: String,
    /// `connecting`, `live`, `lost`, `ended` or `failed`.
    pub(crate) health: String,
    /// Why it is lost or failed.
    pub(crate) reason: Option<String>,
    /// Frames that came.
    pub(crate) read: u64,
    /// Of these, those that were to be looked at.
    pub(crate) sampled: u64,
    /// Of these, those that were.
    pub(crate) inferred: u64,
    /// And those that were not, by reason.
    pub(crate) dropped: BTreeMap<String, u64>,
    pub(crate) reconnects: u64,
    /// What its pictures are, once one has come.
    #[serde(default)]
    pub(crate) video: Option<VideoStatus>,
}

/// What a camera's source sends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct VideoStatus {
    /// Pixels from left to right.
    pub(crate) width: u32,
    /// Pixels from top to bottom.
    pub(crate) height: u32,
    /// FFmpeg's name, for example `h264`.
    pub(crate) codec: String,
    /// Seconds between the last two key frames, once there were two: how long somebody who
    /// lost something waits at most.
    pub(crate) key_frame_gap_s: Option<f64>,
    /// How many watch.
    pub(crate) viewers: u64,
}

/// One node over all cameras. The unit is what it reads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct NodeStatus {
    pub(crate) name: String,
    /// `infer`, `filter`, `rule`, `gate` or `adapter`.
    pub(crate) role: String,
    #[serde(rename = "in")]
    pub(crate) received: u64,
    #[serde(rename = "out")]
    pub(crate) passed: u64,
    /// By reason.
    pub(crate) dropped: BTreeMap<String, u64>,
    pub(crate) waiting: u64,
    pub(crate) alerts: u64,
    pub(crate) failures: u64,
    /// For how many cameras its plugin was given up.
    pub(crate) quarantined: u64,
    /// Milliseconds that half of its calls stay below.
    pub(crate) p50_ms: f64,
    /// Milliseconds that 99 of 100 calls stay below.
    pub(crate) p99_ms: f64,
}

impl NodeStatus {
    /// How many did not get any further.
    pub(crate) fn total_dropped(&self) -> u64 {
        self.dropped.values().sum()
    }

    /// in = out + dropped + waiting.
    pub(crate) fn balances(&self) -> bool {
        self.received == self.passed + self.total_dropped() + self.waiting
    }
}
