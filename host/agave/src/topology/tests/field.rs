//! A running flow whose cameras are fed by the test: everything but the sources is real.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use agave_core::{AlertReport, BoundingBox, Detection, Timestamp};
use agave_flow::{Flow, FlowText};
use agave_store::Store;
use tokio_util::sync::CancellationToken;

use crate::catalog::Catalog;
use crate::surroundings::Machine;
use crate::topology::build::Workshop;
use crate::topology::journal::Journal;
use crate::topology::reload::ReloadError;
use crate::topology::{AlertSink, Finish, Live, Running, Seen, Summary, Topology};

/// What came out, by camera: the frame of each alert, how many frames its rule had counted, and
/// the label of the configuration that it ran with.
pub(super) type Told = BTreeMap<String, Vec<(u64, u64, String)>>;

#[derive(Default)]
struct Notes(Mutex<Told>);

impl AlertSink for Notes {
    fn alert(&self, _node: &str, report: &AlertReport) {
        let attribute = |name: &str| {
            let value = report.attributes.get(name).and_then(|value| value.as_str());
            value.unwrap_or_default().to_owned()
        };
        let note = (
            report.frame,
            attribute("frames").parse().unwrap_or(0),
            attribute("label"),
        );
        let camera = report.camera_id.clone();
        self.0.lock().unwrap().entry(camera).or_default().push(note);
    }
}

/// Those that its flows use.
const PLUGINS: [&str; 8] = [
    "roi",
    "track",
    "ballast",
    "sequence",
    "debounce",
    "crowd",
    "webhook",
    "hikvision",
];
/// Until something that has begun is through.
const LIMIT: Duration = Duration::from_secs(20);

/// A running flow in a folder of its own.
pub(super) struct Field {
    folder: tempfile::TempDir,
    machine: Arc<Machine>,
    notes: Arc<Notes>,
    running: Running,
    _runtime: tokio::runtime::Runtime,
}

impl Field {
    /// Runs the flow `text`.
    pub(super) fn start(text: &str) -> Self {
        Self::start_on(Store::in_memory().unwrap(), text)
    }

    /// Runs the flow `text`, which goes on from what `store` has.
    pub(super) fn start_on(store: Store, text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("plugins")).unwrap();
        for plugin in PLUGINS {
            let file = format!("{plugin}.wasm");
            let built = agave_tests::plugin(plugin).unwrap();
            std::fs::copy(built, folder.path().join("plugins").join(&file)).unwrap();
        }
        let machine = Arc::new(Machine {
            catalog: Catalog::new(agave_plugin::Engine::new().unwrap()),
            kept_secrets: Default::default(),
        });
        let notes = Arc::new(Notes::default());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let workshop = Workshop {
            machine: Arc::clone(&machine),
            runtime: runtime.handle().clone(),
            hang_up: CancellationToken::new(),
            journal: Journal::start(store, Arc::clone(&notes) as _).unwrap(),
            store: Err("a test keeps nothing".to_owned()),
            taps: Arc::default(),
            only_checked: false,
            shows_pictures: false,
            workers: 0,
        };
        let flow = read(&machine, folder.path(), text).unwrap();
        let running = Running::start(Topology::build(flow, &workshop).unwrap()).unwrap();
        Self {
            folder,
            machine,
            notes,
            running,
            _runtime: runtime,
        }
    }

    pub(super) fn live(&self) -> &Arc<Live> {
        self.running.live()
    }

    /// The file of a plugin, which only this flow uses.
    pub(super) fn plugin(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("plugins/{name}.wasm"))
    }

    /// Makes the flow into `text`. The error is what a user would read.
    pub(super) fn reload(&self, text: &str) -> Result<(), String> {
        let flow = read(&self.machine, self.folder.path(), text)?;
        self.live()
            .reload(flow)
            .map_err(|error: ReloadError| error.to_string())
    }

    /// What is wrong with an adapter, once something is.
    pub(super) fn trouble(&self, adapter: &str) -> String {
        self.until(adapter, "trouble", |trouble| trouble)
    }

    pub(super) fn until_no_trouble(&self, adapter: &str) {
        self.until(adapter, "no trouble", |trouble| {
            trouble.is_none().then_some(())
        });
    }

    fn until<T>(
        &self,
        adapter: &str,
        what: &str,
        found: impl Fn(Option<String>) -> Option<T>,
    ) -> T {
        let deadline = Instant::now() + LIMIT;
        loop {
            let mut statuses = self.live().outbox_statuses().into_iter();
            let status = statuses.find(|status| status.adapter == adapter).unwrap();
            if let Some(found) = found(status.trouble) {
                return found;
            }
            assert!(Instant::now() < deadline, "no {what} of {adapter}");
            std::thread::yield_now();
        }
    }

    /// Whether a reload to `text` would start another instance of the adapter.
    pub(super) fn would_start_again(&self, adapter: &str, text: &str) -> bool {
        let flow = read(&self.machine, self.folder.path(), text).unwrap();
        let live = self.live();
        let topology = Topology::build_beside(flow, &live.workshop, Some(&live.standing()));
        let mut plans = topology.unwrap().adapters.into_iter();
        plans.any(|plan| plan.name == adapter && plan.adapter.is_some())
    }

    /// Feeds a camera with the next frame of its own.
    pub(super) fn feed(&self, camera: &str, frame: u64) {
        feed(self.live(), camera, frame);
    }

    pub(super) fn told(&self, camera: &str) -> Vec<(u64, u64, String)> {
        // Who settles a change may still take the last frames through.
        if let Some(lane) = self.live().lane(camera) {
            lane.until_quiet();
        }
        self.live().workshop.journal.flush();
        let told = self.notes.0.lock().unwrap();
        told.get(camera).cloned().unwrap_or_default()
    }

    /// Stops, and gives what was told and the summary.
    pub(super) fn stop(self) -> (Told, Summary) {
        let summary = self.running.finish(Finish::Stopped);
        let told = std::mem::take(&mut *self.notes.0.lock().unwrap());
        (told, summary)
    }
}

/// Hands a camera's lane what a model might have seen. Says whether there is such a camera.
pub(super) fn feed(live: &Live, camera: &str, frame: u64) -> bool {
    live.feed(camera, seen(frame))
}

fn seen(frame: u64) -> Seen {
    let time = Duration::from_millis(100 * frame);
    let somewhere = (frame % 50) as f32 / 100.0;
    Seen {
        frame,
        at: Timestamp(1_700_000_000_000_000_000) + time,
        media_time: time,
        size: (640, 360),
        detections: vec![Some(vec![Detection {
            id: 0,
            class: 0,
            confidence: 0.9,
            bbox: BoundingBox {
                left: 0.1 + somewhere,
                top: 0.2,
                width: 0.1,
                height: 0.3,
            },
            track: None,
            zones: 0,
        }])],
    }
}

fn read(machine: &Machine, folder: &Path, text: &str) -> Result<Flow, String> {
    let file = folder.join("flow.yaml");
    let text = FlowText::from_bytes(&file, text.into()).map_err(|error| error.to_string())?;
    let (flow, diagnostics) = agave_flow::load(&text, &[], machine);
    flow.ok_or_else(|| diagnostics.to_string())
}
