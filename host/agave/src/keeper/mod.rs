//! Keeps a running flow as its files say, and shows it to those outside: whatever `agave run`
//! does with a flow while it runs, except starting and ending it.

mod read;
mod tap;
mod told;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use agave_flow::{CameraKind, Changes, Flow, Override, diff};
use serde_json::json;

use crate::control::{
    Choice, Controlled, Reloads, Remedy, Report, Status, Subscription, Trigger, Verdict,
};
use crate::report::FlowReporter;
use crate::surroundings::Machine;
use crate::topology::{CameraCounts, Live, ReloadError};
use crate::watch::{Watched, Watcher};

pub(crate) use read::{Reading, read};

/// Where a flow comes from.
pub(crate) struct Source {
    pub(crate) machine: Arc<Machine>,
    /// As it was given.
    pub(crate) file: PathBuf,
    /// They hold over reloads.
    pub(crate) overrides: Vec<Override>,
}

/// One of the flows of this process.
pub(crate) struct Keeper {
    source: Source,
    live: Arc<Live>,
    reporter: FlowReporter,
    watched: Arc<Mutex<Watched>>,
    /// One attempt after the other.
    attempting: Mutex<()>,
    reloads: Mutex<Reloads>,
    ending: AtomicBool,
}

impl Keeper {
    /// `live` is what stood in `files` when they were read after `began`.
    pub(crate) fn new(
        source: Source,
        files: BTreeSet<PathBuf>,
        began: SystemTime,
        live: Arc<Live>,
        reporter: FlowReporter,
    ) -> Arc<Self> {
        let mut watched = Watched::default();
        watched.watch(&without_clips(files, &live.flow()), began);
        Arc::new(Self {
            source,
            live,
            reporter,
            watched: Arc::new(Mutex::new(watched)),
            attempting: Mutex::default(),
            reloads: Mutex::default(),
            ending: AtomicBool::new(false),
        })
    }

    /// Reads the flow again whenever one of its files was saved, until the watcher is dropped.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(crate) fn watch(self: &Arc<Self>) -> std::io::Result<Watcher> {
        let keeper = Arc::clone(self);
        Watcher::start(Arc::clone(&self.watched), move |files| {
            keeper.reload(&Trigger::Files(files));
        })
    }

    /// The flow ends: it is changed no more, and nobody looks at its numbers.
    pub(crate) fn end(&self) {
        self.ending.store(true, Ordering::Relaxed);
    }

    /// Whether it ends or has ended.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }

    /// The numbers of its cameras now; none once it ends.
    pub(crate) fn counts(&self) -> Vec<CameraCounts> {
        if self.is_ending() {
            return Vec::new();
        }
        let counts = self.live.counts().into_iter();
        counts.map(|(_, counts)| counts).collect()
    }

    fn reloads(&self) -> MutexGuard<'_, Reloads> {
        self.reloads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, file: Option<PathBuf>) -> Reading {
        let file = file.as_ref().unwrap_or(&self.source.file);
        read(&self.source.machine, file, &self.source.overrides)
    }

    /// Makes the running flow into what its files say. Gives what that changed, or why nothing
    /// did.
    fn attempt(&self) -> Result<Changes, String> {
        let began = SystemTime::now();
        // Before anything is read: what is saved from now on is the next change.
        self.watched().about_to_read(began);
        let Reading {
            flow,
            problems,
            files,
        } = self.read(None);
        let running = self.live.flow();
        let outcome = match flow {
            Some(flow) => self.apply(&running, flow),
            None => Err(problems),
        };
        match &outcome {
            Ok(_) => {
                let files = without_clips(files, &self.live.flow());
                self.watched().watch(&files, began);
            }
            // What it was refused for may be in a file that it did not read before.
            Err(_) => self
                .watched()
                .watch_more(&without_clips(files, &running), began),
        }
        outcome
    }

    fn apply(&self, running: &Flow, flow: Flow) -> Result<Changes, String> {
        let changes = diff(running, &flow);
        refuse_other_name(&changes)?;
        // Even without a change: a secret that an adapter uses is no part of the flow.
        let candidate = flow.clone();
        match self.live.reload(flow) {
            Ok(()) => Ok(changes),
            Err(ReloadError::Build(error)) => {
                let problem = error.diagnostic(&candidate).to_string();
                Err(problem.trim_end().to_owned())
            }
            Err(error) => {
                let file = self.source.file.display();
                Err(format!("{file}: error: {error}"))
            }
        }
    }

    fn count(&self, outcome: &Result<Changes, String>) {
        let mut reloads = self.reloads();
        match outcome {
            Ok(changes) if changes.is_empty() => reloads.unchanged += 1,
            Ok(_) => reloads.applied += 1,
            Err(_) => reloads.refused += 1,
        }
        reloads.pending = outcome.as_ref().err().cloned();
    }

    fn report(&self, outcome: &Result<Changes, String>, done: Verdict, said: String) -> Report {
        let (result, details) = match outcome {
            Ok(changes) if changes.is_empty() => (Verdict::Unchanged, json!(changes)),
            Ok(changes) => (done, json!(changes)),
            Err(problems) => (Verdict::Refused, json!({ "problems": problems })),
        };
        Report {
            flow: self.name().to_owned(),
            result,
            said,
            details,
        }
    }
}

