//! Loaded models. Each has a session for every worker; a worker borrows one for a frame, so
//! that models can come and go while the workers go on.

use std::sync::{Arc, Mutex, PoisonError};

use agave_core::{Detection, Fingerprint};
use agave_flow::{CameraIndex, Flow, Work};
use agave_media::{DetectError, Detector, Model, ModelError, ModelOptions, Picture, Timings};

use super::build::{BuildError, Standing};
use super::recorded::is_recorded;
use crate::recording::RecordedCamera;

/// A model of the flow, ready to look at frames.
pub(super) struct LoadedModel {
    /// As the flow has it: another specification is another model.
    pub(super) specification: agave_flow::Model,
    /// The names behind the class numbers in its detections.
    pub(super) classes: Arc<[String]>,
    /// Width and height of its input, in pixels, where it is loaded.
    pub(super) input: Option<(u32, u32)>,
    /// Whether there is anything to look with; what it sees may come from recordings.
    looks: bool,
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
    /// What it sees comes from recordings.
    #[error("the flow has not loaded the model: all its cameras play recordings")]
    NotLoaded,
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
            input: Some(model.input_size()),
            looks: true,
            idle: Mutex::new(idle),
            guest: Mutex::default(),
        })
    }

    /// One whose results come from recordings. Its file need not be there.
    fn recorded(specification: &agave_flow::Model, classes: Arc<[String]>) -> Self {
        Self {
            specification: specification.clone(),
            classes,
            input: None,
            looks: false,
            idle: Mutex::default(),
            guest: Mutex::default(),
        }
    }

    /// One that nobody looks with.
    #[cfg(test)]
    pub(super) fn unused(name: &str) -> Self {
        let specification = agave_flow::Model {
            name: name.to_owned(),
            path: name.into(),
            fingerprint: agave_core::Fingerprint::of(name.as_bytes()),
            confidence: 0.5,
            iou: 0.5,
        };
        Self::recorded(&specification, Arc::default())
    }

    /// Looks at a picture that is of no camera. Whoever asks waits for others who do; no camera
    /// does.
    pub(super) fn look(&self, picture: &Picture) -> Result<Vec<Detection>, LookError> {
        if !self.looks {
            return Err(LookError::NotLoaded);
        }
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

/// The models of `flow`, in its order. One that is loaded already is used again, and one whose
/// results all come from recordings is not loaded. `recorded` is what each camera plays.
pub(super) fn load_models(
    flow: &Flow,
    recorded: &[Option<Arc<RecordedCamera>>],
    sessions: usize,
    standing: Option<&Standing>,
) -> Result<Vec<Arc<LoadedModel>>, BuildError> {
    let loaded: &[Arc<LoadedModel>] = standing.map_or(&[], |standing| &standing.version.models);
    let load = |(index, model): (usize, &agave_flow::Model)| {
        let seen = seen_before(flow, recorded, index)?;
        let all_play = !flow.cameras.is_empty() && flow.cameras.iter().all(is_recorded);
        let is_played = seen.is_some() || all_play;
        let looks = !is_played || looks_now(flow, index);
        let fits = |loaded: &LoadedModel| {
            loaded.specification == *model
                && loaded.looks == looks
                && (looks || seen.is_none_or(|(_, classes)| loaded.classes == *classes))
        };
        let model = match loaded.iter().find(|loaded| fits(loaded)) {
            Some(same) => Arc::clone(same),
            None if looks => Arc::new(LoadedModel::load(model, sessions)?),
            None => {
                let classes = seen.map(|(_, classes)| Arc::clone(classes));
                Arc::new(LoadedModel::recorded(model, classes.unwrap_or_default()))
            }
        };
        match seen {
            Some((camera, classes)) if *classes != model.classes => Err(BuildError::SeenClasses {
                camera: camera.to_owned(),
                model: model.specification.name.clone(),
            }),
            _ => Ok(model),
        }
    };
    flow.models.iter().enumerate().map(load).collect()
}

/// Whether a model has to look at a camera of `flow`.
fn looks_now(flow: &Flow, model: usize) -> bool {
    let mut cameras = flow.cameras.iter().enumerate();
    cameras.any(|(index, camera)| !is_recorded(camera) && is_looked_at(flow, index, model))
}

fn is_looked_at(flow: &Flow, camera: usize, model: usize) -> bool {
    let mut nodes = flow.nodes.iter();
    nodes.any(|node| {
        matches!(node.work, Work::Infer { model: runs } if runs.0 == model)
            && node.cameras.contains(&CameraIndex(camera))
    })
}

/// What a model could see when it was recorded, with a camera that says so.
type SeenBefore<'r> = Option<(&'r str, &'r Arc<[String]>)>;

/// What a model could see when it was recorded: the same in all recordings.
fn seen_before<'r>(
    flow: &'r Flow,
    recorded: &'r [Option<Arc<RecordedCamera>>],
    model: usize,
) -> Result<SeenBefore<'r>, BuildError> {
    let mut known: SeenBefore<'_> = None;
    for (index, (camera, recorded)) in flow.cameras.iter().zip(recorded).enumerate() {
        let Some(recorded) = recorded
            .as_ref()
            .filter(|_| is_looked_at(flow, index, model))
        else {
            continue;
        };
        let Some(classes) = recorded.classes().get(model) else {
            continue;
        };
        match known {
            None => known = Some((&camera.name, classes)),
            Some((_, known)) if known == classes => {}
            Some(_) => {
                return Err(BuildError::SeenClasses {
                    camera: camera.name.clone(),
                    model: flow
                        .models
                        .get(model)
                        .map_or_else(String::new, |model| model.name.clone()),
                });
            }
        }
    }
    Ok(known)
}

fn read(specification: &agave_flow::Model) -> Result<Model, ModelError> {
    let options = ModelOptions {
        confidence: specification.confidence,
        iou: specification.iou,
        ..ModelOptions::default()
    };
    Model::load(&specification.path, options)
}
