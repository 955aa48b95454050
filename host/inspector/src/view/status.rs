//! How a running flow is at one moment, in numbers since its start. Rates are the difference of
//! two of these, and whoever wants some asks twice.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::CameraTrouble;

/// The whole flow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// The flow's name.
    pub flow: String,
    /// The file that it is read from, as an absolute path.
    #[schema(value_type = String)]
    pub file: PathBuf,
    /// Of the program that runs it.
    pub process: u32,
    /// Since its start.
    pub seconds: f64,
    /// In the order of the flow.
    pub cameras: Vec<CameraStatus>,
    /// In the order of the flow.
    pub nodes: Vec<NodeStatus>,
    /// How often it was read again.
    pub reloads: Reloads,
    /// What keeps its alerts.
    #[serde(default)]
    pub journal: JournalStatus,
    /// One for each adapter, in the order of the flow.
    #[serde(default)]
    pub outboxes: Vec<OutboxStatus>,
}

/// What keeps the alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JournalStatus {
    /// Whether anything is there again after a restart.
    pub lasts: bool,
    /// Alerts that are not written yet.
    pub waiting: u64,
    /// How often something was written since the start, each time to the disk.
    pub commits: u64,
    /// Why nothing can be written, while that is so.
    pub trouble: Option<String>,
}

/// What an adapter has still to deliver.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OutboxStatus {
    /// The node.
    pub adapter: String,
    /// Alerts that are still to be delivered.
    pub waiting: u64,
    /// The same by camera.
    pub by_camera: BTreeMap<String, u64>,
    /// Since the start.
    pub delivered: u64,
    /// What was given up and is still kept.
    pub dead_letters: u64,
    /// Why nothing has been delivered lately.
    pub trouble: Option<String>,
    /// Seconds until the receiver is tried again, while it is away.
    pub tries_again_in_s: Option<f64>,
    /// The plugin was given up.
    pub quarantined: bool,
}

/// How often the flow was read again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reloads {
    /// What the files said runs now.
    pub applied: u64,
    /// The files said what ran already.
    pub unchanged: u64,
    /// What ran went on.
    pub refused: u64,
    /// Why the last one was refused, if what runs is not what the files say.
    pub pending: Option<String>,
}

/// One camera.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CameraStatus {
    /// Unique among the cameras.
    pub name: String,
    /// `connecting`, `live`, `lost`, `ended` or `failed`.
    pub health: String,
    /// Why it is lost or failed, as the program says it.
    pub reason: Option<String>,
    /// The same in plain words, and what to do about it.
    #[serde(default)]
    pub trouble: Option<CameraTrouble>,
    /// Since when it is as it is. A camera that is lost is lost until a picture comes, however
    /// often it is tried.
    #[serde(default)]
    #[schema(format = DateTime)]
    pub since: Option<String>,
    /// Seconds until a camera that is lost is tried again; nothing while it is being tried.
    #[serde(default)]
    pub tries_again_in_s: Option<f64>,
    /// Frames that came.
    pub read: u64,
    /// Of these, those that were to be looked at.
    pub sampled: u64,
    /// Of these, those that were.
    pub inferred: u64,
    /// And those that were not, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// How often it was lost, or an attempt to reach it failed.
    pub reconnects: u64,
    /// What its pictures are, once one has come.
    #[serde(default)]
    pub video: Option<VideoStatus>,
}

/// What a camera's source sends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VideoStatus {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// FFmpeg's name, for example `h264`; none for a recording, which has no pictures.
    pub codec: Option<String>,
    /// Seconds between the last two key frames, once there were two: how long somebody who
    /// lost something waits at most.
    pub key_frame_gap_s: Option<f64>,
    /// How many watch.
    pub viewers: u64,
}

/// One node over all cameras. The unit is what it reads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NodeStatus {
    /// Unique among the nodes.
    pub name: String,
    /// `infer`, `filter`, `rule`, `gate` or `adapter`.
    pub role: String,
    /// What came to it.
    #[serde(rename = "in")]
    pub received: u64,
    /// What left it.
    #[serde(rename = "out")]
    pub passed: u64,
    /// By reason.
    pub dropped: BTreeMap<String, u64>,
    /// What is in it.
    pub waiting: u64,
    /// Alerts that it gave.
    pub alerts: u64,
    /// Calls of its plugin that failed.
    pub failures: u64,
    /// For how many cameras its plugin was given up.
    pub quarantined: u64,
    /// Milliseconds that half of its calls stay below.
    pub p50_ms: f64,
    /// Milliseconds that 99 of 100 calls stay below.
    pub p99_ms: f64,
}

impl NodeStatus {
    /// How many did not get any further.
    pub fn total_dropped(&self) -> u64 {
        self.dropped.values().sum()
    }

    /// in = out + dropped + waiting.
    pub fn balances(&self) -> bool {
        self.received == self.passed + self.total_dropped() + self.waiting
    }
}
