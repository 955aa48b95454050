//! The flow that is changed: four plugins, one of which remembers 100 KB and one of which counts
//! what it sees.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use agave_core::AlertReport;
use agave_flow::{Flow, FlowText};
use agave_store::Store;
use anyhow::{Context, Result, anyhow};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::command::machine;
use crate::surroundings::Machine;
use crate::topology::build::Workshop;
use crate::topology::journal::Journal;
use crate::topology::{AlertSink, Finish, Live, Running, Topology};

/// The camera's name.
pub(super) const CAMERA: &str = "yard";
/// As `ballast` counts it; written down it is about 100 KB.
pub(super) const STATE_KIB: u32 = 36;
/// Every so many frames there is an alert that says how many there were.
const FRAMES_AN_ALERT: u64 = 1000;
const PLUGINS: [&str; 4] = ["roi", "track", "ballast", "sequence"];

/// What is done to the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Another configuration of a rule.
    Edit,
    /// Another zone: all plugins of the camera are told.
    Zone,
    /// A comment.
    Nothing,
    /// The filter with its state is another file.
    Swap,
    /// So is the rule.
    SwapRule,
    /// A component that is cut off.
    Truncated,
    /// A configuration that the plugin refuses.
    Refused,
    /// A plugin that fails on what the camera has just seen.
    Traps,
    /// A plugin that fails a while after it was put in.
    TrapsLater,
}

impl Change {
    const ALL: [Self; 9] = [
        Self::Edit,
        Self::Swap,
        Self::Refused,
        Self::Zone,
        Self::Traps,
        Self::SwapRule,
        Self::Truncated,
        Self::Nothing,
        Self::TrapsLater,
    ];

    pub(super) fn of(number: u32) -> Self {
        let index = number as usize % Self::ALL.len();
        Self::ALL.get(index).copied().unwrap_or(Self::Nothing)
    }

    /// Whether the flow must not take it.
    pub(super) fn is_bad(self) -> bool {
        matches!(self, Self::Truncated | Self::Refused | Self::Traps)
    }
}

/// What came out.
pub(super) struct Outcome {
    /// The frame of each alert, and how many frames the rule had counted by then.
    alerts: Vec<(u64, u64)>,
    /// How many frames came to the rule.
    counted: u64,
    pub(super) unbalanced: Vec<String>,
    pub(super) held_p99_ms: Option<f64>,
}

impl Outcome {
    /// How many of `frames` frames did not come to the rule once, or were not remembered.
    pub(super) fn lost_or_doubled(&self, frames: u64) -> u64 {
        let expected = frames.div_ceil(FRAMES_AN_ALERT);
        let miscounted = self
            .alerts
            .iter()
            .map(|(frame, count)| count.abs_diff(frame + 1));
        let unordered = (0_u64..)
            .zip(&self.alerts)
            .filter(|(index, (frame, _))| index * FRAMES_AN_ALERT != *frame);
        self.counted.abs_diff(frames)
            + expected.abs_diff(self.alerts.len() as u64)
            + miscounted.max().unwrap_or(0)
            + unordered.count() as u64
    }
}

#[derive(Default)]
struct Alerts(Mutex<Vec<(u64, u64)>>);

impl AlertSink for Alerts {
    fn alert(&self, _node: &str, report: &AlertReport) {
        let count = report.attributes.get("frames").and_then(|it| it.as_str());
        let count = count.and_then(|count| count.parse().ok()).unwrap_or(0);
        let mut alerts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        alerts.push((report.frame, count));
    }
}

/// The running flow.
pub(super) struct Ground {
    folder: TempDir,
    machine: Arc<Machine>,
    alerts: Arc<Alerts>,
    running: Running,
    _runtime: tokio::runtime::Runtime,
    label: u32,
    zone: u32,
}

