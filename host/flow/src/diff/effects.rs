//! What a change does to a system that runs: whose state goes on, and which sources connect
//! again. A name is an identity: a node that keeps its name keeps its state, through new settings,
//! new zones and another plugin, as long as it plays the same role. Whether a plugin can read what
//! the one before it has saved only that plugin knows, and only when it is asked.

use std::collections::{BTreeMap, BTreeSet};

use agave_core::{Fingerprint, Role, Zone};
use serde::Serialize;

use super::aspect::{CameraAspect, NodeAspect};
use super::named::NamedNode;
use super::{Change, Changes};
use crate::spec::Partition;
use crate::{Flow, Work};

/// What becomes of what a node remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It goes on: in the same instance, or by saving and restoring.
    Kept,
    /// It is another thing under the old name, and begins anew.
    Reset,
    /// The node was not there.
    New,
    /// The node is not there any more.
    Gone,
}

/// What becomes of a camera's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The connection stays as it is.
    Stays,
    /// It is opened again.
    Reconnects,
    /// The camera was not there.
    New,
    /// The camera is not there any more.
    Gone,
}

/// Which instances of a node, of those that there are before and after, are replaced by new ones
/// that go on from their state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "replaced", content = "cameras", rename_all = "lowercase")]
pub enum Instances {
    /// Nothing happens to them.
    None,
    /// Those of these cameras.
    Of(BTreeSet<String>),
    /// All of them.
    All,
}

/// What happens to a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeEffect {
    /// The node.
    pub node: String,
    /// What becomes of what it remembers.
    pub state: State,
    /// Which instances are replaced.
    pub instances: Instances,
}

/// What happens to a camera.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CameraEffect {
    /// The camera.
    pub camera: String,
    /// What becomes of its source.
    pub source: Source,
}

/// What a change does to a running system: every node and camera of either flow, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Effects {
    /// By name.
    pub nodes: Vec<NodeEffect>,
    /// By name.
    pub cameras: Vec<CameraEffect>,
}

impl Effects {
    /// What happens to the node of this name.
    pub fn node(&self, name: &str) -> Option<&NodeEffect> {
        self.nodes.iter().find(|effect| effect.node == name)
    }

    /// What happens to the camera of this name.
    pub fn camera(&self, name: &str) -> Option<&CameraEffect> {
        self.cameras.iter().find(|effect| effect.camera == name)
    }
}

pub(super) fn of(
    changes: &Changes,
    nodes_before: &BTreeMap<String, NamedNode>,
    nodes_after: &BTreeMap<String, NamedNode>,
    before: &Flow,
    after: &Flow,
) -> Effects {
    let names: BTreeSet<&String> = nodes_before.keys().chain(nodes_after.keys()).collect();
    let nodes = names.into_iter().map(|name| {
        let was = nodes_before.get(name);
        node(
            changes,
            name,
            was.zip(nodes_after.get(name)),
            (before, after),
        )
    });
    let names = |flow: &Flow| -> Vec<String> {
        flow.cameras
            .iter()
            .map(|camera| camera.name.clone())
            .collect()
    };
    let names: BTreeSet<String> = names(before).into_iter().chain(names(after)).collect();
    Effects {
        nodes: nodes.collect(),
        cameras: names
            .into_iter()
            .map(|name| camera(changes, name))
            .collect(),
    }
}

fn camera(changes: &Changes, camera: String) -> CameraEffect {
    let source = match changes.cameras.changes.get(&camera) {
        None => Source::Stays,
        Some(Change::Added) => Source::New,
        Some(Change::Removed) => Source::Gone,
        Some(Change::Changed(differences)) => {
            let mut aspects = differences.iter().map(|one| one.aspect);
            match aspects.any(CameraAspect::reconnects) {
                true => Source::Reconnects,
                false => Source::Stays,
            }
        }
    };
    CameraEffect { camera, source }
}

fn node(
    changes: &Changes,
    name: &str,
    both: Option<(&NamedNode, &NamedNode)>,
    flows: (&Flow, &Flow),
) -> NodeEffect {
    let (state, instances) = match (changes.nodes.changes.get(name), both) {
        (Some(Change::Added), _) => (State::New, Instances::None),
        (Some(Change::Removed), _) => (State::Gone, Instances::None),
        (change, Some((was, now))) => {
            let aspects: Vec<NodeAspect> = match change {
                Some(Change::Changed(differences)) => {
                    differences.iter().map(|one| one.aspect).collect()
                }
                _ => Vec::new(),
            };
            let state = match aspects.iter().any(|aspect| aspect.resets_state()) {
                true => State::Reset,
                false => State::Kept,
            };
            let all = aspects.iter().any(|aspect| aspect.replaces_instances());
            let instances = match all {
                true => Instances::All,
                false => around(changes, was, now, flows),
            };
            (state, instances)
        }
        (_, None) => (State::New, Instances::None),
    };
    NodeEffect {
        node: name.to_owned(),
        state,
        instances,
    }
}

/// The instances that do not fit what is around the node any more: a plugin is told the zones and
/// classes of its camera, and an adapter the brokers that it may use.
fn around(
    changes: &Changes,
    was: &NamedNode,
    now: &NamedNode,
    (before, after): (&Flow, &Flow),
) -> Instances {
    let Some(plugin) = now.plugin() else {
        return Instances::None;
    };
    if plugin.role == Role::Adapter {
        let mut brokers = plugin.grants.mqtt.iter();
        return match brokers.any(|broker| changes.brokers.changes.contains_key(broker)) {
            true => Instances::All,
            false => Instances::None,
        };
    }
    let in_both = was.cameras.intersection(&now.cameras);
    let other: BTreeSet<String> = in_both
        .filter(|camera| View::of(before, camera) != View::of(after, camera))
        .cloned()
        .collect();
    if now.partition == Partition::None {
        // One instance for all of them.
        return match other.is_empty() && was.cameras == now.cameras {
            true => Instances::None,
            false => Instances::All,
        };
    }
    match other.is_empty() {
        true => Instances::None,
        false => Instances::Of(other),
    }
}

/// What a plugin is told about a camera: its zones, and the models that give it its classes.
#[derive(PartialEq)]
struct View<'f> {
    zones: &'f [Zone],
    models: Vec<Fingerprint>,
}

impl<'f> View<'f> {
    fn of(flow: &'f Flow, camera: &str) -> Option<Self> {
        let index = flow.cameras.iter().position(|one| one.name == camera)?;
        let looks = flow.nodes.iter().filter(|node| {
            let mut cameras = node.cameras.iter();
            cameras.any(|camera| camera.0 == index)
        });
        let models = looks.filter_map(|node| match &node.work {
            Work::Infer { model } => Some(flow.models.get(model.0)?.fingerprint),
            Work::Plugin(_) | Work::Store(_) | Work::Serve(_) => None,
        });
        Some(Self {
            zones: &flow.cameras.get(index)?.zones,
            models: models.collect(),
        })
    }
}
