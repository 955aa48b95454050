//! Keeps a running flow as its files say, and shows it to those outside: whatever `agave run`
//! does with a flow while it runs, except starting and ending it.

mod cameras;
mod edit;
mod growing;
mod read;
mod rules;
mod tap;
mod test_alert;
mod texts;
mod told;
mod versions;
mod write;
mod zone;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use agave_flow::{CameraKind, Changes, Flow, Override, diff};
use agave_inspector::system::FlowEvent;
use agave_inspector::view::FileProblem;
use serde_json::json;
use tokio::sync::broadcast;
use versions::Versions;

use crate::control::{
    Choice, Controlled, NotTested, Reloads, Remedy, Report, Status, Subscription, TestAlertView,
    Trigger, Verdict,
};
use crate::report::FlowReporter;
use crate::surroundings::Machine;
use crate::topology::{CameraCounts, Live, ReloadError};
use crate::watch::{Watched, Watcher};

pub(crate) use read::{Reading, read};
pub(crate) use tap::{Allowance, named};
pub(crate) use texts::Texts;

/// Where a flow comes from.
pub(crate) struct Source {
    pub(crate) machine: Arc<Machine>,
    /// As it was given.
    pub(crate) file: PathBuf,
    /// They hold over reloads.
    pub(crate) overrides: Vec<Override>,
}

/// How a flow was read when it was started.
pub(crate) struct Beginning {
    /// When that began.
    pub(crate) read: SystemTime,
    /// What was asked for.
    pub(crate) files: BTreeSet<PathBuf>,
    /// What stood in those that are written by people.
    pub(crate) texts: Texts,
    /// Where texts that ran are there again after a restart.
    pub(crate) versions: Option<PathBuf>,
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
    versions: Mutex<Versions>,
    /// For whoever looks on.
    events: broadcast::Sender<FlowEvent>,
    ending: AtomicBool,
}

