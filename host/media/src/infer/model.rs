//! A model that was read and understood, from which any number of sessions are made.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::session::Session;
use ort::value::TensorElementType;

use super::metadata;
use super::runtime::{Runtime, RuntimeError, initialise_runtime};
use super::session::{self, Detector};
use super::shape::{self, Hints, Layout, Shape};

/// Where a model that says nothing about its size is used.
const DEFAULT_SIDE: u32 = 640;
/// A model's input is at most this wide and high: an error in its metadata must not take all
/// memory.
const MAX_SIDE: u32 = 8192;

/// How a model is used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModelOptions {
    /// Boxes below this score are left out: 0 to 1.
    pub confidence: f32,
    /// Of two boxes of one class whose intersection over union is above this, the better one is
    /// kept: 0 to 1.
    pub iou: f32,
    /// Threads of each session. Several sessions of one thread get more frames done than one
    /// session of several, and suffer less from a busy neighbour.
    pub threads: usize,
}

impl Default for ModelOptions {
    fn default() -> Self {
        Self {
            confidence: 0.25,
            iou: 0.7,
            threads: 1,
        }
    }
}

/// Why a file is not a model that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// There is no ONNX Runtime.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// There is no such file.
    #[error("cannot read the model {}: {source}", path.display())]
    NotReadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// ONNX Runtime does not take it.
    #[error("cannot load the model {}: {reason}", path.display())]
    NotAModel {
        /// The file.
        path: PathBuf,
        /// What ONNX Runtime said.
        reason: String,
    },
    /// It does not take a picture.
    #[error(
        "the model {} takes {found}; supported is one float32 input [1, 3, height, width], fixed \
         or dynamic",
        path.display()
    )]
    Input {
        /// The file.
        path: PathBuf,
        /// Its inputs.
        found: String,
    },
    /// It does not give boxes in a known layout.
    #[error(
        "the model {} gives {found}: {reason}. Supported are YOLOv8 [1, 4 + classes, boxes], \
         end-to-end [1, boxes, 6] and YOLOX [1, boxes, 5 + classes], float32",
        path.display()
    )]
    Output {
        /// The file.
        path: PathBuf,
        /// Its outputs.
        found: String,
        /// Why it is none of the supported ones.
        reason: String,
    },
    /// Its metadata cannot be read.
    #[error("the metadata `{key}` of the model {} cannot be read: {text}", path.display())]
    Metadata {
        /// The file.
        path: PathBuf,
        /// Which entry.
        key: &'static str,
        /// What it says.
        text: String,
    },
    /// An option is out of range.
    #[error("the model's {option} is {value}; it must be {range}")]
    Option {
        /// Which one.
        option: &'static str,
        /// What it is.
        value: f32,
        /// What it may be.
        range: &'static str,
    },
}

/// A model in memory. It can be shared between threads; each thread makes its own
/// [`Detector`].
pub struct Model {
    path: PathBuf,
    // Kept, because the file may be replaced while a flow runs.
    bytes: Vec<u8>,
    shape: Shape,
    classes: Vec<String>,
    options: ModelOptions,
    runtime: &'static Runtime,
    // The session that told the shape, for the first who asks.
    spare: Mutex<Option<Session>>,
}

impl Model {
    /// Reads the ONNX file `path`, tries it once and finds out what it is.
    ///
    /// # Errors
    /// When there is no ONNX Runtime, the file is no model, or a model of another shape; the
    /// error says what was found and what is supported.
    pub fn load(path: impl AsRef<Path>, options: ModelOptions) -> Result<Self, ModelError> {
        check(&options)?;
        let path = path.as_ref().to_path_buf();
        let bytes = std::fs::read(&path).map_err(|source| ModelError::NotReadable {
            path: path.clone(),
            source,
        })?;
        let runtime = initialise_runtime(None)?;
        let not_a_model = |reason: String| ModelError::NotAModel {
            path: path.clone(),
            reason,
        };
        let mut session = session::open(runtime, &bytes, options.threads).map_err(not_a_model)?;
        let names = match entry(&session, "names") {
            None => None,
            Some(text) => match metadata::names(&text) {
                Some(names) => Some(names),
                None => {
                    let key = "names";
                    return Err(ModelError::Metadata { path, key, text });
                }
            },
        };
        let size = input_size(&session, &path)?;
        let output = session::output_shape(&mut session, size).map_err(not_a_model)?;
        let hints = Hints {
            names: names.as_ref().map(Vec::len),
            task: entry(&session, "task"),
        };
        let shape = shape::decide(&output, size, &hints).map_err(|reason| ModelError::Output {
            path: path.clone(),
            found: described(session.outputs()),
            reason,
        })?;
        Ok(Self {
            path,
            bytes,
            shape,
            classes: names.unwrap_or_else(|| default_names(shape.classes)),
            options,
            runtime,
            spare: Mutex::new(Some(session)),
        })
    }

