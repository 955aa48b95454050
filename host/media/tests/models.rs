//! Loading: what a model is, is found out from its shapes and metadata, and what is no model
//! says so. The models are small graphs with known answers; see `fixtures/make.py`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use agave_core::{BoundingBox, Detection};
use agave_media::{Layout, Model, ModelError, ModelOptions, Picture};
use support::has_runtime;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{name}.onnx"))
}

fn load(name: &str) -> Result<Model, ModelError> {
    Model::load(fixture(name), ModelOptions::default())
}

fn picture() -> Picture {
    Picture::from_rgb(64, 32, &[128; 64 * 32 * 3]).unwrap()
}

fn bbox(left: f32, top: f32, width: f32, height: f32) -> BoundingBox {
    BoundingBox {
        left,
        top,
        width,
        height,
    }
}

fn detection(id: u32, class: u16, confidence: f32, bbox: BoundingBox) -> Detection {
    Detection {
        id,
        class,
        confidence,
        bbox,
        track: None,
        zones: 0,
    }
}

fn assert_sees(model: &Model, expected: &[Detection]) {
    let mut detector = model.session().unwrap();
    // Twice: buffers are used again.
    for _ in 0..2 {
        let (found, timings) = detector.detect(&picture()).unwrap();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            let iou = found.bbox.intersection_over_union(&expected.bbox);
            assert!(iou > 0.9999, "{found:?} {expected:?}");
            assert!((found.confidence - expected.confidence).abs() < 1e-6);
            let same_box = Detection {
                bbox: expected.bbox,
                confidence: expected.confidence,
                ..found.clone()
            };
            assert_eq!(&same_box, expected);
        }
        assert!(!timings.inference.is_zero());
    }
}

#[test]
fn every_layout_is_known_by_its_shape() {
    if !has_runtime() {
        return;
    }
    let names = ["pina", "worker's hat", "object"];
    let middle = detection(0, 1, 0.9, bbox(0.25, 0.25, 0.5, 0.5));
    let corner = detection(1, 0, 0.5, bbox(0.0, 0.0, 10.0 / 64.0, 10.0 / 32.0));
    for (name, layout) in [
        ("yolov8", Layout::Yolov8),
        ("yolov8_dynamic", Layout::Yolov8),
        ("end_to_end", Layout::EndToEnd),
    ] {
        let model = load(name).unwrap();
        assert_eq!(model.layout(), layout, "{name}");
        assert_eq!(model.classes(), names, "{name}");
        assert_eq!(model.input_size(), (64, 64), "{name}");
        assert_sees(&model, &[middle.clone(), corner.clone()]);
    }
    let yolox = load("yolox").unwrap();
    assert_eq!(yolox.layout(), Layout::Yolox);
    assert_eq!(yolox.classes(), ["class0", "class1"]);
    // Centre (16, 8), 32 × 16 pixels.
    assert_sees(&yolox, &[detection(0, 1, 0.9, bbox(0.0, 0.0, 0.5, 0.5))]);
}

#[test]
fn options_are_used_and_checked() {
    if !has_runtime() {
        return;
    }
    let strict = ModelOptions {
        confidence: 0.6,
        iou: 0.95,
        threads: 2,
    };
    let model = Model::load(fixture("yolov8"), strict).unwrap();
    let (found, _) = model.session().unwrap().detect(&picture()).unwrap();
    let scores: Vec<f32> = found.iter().map(|one| one.confidence).collect();
    assert_eq!(scores, [0.9, 0.8]);
    for wrong in [
        ModelOptions {
            confidence: 1.5,
            ..strict
        },
        ModelOptions {
            iou: f32::NAN,
            ..strict
        },
        ModelOptions {
            threads: 0,
            ..strict
        },
    ] {
        let error = Model::load(fixture("yolov8"), wrong).unwrap_err();
        assert!(matches!(error, ModelError::Option { .. }), "{error}");
    }
}

#[test]
fn a_model_of_another_shape_says_what_was_found() {
    if !has_runtime() {
        return;
    }
    for (name, words) in [
        (
            "classifier",
            vec!["[1, boxes, 6]", "1000", "three dimensions"],
        ),
        ("segmenter", vec!["task is `segment`"]),
        ("two_outputs", vec!["2 outputs"]),
        ("wrong_names", vec!["3 classes", "names 2"]),
        ("broken_names", vec!["`names`", "{0: 'pina'"]),
        ("half", vec!["f16", "float32"]),
    ] {
        let error = load(name).unwrap_err().to_string();
        for word in words.into_iter().chain([name]) {
            assert!(error.contains(word), "`{word}` is not in: {error}");
        }
    }
}

#[test]
fn what_is_no_model_is_a_clear_error() {
    if !has_runtime() {
        return;
    }
    assert!(matches!(
        load("missing"),
        Err(ModelError::NotReadable { .. })
    ));
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(fixture("yolov8")).unwrap();
    for (name, bytes) in [
        ("empty", Vec::new()),
        ("garbage", vec![0xa5; 10_000]),
        ("truncated", whole[..whole.len() / 2].to_vec()),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let error = Model::load(&path, ModelOptions::default()).unwrap_err();
        assert!(
            matches!(error, ModelError::NotAModel { .. }),
            "{name}: {error}"
        );
    }
}

#[test]
fn sessions_run_side_by_side_and_pictures_may_change_size() {
    if !has_runtime() {
        return;
    }
    let model = load("yolov8").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut detector = model.session().unwrap();
                for (width, height) in [(64, 32), (32, 64), (100, 100), (64, 32)] {
                    let bytes = vec![0; width as usize * height as usize * 3];
                    let picture = Picture::from_rgb(width, height, &bytes).unwrap();
                    let tensor = detector.prepare(&picture).unwrap();
                    assert_eq!(tensor.len(), 3 * 64 * 64);
                    let grey = tensor
                        .iter()
                        .filter(|&&value| value == 114.0 / 255.0)
                        .count();
                    let expected = if width == height { 0 } else { 3 * 64 * 32 };
                    assert_eq!(grey, expected, "{width}×{height}");
                    detector.infer_prepared().unwrap();
                    assert_eq!(detector.detect(&picture).unwrap().0.len(), 2);
                }
            });
        }
    });
}