impl Controlled for Keeper {
    fn name(&self) -> &str {
        &self.reporter.flow
    }

    fn reload(&self, why: &Trigger) -> Report {
        let attempting = self.attempting.lock();
        let _one_by_one = attempting.unwrap_or_else(PoisonError::into_inner);
        let outcome = self.attempt();
        self.count(&outcome);
        let said = told::reload(self.name(), why, &outcome);
        let report = self.report(&outcome, Verdict::Applied, said);
        let line = told::reload_line(why, &report);
        self.reporter.event(report.said.clone(), &line);
        report
    }

    fn plan(&self, file: Option<PathBuf>) -> Report {
        let Reading { flow, problems, .. } = self.read(file);
        let changes = |flow| {
            let changes = diff(&self.live.flow(), &flow);
            refuse_other_name(&changes).map(|()| changes)
        };
        let outcome = flow.ok_or(problems).and_then(changes);
        let said = told::plan(&outcome);
        self.report(&outcome, Verdict::Planned, said)
    }

    fn tap(&self, node: &str) -> Result<Subscription, String> {
        tap::subscribe(&self.live, node)
    }

    fn status(&self) -> Status {
        let file = &self.source.file;
        Status {
            flow: self.name().to_owned(),
            file: std::path::absolute(file).unwrap_or_else(|_| file.clone()),
            process: std::process::id(),
            seconds: self.live.began().elapsed().as_secs_f64(),
            cameras: self.live.camera_statuses(),
            nodes: self.live.node_statuses(),
            reloads: self.reloads().clone(),
            journal: self.live.journal_status(),
            outboxes: self.live.outbox_statuses(),
        }
    }

    fn remedy(&self, remedy: Remedy, choice: &Choice) -> Result<u64, String> {
        self.live.remedy(remedy, choice)
    }
}

/// What a flow remembers is in a folder of its name, and what asks for it asks by its name.
fn refuse_other_name(changes: &Changes) -> Result<(), String> {
    let Some((before, after)) = changes.renamed() else {
        return Ok(());
    };
    Err(format!(
        "the running flow is called '{before}', and the file says '{after}'; a flow keeps its name while it runs"
    ))
}

/// A camera's clip is read as it is played: another one is another `url`.
fn without_clips(mut files: BTreeSet<PathBuf>, flow: &Flow) -> BTreeSet<PathBuf> {
    let cameras = flow.cameras.iter();
    for camera in cameras.filter(|camera| camera.kind == CameraKind::File) {
        files.remove(&PathBuf::from(camera.url.reveal()));
    }
    files
}
