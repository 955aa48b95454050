//! How a person reaches into a running flow from another terminal: `agave reload`, `plan`, `tap`
//! and `top` ask through a Unix socket in the flow's state folder. [`Controlled`] is what they
//! reach, [`Server`] the side of the running process, [`client`] the side of the commands.

pub(crate) mod client;
mod protocol;
mod server;
mod socket;
mod tap;

use std::path::PathBuf;

pub(crate) use agave_inspector::view::{
    CameraStatus, JournalStatus, NodeStatus, OutboxStatus, PassedDetection, Reloads,
    ReportView as Report, Status, TestAlertView, TestOutcome, Verdict, VideoStatus,
};
pub(crate) use protocol::{Answer, Ask, Choice, Remedy};
pub(crate) use server::Server;
pub(crate) use tap::{Passed, Subscription, TapSender, subscription};

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

    /// Sends a test alert to `adapter`, and waits for what becomes of it.
    ///
    /// # Errors
    /// When there is no such adapter, or it cannot be tested now.
    fn test_alert(&self, adapter: &str) -> Result<TestAlertView, NotTested>;
}

/// Why no test alert was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotTested {
    #[error("there is no node '{0}'")]
    NoNode(String),
    #[error("'{0}' takes no test alert: it sends nothing to anybody")]
    NoReceiver(String),
    #[error("{0}")]
    NotNow(String),
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
    /// Somebody with this name, by the control API.
    Page(String),
}

impl Trigger {
    /// The word for it in JSON.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Files(_) => "files",
            Self::Command => "command",
            Self::Signal => "signal",
            Self::Page(_) => "page",
        }
    }
}
