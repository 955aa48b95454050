//! Many alerts that wait for an adapter, without the incidents: they are written as the journal
//! writes them, into the state of a flow whose cameras nobody serves. And the account of what
//! became of them at the receiver.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use agave_core::{Alert, BoundingBox, Detection, Phase, Severity, Timestamp};
use agave_store::{Batch, NewAlert, Store};
use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{Agave, place};

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
    /// By idempotency key: the camera, and which of its alerts it is.
    waiting: BTreeMap<String, (usize, usize)>,
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
        let mut waiting = BTreeMap::new();
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
        for one in all {
            waiting.insert(one.idempotency_key(), (one.camera_number, one.place));
        }
        Ok(Self { folder, waiting })
    }

    /// Runs the flow.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self) -> Result<Agave> {
        let state = self.folder.path().join("state");
        let state = state.to_str().context("a path that is not text")?;
        Agave::run(&self.flow(), &["--workers", "1", "--state", state])
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
        Arrivals {
            waiting: waiting.map(|(key, place)| (named(key), *place)).collect(),
            taken: BTreeMap::new(),
            of_camera: [0; CAMERAS],
            repeated: 0,
        }
    }
}

/// What has arrived at a receiver.
pub struct Arrivals {
    waiting: BTreeMap<String, (usize, usize)>,
    taken: BTreeMap<String, String>,
    of_camera: [usize; CAMERAS],
    repeated: usize,
}

impl Arrivals {
    /// The receiver has taken an alert: the next of its camera, or one that it has already, as it
    /// was.
    ///
    /// # Errors
    /// When it is another one.
    pub fn take(&mut self, key: &str, body: &str) -> Result<()> {
        let known = self.waiting.get(key);
        let &(camera, place) = known.with_context(|| format!("nobody sent {key}"))?;
        if let Some(before) = self.taken.get(key) {
            ensure!(before == body, "{key} stands for two alerts");
            self.repeated += 1;
            return Ok(());
        }
        let expected = self.of_camera.get_mut(camera).context("no such camera")?;
        ensure!(
            *expected == place,
            "{key} is alert {place} of its camera, and {expected} was its turn"
        );
        *expected += 1;
        self.taken.insert(key.to_owned(), body.to_owned());
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many have arrived, each counted once.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken.len()
    }

    /// How often one arrived that was there already.
    #[must_use]
    pub fn repeated(&self) -> usize {
        self.repeated
    }

    /// Whether everything has arrived.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.taken.len() == self.waiting.len()
    }
}

struct Written {
    camera_number: usize,
    camera: String,
    /// Which of its camera's alerts it is.
    place: usize,
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
            place,
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
            camera_number,
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
