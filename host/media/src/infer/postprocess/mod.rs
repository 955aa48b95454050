//! From a model's answer to boxes. One file for each layout, and the suppression of boxes that
//! say the same.

mod end_to_end;
mod nms;
mod yolov8;
mod yolox;

pub(super) use yolox::STRIDES;

use agave_core::Detection;

use super::letterbox::Letterbox;
use super::model::ModelOptions;
use super::shape::{Layout, Shape};

/// A model names at most this many things in a picture.
const MAX_DETECTIONS: usize = 300;

/// A box that a model proposes. Corners are x1, y1, x2, y2 in pixels of its input.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Candidate {
    corners: [f32; 4],
    score: f32,
    class: u16,
}

impl Candidate {
    /// From a centre and a size.
    fn centred(x: f32, y: f32, width: f32, height: f32, score: f32, class: usize) -> Self {
        let (half_width, half_height) = (width / 2.0, height / 2.0);
        Self {
            corners: [
                x - half_width,
                y - half_height,
                x + half_width,
                y + half_height,
            ],
            score,
            class: u16::try_from(class).unwrap_or(u16::MAX),
        }
    }

    fn is_finite(&self) -> bool {
        self.corners.iter().all(|corner| corner.is_finite())
    }
}

/// Reads the answers of one model. It keeps its buffers.
pub(crate) struct Postprocess {
    shape: Shape,
    confidence: f32,
    iou: f32,
    grid: Vec<yolox::Cell>,
    best: Vec<f32>,
    candidates: Vec<Candidate>,
}

impl Postprocess {
    pub(crate) fn new(shape: Shape, options: &ModelOptions) -> Self {
        Self {
            shape,
            confidence: options.confidence,
            iou: options.iou,
            grid: yolox::grid(shape.size),
            best: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// What `output` says was seen in the picture that was placed by `letterbox`: in the order
    /// of falling confidence, with ids from 0.
    pub(crate) fn read(&mut self, output: &[f32], letterbox: &Letterbox) -> Vec<Detection> {
        let candidates = &mut self.candidates;
        candidates.clear();
        match self.shape.layout {
            Layout::Yolov8 => yolov8::read(
                output,
                self.shape.boxes,
                self.confidence,
                &mut self.best,
                candidates,
            ),
            Layout::EndToEnd => {
                end_to_end::read(output, self.shape.classes, self.confidence, candidates);
            }
            Layout::Yolox => yolox::read(
                output,
                self.shape.classes,
                &self.grid,
                self.confidence,
                candidates,
            ),
        }
        candidates.retain(Candidate::is_finite);
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
        if self.shape.layout == Layout::EndToEnd {
            candidates.truncate(MAX_DETECTIONS);
        } else {
            nms::suppress(candidates, self.iou);
        }
        (0..)
            .zip(candidates.iter())
            .map(|(id, candidate)| Detection {
                id,
                class: candidate.class,
                confidence: candidate.score.min(1.0),
                bbox: letterbox.in_picture(candidate.corners),
                track: None,
                zones: 0,
            })
            .collect()
    }
}
