//! Loaded models. Each has a session for every worker; a worker borrows one for a frame, so
//! that models can come and go while the workers go on.

use std::sync::{Arc, Mutex, PoisonError};

use agave_core::{Detection, Fingerprint};
use agave_media::{DetectError, Detector, Model, ModelError, ModelOptions, Picture, Timings};

use super::build::BuildError;

/// A model of the flow, ready to look at frames.
pub(super) struct LoadedModel {
    /// As the flow has it: another specification is another model.
    pub(super) specification: agave_flow::Model,
    /// The names behind the class numbers in its detections.
    pub(super) classes: Arc<[String]>,
    /// Width and height of its input, in pixels.
    pub(super) input: (u32, u32),
    idle: Mutex<Vec<Detector>>,
    /// A session for pictures that are of no camera, made when the first one comes: workers need
    /// theirs.
    guest: Mutex<Option<Detector>>,
}

/// Why a picture of somebody's was not looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookError {
    /// It would be seen with another model than the cameras' pictures.
    #[error("the file of the model is not what the flow has loaded; reload the flow first")]
    Replaced,
    /// There is no session for it.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The picture, or ONNX Runtime.
    #[error(transparent)]
    Detect(#[from] DetectError),
}

/// A session that goes back to its model, also when looking at a picture panics.
struct Borrowed<'m> {
    model: &'m LoadedModel,
    detector: Option<Detector>,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let mut idle = self
            .model
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.detector.take());
    }
}

impl LoadedModel {
    /// Reads the model and warms up as many sessions as frames are looked at in parallel.
    pub(super) fn load(
        specification: &agave_flow::Model,
        sessions: usize,
    ) -> Result<Self, BuildError> {
        let refused = |reason| BuildError::Model {
            model: specification.name.clone(),
            reason,
        };
        let model = read(specification).map_err(refused)?;
        let idle = (0..sessions)
            .map(|_| model.session().map_err(refused))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            specification: specification.clone(),
            classes: model.classes().into(),
            input: model.input_size(),
            idle: Mutex::new(idle),
            guest: Mutex::default(),
        })
    }

    /// One that nobody looks with.
    #[cfg(test)]
    pub(super) fn unused(name: &str) -> Self {
        Self {
            specification: agave_flow::Model {
                name: name.to_owned(),
                path: name.into(),
                fingerprint: agave_core::Fingerprint::of(name.as_bytes()),
                confidence: 0.5,
                iou: 0.5,
            },
            classes: Arc::default(),
            input: (0, 0),
            idle: Mutex::default(),
            guest: Mutex::default(),
        }
    }

    /// Looks at a picture that is of no camera. Whoever asks waits for others who do; no camera
    /// does.
    pub(super) fn look(&self, picture: &Picture) -> Result<Vec<Detection>, LookError> {
        let mut guest = self.guest.lock().unwrap_or_else(PoisonError::into_inner);
        let detector = match guest.take() {
            Some(detector) => detector,
            None => {
                let model = read(&self.specification)?;
                if Fingerprint::of(model.bytes()) != self.specification.fingerprint {
                    return Err(LookError::Replaced);
                }
                model.session()?
            }
        };
        let (detections, _) = guest.insert(detector).detect(picture)?;
        Ok(detections)
    }

    /// Looks at a picture. None when there are more callers than sessions.
    pub(super) fn detect(
        &self,
        picture: &Picture,
    ) -> Option<Result<(Vec<Detection>, Timings), DetectError>> {
        let detector = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()?;
        let mut borrowed = Borrowed {
            model: self,
            detector: Some(detector),
        };
        Some(borrowed.detector.as_mut()?.detect(picture))
    }
}

fn read(specification: &agave_flow::Model) -> Result<Model, ModelError> {
    let options = ModelOptions {
        confidence: specification.confidence,
        iou: specification.iou,
        ..ModelOptions::default()
    };
    Model::load(&specification.path, options)
}
