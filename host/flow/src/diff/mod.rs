//! What is different between two flows, by meaning: by name and not by position, and nothing of
//! how the files are written. A changed comment is no change, a changed zone is one of a camera.
//!
//! ```text
//! Flow, Flow ─► Changes ─► Effects
//!               what       what it does to a running system
//! ```

mod aspect;
mod compare;
mod effects;
mod named;
mod report;

use std::collections::BTreeMap;
use std::path::PathBuf;

use named::{NamedNode, NamedTest};
use serde::Serialize;

use crate::{Broker, Camera, Flow, Model, Places};

pub use aspect::{BrokerAspect, CameraAspect, Difference, ModelAspect, NodeAspect};
pub use effects::{CameraEffect, Effects, Instances, NodeEffect, Source, State};

/// What became of something that has a name. `A` says what about it is different.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "change", content = "what", rename_all = "lowercase")]
pub enum Change<A> {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// It is there and not the same.
    Changed(Vec<Difference<A>>),
}

/// A section of the flow: what changed in it, and the new values.
#[derive(Clone, PartialEq)]
struct Section<T, A> {
    changes: BTreeMap<String, Change<A>>,
    /// Of what was added or changed.
    values: BTreeMap<String, T>,
}

/// What is different between two flows. It never holds a secret that it would show.
#[derive(Clone, PartialEq)]
pub struct Changes {
    name: Option<(String, String)>,
    file: Option<PathBuf>,
    models: Section<Model, ModelAspect>,
    brokers: Section<Broker, BrokerAspect>,
    cameras: Section<Camera, CameraAspect>,
    nodes: Section<NamedNode, NodeAspect>,
    tests: Option<Vec<NamedTest>>,
    effects: Effects,
    places: Places,
}

/// The settings of a plugin may have a password in them, so the new values are not printed.
impl std::fmt::Debug for Changes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Changes({:?})", self.to_string())
    }
}

/// What is different between `before` and `after`.
pub fn diff(before: &Flow, after: &Flow) -> Changes {
    let nodes = |flow: &Flow| -> BTreeMap<String, NamedNode> {
        let nodes = flow.nodes.iter();
        nodes
            .map(|node| (node.name.clone(), NamedNode::of(node, flow)))
            .collect()
    };
    let tests = |flow: &Flow| -> Vec<NamedTest> {
        let tests = flow.tests.iter();
        tests.map(|test| NamedTest::of(test, flow)).collect()
    };
    let (nodes_before, nodes_after) = (nodes(before), nodes(after));
    let tests_after = tests(after);
    let mut changes = Changes {
        name: (before.name != after.name).then(|| (before.name.clone(), after.name.clone())),
        file: (before.file != after.file).then(|| after.file.clone()),
        models: section(
            &by_name(&before.models, |model| &model.name),
            &by_name(&after.models, |model| &model.name),
            compare::models,
        ),
        brokers: section(
            &by_name(&before.brokers, |broker| &broker.name),
            &by_name(&after.brokers, |broker| &broker.name),
            compare::brokers,
        ),
        cameras: section(
            &by_name(&before.cameras, |camera| &camera.name),
            &by_name(&after.cameras, |camera| &camera.name),
            compare::cameras,
        ),
        nodes: section(&nodes_before, &nodes_after, compare::nodes),
        tests: (tests(before) != tests_after).then_some(tests_after),
        effects: Effects::default(),
        places: after.places.clone(),
    };
    changes.effects = effects::of(&changes, &nodes_before, &nodes_after, before, after);
    changes
}

impl Changes {
    /// Whether the two flows mean the same. Where the file lies is no part of that.
    pub fn is_empty(&self) -> bool {
        self.name.is_none()
            && self.models.changes.is_empty()
            && self.brokers.changes.is_empty()
            && self.cameras.changes.is_empty()
            && self.nodes.changes.is_empty()
            && self.tests.is_none()
    }

