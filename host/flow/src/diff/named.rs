//! Nodes and tests that refer to others by name: an index means something in one flow only.

use std::collections::{BTreeMap, BTreeSet};

use agave_core::Schedule;

use crate::spec::{Order, Partition};
use crate::{
    Camera, CameraIndex, Database, Device, ExpectedAlert, Flow, Model, ModelIndex, Node, NodeIndex,
    PluginNode, TestCase, TestInputs, Work,
};

/// A node without indices.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NamedNode {
    pub(super) work: NamedWork,
    pub(super) inputs: BTreeSet<String>,
    pub(super) reads_all_alerts: bool,
    pub(super) cameras: BTreeSet<String>,
    pub(super) active: Option<Schedule>,
    pub(super) partition: Partition,
    pub(super) order: Order,
}

/// What a node does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum NamedWork {
    Infer { model: String },
    Plugin(Box<PluginNode>),
    Store(Option<Database>),
    Serve(Device),
}

impl NamedNode {
    pub(super) fn of(node: &Node, flow: &Flow) -> Self {
        let model_name = |index: &ModelIndex| flow.models.get(index.0).map(|model| &model.name);
        let inputs = node
            .inputs
            .iter()
            .filter_map(|input| flow.nodes.get(input.0));
        let cameras = node
            .cameras
            .iter()
            .filter_map(|index| flow.cameras.get(index.0));
        Self {
            work: match &node.work {
                Work::Infer { model } => NamedWork::Infer {
                    model: model_name(model).cloned().unwrap_or_default(),
                },
                Work::Plugin(plugin) => NamedWork::Plugin(Box::new(plugin.clone())),
                Work::Store(database) => NamedWork::Store(database.clone()),
                Work::Serve(device) => NamedWork::Serve(device.clone()),
            },
            inputs: inputs.map(|input| input.name.clone()).collect(),
            reads_all_alerts: node.reads_all_alerts,
            cameras: cameras.map(|camera| camera.name.clone()).collect(),
            active: node.active.clone(),
            partition: node.partition,
            order: node.order,
        }
    }

    /// The plugin, if it runs one.
    pub(super) fn plugin(&self) -> Option<&PluginNode> {
        match &self.work {
            NamedWork::Infer { .. } | NamedWork::Store(_) | NamedWork::Serve(_) => None,
            NamedWork::Plugin(plugin) => Some(plugin),
        }
    }

    /// With indices into a flow of these parts.
    pub(super) fn resolved(
        &self,
        name: &str,
        nodes: &[(String, Self)],
        models: &BTreeMap<String, Model>,
        cameras: &BTreeMap<String, Camera>,
    ) -> Node {
        let indices = 0..;
        let inputs = indices
            .zip(nodes)
            .filter(|(_, (node, _))| self.inputs.contains(node));
        let seen = (0..)
            .zip(cameras.keys())
            .filter(|(_, camera)| self.cameras.contains(*camera));
        Node {
            name: name.to_owned(),
            work: match &self.work {
                NamedWork::Infer { model } => Work::Infer {
                    model: ModelIndex(models.keys().take_while(|one| *one < model).count()),
                },
                NamedWork::Plugin(plugin) => Work::Plugin((**plugin).clone()),
                NamedWork::Store(database) => Work::Store(database.clone()),
                NamedWork::Serve(device) => Work::Serve(device.clone()),
            },
            inputs: inputs.map(|(index, _)| NodeIndex(index)).collect(),
            reads_all_alerts: self.reads_all_alerts,
            cameras: seen.map(|(index, _)| CameraIndex(index)).collect(),
            active: self.active.clone(),
            partition: self.partition,
            order: self.order,
        }
    }
}

/// Every node after those that it reads, and otherwise by name, as a flow has them.
pub(super) fn in_calling_order(mut nodes: BTreeMap<String, NamedNode>) -> Vec<(String, NamedNode)> {
    let mut order: Vec<(String, NamedNode)> = Vec::new();
    let mut placed: BTreeSet<String> = BTreeSet::new();
    loop {
        // What reads something that is not there waits for nothing.
        let ready = nodes.iter().find(|(_, node)| {
            let mut inputs = node.inputs.iter();
            inputs.all(|input| placed.contains(input) || !nodes.contains_key(input))
        });
        let Some(name) = ready.map(|(name, _)| name.clone()) else {
            // Nothing is left: what could be left is a circle, which no flow has.
            return order;
        };
        if let Some(node) = nodes.remove(&name) {
            placed.insert(name.clone());
            order.push((name, node));
        }
    }
}

/// A test without indices.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NamedTest {
    name: String,
    camera: String,
    given: TestInputs,
    expect: Vec<(String, Vec<ExpectedAlert>)>,
}

impl NamedTest {
    pub(super) fn of(test: &TestCase, flow: &Flow) -> Self {
        let camera = flow.cameras.get(test.camera.0);
        let expect = test.expect.iter().filter_map(|(node, alerts)| {
            let node = flow.nodes.get(node.0)?;
            Some((node.name.clone(), alerts.clone()))
        });
        Self {
            name: test.name.clone(),
            camera: camera.map(|camera| camera.name.clone()).unwrap_or_default(),
            given: test.given.clone(),
            expect: expect.collect(),
        }
    }

    /// With indices into `flow`.
    pub(super) fn resolved(&self, flow: &Flow) -> TestCase {
        let position = |name: &str| flow.nodes.iter().position(|node| node.name == name);
        let expect = self
            .expect
            .iter()
            .filter_map(|(node, alerts)| Some((NodeIndex(position(node)?), alerts.clone())));
        let camera = flow
            .cameras
            .iter()
            .position(|camera| camera.name == self.camera);
        TestCase {
            name: self.name.clone(),
            camera: CameraIndex(camera.unwrap_or_default()),
            given: self.given.clone(),
            expect: expect.collect(),
        }
    }
}
