//! What the models of a flow can see, as far as it can be known without running them.

use std::collections::BTreeSet;
use std::sync::Arc;

use agave_flow::{Flow, Model, TestInputs, Work};
use agave_media::ModelOptions;
use serde_json::Value;

/// For each model of a flow, what it can see.
pub(crate) struct Classes {
    pub(crate) by_model: Vec<Arc<[String]>>,
    /// Models that are not here, or cannot be read: they see whatever the flow has a word for.
    pub(crate) guessed: Vec<String>,
}

impl Classes {
    /// Asks the models of `flow`.
    pub(crate) fn of(flow: &Flow) -> Self {
        let mut classes = Self {
            by_model: Vec::new(),
            guessed: Vec::new(),
        };
        for model in &flow.models {
            let known = read(model).unwrap_or_else(|| {
                classes.guessed.push(model.name.clone());
                words(flow)
            });
            classes.by_model.push(known.into());
        }
        classes
    }
}

/// What the file says; where it has no names for its classes, what ONNX Runtime finds out.
fn read(model: &Model) -> Option<Vec<String>> {
    let named = agave_media::class_names(&model.path).ok()?;
    named.or_else(|| {
        let loaded = agave_media::Model::load(&model.path, ModelOptions::default()).ok()?;
        Some(loaded.classes().to_vec())
    })
}

/// Everything in the flow that may be the name of a class: those in its tests, and every text in
/// the settings of its plugins. More of them than there are do no harm.
fn words(flow: &Flow) -> Vec<String> {
    let mut words = BTreeSet::new();
    for test in &flow.tests {
        if let TestInputs::Seen(given) = &test.given {
            let seen = given.iter().flat_map(|given| &given.detections);
            words.extend(seen.map(|detection| detection.class.clone()));
        }
        let expected = test.expect.iter().flat_map(|(_, alerts)| alerts);
        words.extend(expected.filter_map(|alert| alert.class.clone()));
    }
    for node in &flow.nodes {
        if let Work::Plugin(plugin) = &node.work
            && let Ok(config) = serde_json::from_str(&plugin.config)
        {
            texts(&config, &mut words);
        }
    }
    words.into_iter().collect()
}

fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            found.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        _ => {}
    }
}