    /// The ONNX file as it was read.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it can see, in the order of its class indices.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Width and height of its input, in pixels.
    pub fn input_size(&self) -> (u32, u32) {
        self.shape.size
    }

    /// How it takes pictures and gives boxes.
    pub fn layout(&self) -> Layout {
        self.shape.layout
    }

    /// How it is used.
    pub fn options(&self) -> ModelOptions {
        self.options
    }

    /// A session of its own for one thread, warmed up: the first picture is not slower than
    /// the others.
    ///
    /// # Errors
    /// When ONNX Runtime cannot make another session, which means that memory is short.
    pub fn session(&self) -> Result<Detector, ModelError> {
        let not_a_model = |reason: String| ModelError::NotAModel {
            path: self.path.clone(),
            reason,
        };
        let spare = self
            .spare
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let session = match spare {
            Some(session) => session,
            None => session::open(self.runtime, &self.bytes, self.options.threads)
                .map_err(not_a_model)?,
        };
        Detector::new(session, self.shape, &self.options).map_err(|error| ModelError::NotAModel {
            path: self.path.clone(),
            reason: error.to_string(),
        })
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Model")
            .field("path", &self.path)
            .field("shape", &self.shape)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

fn check(options: &ModelOptions) -> Result<(), ModelError> {
    for (option, value) in [("confidence", options.confidence), ("iou", options.iou)] {
        if !(0.0..=1.0).contains(&value) {
            return Err(ModelError::Option {
                option,
                value,
                range: "from 0 to 1",
            });
        }
    }
    if options.threads == 0 {
        return Err(ModelError::Option {
            option: "threads",
            value: 0.0,
            range: "at least 1",
        });
    }
    Ok(())
}

fn entry(session: &Session, key: &str) -> Option<String> {
    session.metadata().ok()?.custom(key)
}

/// Width and height of the input: as the model says, where it is dynamic as its metadata says.
fn input_size(session: &Session, path: &Path) -> Result<(u32, u32), ModelError> {
    let wrong = || ModelError::Input {
        path: path.to_path_buf(),
        found: described(session.inputs()),
    };
    let [input] = session.inputs() else {
        return Err(wrong());
    };
    let kind = input.dtype();
    let dimensions = kind.tensor_shape().map(|shape| &**shape);
    let (Some(TensorElementType::Float32), Some(&[1 | -1, 3 | -1, height, width])) =
        (kind.tensor_type(), dimensions)
    else {
        return Err(wrong());
    };
    let exported = match entry(session, "imgsz") {
        None => None,
        Some(text) => Some(
            metadata::image_size(&text).ok_or_else(|| ModelError::Metadata {
                path: path.to_path_buf(),
                key: "imgsz",
                text,
            })?,
        ),
    };
    let side = |fixed: i64, exported: Option<usize>| {
        let side = match (fixed, exported) {
            (-1, None) => Some(DEFAULT_SIDE),
            (-1, Some(exported)) => u32::try_from(exported).ok(),
            (fixed, _) => u32::try_from(fixed).ok(),
        };
        side.filter(|side| (1..=MAX_SIDE).contains(side))
            .ok_or_else(wrong)
    };
    Ok((
        side(width, exported.map(|size| size.1))?,
        side(height, exported.map(|size| size.0))?,
    ))
}

fn described(outlets: &[ort::value::Outlet]) -> String {
    let outlets: Vec<String> = outlets
        .iter()
        .map(|outlet| format!("{} {}", outlet.name(), outlet.dtype()))
        .collect();
    outlets.join(", ")
}

fn default_names(classes: usize) -> Vec<String> {
    if classes == COCO.len() {
        COCO.map(str::to_owned).to_vec()
    } else {
        (0..classes).map(|class| format!("class{class}")).collect()
    }
}

/// What a published model of 80 classes was trained on, where it does not say.
#[rustfmt::skip]
const COCO: [&str; 80] = [
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat",
    "traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog",
    "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella",
    "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite",
    "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich",
    "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch",
    "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote",
    "keyboard", "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book",
    "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
];
