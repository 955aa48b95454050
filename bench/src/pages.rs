//! What people who look on cost the flow: 200 cameras of recorded detections through four plugins
//! and a webhook, with 20 pages open and with none, in turns in one run of the program.
//!
//! A page here is a client that does what the page in a browser does: two WebSockets (how the flow
//! is, and what passes a node), and requests for the lists, for pictures, and after each alert. A
//! browser draws as well, on the machine of whoever looks; twenty of them on the machine that is
//! measured would measure the browsers. For the same reason the program has some of the machine's
//! cores to itself, and the pages have the others.

mod visitor;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::delivery::receiver;
use crate::figure::{Figure, median};
use crate::reload::program;
use crate::replay::{Case, Replayed, a_case};
use visitor::{Site, Visitor};

const CAMERAS: usize = 200;
const PAGES: usize = 20;
const FPS: f32 = 10.0;
/// Of so many cameras one sees what raises alerts.
const ONE_OF: usize = 20;
/// Each round measures both sides, one after the other.
const ROUNDS: usize = 7;
const MEASURED: Duration = Duration::from_secs(5);
/// Until whatever came or went has come or gone.
const SETTLED: Duration = Duration::from_secs(1);
const START_LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn run(report: &mut dyn FnMut(Figure)) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let case = a_case(FPS);
    let recorded = Replayed::record(&case, folder.path())?;
    let cores = Cores::split()?;
    let origin = receiver()?;
    let mut measure = |metric: &str, pace: &str| -> Result<()> {
        let flow = folder.path().join(format!("{pace}.yaml"));
        let recording = recorded.recording();
        let text = flow_of(&case, recording, pace, &origin)?;
        std::fs::write(&flow, text.to_string())?;
        let running = Running::start(&flow, folder.path(), &cores)?;
        let (quiet, watched) = running.measure()?;
        report(Figure {
            bench: "pages",
            metric: metric.to_owned(),
            value: watched,
            unit: "frames/s",
            baseline: quiet,
            beside: "the same without a page",
        });
        Ok(())
    };
    measure("at_their_pace_with_20_pages", "realtime")?;
    measure("at_most_with_20_pages", "fast")
}

/// Which cores are whose.
struct Cores {
    of_program: String,
    of_pages: String,
}

impl Cores {
    /// This program moves to its own.
    fn split() -> Result<Self> {
        let cores = std::thread::available_parallelism()?.get();
        if cores < 2 {
            bail!("the pages would take their core from the flow; it takes two cores to measure");
        }
        let half = cores / 2;
        let cores = Self {
            of_program: format!("0-{}", half - 1),
            of_pages: format!("{half}-{}", cores - 1),
        };
        let own = std::process::id().to_string();
        let moved = Command::new("taskset")
            .args(["-a", "-p", "-c", &cores.of_pages, &own])
            .stdout(Stdio::null())
            .status()
            .context("cannot run taskset, which is in the package util-linux")?;
        if !moved.success() {
            bail!("taskset failed ({moved})");
        }
        Ok(cores)
    }
}

/// All cameras play the one recording. A clip is among them, which has pictures.
fn flow_of(case: &Case, recording: &Path, pace: &str, origin: &str) -> Result<Value> {
    let here = std::env::current_dir()?;
    let zone: Vec<[f32; 2]> = case.zone.iter().map(|&(x, y)| [x, y]).collect();
    let corner = [[0.0, 0.0], [0.01, 0.0], [0.01, 0.01]];
    let mut cameras = Map::new();
    for number in 0..CAMERAS {
        let zone = match number % ONE_OF {
            0 => json!(zone),
            _ => json!(corner),
        };
        let camera = json!({
            "url": recording, "repeat": true, "pace": pace, "zones": { "zone": zone },
        });
        cameras.insert(format!("camera-{number:03}"), camera);
    }
    let clip = json!({
        "url": here.join(&case.clip), "fps": 1, "repeat": true, "pace": "realtime",
        "zones": { "zone": corner },
    });
    cameras.insert("clip".to_owned(), clip);
    Ok(json!({
        "version": 1,
        "name": "bench",
        "models": { "model": {
            "path": here.join(&case.model), "confidence": case.confidence, "iou": case.iou,
        }},
        "cameras": cameras,
        "nodes": {
            "detect": { "infer": "model", "from": "cameras" },
            "zoned": { "plugin": "roi", "from": "detect" },
            "tracked": { "plugin": "track", "from": "zoned" },
            "rule": {
                "plugin": "forbidden-object",
                "from": "tracked",
                "config": { "zone": "zone", "alert": [case.class], "after": "400ms" },
            },
            "calm": { "plugin": "debounce", "from": "rule", "config": { "hold": "2s" } },
            "hook": {
                "plugin": "webhook",
                "from": "calm",
                "config": { "url": format!("{origin}/alerts") },
                "allow": { "http": [origin] },
            },
        },
    }))
}

/// The program with a flow in it.
struct Running {
    process: Child,
    site: Site,
}

impl Running {
    fn start(flow: &Path, folder: &Path, cores: &Cores) -> Result<Self> {
        let port = free_port()?;
        let state: PathBuf = folder.join(format!("state-{port}"));
        let process = Command::new("taskset")
            .args(["-c", &cores.of_program])
            .arg(program()?)
            .arg("run")
            .arg(flow)
            .arg("--json")
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .arg("--state")
            .arg(state)
            .env("AGAVE_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start agave")?;
        let running = Self {
            process,
            site: Site::at(port, "bench"),
        };
        let deadline = Instant::now() + START_LIMIT;
        while running.frames().is_err() {
            if Instant::now() > deadline {
                bail!("the flow does not answer");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        std::thread::sleep(SETTLED);
        Ok(running)
    }

    /// Frames a second without pages and with them.
    fn measure(self) -> Result<(f64, f64)> {
        let (mut quiet, mut watched) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            quiet.push(self.per_second()?);
            let visitors: Vec<Visitor> = (0..PAGES)
                .map(|number| Visitor::open(&self.site, number))
                .collect::<Result<_>>()?;
            std::thread::sleep(SETTLED);
            watched.push(self.per_second()?);
            for visitor in visitors {
                visitor.close()?;
            }
            std::thread::sleep(SETTLED);
        }
        Ok((median(quiet), median(watched)))
    }

    fn per_second(&self) -> Result<f64> {
        let (frames_before, seconds_before) = self.frames()?;
        std::thread::sleep(MEASURED);
        let (frames, seconds) = self.frames()?;
        Ok((frames - frames_before) / (seconds - seconds_before))
    }

    /// How many frames went through the flow, and since how many seconds it runs.
    fn frames(&self) -> Result<(f64, f64)> {
        let status = self.site.json("status")?;
        let seconds = status.get("seconds").and_then(Value::as_f64);
        let cameras = status.get("cameras").and_then(Value::as_array);
        let cameras = cameras.context("a status without cameras")?.iter();
        let dropped = |camera: &Value| {
            let dropped = camera.get("dropped").and_then(Value::as_object);
            dropped.is_some_and(|dropped| !dropped.is_empty())
        };
        if let Some(camera) = cameras.clone().find(|camera| dropped(camera)) {
            bail!("frames were dropped: {camera}");
        }
        let frames = cameras.filter_map(|camera| camera.get("inferred")?.as_f64());
        Ok((frames.sum(), seconds.context("a status without time")?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.port())
}
