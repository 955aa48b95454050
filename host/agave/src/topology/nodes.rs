//! From the nodes of the flow to started plugins, once for each camera that reaches them.
//! Adapters, which are there once, are `adapters`'.

use std::collections::BTreeMap;
use std::sync::Arc;

use agave_core::{Role, StreamInfo};
use agave_flow::{Camera, CameraIndex, Flow, Node, PluginNode, Work as FlowWork};
use agave_plugin::{Grants, Limits, NodeSetup, OnFailure, Outside, Supervised};

use super::build::BuildError;
use super::chain::{Account, AlertSink, Chain, Step, Tap, Work};
use super::outbox::Outbox;
use crate::catalog::Catalog;

/// Starts the plugin of a node, for one camera or as an adapter.
pub(super) fn start(
    node: &Node,
    plugin: &PluginNode,
    stream: StreamInfo,
    grants: Grants,
    outside: Outside,
    catalog: &Catalog,
) -> Result<Supervised, BuildError> {
    let loaded = catalog
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
        limits: limits(&plugin.limits),
        grants,
        outside,
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

fn limits(limits: &agave_flow::Limits) -> Limits {
    let bytes = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    Limits {
        deadline: limits.deadline,
        memory_bytes: bytes(limits.memory_bytes),
        recycle_bytes: bytes(limits.recycle_bytes),
        output_bytes: bytes(limits.output_bytes),
        http_body_bytes: bytes(limits.http_body_bytes),
        log_lines_per_second: limits.log_lines_per_second,
    }
}

/// Makes each camera's chain.
pub(super) struct ChainBuilder<'b> {
    pub(super) flow: &'b Flow,
    /// For each model of the flow, what it can see.
    pub(super) classes: &'b [Vec<String>],
    pub(super) outboxes: &'b BTreeMap<usize, Arc<Outbox>>,
    pub(super) catalog: &'b Catalog,
    pub(super) sink: &'b Arc<dyn AlertSink>,
    pub(super) tap: Option<&'b Arc<dyn Tap>>,
}

impl ChainBuilder<'_> {
    /// The nodes that `camera` reaches, started for it, and the models that look at it.
    pub(super) fn chain(
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
                FlowWork::Plugin(plugin) => {
                    match self.plugin_work(node_index, node, plugin, &stream)? {
                        Some(work) => work,
                        None => continue,
                    }
                }
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
        let chain = Chain::new(stream, steps, Arc::clone(self.sink), self.tap.cloned());
        Ok((chain, models))
    }

    /// The camera with the classes of all its models: each name once.
    fn stream(&self, camera: &Camera, models: &[usize]) -> Result<StreamInfo, BuildError> {
        let mut classes: Vec<String> = Vec::new();
        for class in models
            .iter()
            .filter_map(|&model| self.classes.get(model))
            .flatten()
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
        let classes = self.classes.get(model).into_iter().flatten();
        classes.filter_map(number_of).collect()
    }

    /// None for an adapter without an outbox, where nothing is delivered.
    fn plugin_work(
        &self,
        node_index: usize,
        node: &Node,
        plugin: &PluginNode,
        stream: &StreamInfo,
    ) -> Result<Option<Work>, BuildError> {
        if plugin.role == Role::Adapter {
            let outbox = self.outboxes.get(&node_index);
            return Ok(outbox.map(|outbox| Work::Adapter(Arc::clone(outbox))));
        }
        let started = start(
            node,
            plugin,
            stream.clone(),
            Grants::default(),
            Outside::default(),
            self.catalog,
        )?;
        Ok(Some(match plugin.role {
            Role::Filter => Work::Filter(started),
            Role::Rule => Work::Rule(started),
            Role::Gate | Role::Adapter => Work::Gate(started),
        }))
    }

    /// Whether alerts leave the flow behind this node: no gate reads them.
    fn is_exit(&self, index: usize, node: &Node) -> bool {
        let gives_alerts = matches!(
            &node.work,
            FlowWork::Plugin(plugin)
                if matches!(plugin.role, Role::Rule | Role::Gate)
        );
        let read_by_gate = self.flow.nodes.iter().any(|reader| {
            matches!(&reader.work, FlowWork::Plugin(p) if p.role == Role::Gate)
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