impl Keeper {
    /// `live` is what stood in the files at its `beginning`.
    pub(crate) fn new(
        source: Source,
        beginning: Beginning,
        live: Arc<Live>,
        reporter: FlowReporter,
        events: broadcast::Sender<FlowEvent>,
    ) -> Arc<Self> {
        let Beginning {
            read,
            files,
            texts,
            versions,
        } = beginning;
        let mut versions = Versions::open(versions, &source.file);
        versions.note(&texts, "start", None, "it was started with this");
        let mut watched = Watched::default();
        watched.watch(&without_clips(files, &live.flow()), read);
        Arc::new(Self {
            source,
            live,
            reporter,
            watched: Arc::new(Mutex::new(watched)),
            attempting: Mutex::default(),
            reloads: Mutex::default(),
            versions: Mutex::new(versions),
            events,
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

    /// The flow that it keeps.
    pub(crate) fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// Where paths in the flow file begin.
    pub(crate) fn folder(&self) -> &Path {
        match self.source.file.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        }
    }

    /// What happens to the flow from now on.
    pub(crate) fn events(&self) -> broadcast::Receiver<FlowEvent> {
        self.events.subscribe()
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

    /// What passes `node` from now on, as many frames of it as are allowed.
    pub(crate) fn tap_some(
        &self,
        node: &str,
        allowance: &Allowance,
    ) -> Result<Subscription, String> {
        tap::subscribe(&self.live, node, Some(allowance.clone()))
    }

    fn reloads(&self) -> MutexGuard<'_, Reloads> {
        self.reloads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn versions(&self) -> MutexGuard<'_, Versions> {
        let versions = self.versions.lock();
        versions.unwrap_or_else(PoisonError::into_inner)
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, file: Option<PathBuf>) -> Reading {
        let file = file.as_ref().unwrap_or(&self.source.file);
        read(&self.source.machine, file, &self.source.overrides)
    }

    /// Makes the running flow into what its files say. Gives what that changed, or why nothing
    /// did, with what the files said.
    fn attempt(&self) -> (Outcome, Texts) {
        let began = SystemTime::now();
        // Before anything is read: what is saved from now on is the next change.
        self.watched().about_to_read(began);
        let Reading {
            flow,
            problems,
            found,
            files,
            texts,
        } = self.read(None);
        let running = self.live.flow();
        let outcome = match flow {
            Some(flow) => self.apply(&running, flow),
            None => Err(Refused {
                said: problems,
                found,
            }),
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
        (outcome, texts)
    }

    fn apply(&self, running: &Flow, flow: Flow) -> Outcome {
        let changes = diff(running, &flow);
        refuse_other_name(&changes)?;
        refuse_emptied(running, &flow)?;
        // Even without a change: a secret that an adapter uses is no part of the flow.
        let candidate = flow.clone();
        match self.live.reload(flow) {
            Ok(()) => Ok(changes),
            Err(ReloadError::Build(error)) => {
                let problem = error.diagnostic(&candidate);
                Err(Refused {
                    said: problem.to_string().trim_end().to_owned(),
                    found: read::problem(&problem).into_iter().collect(),
                })
            }
            Err(error) => {
                let file = self.source.file.display();
                Err(Refused::because(format!("{file}: error: {error}")))
            }
        }
    }

    fn planned(&self, reading: Reading) -> Report {
        let Reading {
            flow,
            problems: said,
            found,
            ..
        } = reading;
        let changes = |flow| {
            let running = self.live.flow();
            let changes = diff(&running, &flow);
            refuse_other_name(&changes)?;
            refuse_emptied(&running, &flow).map(|()| changes)
        };
        let outcome = flow.ok_or(Refused { said, found }).and_then(changes);
        let said = told::plan(&outcome);
        self.report(&outcome, Verdict::Planned, said)
    }

    fn count(&self, outcome: &Outcome) {
        let mut reloads = self.reloads();
        match outcome {
            Ok(changes) if changes.is_empty() => reloads.unchanged += 1,
            Ok(_) => reloads.applied += 1,
            Err(_) => reloads.refused += 1,
        }
        reloads.pending = outcome.as_ref().err().map(|refused| refused.said.clone());
    }

    fn report(&self, outcome: &Outcome, done: Verdict, said: String) -> Report {
        let (result, details) = match outcome {
            Ok(changes) if changes.is_empty() => (Verdict::Unchanged, json!(changes)),
            Ok(changes) => (done, json!(changes)),
            Err(refused) => (Verdict::Refused, json!({ "problems": refused.said })),
        };
        let problems = outcome.as_ref().err().map(|refused| refused.found.clone());
        Report {
            flow: self.name().to_owned(),
            result,
            said,
            details,
            problems: problems.unwrap_or_default(),
        }
    }
}

/// Why a flow goes on as it was.
pub(crate) struct Refused {
    /// In words, as they are printed.
    said: String,
    /// Where, for programs.
    found: Vec<FileProblem>,
}

impl Refused {
    fn because(said: String) -> Self {
        Self {
            said,
            found: Vec::new(),
        }
    }
}

/// What became of an attempt.
type Outcome = Result<Changes, Refused>;

impl Controlled for Keeper {
    fn name(&self) -> &str {
        &self.reporter.flow
    }

    fn reload(&self, why: &Trigger) -> Report {
        let _one_by_one = self.one_by_one();
        let (outcome, texts) = self.attempt();
        self.announce(why, &outcome, &texts, Verdict::Applied)
    }

    fn plan(&self, file: Option<PathBuf>) -> Report {
        self.planned(self.read(file))
    }

    fn tap(&self, node: &str) -> Result<Subscription, String> {
        tap::subscribe(&self.live, node, None)
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

    fn test_alert(&self, adapter: &str) -> Result<TestAlertView, NotTested> {
        self.send_test_alert(adapter)
    }
}

/// What a flow remembers is in a folder of its name, and what asks for it asks by its name.
fn refuse_other_name(changes: &Changes) -> Result<(), Refused> {
    let Some((before, after)) = changes.renamed() else {
        return Ok(());
    };
    Err(Refused::because(format!(
        "the running flow is called '{before}', and the file says '{after}'; a flow keeps its name while it runs"
    )))
}

/// A flow may begin with nothing; one that runs does not become nothing, because that is how a
/// half-written file looks.
fn refuse_emptied(running: &Flow, flow: &Flow) -> Result<(), Refused> {
    let lost = |before: usize, after: usize| before > 0 && after == 0;
    let what = match () {
        () if lost(running.cameras.len(), flow.cameras.len()) => "camera",
        () if lost(running.nodes.len(), flow.nodes.len()) => "node",
        () => return Ok(()),
    };
    Err(Refused::because(format!(
        "the file has no {what} any more, and the running flow has some; a flow that runs keeps one {what} at least"
    )))
}

/// A camera's clip is read as it is played: another one is another `url`.
fn without_clips(mut files: BTreeSet<PathBuf>, flow: &Flow) -> BTreeSet<PathBuf> {
    let cameras = flow.cameras.iter();
    for camera in cameras.filter(|camera| camera.kind != CameraKind::Rtsp) {
        files.remove(&PathBuf::from(camera.url.reveal()));
    }
    files
}
