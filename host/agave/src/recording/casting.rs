//! Which camera and which model of a recording plays which of a flow.

use std::str::FromStr;
use std::sync::Arc;

use agave_core::Detection;
use agave_flow::{CameraIndex, Flow, ModelIndex, Work, instead_of};

use super::{Frame, Header};
use crate::topology::Seen;

/// A recorded camera that takes part, and the flow's camera that it plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    recorded: String,
    plays: String,
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (recorded, plays) = text.split_once('=').unwrap_or((text, text));
        if recorded.is_empty() || plays.is_empty() {
            return Err("expected NAME, or NAME=CAMERA for another camera of the flow".to_owned());
        }
        Ok(Self {
            recorded: recorded.to_owned(),
            plays: plays.to_owned(),
        })
    }
}

impl Part {
    pub(crate) fn new(recorded: &str, plays: &str) -> Self {
        Self {
            recorded: recorded.to_owned(),
            plays: plays.to_owned(),
        }
    }
}

/// Why a flow cannot be run on a recording.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CastingError {
    #[error("camera '{name}' is not in the recording; {help}")]
    NoCamera { name: String, help: String },
    #[error("camera '{name}' is not in the flow; {help}")]
    NotInFlow { name: String, help: String },
    #[error("two cameras of the recording cannot both play camera '{0}' of the flow")]
    Twice(String),
    #[error(
        "node '{node}' runs the model '{model}', which did not look at camera '{camera}' in the \
         recording; {help}"
    )]
    NoModel {
        node: String,
        model: String,
        camera: String,
        help: String,
    },
}

/// Every part taken.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Casting {
    /// By the recording's camera.
    roles: Vec<Option<Role>>,
    /// By the flow's model, what it can see according to the recording.
    pub(crate) classes: Vec<Arc<[String]>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Role {
    camera: CameraIndex,
    /// For each infer node of the flow's camera, the place of its model among those of the
    /// recorded one.
    models: Vec<usize>,
    /// They are all of them, in the same order.
    is_straight: bool,
}

impl Casting {
    /// Finds what the cameras of `flow` need in a recording with `header`: all of them, or those
    /// of `parts` if there are any.
    ///
    /// # Errors
    /// What is not there, with what may have been meant.
    pub(crate) fn new(flow: &Flow, header: &Header, parts: &[Part]) -> Result<Self, CastingError> {
        let all: Vec<Part> = flow
            .cameras
            .iter()
            .map(|camera| Part::new(&camera.name, &camera.name))
            .collect();
        let parts = if parts.is_empty() { &all } else { parts };
        let mut casting = Self {
            roles: header.cameras.iter().map(|_| None).collect(),
            classes: flow.models.iter().map(|_| Arc::default()).collect(),
        };
        let mut taken: Vec<CameraIndex> = Vec::new();
        for part in parts {
            let (recorded, camera) = find(flow, header, part)?;
            if taken.contains(&camera) {
                return Err(CastingError::Twice(part.plays.clone()));
            }
            taken.push(camera);
            casting.cast(flow, header, recorded, camera)?;
        }
        Ok(casting)
    }

    fn cast(
        &mut self,
        flow: &Flow,
        header: &Header,
        recorded: usize,
        camera: CameraIndex,
    ) -> Result<(), CastingError> {
        let Some(entry) = header.cameras.get(recorded) else {
            return Ok(());
        };
        let name_of = |&model: &usize| header.models.get(model).map(|model| model.name.as_str());
        let names: Vec<&str> = entry.models.iter().filter_map(name_of).collect();
        let mut models = Vec::new();
        for (node, model) in infer_nodes(flow, camera) {
            let Some(wanted) = flow.models.get(model.0) else {
                continue;
            };
            let Some(place) = names.iter().position(|name| *name == wanted.name) else {
                return Err(CastingError::NoModel {
                    node: node.to_owned(),
                    model: wanted.name.clone(),
                    camera: entry.name.clone(),
                    help: instead_of(&wanted.name, "models that did", &names),
                });
            };
            models.push(place);
            let recorded = entry
                .models
                .get(place)
                .and_then(|&at| header.models.get(at));
            if let (Some(classes), Some(recorded)) = (self.classes.get_mut(model.0), recorded) {
                *classes = recorded.classes.as_slice().into();
            }
        }
        let is_straight = models.iter().copied().eq(0..entry.models.len());
        if let Some(role) = self.roles.get_mut(recorded) {
            *role = Some(Role {
                camera,
                models,
                is_straight,
            });
        }
        Ok(())
    }

    /// The cameras of the flow that take part.
    pub(crate) fn cameras(&self) -> Vec<CameraIndex> {
        let mut cameras: Vec<CameraIndex> = self
            .roles
            .iter()
            .flatten()
            .map(|role| role.camera)
            .collect();
        cameras.sort_unstable();
        cameras
    }

    /// The recorded cameras that take no part.
    pub(crate) fn left_out<'h>(&self, header: &'h Header) -> Vec<&'h str> {
        self.roles
            .iter()
            .zip(&header.cameras)
            .filter(|(role, _)| role.is_none())
            .map(|(_, camera)| camera.name.as_str())
            .collect()
    }

    /// The flow's camera that the recording's plays.
    pub(crate) fn played_by(&self, recorded: usize) -> Option<CameraIndex> {
        Some(self.roles.get(recorded)?.as_ref()?.camera)
    }

    /// What the flow's camera sees in a recorded frame; none for a camera that takes no part.
    pub(crate) fn seen(&self, frame: Frame) -> Option<(CameraIndex, Seen)> {
        let role = self.roles.get(frame.camera)?.as_ref()?;
        let detections: Vec<Option<Vec<Detection>>> = if role.is_straight {
            frame.detections
        } else {
            let of_model = |&place: &usize| frame.detections.get(place).cloned().flatten();
            role.models.iter().map(of_model).collect()
        };
        let seen = Seen {
            frame: frame.number,
            at: frame.at,
            media_time: frame.media_time,
            size: frame.size,
            detections,
        };
        Some((role.camera, seen))
    }
}

fn find(flow: &Flow, header: &Header, part: &Part) -> Result<(usize, CameraIndex), CastingError> {
    let known: Vec<&str> = flow
        .cameras
        .iter()
        .map(|camera| camera.name.as_str())
        .collect();
    let camera = known.iter().position(|name| *name == part.plays);
    let camera = camera.ok_or_else(|| CastingError::NotInFlow {
        name: part.plays.clone(),
        help: instead_of(&part.plays, "cameras of the flow", &known),
    })?;
    let known: Vec<&str> = header
        .cameras
        .iter()
        .map(|camera| camera.name.as_str())
        .collect();
    let recorded = known.iter().position(|name| *name == part.recorded);
    let recorded = recorded.ok_or_else(|| CastingError::NoCamera {
        name: part.recorded.clone(),
        help: instead_of(&part.recorded, "cameras of the recording", &known),
    })?;
    Ok((recorded, CameraIndex(camera)))
}

/// The nodes that run a model on frames of `camera`, in the order of the flow.
pub(crate) fn infer_nodes(
    flow: &Flow,
    camera: CameraIndex,
) -> impl Iterator<Item = (&str, ModelIndex)> {
    flow.nodes
        .iter()
        .filter(move |node| node.cameras.contains(&camera))
        .filter_map(|node| match node.work {
            Work::Infer { model } => Some((node.name.as_str(), model)),
            Work::Plugin(_) | Work::Store(_) | Work::Serve(_) => None,
        })
}
