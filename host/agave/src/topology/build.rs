//! From the checked flow to everything that it takes to run it: models loaded, sessions warmed
//! up, plugins started and configured. Nothing runs yet, so `agave check` builds as well and
//! finds what only a built flow can show, such as a class that the model does not have.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use agave_core::{Secret, StreamInfo};
use agave_flow::{Camera, CameraIndex, CameraKind, Flow, Node, PluginNode, Work as FlowWork};
use agave_media::{Detector, Model, ModelOptions, Pace, SourceConfig, Transport};
use agave_plugin::{Grants, HttpClient, Limits, NodeSetup, OnFailure, Origin, Supervised};

use super::chain::{Account, AlertSink, Chain, Step, Work};
use super::intake::Terms;
use super::lane::Lane;
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
    pub(crate) sink: Arc<dyn AlertSink>,
    pub(crate) secret: &'w dyn Fn(&str) -> Option<Secret>,
    /// How many frames are looked at in parallel.
    pub(crate) workers: usize,
}

/// A camera with its source and its nodes.
pub(super) struct CameraPlan {
    pub(super) source: SourceConfig,
    pub(super) terms: Terms,
    pub(super) models: Vec<usize>,
}

/// An adapter with its outbox.
pub(super) struct AdapterPlan {
    pub(super) node: usize,
    pub(super) outbox: Arc<Outbox>,
    pub(super) adapter: Supervised,
}

