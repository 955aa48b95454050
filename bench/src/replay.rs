//! How many recorded frames a second a flow of four plugins is replayed at, beside the same four
//! plugins called one after the other on bare instances: no chain, no supervision, no ledger, no
//! snapshots, no file.
//!
//! The replay's side is the program that users run, on a recording that it makes of a clip first.
//! Both sides see the same detections, again and again, each time later than the last.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use agave_core::{FrameDetections, Point, StreamInfo, Timestamp, Zone};
use agave_media::{
    Detector, Frame, FrameSink, Model, ModelOptions, SourceConfig, SourceEvent, run as play,
};
use agave_plugin::{Engine, Grants, Instance, Limits, NodeSetup, Outside, Plugin};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::component::component;
use crate::figure::{Figure, median};

/// Each round measures both sides, one after the other.
const ROUNDS: usize = 9;

/// A clip and what to look for in it.
pub(crate) struct Case {
    pub(crate) clip: PathBuf,
    pub(crate) model: PathBuf,
    pub(crate) confidence: f32,
    pub(crate) iou: f32,
    fps: f32,
    pub(crate) zone: &'static [(f32, f32)],
    /// What is not allowed in the zone.
    pub(crate) class: &'static str,
    /// About so many frames are replayed in a round.
    frames_a_round: usize,
}

pub(crate) fn run(report: &mut dyn FnMut(Figure)) -> Result<()> {
    let folder = tempfile::tempdir()?;
    if let Some(data) = std::env::var_os("AGAVE_TEST_DATA").map(PathBuf::from) {
        let clips = real_clips(&data);
        report(measured("frames_per_second", &clips, folder.path())?);
    } else {
        eprintln!("AGAVE_TEST_DATA is not set: the real clips are left out");
    }
    // Forty plants in every frame, all of which are followed.
    let field = shipped_clip();
    report(measured(
        "frames_per_second_of_41_detections",
        &[field],
        folder.path(),
    )?);
    Ok(())
}

/// A real clip where there is one, looked at so many times a second.
pub(crate) fn a_case(fps: f32) -> Case {
    let data = std::env::var_os("AGAVE_TEST_DATA").map(PathBuf::from);
    let case = data.and_then(|data| real_clips(&data).pop());
    Case {
        fps,
        ..case.unwrap_or_else(shipped_clip)
    }
}

fn real_clips(data: &Path) -> Vec<Case> {
    let clip = |clip: &str, zone, class| Case {
        clip: data.join(clip),
        model: data.join("yolox_nano.onnx"),
        confidence: 0.4,
        iou: 0.45,
        fps: 5.0,
        zone,
        class,
        frames_a_round: 60_000,
    };
    vec![
        clip(
            "bottle-detection.mp4",
            &[(0.02, 0.75), (0.30, 0.75), (0.30, 1.00), (0.02, 1.00)],
            "bottle",
        ),
        clip(
            "one-by-one-person-detection.mp4",
            &[(0.40, 0.55), (0.80, 0.55), (0.80, 1.00), (0.40, 1.00)],
            "person",
        ),
    ]
}

fn shipped_clip() -> Case {
    let shipped = Path::new("models/yolov8n_pina");
    Case {
        clip: shipped.join("demo/demo.mp4"),
        model: shipped.join("1/model.onnx"),
        confidence: 0.4,
        iou: 0.7,
        fps: 8.0,
        zone: &[
            (0.205, 0.925),
            (0.795, 0.925),
            (0.715, 0.623),
            (0.285, 0.623),
        ],
        class: "object",
        frames_a_round: 2_000,
    }
}

