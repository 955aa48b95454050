//! A probe in the sandbox: what it is granted, what it is told to do, what it answers, and what
//! is in its memory.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use std::time::Duration;

use agave_core::{Alert, BoundingBox, Detection, Phase, Secret, Severity, StreamInfo, Timestamp};
use agave_plugin::{
    Delivery, Engine, Failure, Grants, Instance, Limits, Network, NetworkSettings, NodeSetup,
    Origin, Outcome, Outside, Plugin,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// WebAssembly's pages.
const PAGE: usize = 65_536;

/// The way out that probes share, as adapters of a flow do.
pub(crate) struct World {
    runtime: Runtime,
    pub(crate) hang_up: CancellationToken,
    pub(crate) network: Network,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(crate) fn with(change: impl FnOnce(&mut NetworkSettings)) -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().unwrap();
        let hang_up = CancellationToken::new();
        let mut settings = NetworkSettings::new(runtime.handle().clone(), hang_up.clone());
        change(&mut settings);
        Self {
            network: Network::new(settings).unwrap(),
            hang_up,
            runtime,
        }
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub(crate) fn probe(&self, grants: Grants) -> Probe {
        Probe::start(grants, self.outside())
    }

    pub(crate) fn outside(&self) -> Outside {
        Outside {
            network: Some(self.network.clone()),
            ..Outside::default()
        }
    }
}

/// Grants for HTTP to `origins` with `secrets` by name.
pub(crate) fn web(origins: &[&str], secrets: &[(&str, &str)]) -> Grants {
    Grants {
        http: origins
            .iter()
            .map(|one| Origin::parse(one).unwrap())
            .collect(),
        secrets: named(secrets),
        ..Grants::default()
    }
}

pub(crate) fn named(secrets: &[(&str, &str)]) -> BTreeMap<String, Secret> {
    let secrets = secrets.iter();
    secrets
        .map(|(name, secret)| ((*name).to_owned(), Secret::new(*secret)))
        .collect()
}

pub(crate) struct Probe {
    instance: Instance,
}

impl Probe {
    pub(crate) fn start(grants: Grants, outside: Outside) -> Self {
        Self::with_deadline(Duration::from_secs(30), grants, outside)
    }

    pub(crate) fn with_deadline(deadline: Duration, grants: Grants, outside: Outside) -> Self {
        let setup = NodeSetup {
            node: "probe".to_owned(),
            stream: StreamInfo::default(),
            cameras: Vec::new(),
            config: "{}".to_owned(),
            limits: Limits {
                deadline,
                ..Limits::default()
            },
            grants,
            outside,
        };
        Self {
            instance: Instance::start(plugin(), &setup).unwrap(),
        }
    }

    /// Has it make a call, and gives its answer.
    pub(crate) fn ask(&mut self, call: Value) -> Value {
        serde_json::from_str(&self.ask_for_text(&call)).unwrap()
    }

    /// Has it make many calls before it comes back.
    pub(crate) fn ask_at_once(&mut self, calls: &[Value]) -> Result<Vec<Outcome>, Failure> {
        let deliveries: Vec<Delivery> = calls
            .iter()
            .map(|call| delivery("call", call.to_string()))
            .collect();
        self.instance.deliver(&deliveries)
    }

    /// The answer as the plugin wrote it.
    pub(crate) fn ask_for_text(&mut self, call: &Value) -> String {
        let (length, mut answer) = self.piece("call", call.to_string());
        while answer.len() < length {
            let (_, piece) = self.piece("from", answer.len().to_string());
            answer.push_str(&piece);
        }
        answer
    }

    fn piece(&mut self, name: &str, value: String) -> (usize, String) {
        let outcomes = self.instance.deliver(&[delivery(name, value)]).unwrap();
        let Some(Outcome::Rejected(reason)) = outcomes.into_iter().next() else {
            panic!("a probe answers by rejecting");
        };
        let (length, piece) = reason.split_once(' ').unwrap();
        (length.parse().unwrap(), piece.to_owned())
    }

    /// `GET` of `url`.
    pub(crate) fn get(&mut self, url: &str, login: Value) -> Value {
        self.ask(json!({ "do": "http", "url": url, "login": login }))
    }

    /// All of its memory, as it is now, with `text` in it.
    ///
    /// It is looked for from outside: the probe puts bytes there that nobody else has, and says
    /// where; the mapping of this process that has them there is its memory.
    pub(crate) fn memory(&mut self, text: &str) -> Vec<u8> {
        let seed = u64::from(std::process::id()) << 32 | 0x5eed;
        let said = self.ask(json!({ "do": "mark", "seed": seed, "text": text }));
        let at = said["at"].as_u64().unwrap();
        let pages = usize::try_from(said["pages"].as_u64().unwrap()).unwrap();
        let memory = File::open("/proc/self/mem").unwrap();
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let wanted = mark(seed);
        let base = maps
            .lines()
            .filter_map(start_of_writable)
            .find(|from| {
                let mut found = [0; 32];
                memory.read_exact_at(&mut found, from + at).is_ok() && found == wanted
            })
            .expect("the memory begins with one of the process's mappings");
        let mut bytes = vec![0; pages * PAGE];
        memory.read_exact_at(&mut bytes, base).unwrap();
        bytes
    }
}

/// Where a line of `/proc/self/maps` says that there is memory to write to.
fn start_of_writable(line: &str) -> Option<u64> {
    let (range, rest) = line.split_once(' ')?;
    let (from, _) = range.split_once('-')?;
    let from = u64::from_str_radix(from, 16).ok()?;
    rest.starts_with("rw").then_some(from)
}

/// The same bytes as the probe's (SplitMix64).
fn mark(seed: u64) -> [u8; 32] {
    let mut state = seed;
    [(); 32].map(|()| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u8::try_from((mixed ^ (mixed >> 31)) & 0xff).unwrap()
    })
}

fn plugin() -> &'static Plugin {
    static PLUGIN: OnceLock<Plugin> = OnceLock::new();
    PLUGIN.get_or_init(|| {
        let path = agave_tests::plugin("probe").unwrap();
        Plugin::load(&Engine::new().unwrap(), &path).unwrap()
    })
}

fn delivery(name: &str, value: String) -> Delivery {
    Delivery {
        idempotency_key: "key".to_owned(),
        camera: "gate".to_owned(),
        attempt: 1,
        media_time: Duration::ZERO,
        alert: Alert {
            key: "gate/1".to_owned(),
            kind: "test".to_owned(),
            phase: Phase::Begin,
            severity: Severity::Info,
            at: Timestamp(1),
            frame: 1,
            class: "object".to_owned(),
            zone: None,
            detection: Detection {
                id: 0,
                class: 0,
                confidence: 1.0,
                bbox: BoundingBox {
                    left: 0.0,
                    top: 0.0,
                    width: 1.0,
                    height: 1.0,
                },
                track: None,
                zones: 0,
            },
            count: 1,
            attributes: vec![(name.to_owned(), value)],
        },
    }
}