impl Ground {
    pub(super) fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let machine = Arc::new(machine()?);
        let plugins = folder.path().join("plugins");
        std::fs::create_dir(&plugins)?;
        for name in PLUGINS {
            let found = machine.catalog.find(name, folder.path());
            let file = found.map_err(|problem| anyhow!("plugin '{name}': {problem}"))?;
            std::fs::copy(file, plugins.join(format!("{name}.wasm")))?;
        }
        let alerts = Arc::new(Alerts::default());
        let runtime = crate::command::run::runtime()?;
        let sink = Arc::clone(&alerts) as Arc<dyn AlertSink>;
        let workshop = workshop(folder.path(), &machine, runtime.handle(), sink)?;
        let flow = read(&machine, folder.path(), &text(0, 0, "")?)?;
        let running = Running::start(Topology::build(flow, &workshop)?)?;
        Ok(Self {
            folder,
            machine,
            alerts,
            running,
            _runtime: runtime,
            label: 0,
            zone: 0,
        })
    }

    pub(super) fn live(&self) -> &Arc<Live> {
        self.running.live()
    }

    /// Does `change`, as a user would; `frames` are through by now.
    pub(super) fn change(&mut self, change: Change, number: u32, frames: u64) -> Result<()> {
        let mut settings = String::new();
        match change {
            Change::Edit => self.label = number,
            Change::Zone => self.zone = number % 20,
            Change::Nothing => settings = " # words".to_owned(),
            Change::Swap => self.replace("ballast", number)?,
            Change::SwapRule => self.replace("sequence", number)?,
            Change::Truncated => {
                let file = self.plugin("roi");
                let whole = std::fs::read(&file)?;
                std::fs::write(&file, whole.get(..whole.len() / 2).unwrap_or_default())?;
                let outcome = self.reload("");
                std::fs::write(&file, whole)?;
                return outcome;
            }
            Change::Refused => settings = ", every: 0".to_owned(),
            Change::Traps => settings = ", trap_at: 0".to_owned(),
            // Far enough that the trial does not see it.
            Change::TrapsLater => settings = format!(", trap_at: {}", frames + 200),
        }
        self.reload(&settings)
    }

    fn reload(&self, settings: &str) -> Result<()> {
        let text = text(self.zone, self.label, settings)?;
        let flow = read(&self.machine, self.folder.path(), &text)?;
        Ok(self.live().reload(flow)?)
    }

    fn plugin(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("plugins/{name}.wasm"))
    }

    /// Another component that does the same: a section at its end says `number`.
    fn replace(&self, name: &str, number: u32) -> Result<()> {
        let file = self.plugin(name);
        let mut bytes = std::fs::read(&file)?;
        // A custom section: its kind, its size, the length of its name, its name, its content.
        // The process is in it, so that no earlier drill has it compiled already.
        bytes.extend([0, 10, 1, b'n']);
        bytes.extend(std::process::id().to_le_bytes());
        bytes.extend(number.to_le_bytes());
        std::fs::write(file, bytes).context("cannot replace the plugin")
    }

    pub(super) fn stop(self) -> Outcome {
        let summary = self.running.finish(Finish::Stopped);
        let json = &summary.json;
        let mut alerts = self.alerts.0.lock().unwrap_or_else(PoisonError::into_inner);
        Outcome {
            alerts: std::mem::take(&mut alerts),
            counted: json
                .pointer("/nodes/count/in")
                .and_then(|it| it.as_u64())
                .unwrap_or(0),
            held_p99_ms: json
                .pointer("/latencies_ms/changes/p99")
                .and_then(|it| it.as_f64()),
            unbalanced: summary.unbalanced,
        }
    }
}

/// What a flow is built with, with its journal on the disk as for a user.
pub(super) fn workshop(
    folder: &Path,
    machine: &Arc<Machine>,
    runtime: &tokio::runtime::Handle,
    sink: Arc<dyn AlertSink>,
) -> Result<Workshop> {
    let store = Store::open(&folder.join("state"))?;
    Ok(Workshop {
        machine: Arc::clone(machine),
        runtime: runtime.clone(),
        hang_up: CancellationToken::new(),
        journal: Journal::start(store.clone(), sink)?,
        store: Ok(store),
        taps: Arc::default(),
        only_checked: false,
        shows_pictures: false,
        workers: 1,
    })
}

/// The model, which only has to be there.
pub(super) fn model() -> Result<String> {
    std::env::var("AGAVE_DRILL_MODEL")
        .context("AGAVE_DRILL_MODEL must name a model; `cargo xtask bench` sets it")
}

fn text(zone: u32, label: u32, settings: &str) -> Result<String> {
    let model = model()?;
    let right = 0.6 + f64::from(zone) / 100.0;
    let every = match settings.contains("every") {
        true => String::new(),
        false => format!(", every: {FRAMES_AN_ALERT}"),
    };
    let (settings, comment) = match settings.strip_prefix(" #") {
        Some(_) => ("", settings),
        None => (settings, ""),
    };
    Ok(format!(
        "version: 1\nname: drill\nmodels:\n  any: {{ path: \"{model}\" }}\ncameras:\n  {CAMERA}:\n    \
         url: \"rtsp://127.0.0.1:9/\"\n    zones: {{ yard: [[0.1, 0.1], [{right}, 0.1], [{right}, \
         0.9], [0.1, 0.9]] }}\nnodes:{comment}\n  detect: {{ infer: any, from: cameras }}\n  zoned: {{ \
         plugin: roi, from: detect }}\n  tracked: {{ plugin: track, from: zoned }}\n  heavy: {{ \
         plugin: ballast, from: tracked, config: {{ kib: {STATE_KIB}, strict: true }} }}\n  count: \
         {{ plugin: sequence, from: heavy, config: {{ label: \"{label}\"{every}{settings} }} }}\n"
    ))
}

pub(super) fn read(machine: &Machine, folder: &Path, text: &str) -> Result<Flow> {
    let file = folder.join("flow.yaml");
    let text = FlowText::from_bytes(&file, text.into()).map_err(|problem| anyhow!("{problem}"))?;
    let (flow, diagnostics) = agave_flow::load(&text, &[], machine);
    flow.ok_or_else(|| anyhow!("{diagnostics}"))
}
