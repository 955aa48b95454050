//! How a person reaches into a running flow from another terminal: `agave reload`, `plan`, `tap`
//! and `top` ask through a Unix socket in the flow's state folder. [`Controlled`] is what they
//! reach, [`Server`] the side of the running process, [`client`] the side of the commands.

pub(crate) mod client;
mod protocol;
mod server;
mod socket;
mod status;
mod tap;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use protocol::{Answer, Ask, Choice, Remedy};
pub(crate) use server::Server;
pub(crate) use status::{
    CameraStatus, JournalStatus, NodeStatus, OutboxStatus, Reloads, Status, VideoStatus,
};
pub(crate) use tap::{Passed, PassedDetection, Subscription, TapSender, subscription};

/// A running flow, as those outside of it know it.
pub(crate) trait Controlled: Send + Sync {
    /// The flow's name.
    fn name(&self) -> &str;

    /// Reads the flow's files again and puts what they say in the place of what runs. Returns
    /// when that is done or refused; one after the other, whoever asks.
    fn reload(&self, why: &Trigger) -> Report;

    /// What a reload would do now, if `file` stood in the place of the flow file.
    fn plan(&self, file: Option<PathBuf>) -> Report;

    /// What passes `node` from now on.
    ///
    /// # Errors
    /// When there is no such node, with those that there are.
    fn tap(&self, node: &str) -> Result<Subscription, String>;

    /// How everything is at this moment.
    fn status(&self) -> Status;

    /// Does something about the dead letters that are chosen. Says how many they were.
    ///
    /// # Errors
    /// When there is no such adapter, or the journal cannot be written.
    fn remedy(&self, remedy: Remedy, choice: &Choice) -> Result<u64, String>;
}

/// Why a flow is read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// These files have changed.
    Files(Vec<PathBuf>),
    /// `agave reload`.
    Command,
    /// SIGHUP.
    Signal,
}

impl Trigger {
    /// The word for it in JSON.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Files(_) => "files",
            Self::Command => "command",
            Self::Signal => "signal",
        }
    }
}

/// What became of a reload, or would become of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The flow's name.
    pub(crate) flow: String,
    pub(crate) result: Verdict,
    /// For a person, in as many lines as it takes.
    pub(crate) said: String,
    /// The same for a program.
    pub(crate) details: Value,
}

/// In one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// What the files say runs now.
    Applied,
    /// It would run after a reload.
    Planned,
    /// The files say what runs already.
    Unchanged,
    /// What ran goes on.
    Refused,
}
