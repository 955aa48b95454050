//! What our decoding, preparation and postprocessing see is what the field's own code sees:
//! the same frames by number, the same boxes. The goldens are written by
//! `tests/reference/detect.py`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::print_stderr)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use agave_core::{BoundingBox, Detection};
use agave_media::{Detector, Model, ModelOptions, SourceConfig};
use serde_json::Value;
use sha2::{Digest, Sha256};
use support::{Keeper, has_runtime, test_data};

const MIN_IOU: f32 = 0.98;
const MAX_SCORE_DIFFERENCE: f32 = 0.01;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn golden_file(model: &str) -> PathBuf {
    repository().join(format!("tests/reference/{model}.json"))
}

fn golden(model: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(golden_file(model)).unwrap()).unwrap()
}

/// A reference for another file is no reference.
fn assert_same_file(path: &Path, wanted: &Value) {
    let hash = format!("{:x}", Sha256::digest(fs::read(path).unwrap()));
    let advice = "run tests/reference/detect.py again";
    assert_eq!(
        Some(hash.as_str()),
        wanted.as_str(),
        "{path:?} has changed: {advice}"
    );
}

#[test]
fn yolox_nano_sees_what_yolox_sees() {
    if let Some(data) = test_data() {
        compare("yolox_nano", &data.join("yolox_nano.onnx"), &[&data]);
    }
}

#[test]
fn yolov8n_int8_sees_what_ultralytics_sees() {
    if let Some(data) = test_data() {
        compare("yolov8n_int8", &data.join("yolov8n_int8.onnx"), &[&data]);
    }
}

/// The project's own model, on its own clip and, where they are, on the real ones.
#[test]
fn yolov8n_pina_sees_what_ultralytics_sees() {
    let folder = repository().join("models/yolov8n_pina");
    let model = folder.join("1/model.onnx");
    if !model.is_file() || !golden_file("yolov8n_pina").is_file() {
        eprintln!("skipped: models/yolov8n_pina or its reference is missing");
        return;
    }
    let data = test_data();
    let folders: Vec<PathBuf> = [folder.join("demo")].into_iter().chain(data).collect();
    let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    compare("yolov8n_pina", &model, &folders);
}

fn compare(name: &str, path: &Path, folders: &[&Path]) {
    if !has_runtime() {
        return;
    }
    let golden = golden(name);
    assert_same_file(path, &golden["sha256"]);
    let options = ModelOptions {
        confidence: number(&golden["confidence"]),
        iou: number(&golden["iou"]),
        threads: 1,
    };
    let model = Model::load(path, options).unwrap();
    let mut detector = model.session().unwrap();
    let mut comparison = Comparison::new(options.confidence);
    for clip in golden["clips"].as_array().unwrap() {
        let file = clip["clip"].as_str().unwrap();
        let Some(path) = folders
            .iter()
            .map(|folder| folder.join(file))
            .find(|path| path.is_file())
        else {
            assert!(test_data().is_none(), "{file} is in none of {folders:?}");
            continue;
        };
        assert_same_file(&path, &clip["sha256"]);
        let mut wanted: BTreeMap<u64, &Value> = clip["frames"]
            .as_array()
            .unwrap()
            .iter()
            .map(|frame| (frame["number"].as_u64().unwrap(), &frame["boxes"]))
            .collect();
        let size = [number(&clip["width"]), number(&clip["height"])];
        for (frame, found) in detect(&path, &wanted, &mut detector) {
            let boxes = wanted.remove(&frame).unwrap();
            comparison.frame(&format!("{file} frame {frame}"), size, boxes, &found);
        }
        assert!(wanted.is_empty(), "{file} has no frames {wanted:?}");
    }
    comparison.conclude(name);
}

/// What the detector sees in the wanted frames.
fn detect(
    clip: &Path,
    wanted: &BTreeMap<u64, &Value>,
    detector: &mut Detector,
) -> Vec<(u64, Vec<Detection>)> {
    let mut keeper = Keeper::new(|frame| {
        wanted.contains_key(&frame.number).then(|| {
            let (detections, _) = detector.detect(&frame.picture).unwrap();
            (frame.number, detections)
        })
    });
    keeper
        .read(&SourceConfig::new("clip", clip.to_str().unwrap()))
        .unwrap();
    keeper.frames.into_iter().flatten().collect()
}

struct Comparison {
    confidence: f32,
    boxes: usize,
    worst_iou: f32,
    worst_score: f32,
    wrong: Vec<String>,
}

impl Comparison {
    fn new(confidence: f32) -> Self {
        Self {
            confidence,
            boxes: 0,
            worst_iou: 1.0,
            worst_score: 0.0,
            wrong: Vec::new(),
        }
    }

    fn frame(
        &mut self,
        place: &str,
        [width, height]: [f32; 2],
        boxes: &Value,
        found: &[Detection],
    ) {
        let mut left: Vec<&Detection> = found.iter().collect();
        for golden in boxes.as_array().unwrap() {
            let corner = |index: usize| number(&golden["corners"][index]);
            let bbox = BoundingBox {
                left: corner(0) / width,
                top: corner(1) / height,
                width: (corner(2) - corner(0)) / width,
                height: (corner(3) - corner(1)) / height,
            };
            let (class, score) = (&golden["class"], number(&golden["score"]));
            let best = left
                .iter()
                .enumerate()
                .filter(|(_, one)| Some(u64::from(one.class)) == class.as_u64())
                .map(|(index, one)| (index, one.bbox.intersection_over_union(&bbox)))
                .max_by(|a, b| a.1.total_cmp(&b.1));
            match best {
                Some((index, iou)) if iou >= MIN_IOU => {
                    let difference = (left.remove(index).confidence - score).abs();
                    self.boxes += 1;
                    self.worst_iou = self.worst_iou.min(iou);
                    self.worst_score = self.worst_score.max(difference);
                    if difference > MAX_SCORE_DIFFERENCE {
                        self.wrong
                            .push(format!("{place}: class {class} differs by {difference}"));
                    }
                }
                _ if self.is_marginal(score) => {}
                best => self.wrong.push(format!(
                    "{place}: class {class} of score {score} is missing; nearest {best:?}"
                )),
            }
        }
        for extra in left {
            if !self.is_marginal(extra.confidence) {
                self.wrong.push(format!("{place}: extra {extra:?}"));
            }
        }
    }

    /// So near the threshold that one side may have it and the other not.
    fn is_marginal(&self, score: f32) -> bool {
        score - self.confidence <= MAX_SCORE_DIFFERENCE
    }

    fn conclude(self, name: &str) {
        eprintln!(
            "{name}: {} boxes agree; worst IoU {:.5}, worst difference of score {:.5}",
            self.boxes, self.worst_iou, self.worst_score
        );
        assert!(self.wrong.is_empty(), "{:#?}", self.wrong);
        assert!(self.boxes > 0, "the reference is empty");
    }
}

fn number(value: &Value) -> f32 {
    value.as_f64().unwrap() as f32
}
