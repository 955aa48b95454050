//! Loaded models. Each has a session for every worker; a worker borrows one for a frame, so
//! that models can come and go while the workers go on.

use std::sync::{Arc, Mutex, PoisonError};

use agave_core::Detection;
use agave_media::{DetectError, Detector, Model, ModelOptions, Picture, Timings};

use super::build::BuildError;

/// A model of the flow, ready to look at frames.
pub(super) struct LoadedModel {
    /// As the flow has it: another specification is another model.
    pub(super) specification: agave_flow::Model,
    /// The names behind the class numbers in its detections.
    pub(super) classes: Arc<[String]>,
    idle: Mutex<Vec<Detector>>,
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
        let options = ModelOptions {
            confidence: specification.confidence,
            iou: specification.iou,
            ..ModelOptions::default()
        };
        let model = Model::load(&specification.path, options).map_err(refused)?;
        let idle = (0..sessions)
            .map(|_| model.session().map_err(refused))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            specification: specification.clone(),
            classes: model.classes().into(),
            idle: Mutex::new(idle),
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
            idle: Mutex::default(),
        }
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
