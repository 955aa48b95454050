//! Writes what a model sees in every frame of a clip, weak detections too, as JSON lines: the
//! recordings that `tests/reference/track.py` gives identities to.
//!
//! ```sh
//! cargo run --release --workspace --example record_detections -- MODEL CLIP > RECORDING
//! ```
//!
//! The first line says of what it is. Each of the others is a frame: a list of detections, of
//! which each is `[class, confidence, left, top, width, height]`, rounded to what a person can
//! still see.

#![allow(clippy::print_stdout, reason = "that is what it is for")]

use std::path::{Path, PathBuf};

use agave_core::Detection;
use agave_media::{Detector, Frame, FrameSink, Model, ModelOptions, SourceConfig, SourceEvent};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

/// ByteTrack's lower threshold: what is weaker is never looked at.
const CONFIDENCE: f32 = 0.1;
const IOU: f32 = 0.7;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(model_file), Some(clip)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("usage: record_detections MODEL CLIP");
    };
    agave_media::initialise_runtime(None)?;
    let options = ModelOptions {
        confidence: CONFIDENCE,
        iou: IOU,
        threads: 1,
    };
    let model = Model::load(&model_file, options)?;
    let mut recorder = Recorder {
        header: json!({
            "clip": name(&clip), "clip_sha256": sha256(&clip)?,
            "model": name(&model_file), "model_sha256": sha256(&model_file)?,
            "confidence": number(CONFIDENCE, 100.0), "iou": number(IOU, 100.0),
            "classes": model.classes(),
        }),
        detector: model.session()?,
        begun: false,
        failed: None,
    };
    let url = clip.to_str().context("the clip's path is no text")?;
    agave_media::run(
        &SourceConfig::new("clip", url),
        &mut recorder,
        &CancellationToken::new(),
    )?;
    recorder.failed.map_or(Ok(()), Err)
}

struct Recorder {
    header: Value,
    detector: Detector,
    begun: bool,
    failed: Option<anyhow::Error>,
}

impl FrameSink for Recorder {
    fn frame(&mut self, frame: Frame) {
        if let Err(error) = self.record(&frame) {
            self.failed.get_or_insert(error);
        }
    }

    fn event(&mut self, _: SourceEvent) {}
}

impl Recorder {
    fn record(&mut self, frame: &Frame) -> Result<()> {
        if !self.begun {
            self.begun = true;
            let (width, height) = (frame.picture.width(), frame.picture.height());
            if let Some(header) = self.header.as_object_mut() {
                header.insert("width".to_owned(), width.into());
                header.insert("height".to_owned(), height.into());
            }
            println!("{}", self.header);
        }
        let (detections, _) = self.detector.detect(&frame.picture)?;
        println!("{}", detections.iter().map(row).collect::<Value>());
        Ok(())
    }
}

fn row(detection: &Detection) -> Value {
    let bbox = &detection.bbox;
    json!([
        detection.class,
        number(detection.confidence, 1e4),
        number(bbox.left, 1e5),
        number(bbox.top, 1e5),
        number(bbox.width, 1e5),
        number(bbox.height, 1e5),
    ])
}

fn number(value: f32, parts: f64) -> f64 {
    (f64::from(value) * parts).round() / parts
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn sha256(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    Ok(format!("{:x}", Sha256::digest(bytes)))
}