/// Frames a second over all `cases`: those of one after those of the other.
fn measured(metric: &str, cases: &[Case], folder: &Path) -> Result<Figure> {
    let mut sides = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let folder = folder.join(format!("{metric}-{index}"));
        std::fs::create_dir(&folder)?;
        sides.push((Replayed::record(case, &folder)?, Bare::new(case)?));
    }
    let (mut replayed, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut replay_sum = Sum::default();
        let mut bare_sum = Sum::default();
        for (case, (replay, bare)) in cases.iter().zip(&mut sides) {
            let times = case.frames_a_round.div_ceil(bare.frames.len().max(1));
            replay_sum.add(replay.run(times)?);
            bare_sum.add(bare.run(times)?);
        }
        replayed.push(replay_sum.per_second());
        bare.push(bare_sum.per_second());
    }
    Ok(Figure {
        bench: "replay",
        metric: metric.to_owned(),
        value: median(replayed),
        unit: "frames/s",
        baseline: median(bare),
        beside: "the same plugins without a flow",
    })
}

#[derive(Default)]
struct Sum {
    frames: f64,
    seconds: f64,
}

impl Sum {
    fn add(&mut self, (frames, seconds): (f64, f64)) {
        self.frames += frames;
        self.seconds += seconds;
    }

    fn per_second(&self) -> f64 {
        self.frames / self.seconds
    }
}

/// A recording with the flow that is run on it.
pub(crate) struct Replayed {
    flow: PathBuf,
    recording: PathBuf,
}

impl Replayed {
    pub(crate) fn recording(&self) -> &Path {
        &self.recording
    }

    pub(crate) fn record(case: &Case, folder: &Path) -> Result<Self> {
        let here = std::env::current_dir()?;
        let zone: Vec<[f32; 2]> = case.zone.iter().map(|&(x, y)| [x, y]).collect();
        // JSON is YAML.
        let flow = json!({
            "version": 1,
            "name": "bench",
            "models": { "model": {
                "path": here.join(&case.model),
                "confidence": case.confidence,
                "iou": case.iou,
            }},
            "cameras": { "camera": {
                "url": here.join(&case.clip),
                "fps": case.fps,
                "zones": { "zone": zone },
            }},
            "nodes": {
                "detect": { "infer": "model", "from": "cameras" },
                "zoned": { "plugin": "roi", "from": "detect" },
                "tracked": { "plugin": "track", "from": "zoned" },
                "rule": { "plugin": "forbidden-object", "from": "tracked", "config": rule(case) },
                "calm": { "plugin": "debounce", "from": "rule" },
            },
        });
        let replayed = Self {
            flow: folder.join("flow.yaml"),
            recording: folder.join("clip.agrec"),
        };
        std::fs::write(&replayed.flow, flow.to_string())?;
        agave(
            Command::new(program()?)
                .arg("record")
                .arg(&replayed.flow)
                .arg("--out")
                .arg(&replayed.recording),
        )?;
        Ok(replayed)
    }

    /// Frames and seconds of a replay, without what it takes to start.
    fn run(&mut self, times: usize) -> Result<(f64, f64)> {
        let said = agave(
            Command::new(program()?)
                .arg("replay")
                .arg(&self.recording)
                .arg("--flow")
                .arg(&self.flow)
                .arg("--json")
                .arg("--repeat")
                .arg(times.to_string()),
        )?;
        let measured = said.lines().find_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            let replay = line.get("replay")?;
            replay
                .get("frames")?
                .as_f64()
                .zip(replay.get("seconds")?.as_f64())
        });
        measured.with_context(|| format!("the replay does not say how fast it was: {said}"))
    }
}

fn rule(case: &Case) -> Value {
    json!({ "zone": "zone", "alert": [case.class], "after": "400ms" })
}

fn program() -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("agave"))
}

/// What the program said on standard error.
fn agave(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        bail!("{command:?}: {said}");
    }
    Ok(said)
}

/// The four plugins on their own.
struct Bare {
    roi: Instance,
    track: Instance,
    rule: Instance,
    gate: Instance,
    frames: Vec<FrameDetections>,
    lasts: Duration,
    /// How much later the frames are next time, and by how many their numbers are higher.
    later: Duration,
    further: u64,
}

