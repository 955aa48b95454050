//! From the checked flow to everything that it takes to run it: models loaded, sessions warmed
//! up, plugins started and configured. Nothing runs yet, so `agave check` builds as well and
//! finds what only a built flow can show, such as a class that the model does not have.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use agave_core::Secret;
use agave_flow::{Camera, CameraIndex, CameraKind, Flow};
use agave_media::{Detector, Model, ModelOptions, Pace, RecentPictures, SourceConfig, Transport};
use tokio_util::sync::CancellationToken;

use super::adapters::{AdapterPlan, Adapters, build_adapters};
use super::chain::{AlertSink, Tap};
use super::intake::Terms;
use super::lane::Lane;
use super::nodes::ChainBuilder;
use super::outbox::Outbox;
use crate::catalog::Catalog;

/// Why a flow that is right on paper cannot be built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    #[error("model '{model}': {reason}")]
    Model {
        model: String,
        reason: agave_media::ModelError,
    },
    #[error("node '{node}'{}: the plugin '{plugin}' {failure}", for_camera(.camera))]
    Plugin {
        node: String,
        camera: String,
        plugin: String,
        failure: agave_plugin::Failure,
    },
    #[error("node '{node}': {reason}")]
    Load {
        node: String,
        reason: agave_plugin::LoadError,
    },
    #[error("node '{node}': {reason}")]
    Grant { node: String, reason: String },
    #[error("broker '{broker}': {reason}")]
    Broker { broker: String, reason: String },
    #[error("there is no way to the network: {0}")]
    Network(String),
    #[error("camera '{camera}' has more classes than fit: its models name {count} different ones")]
    Classes { camera: String, count: usize },
}

fn for_camera(camera: &str) -> String {
    if camera.is_empty() {
        String::new()
    } else {
        format!(", camera '{camera}'")
    }
}

/// What building needs beside the flow.
pub(crate) struct Workshop<'w> {
    pub(crate) catalog: &'w Catalog,
    pub(crate) runtime: tokio::runtime::Handle,
    /// Ends the requests of adapters that are under way.
    pub(crate) hang_up: CancellationToken,
    pub(crate) sink: Arc<dyn AlertSink>,
    /// Whoever looks on.
    pub(crate) tap: Option<Arc<dyn Tap>>,
    pub(crate) secret: &'w dyn Fn(&str) -> Option<Secret>,
    /// The folder of what is there again after a restart, or why there is none.
    pub(crate) state: Result<PathBuf, String>,
    /// How many frames are looked at in parallel.
    pub(crate) workers: usize,
}

/// A camera with its source and its nodes.
pub(super) struct CameraPlan {
    pub(super) source: SourceConfig,
    pub(super) terms: Terms,
    pub(super) models: Vec<usize>,
}

/// A built flow, nothing of which has started.
pub(crate) struct Topology {
    pub(super) flow_name: String,
    pub(super) node_names: Vec<String>,
    pub(super) cameras: Vec<CameraPlan>,
    pub(super) lanes: Vec<Lane>,
    pub(super) adapters: Vec<AdapterPlan>,
    pub(super) recent: Option<Arc<RecentPictures>>,
    /// For each model of the flow, what it can see.
    pub(crate) classes: Vec<Vec<String>>,
    /// For each worker, a session of each model.
    pub(super) detectors: Vec<Vec<Detector>>,
    pub(super) hang_up: CancellationToken,
}

impl Topology {
    /// Builds `flow`.
    ///
    /// # Errors
    /// The first model or plugin that cannot be used, with the node it is for.
    pub(crate) fn build(flow: &Flow, workshop: &Workshop<'_>) -> Result<Self, BuildError> {
        let models = load_models(flow)?;
        let detectors = (0..workshop.workers)
            .map(|_| sessions(flow, &models))
            .collect::<Result<_, _>>()?;
        let Adapters {
            plans: adapters,
            recent,
        } = build_adapters(flow, workshop)?;
        let outboxes: BTreeMap<usize, Arc<Outbox>> = adapters
            .iter()
            .map(|adapter| (adapter.node, Arc::clone(&adapter.outbox)))
            .collect();
        let classes: Vec<Vec<String>> = models
            .iter()
            .map(|model| model.classes().to_vec())
            .collect();
        let builder = ChainBuilder {
            flow,
            classes: &classes,
            outboxes: &outboxes,
            catalog: workshop.catalog,
            sink: &workshop.sink,
            tap: workshop.tap.as_ref(),
        };
        let mut cameras = Vec::new();
        let mut lanes = Vec::new();
        for (index, camera) in flow.cameras.iter().enumerate() {
            let (chain, models) = builder.chain(CameraIndex(index), camera)?;
            lanes.push(Lane::new(chain));
            cameras.push(plan_camera(camera, models));
        }
        Ok(Self {
            flow_name: flow.name.clone(),
            node_names: flow.nodes.iter().map(|node| node.name.clone()).collect(),
            cameras,
            lanes,
            adapters,
            recent,
            classes,
            detectors,
            hang_up: workshop.hang_up.clone(),
        })
    }
}

fn load_models(flow: &Flow) -> Result<Vec<Model>, BuildError> {
    let load = |model: &agave_flow::Model| {
        let options = ModelOptions {
            confidence: model.confidence,
            iou: model.iou,
            ..ModelOptions::default()
        };
        Model::load(&model.path, options).map_err(|reason| BuildError::Model {
            model: model.name.clone(),
            reason,
        })
    };
    flow.models.iter().map(load).collect()
}

fn sessions(flow: &Flow, models: &[Model]) -> Result<Vec<Detector>, BuildError> {
    let open = |(named, model): (&agave_flow::Model, &Model)| {
        model.session().map_err(|reason| BuildError::Model {
            model: named.name.clone(),
            reason,
        })
    };
    flow.models.iter().zip(models).map(open).collect()
}

fn plan_camera(camera: &Camera, models: Vec<usize>) -> CameraPlan {
    CameraPlan {
        terms: Terms {
            live: camera.kind == CameraKind::Rtsp,
            max_age: camera.max_age,
        },
        source: SourceConfig {
            camera: camera.name.clone(),
            url: camera.url.clone(),
            shown_url: camera.shown_url.clone(),
            fps: camera.fps,
            transport: match camera.transport {
                agave_flow::Transport::Tcp => Transport::Tcp,
                agave_flow::Transport::Udp => Transport::Udp,
            },
            pace: match camera.pace {
                agave_flow::Pace::Fast => Pace::Fast,
                agave_flow::Pace::Realtime => Pace::Realtime,
            },
            decoder_threads: 1,
        },
        models,
    }
}
