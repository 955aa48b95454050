//! How many frames a second a whole flow looks at when its clip is read as fast as possible,
//! beside ONNX Runtime alone: as many sessions of one thread, each on a tensor of the same clip.
//!
//! The flow's side is the program that users run, with decoding, plugins and all.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use agave_media::{Detector, Frame, FrameSink, Model, ModelOptions, SourceConfig, SourceEvent};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::figure::{Figure, median};

/// Each round measures both sides, one after the other.
const ROUNDS: usize = 5;

struct Case {
    metric: &'static str,
    flow: &'static str,
    camera: &'static str,
    clip: PathBuf,
    model: PathBuf,
}

pub(crate) fn run(report: &mut dyn FnMut(Figure)) -> Result<()> {
    for case in cases() {
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        let mut detectors = detectors(&case, workers)?;
        let (mut flows, mut alone) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (frames, per_second) = flow(&case)?;
            flows.push(per_second);
            alone.push(onnx_runtime(&mut detectors, frames)?);
        }
        report(Figure {
            bench: "throughput",
            metric: case.metric.to_owned(),
            value: median(flows),
            unit: "frames/s",
            baseline: median(alone),
            beside: "ONNX Runtime alone",
        });
    }
    Ok(())
}

/// The shipped clip and model, and the real ones where they are.
fn cases() -> Vec<Case> {
    let shipped = Path::new("models/yolov8n_pina");
    let mut cases = vec![Case {
        metric: "frames_per_second",
        flow: "flows/demo.yaml",
        camera: "field",
        clip: shipped.join("demo/demo.mp4"),
        model: shipped.join("1/model.onnx"),
    }];
    if let Some(data) = std::env::var_os("AGAVE_TEST_DATA").map(PathBuf::from) {
        cases.push(Case {
            metric: "frames_per_second_yolox_nano",
            flow: "flows/person.yaml",
            camera: "room",
            clip: data.join("one-by-one-person-detection.mp4"),
            model: data.join("yolox_nano.onnx"),
        });
    }
    cases
}

/// Runs the flow on every frame of the clip; gives how many there were and how many a second.
fn flow(case: &Case) -> Result<(u64, f64)> {
    let program = std::env::current_exe()?.with_file_name("agave");
    let output = Command::new(&program)
        .args(["run", case.flow, "--json", "--no-state", "--set"])
        .arg(format!("cameras.{}.fps=120", case.camera))
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().context("the flow printed nothing")?;
    let summary: Value = serde_json::from_str(last)?;
    let frames = summary
        .pointer("/summary/frames/inferred")
        .and_then(Value::as_u64)
        .context("no frames in the summary")?;
    let seconds = summary
        .pointer("/summary/seconds")
        .and_then(Value::as_f64)
        .context("no seconds in the summary")?;
    Ok((frames, frames as f64 / seconds))
}

/// A session for each worker, each with the tensor of a frame of the clip.
fn detectors(case: &Case, workers: usize) -> Result<Vec<Detector>> {
    let model = Model::load(&case.model, ModelOptions::default())?;
    let shutdown = CancellationToken::new();
    let mut frames = Frames {
        frames: Vec::new(),
        wanted: workers,
        shutdown: shutdown.clone(),
    };
    let clip = case.clip.to_str().context("the clip's path is not text")?;
    agave_media::run(&SourceConfig::new("bench", clip), &mut frames, &shutdown)?;
    frames
        .frames
        .iter()
        .map(|frame| {
            let mut detector = model.session()?;
            detector.prepare(&frame.picture)?;
            Ok(detector)
        })
        .collect()
}

struct Frames {
    frames: Vec<Frame>,
    wanted: usize,
    shutdown: CancellationToken,
}

impl FrameSink for Frames {
    fn frame(&mut self, frame: Frame) {
        if self.frames.len() < self.wanted {
            self.frames.push(frame);
        } else {
            self.shutdown.cancel();
        }
    }

    fn event(&mut self, _: SourceEvent) {}
}

/// Runs the sessions in parallel, `frames` times in all; gives how many that is in a second.
fn onnx_runtime(detectors: &mut [Detector], frames: u64) -> Result<f64> {
    let each = frames.div_ceil(detectors.len() as u64);
    let began = Instant::now();
    let counts: Vec<Result<u64>> = std::thread::scope(|scope| {
        let threads: Vec<_> = detectors
            .iter_mut()
            .map(|detector| {
                scope.spawn(move || {
                    for _ in 0..each {
                        detector.infer_prepared()?;
                    }
                    Ok(each)
                })
            })
            .collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .collect()
    });
    let seconds = began.elapsed().as_secs_f64();
    let total: u64 = counts.into_iter().sum::<Result<u64>>()?;
    Ok(total as f64 / seconds)
}