impl Bare {
    fn new(case: &Case) -> Result<Self> {
        let (stream, frames) = seen(case)?;
        let engine = Engine::new()?;
        let start = |plugin: &str, config: Value| -> Result<Instance> {
            let plugin = Plugin::load(&engine, &component(plugin)?)?;
            let setup = NodeSetup {
                node: "bench".to_owned(),
                stream: stream.clone(),
                cameras: Vec::new(),
                config: config.to_string(),
                limits: Limits::default(),
                grants: Grants::default(),
                outside: Outside::default(),
            };
            Ok(Instance::start(&plugin, &setup)?)
        };
        let first = frames
            .first()
            .map_or(Timestamp::default(), |frame| frame.at);
        let last = frames.last().map_or(first, |frame| frame.at);
        Ok(Self {
            roi: start("roi", json!({}))?,
            track: start("track", json!({}))?,
            rule: start("forbidden-object", rule(case))?,
            gate: start("debounce", json!({}))?,
            frames,
            lasts: last.since(first) + Duration::from_secs(1),
            later: Duration::ZERO,
            further: 0,
        })
    }

    /// Frames and seconds.
    fn run(&mut self, times: usize) -> Result<(f64, f64)> {
        let began = Instant::now();
        for _ in 0..times {
            for seen in &self.frames {
                // The flow's side makes a frame of its own too.
                let mut frame = seen.clone();
                frame.at = frame.at + self.later;
                frame.frame += self.further;
                let zoned = self.roi.process(&frame)?;
                let tracked = self.track.process(&zoned)?;
                let alerts = self.rule.evaluate(&tracked)?;
                if alerts.is_empty() {
                    self.gate.tick(frame.at)?;
                } else {
                    self.gate.pass(&alerts)?;
                }
            }
            self.later += self.lasts;
            self.further += self.frames.last().map_or(0, |last| last.frame + 1);
        }
        let frames = (times * self.frames.len()) as f64;
        Ok((frames, began.elapsed().as_secs_f64()))
    }
}

/// What the model sees in the clip, as a flow would tell its plugins.
fn seen(case: &Case) -> Result<(StreamInfo, Vec<FrameDetections>)> {
    let options = ModelOptions {
        confidence: case.confidence,
        iou: case.iou,
        ..ModelOptions::default()
    };
    let model = Model::load(&case.model, options)?;
    let clip = case.clip.to_str().context("the clip's path is not text")?;
    let source = SourceConfig {
        fps: case.fps,
        ..SourceConfig::new("bench", clip)
    };
    let mut looker = Looker {
        detector: model.session()?,
        size: (0, 0),
        frames: Vec::new(),
        problem: None,
    };
    play(&source, &mut looker, &CancellationToken::new())?;
    if let Some(problem) = looker.problem {
        bail!("{problem}");
    }
    let zone = Zone {
        name: "zone".to_owned(),
        polygon: case.zone.iter().map(|&(x, y)| Point { x, y }).collect(),
    };
    let stream = StreamInfo {
        camera: "camera".to_owned(),
        width: looker.size.0,
        height: looker.size.1,
        classes: model.classes().to_vec(),
        zones: vec![zone],
    };
    Ok((stream, looker.frames))
}

struct Looker {
    detector: Detector,
    size: (u32, u32),
    frames: Vec<FrameDetections>,
    problem: Option<String>,
}

impl FrameSink for Looker {
    fn frame(&mut self, frame: Frame) {
        self.size = (frame.picture.width(), frame.picture.height());
        match self.detector.detect(&frame.picture) {
            Ok((mut detections, _)) => {
                (0..).zip(&mut detections).for_each(|(id, one)| one.id = id);
                self.frames.push(FrameDetections {
                    frame: frame.number,
                    at: frame.at,
                    detections,
                });
            }
            Err(error) => self.problem = Some(error.to_string()),
        }
    }

    fn event(&mut self, _: SourceEvent) {}
}
