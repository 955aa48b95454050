//! One thread's way through a model: prepare, infer, read. Everything that is big is allocated
//! once.

use std::time::{Duration, Instant};

use agave_core::Detection;
use ort::logging::LogLevel;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionOutputs};
use ort::value::Tensor;

use super::letterbox::Letterbox;
use super::model::ModelOptions;
use super::postprocess::Postprocess;
use super::runtime::Runtime;
use super::shape::Shape;
use super::tensor::Preparation;
use crate::{Picture, PictureError};

/// How long each part of one detection took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Colour conversion, scaling and filling the tensor.
    pub preprocess: Duration,
    /// ONNX Runtime alone.
    pub inference: Duration,
    /// Reading and suppressing boxes.
    pub postprocess: Duration,
}

/// Why a picture could not be looked at. The detector can go on with the next one.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// The picture is to blame.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// ONNX Runtime failed.
    #[error("inference failed: {0}")]
    Inference(String),
    /// The model's answer has another shape than when it was loaded.
    #[error("the model gave {found:?} where it used to give {expected} numbers")]
    Output {
        /// The dimensions that came.
        found: Vec<i64>,
        /// How many numbers were expected.
        expected: usize,
    },
}

/// A session with its buffers, for one thread at a time.
pub struct Detector {
    session: Session,
    input: Tensor<f32>,
    preparation: Preparation,
    postprocess: Postprocess,
    /// The name of the model's output, and how many numbers come out there.
    output: String,
    expected: usize,
    prepared: Option<Letterbox>,
}

impl Detector {
    pub(super) fn new(
        session: Session,
        shape: Shape,
        options: &ModelOptions,
    ) -> Result<Self, DetectError> {
        let values = match shape.layout {
            super::Layout::Yolov8 => 4 + shape.classes,
            super::Layout::EndToEnd => 6,
            super::Layout::Yolox => 5 + shape.classes,
        };
        let output = session
            .outputs()
            .first()
            .map(|output| output.name().to_owned())
            .unwrap_or_default();
        let mut detector = Self {
            session,
            output,
            input: empty_input(shape.size).map_err(inference)?,
            preparation: Preparation::new(shape.layout, shape.size),
            postprocess: Postprocess::new(shape, options),
            expected: values * shape.boxes,
            prepared: None,
        };
        // The first run allocates what all others use.
        detector.infer_prepared()?;
        Ok(detector)
    }

    /// What the model sees in `picture`, in the order of falling confidence with ids from 0.
    /// Boxes are fractions of the picture, clipped to it; nothing has a track or zones yet.
    ///
    /// # Errors
    /// When the picture cannot be converted or ONNX Runtime fails. The detector stays usable.
    pub fn detect(&mut self, picture: &Picture) -> Result<(Vec<Detection>, Timings), DetectError> {
        let started = Instant::now();
        self.prepare(picture)?;
        let prepared = Instant::now();
        let outputs = run(&mut self.session, &self.input)?;
        let inferred = Instant::now();
        let output = numbers(&outputs, &self.output, self.expected)?;
        let detections = match &self.prepared {
            Some(letterbox) => self.postprocess.read(output, letterbox),
            None => Vec::new(),
        };
        let timings = Timings {
            preprocess: prepared - started,
            inference: inferred - prepared,
            postprocess: inferred.elapsed(),
        };
        Ok((detections, timings))
    }

    /// Fills the input tensor with `picture`, as [`Self::detect`] does first, and shows it:
    /// 3 × height × width. For measuring, and for comparing with other engines.
    ///
    /// # Errors
    /// When the picture cannot be converted.
    pub fn prepare(&mut self, picture: &Picture) -> Result<&[f32], DetectError> {
        let (_, tensor) = self.input.try_extract_tensor_mut().map_err(inference)?;
        self.prepared = Some(self.preparation.fill(picture, tensor)?);
        Ok(tensor)
    }

    /// Runs ONNX Runtime on the tensor that was prepared last, and nothing else: for measuring
    /// it alone on the very tensors that [`Self::detect`] sees.
    ///
    /// # Errors
    /// When ONNX Runtime fails.
    pub fn infer_prepared(&mut self) -> Result<Duration, DetectError> {
        let started = Instant::now();
        run(&mut self.session, &self.input)?;
        Ok(started.elapsed())
    }
}

impl std::fmt::Debug for Detector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Detector").finish_non_exhaustive()
    }
}

/// A session of its own for the model in `bytes`.
pub(super) fn open(runtime: &Runtime, bytes: &[u8], threads: usize) -> Result<Session, String> {
    let mut builder = Session::builder(runtime.environment()).map_err(text)?;
    builder = builder
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(text)?
        .with_intra_threads(threads)
        .map_err(text)?
        .with_inter_threads(1)
        .map_err(text)?
        // A spinning thread takes the core that another session needs.
        .with_intra_op_spinning(false)
        .map_err(text)?
        .with_inter_op_spinning(false)
        .map_err(text)?
        .with_log_level(LogLevel::Error)
        .map_err(text)?;
    builder.commit_from_memory(bytes).map_err(text)
}

/// The dimensions of what the model gives for an input of `size`, found out by trying.
pub(super) fn output_shape(session: &mut Session, size: (u32, u32)) -> Result<Vec<i64>, String> {
    let input = empty_input(size).map_err(text)?;
    let outputs = run(session, &input).map_err(|error| error.to_string())?;
    let [output] = outputs
        .values()
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|outputs: Vec<_>| {
            format!("it has {} outputs, and one is supported", outputs.len())
        })?;
    let (shape, _) = output.try_extract_tensor::<f32>().map_err(text)?;
    Ok(shape.to_vec())
}

fn run<'s>(
    session: &'s mut Session,
    input: &Tensor<f32>,
) -> Result<SessionOutputs<'s>, DetectError> {
    session.run(ort::inputs![input]).map_err(inference)
}

fn numbers<'o>(
    outputs: &'o SessionOutputs<'_>,
    name: &str,
    expected: usize,
) -> Result<&'o [f32], DetectError> {
    let output = outputs
        .get(name)
        .ok_or_else(|| DetectError::Inference(format!("the model gave no {name}")))?;
    let (shape, numbers) = output.try_extract_tensor::<f32>().map_err(inference)?;
    if numbers.len() == expected {
        Ok(numbers)
    } else {
        Err(DetectError::Output {
            found: shape.to_vec(),
            expected,
        })
    }
}

fn empty_input((width, height): (u32, u32)) -> ort::Result<Tensor<f32>> {
    let (width, height) = (width as usize, height as usize);
    Tensor::from_array(([1, 3, height, width], vec![0.0; 3 * height * width]))
}

fn inference<R>(error: ort::Error<R>) -> DetectError {
    DetectError::Inference(text(error))
}

fn text<R>(error: ort::Error<R>) -> String {
    error.message().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Frame, Model};

    /// Workers are handed over to threads, and a model is shared between them.
    #[test]
    fn what_crosses_threads_can() {
        fn can_be_sent<T: Send>() {}
        fn can_be_shared<T: Send + Sync>() {}
        can_be_sent::<Detector>();
        can_be_sent::<Frame>();
        can_be_shared::<Model>();
    }
}
