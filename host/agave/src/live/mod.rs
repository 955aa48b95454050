//! A running flow with its file: what `agave run` runs one or several of, and what can be asked
//! from outside while it does.

use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use crate::control::{Controlled, Reloads, Report, Status, Subscription, Trigger};
use crate::topology::{CameraCounts, Finish, Running, Signal, Summary};

/// One of the flows of this process.
pub(crate) struct Live {
    /// The flow's name.
    name: String,
    /// As it was given.
    file: PathBuf,
    began: Instant,
    sender: Sender<Signal>,
    /// None once it has ended.
    running: RwLock<Option<Running>>,
}

impl Live {
    /// `running` is what the flow file `file` says.
    pub(crate) fn new(name: String, file: PathBuf, running: Running) -> Self {
        Self {
            name,
            file,
            began: running.began,
            sender: running.sender(),
            running: RwLock::new(Some(running)),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Ends it in good order; while it ends, cuts the rest short.
    pub(crate) fn interrupt(&self) {
        // Nobody hears it when the flow is already over.
        let _ = self.sender.send(Signal::Interrupted);
    }

    /// Runs until all sources have ended, someone interrupts, or `limit` is over.
    pub(crate) fn run(&self, limit: Option<Duration>) -> Finish {
        match self.running().as_ref() {
            Some(running) => running.wait(limit, &mut |_| {}),
            None => Finish::Ended,
        }
    }

    /// Stops everything in the order of the data. None when that has been done before.
    pub(crate) fn finish(&self, finish: Finish) -> Option<Summary> {
        // Whoever looks on meanwhile sees that nothing runs, and does not wait.
        let running = self
            .running
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take()?;
        Some(running.finish(finish))
    }

    /// The numbers of its cameras now; none once it has ended.
    pub(crate) fn counts(&self) -> Vec<CameraCounts> {
        let running = self.running();
        let counts = running.as_ref().map(Running::counts);
        let counts = counts.into_iter().flatten();
        counts.map(|(_, counts)| counts).collect()
    }

    fn running(&self) -> RwLockReadGuard<'_, Option<Running>> {
        self.running.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Controlled for Live {
    fn reload(&self, _why: &Trigger) -> Report {
        self.plan()
    }

    fn plan(&self) -> Report {
        Report {
            flow: self.name.clone(),
            result: crate::control::Verdict::Refused,
            said: String::new(),
            details: serde_json::Value::Null,
        }
    }

    fn tap(&self, node: &str) -> Result<Subscription, String> {
        Err(format!("there is no node '{node}'"))
    }

    fn status(&self) -> Status {
        let running = self.running();
        let running = running.as_ref();
        Status {
            flow: self.name.clone(),
            file: std::path::absolute(&self.file).unwrap_or_else(|_| self.file.clone()),
            process: std::process::id(),
            seconds: self.began.elapsed().as_secs_f64(),
            cameras: running.map(Running::camera_statuses).unwrap_or_default(),
            nodes: running.map(Running::node_statuses).unwrap_or_default(),
            reloads: Reloads::default(),
        }
    }
}
