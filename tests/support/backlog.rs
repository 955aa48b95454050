//! Many alerts that wait for an adapter, without the incidents: they are written as the journal
//! writes them, into the state of a flow whose cameras nobody serves.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use agave_core::{Alert, BoundingBox, Detection, Phase, Severity, Timestamp};
use agave_store::{Batch, NewAlert, Store};
use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::{Agave, Arrivals, OutboxStatus, place};

/// The flow's one adapter.
pub const ADAPTER: &str = "out";
const FLOW: &str = "backlog";
const CAMERAS: usize = 8;
/// An incident begins, goes on and ends.
const PHASES: usize = 3;
/// The first of them happened then: 2026-01-01, in nanoseconds since 1970.
const BEGAN: u64 = 1_767_225_600_000_000_000;
const WRITTEN_AT_ONCE: usize = 2000;

/// A flow with an adapter, and alerts that wait for it.
pub struct Backlog {
    folder: TempDir,
    /// For the process that runs the flow.
    variables: Vec<(String, String)>,
    /// The idempotency key of each, and its camera.
    waiting: Vec<(String, String)>,
}

impl Backlog {
    /// Writes `alerts` of eight cameras for a node of these lines, which follow `from: rule`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(alerts: usize, node: &str, more: &str) -> Result<Self> {
        let folder = TempDir::new()?;
        fs::write(folder.path().join("backlog.yaml"), flow(node, more)?)?;
        let store = Store::open(&folder.path().join("state").join(FLOW))?;
        let all: Vec<Written> = (0..alerts).map(Written::new).collect();
        for some in all.chunks(WRITTEN_AT_ONCE) {
            let batch = some.iter().map(Written::as_new).collect::<Result<_>>()?;
            let now = Timestamp::now().0;
            store.write(&Batch {
                alerts: batch,
                written_at: now,
                ..Batch::default()
            })?;
        }
        let waiting = all.into_iter();
        let waiting = waiting
            .map(|one| (one.idempotency_key(), one.camera))
            .collect();
        Ok(Self {
            folder,
            variables: Vec::new(),
            waiting,
        })
    }

    /// The same with a variable in the environment of whoever runs it.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs the flow.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self) -> Result<Agave> {
        let state = self.folder.path().join("state");
        let state = state.to_str().context("a path that is not text")?;
        let variables = self.variables.iter();
        let variables: Vec<(&str, &str)> = variables
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let arguments = ["--workers", "1", "--state", state];
        Agave::run_with(&self.flow(), &arguments, &variables)
    }

    /// How it is with the adapter while `agave` runs.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn outbox(&self, agave: &Agave) -> Result<Option<OutboxStatus>> {
        let state = self.folder.path().join("state");
        OutboxStatus::of(agave, FLOW, &state, ADAPTER)
    }

    /// Waits until no more than so many alerts wait, and no longer than `within`. Gives how many
    /// do, if that is known by then.
    ///
    /// # Errors
    /// When `agave` cannot be asked.
    pub fn see(&self, agave: &Agave, most: usize, within: Duration) -> Result<Option<u64>> {
        let deadline = Instant::now() + within;
        loop {
            let waiting = self.outbox(agave)?.map(|outbox| outbox.waiting);
            let are_few = waiting.is_some_and(|waiting| waiting <= most as u64);
            if are_few || Instant::now() >= deadline {
                return Ok(waiting);
            }
        }
    }

    /// Where the flow keeps things.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state").join(FLOW)
    }

    /// The flow's file.
    #[must_use]
    pub fn flow(&self) -> PathBuf {
        self.folder.path().join("backlog.yaml")
    }

    /// An account in which nothing has arrived yet. `named` is how the receiver calls an
    /// idempotency key.
    pub fn account(&self, named: impl Fn(&str) -> String) -> Arrivals {
        let waiting = self.waiting.iter();
        Arrivals::of(waiting.map(|(key, camera)| (named(key), camera.clone())))
    }
}

struct Written {
    camera: String,
    phase: &'static str,
    alert: Alert,
}

impl Written {
    fn new(number: usize) -> Self {
        let (camera_number, place) = (number % CAMERAS, number / CAMERAS);
        let (incident, part) = (place / PHASES, place % PHASES);
        let camera = camera(camera_number);
        let (phase, phase_name) = match part {
            0 => (Phase::Begin, "begin"),
            1 => (Phase::Update, "update"),
            _ => (Phase::End, "end"),
        };
        let at = BEGAN + number as u64 * 1_000_000;
        Self {
            phase: phase_name,
            alert: Alert {
                key: format!("{camera}/incident/{incident}"),
                kind: "forbidden-object".to_owned(),
                phase,
                severity: Severity::Critical,
                at: Timestamp(at),
                frame: place as u64,
                class: "object".to_owned(),
                zone: Some("forbidden".to_owned()),
                detection: Detection {
                    id: 0,
                    class: 0,
                    confidence: 0.9,
                    bbox: BoundingBox {
                        left: 0.25,
                        top: 0.5,
                        width: 0.25,
                        height: 0.25,
                    },
                    track: None,
                    zones: 1,
                },
                count: 1,
                attributes: Vec::new(),
            },
            camera,
        }
    }

    fn as_new(&self) -> Result<NewAlert<'_>> {
        Ok(NewAlert {
            node: "rule",
            camera: &self.camera,
            key: &self.alert.key,
            phase: self.phase,
            at: self.alert.at.0,
            media_time: self.alert.at.0 - BEGAN,
            left_the_flow: false,
            body: serde_json::to_string(&self.alert)?,
            adapters: vec![ADAPTER],
            refused_by: Vec::new(),
        })
    }

    fn idempotency_key(&self) -> String {
        let Self { camera, phase, .. } = self;
        let Alert { key, at, .. } = &self.alert;
        format!("{ADAPTER}/{camera}/{key}/{phase}/{}", at.0)
    }
}

fn camera(number: usize) -> String {
    format!("camera-{number}")
}

fn flow(node: &str, more: &str) -> Result<String> {
    let nowhere = place::free_port()?;
    let model = place::repository().join("models/yolov8n_pina/1/model.onnx");
    let mut cameras = String::new();
    for number in 0..CAMERAS {
        writeln!(
            cameras,
            "  {}:\n    url: rtsp://127.0.0.1:{nowhere}/\n    zones: {{ forbidden: [[0.2, 0.9], [0.8, 0.9], [0.5, 0.3]] }}",
            camera(number)
        )?;
    }
    let node = indented(node);
    Ok(format!(
        "version: 1\n\
         name: {FLOW}\n\
         models: {{ pina: {{ path: {} }} }}\n\
         cameras:\n{cameras}\
         {more}\n\
         nodes:\n  \
           detect: {{ infer: pina, from: cameras }}\n  \
           zoned: {{ plugin: roi, from: detect }}\n  \
           rule: {{ plugin: forbidden-object, from: zoned, config: {{ zone: forbidden }} }}\n  \
           {ADAPTER}:\n    from: rule\n    order: camera\n{node}",
        model.display()
    ))
}

fn indented(lines: &str) -> String {
    lines.lines().map(|line| format!("    {line}\n")).collect()
}