    /// Whether nothing that runs is different: at most the tests are.
    pub fn is_idle(&self) -> bool {
        let without_tests = Self {
            tests: None,
            ..self.clone()
        };
        without_tests.is_empty()
    }

    /// The name before and after, if the flow is called something else. What it keeps on disk is
    /// under its name.
    pub fn renamed(&self) -> Option<(&str, &str)> {
        let (before, after) = self.name.as_ref()?;
        Some((before, after))
    }

    /// The models that are different, by name.
    pub fn models(&self) -> &BTreeMap<String, Change<ModelAspect>> {
        &self.models.changes
    }

    /// The brokers that are different, by name.
    pub fn brokers(&self) -> &BTreeMap<String, Change<BrokerAspect>> {
        &self.brokers.changes
    }

    /// The cameras that are different, by name.
    pub fn cameras(&self) -> &BTreeMap<String, Change<CameraAspect>> {
        &self.cameras.changes
    }

    /// The nodes that are different, by name.
    pub fn nodes(&self) -> &BTreeMap<String, Change<NodeAspect>> {
        &self.nodes.changes
    }

    /// Whether the tests are different.
    pub fn tests(&self) -> bool {
        self.tests.is_some()
    }

    /// What it does to a system that runs the first of the two flows.
    pub fn effects(&self) -> &Effects {
        &self.effects
    }

    /// The second flow, made of the first one.
    pub fn apply(&self, before: &Flow) -> Flow {
        let nodes = before.nodes.iter();
        let nodes = nodes.map(|node| (node.name.clone(), NamedNode::of(node, before)));
        let models = applied(&self.models, by_name(&before.models, |model| &model.name));
        let cameras = applied(
            &self.cameras,
            by_name(&before.cameras, |camera| &camera.name),
        );
        let nodes = named::in_calling_order(applied(&self.nodes, nodes.collect()));
        let mut flow = Flow {
            name: match &self.name {
                Some((_, name)) => name.clone(),
                None => before.name.clone(),
            },
            file: self.file.clone().unwrap_or_else(|| before.file.clone()),
            brokers: applied(
                &self.brokers,
                by_name(&before.brokers, |broker| &broker.name),
            )
            .into_values()
            .collect(),
            nodes: nodes
                .iter()
                .map(|(name, node)| node.resolved(name, &nodes, &models, &cameras))
                .collect(),
            models: models.into_values().collect(),
            cameras: cameras.into_values().collect(),
            tests: Vec::new(),
            places: self.places.clone(),
        };
        flow.tests = match &self.tests {
            Some(tests) => tests.iter().map(|test| test.resolved(&flow)).collect(),
            None => {
                let tests = before.tests.iter();
                tests
                    .map(|test| NamedTest::of(test, before).resolved(&flow))
                    .collect()
            }
        };
        flow
    }
}

fn by_name<T: Clone>(items: &[T], name: impl Fn(&T) -> &String) -> BTreeMap<String, T> {
    items
        .iter()
        .map(|item| (name(item).clone(), item.clone()))
        .collect()
}

fn section<T: Clone, A>(
    before: &BTreeMap<String, T>,
    after: &BTreeMap<String, T>,
    compare: impl Fn(&T, &T) -> Vec<Difference<A>>,
) -> Section<T, A> {
    let mut section = Section {
        changes: BTreeMap::new(),
        values: BTreeMap::new(),
    };
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        section.changes.insert(name.clone(), Change::Removed);
    }
    for (name, new) in after {
        let change = match before.get(name) {
            None => Change::Added,
            Some(old) => match compare(old, new) {
                same if same.is_empty() => continue,
                differences => Change::Changed(differences),
            },
        };
        section.changes.insert(name.clone(), change);
        section.values.insert(name.clone(), new.clone());
    }
    section
}

fn applied<T: Clone, A>(
    section: &Section<T, A>,
    mut items: BTreeMap<String, T>,
) -> BTreeMap<String, T> {
    items.retain(|name, _| !matches!(section.changes.get(name), Some(Change::Removed)));
    items.extend(section.values.clone());
    items
}