/// A built flow, nothing of which has started.
pub(crate) struct Topology {
    pub(super) flow_name: String,
    pub(super) node_names: Vec<String>,
    pub(super) cameras: Vec<CameraPlan>,
    pub(super) lanes: Vec<Lane>,
    pub(super) adapters: Vec<AdapterPlan>,
    /// For each worker, a session of each model.
    pub(super) detectors: Vec<Vec<Detector>>,
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
        let adapters = flow
            .nodes
            .iter()
            .enumerate()
            .filter_map(|(index, node)| match &node.work {
                FlowWork::Plugin(plugin) if plugin.role == agave_core::Role::Adapter => {
                    Some(build_adapter(index, node, plugin, workshop))
                }
                _ => None,
            })
            .collect::<Result<Vec<_>, _>>()?;
        let outboxes: BTreeMap<usize, Arc<Outbox>> = adapters
            .iter()
            .map(|adapter| (adapter.node, Arc::clone(&adapter.outbox)))
            .collect();
        let builder = ChainBuilder {
            flow,
            models: &models,
            outboxes: &outboxes,
            workshop,
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
            detectors,
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

fn start(
    node: &Node,
    plugin: &PluginNode,
    stream: StreamInfo,
    grants: Grants,
    http: Option<HttpClient>,
    workshop: &Workshop<'_>,
) -> Result<Supervised, BuildError> {
    let loaded = workshop
        .catalog
        .load(&plugin.file)
        .map_err(|reason| BuildError::Load {
            node: node.name.clone(),
            reason,
        })?;
    let camera = stream.camera.clone();
    let setup = NodeSetup {
        node: node.name.clone(),
        stream,
        config: plugin.config.clone(),
        limits: Limits {
            deadline: plugin.limits.deadline,
            memory_bytes: usize::try_from(plugin.limits.memory_bytes).unwrap_or(usize::MAX),
        },
        grants,
        http,
    };
    let on_failure = match plugin.on_failure {
        agave_flow::OnFailure::Restart => OnFailure::Restart,
        agave_flow::OnFailure::Open => OnFailure::Open,
        agave_flow::OnFailure::Closed => OnFailure::Closed,
    };
    Supervised::start(loaded, setup, on_failure).map_err(|failure| BuildError::Plugin {
        node: node.name.clone(),
        camera,
        plugin: plugin.plugin_name.clone(),
        failure,
    })
}

fn build_adapter(
    index: usize,
    node: &Node,
    plugin: &PluginNode,
    workshop: &Workshop<'_>,
) -> Result<AdapterPlan, BuildError> {
    let refused = |reason: String| BuildError::Grant {
        node: node.name.clone(),
        reason,
    };
    let http = plugin
        .grants
        .http
        .iter()
        .map(|origin| Origin::parse(&origin.to_string()).map_err(|e| refused(e.to_string())))
        .collect::<Result<_, _>>()?;
    let secrets = plugin
        .grants
        .secrets
        .iter()
        .map(|name| {
            let secret = (workshop.secret)(name)
                .ok_or_else(|| refused(format!("the secret '{name}' is gone")))?;
            Ok((name.clone(), secret))
        })
        .collect::<Result<_, _>>()?;
    let grants = Grants { http, secrets };
    let client = HttpClient::new(&grants, workshop.runtime.clone()).map_err(refused)?;
    let adapter = start(
        node,
        plugin,
        StreamInfo::default(),
        grants,
        Some(client),
        workshop,
    )?;
    Ok(AdapterPlan {
        node: index,
        outbox: Arc::new(Outbox::new(&node.name)),
        adapter,
    })
}

struct ChainBuilder<'b> {
    flow: &'b Flow,
    models: &'b [Model],
    outboxes: &'b BTreeMap<usize, Arc<Outbox>>,
    workshop: &'b Workshop<'b>,
}

impl ChainBuilder<'_> {
    /// The nodes that `camera` reaches, started for it, and the models that look at it.
    fn chain(
        &self,
        index: CameraIndex,
        camera: &Camera,
    ) -> Result<(Chain, Vec<usize>), BuildError> {
        let nodes: Vec<(usize, &Node)> = self
            .flow
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.cameras.contains(&index))
            .collect();
        let models: Vec<usize> = nodes
            .iter()
            .filter_map(|(_, node)| model_of(node))
            .collect();
        let stream = self.stream(camera, &models)?;
        let mut steps: Vec<Step> = Vec::new();
        let mut infer_nodes = 0..;
        for (node_index, node) in nodes {
            let work = match &node.work {
                FlowWork::Infer { model } => Work::Infer {
                    index: infer_nodes.next().unwrap_or_default(),
                    classes: self.class_numbers(model.0, &stream),
                },
                FlowWork::Plugin(plugin) => self.plugin_work(node_index, node, plugin, &stream)?,
            };
            let step_of = |input: &agave_flow::NodeIndex| {
                steps.iter().position(|step: &Step| step.node == input.0)
            };
            steps.push(Step {
                node: node_index,
                name: node.name.clone(),
                inputs: node.inputs.iter().filter_map(step_of).collect(),
                work,
                is_exit: self.is_exit(node_index, node),
                account: Account::new(),
            });
        }
        let chain = Chain::new(stream, steps, Arc::clone(&self.workshop.sink));
        Ok((chain, models))
    }

    /// The camera with the classes of all its models: each name once.
    fn stream(&self, camera: &Camera, models: &[usize]) -> Result<StreamInfo, BuildError> {
        let mut classes: Vec<String> = Vec::new();
        for class in models
            .iter()
            .filter_map(|&model| self.models.get(model))
            .flat_map(Model::classes)
        {
            if !classes.contains(class) {
                classes.push(class.clone());
            }
        }
        if u16::try_from(classes.len()).is_err() {
            return Err(BuildError::Classes {
                camera: camera.name.clone(),
                count: classes.len(),
            });
        }
        Ok(StreamInfo {
            camera: camera.name.clone(),
            width: 0,
            height: 0,
            classes,
            zones: camera.zones.clone(),
        })
    }

    /// For each class of the model its number in the stream.
    fn class_numbers(&self, model: usize, stream: &StreamInfo) -> Vec<u16> {
        let number_of = |class: &String| {
            let position = stream.classes.iter().position(|known| known == class);
            position.and_then(|position| u16::try_from(position).ok())
        };
        self.models
            .get(model)
            .map(|model| model.classes().iter().filter_map(number_of).collect())
            .unwrap_or_default()
    }

    fn plugin_work(
        &self,
        node_index: usize,
        node: &Node,
        plugin: &PluginNode,
        stream: &StreamInfo,
    ) -> Result<Work, BuildError> {
        if let Some(outbox) = self.outboxes.get(&node_index) {
            return Ok(Work::Adapter(Arc::clone(outbox)));
        }
        let started = start(
            node,
            plugin,
            stream.clone(),
            Grants::default(),
            None,
            self.workshop,
        )?;
        Ok(match plugin.role {
            agave_core::Role::Filter => Work::Filter(started),
            agave_core::Role::Rule => Work::Rule(started),
            agave_core::Role::Gate | agave_core::Role::Adapter => Work::Gate(started),
        })
    }

    /// Whether alerts leave the flow behind this node: no gate reads them.
    fn is_exit(&self, index: usize, node: &Node) -> bool {
        let gives_alerts = matches!(
            &node.work,
            FlowWork::Plugin(plugin)
                if matches!(plugin.role, agave_core::Role::Rule | agave_core::Role::Gate)
        );
        let read_by_gate = self.flow.nodes.iter().any(|reader| {
            matches!(&reader.work, FlowWork::Plugin(p) if p.role == agave_core::Role::Gate)
                && reader.inputs.iter().any(|input| input.0 == index)
        });
        gives_alerts && !read_by_gate
    }
}

fn model_of(node: &Node) -> Option<usize> {
    match &node.work {
        FlowWork::Infer { model } => Some(model.0),
        FlowWork::Plugin(_) => None,
    }
}

/// How long what waits in the outboxes may take once a file is at its end.
pub(super) const DRAIN_AT_END: Duration = Duration::from_secs(30);
/// How long it may take when a person wants the process to stop.
pub(super) const DRAIN_WHEN_STOPPED: Duration = Duration::from_secs(5);
