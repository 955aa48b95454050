//! Rules of the flow file: a zone that is watched, with the filter and the gate that this takes.

use std::collections::BTreeSet;

use agave_core::Role;
use agave_flow::edit::Section;
use agave_flow::{Flow, Node, PluginNode, Work, literal};
use agave_inspector::Refusal;
use agave_inspector::additions::Wish;
use agave_inspector::view::{Addition, ChangedRule, NewRule, RuleView, Settings};
use serde_json::{Map, Value, json};

use super::Keeper;
use super::cameras::model_of;
use super::growing::{Growing, as_name, flawed, invalid};

/// How long a thing may be gone and still be the same incident.
const HOLD: &str = "2s";
/// No model knows more.
const MOST_CLASSES: usize = 1000;
/// The plugins of a rule about a zone, and of the gate behind it.
const ABOUT_ZONES: &str = "forbidden-object";
const CALM: &str = "debounce";

impl Growing<'_> {
    /// A node of its own for this camera that gives detections with their zones.
    fn zoned(&mut self, camera: &str) -> Result<String, Refusal> {
        if let Some(node) = self.own(camera, |work| match work {
            Work::Plugin(plugin) => plugin.plugin_name == "roi",
            _ => false,
        }) {
            return Ok(node);
        }
        let detect = match self.own(camera, |work| matches!(work, Work::Infer { .. })) {
            Some(node) => node,
            None => {
                let model = model_of(&self.flow, camera).map(|model| model.name.clone());
                let none = || {
                    let said = format!("No model looks at '{camera}'; choose one for it first.");
                    flawed("camera", said)
                };
                self.look(&model.ok_or_else(none)?, camera)?
            }
        };
        let zoned = self.free(&format!("zoned-{camera}"));
        self.add(
            Section::Nodes,
            &zoned,
            json!({ "plugin": "roi", "from": detect }),
        )?;
        Ok(zoned)
    }
}

impl Keeper {
    /// Adds a rule to the flow file, whose tag is still the expected one.
    pub(crate) fn add_rule(&self, rule: &NewRule, wish: &Wish<'_>) -> Result<Addition, Refusal> {
        self.grow(wish, |growing| with_rule(growing, rule))
    }

    /// Changes settings of a node in the flow file, whose tag is still the expected one.
    pub(crate) fn configure(
        &self,
        node: &str,
        settings: &Settings,
        wish: &Wish<'_>,
    ) -> Result<Addition, Refusal> {
        self.grow(wish, |growing| {
            for (setting, value) in &settings.0 {
                growing.set(node, setting, value)?;
                if setting == "url" {
                    growing.grant_instead(node, value);
                }
            }
            Ok(())
        })
    }

    /// Takes a node out of the flow file, whose tag is still the expected one, with those that
    /// read nothing else.
    pub(crate) fn remove_node(&self, node: &str, wish: &Wish<'_>) -> Result<Addition, Refusal> {
        self.grow(wish, |growing| {
            for gone in with_readers(&growing.flow, node)? {
                growing.remove(Section::Nodes, &gone)?;
            }
            Ok(())
        })
    }

    /// The rules of the running flow, in its order.
    pub(crate) fn rules(&self) -> Vec<RuleView> {
        let flow = self.live.flow();
        let nodes = flow.nodes.iter().enumerate();
        let rules = nodes.filter_map(|(index, node)| {
            let plugin = rule_of(node)?;
            let config = settings(plugin);
            let text = |key: &str| config.get(key).and_then(Value::as_str).map(str::to_owned);
            let classes = config.get("alert").and_then(Value::as_array);
            let cameras = node.cameras.iter().filter_map(|it| flow.cameras.get(it.0));
            let (gate, hold) = gate_of(&flow, index).unzip();
            Some(RuleView {
                name: node.name.clone(),
                plugin: plugin.plugin_name.clone(),
                cameras: cameras.map(|camera| camera.name.clone()).collect(),
                zone: text("zone"),
                classes: classes.map(|all| texts(all)),
                after: text("after"),
                severity: text("severity"),
                gate,
                hold: hold.flatten(),
            })
        });
        rules.collect()
    }

    /// Changes a rule about a zone, and the gate behind it, in the flow file, whose tag is still
    /// the expected one.
    pub(crate) fn change_rule(
        &self,
        rule: &str,
        changed: &ChangedRule,
        wish: &Wish<'_>,
    ) -> Result<Addition, Refusal> {
        self.grow(wish, |growing| {
            let none = || Refusal::NotFound(format!("there is no rule '{rule}'"));
            let nodes = growing.flow.nodes.iter().enumerate();
            let found = nodes.filter_map(|(index, node)| Some((index, node, rule_of(node)?)));
            let found = found.into_iter().find(|(_, node, _)| node.name == rule);
            let (index, _, plugin) = found.ok_or_else(none)?;
            if plugin.plugin_name != ABOUT_ZONES {
                let said = format!("'{rule}' is another rule; change its settings at its node");
                return Err(invalid(&said));
            }
            let gate = gate_of(&growing.flow, index).map(|(gate, _)| gate);
            changed.classes.as_deref().map_or(Ok(()), expect_some)?;
            let classes = changed
                .classes
                .as_ref()
                .map(|classes| json!(literals(classes)));
            let after = changed.after.as_ref().map(|after| json!(literal(after)));
            let severity = changed
                .severity
                .as_ref()
                .map(|severity| json!(literal(severity)));
            for (setting, value) in [("alert", classes), ("after", after), ("severity", severity)] {
                if let Some(value) = value {
                    growing.set(rule, setting, &value)?;
                }
            }
            let Some(hold) = &changed.hold else {
                return Ok(());
            };
            let gate = gate.ok_or_else(|| {
                flawed(
                    "hold",
                    format!("No `debounce` reads '{rule}' and nothing else."),
                )
            })?;
            growing.set(&gate, "hold", &json!(literal(hold)))
        })
    }

    /// Refuses where a rule of `camera` looks at `zone`, which is to go.
    pub(super) fn expect_unwatched(&self, camera: &str, zone: &str) -> Result<(), Refusal> {
        let flow = self.live.flow();
        let index = flow.cameras.iter().position(|it| it.name == camera);
        let mut nodes = flow.nodes.iter();
        let rule = nodes.find(|node| {
            let watched = rule_of(node).map(settings);
            watched.is_some_and(|config| config.get("zone").and_then(Value::as_str) == Some(zone))
                && node.cameras.iter().any(|it| Some(it.0) == index)
        });
        rule.map_or(Ok(()), |rule| {
            Err(invalid(&format!(
                "the rule '{}' looks at the zone '{zone}'; remove the rule first",
                rule.name
            )))
        })
    }
}

/// The plugin of a node that is a rule.
fn rule_of(node: &Node) -> Option<&PluginNode> {
    match &node.work {
        Work::Plugin(plugin) if plugin.role == Role::Rule => Some(plugin),
        _ => None,
    }
}

fn settings(plugin: &PluginNode) -> Value {
    serde_json::from_str(&plugin.config).unwrap_or_default()
}

fn texts(all: &[Value]) -> Vec<String> {
    let texts = all.iter().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// The gate that makes one incident of what comes and goes, where it reads this rule alone, with
/// how long a thing may be gone.
fn gate_of(flow: &Flow, rule: usize) -> Option<(String, Option<String>)> {
    flow.nodes.iter().find_map(|node| match &node.work {
        Work::Plugin(plugin) if plugin.plugin_name == CALM => {
            let reads_it_alone =
                node.inputs.len() == 1 && node.inputs.iter().all(|it| it.0 == rule);
            let hold = settings(plugin)
                .get("hold")
                .and_then(Value::as_str)
                .map(str::to_owned);
            reads_it_alone.then(|| (node.name.clone(), hold))
        }
        _ => None,
    })
}

/// What a form says is no text of a flow file, in which `${…}` stands for something.
fn literals(said: &[String]) -> Vec<String> {
    said.iter().map(|said| literal(said)).collect()
}

fn expect_some(classes: &[String]) -> Result<(), Refusal> {
    match classes.len() {
        1..=MOST_CLASSES => Ok(()),
        0 => Err(flawed("classes", "A rule needs a class at least.")),
        _ => Err(flawed(
            "classes",
            format!("A rule has {MOST_CLASSES} classes at most."),
        )),
    }
}

fn with_rule(growing: &mut Growing<'_>, rule: &NewRule) -> Result<(), Refusal> {
    let NewRule { camera, zone, .. } = rule;
    let known = growing.flow.cameras.iter().find(|it| &it.name == camera);
    let known = known.ok_or_else(|| flawed("camera", format!("There is no camera '{camera}'.")))?;
    if known.zones.iter().all(|it| &it.name != zone) {
        return Err(flawed(
            "zone",
            format!("Camera '{camera}' has no zone '{zone}'."),
        ));
    }
    expect_some(&rule.classes)?;
    let zoned = growing.zoned(camera)?;
    let what = match rule.classes.as_slice() {
        [class] => class.as_str(),
        _ => "something",
    };
    let name = match rule.name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => growing.free(&as_name(&format!("{what}-in-{zone}"))),
    };
    let mut config = Map::new();
    config.insert("zone".to_owned(), json!(zone));
    config.insert("alert".to_owned(), json!(literals(&rule.classes)));
    for (key, value) in [("after", &rule.after), ("severity", &rule.severity)] {
        if let Some(value) = value {
            config.insert(key.to_owned(), json!(literal(value)));
        }
    }
    growing.add(
        Section::Nodes,
        &name,
        json!({ "plugin": ABOUT_ZONES, "from": zoned, "config": config }),
    )?;
    let calm = growing.free(&format!("calm-{name}"));
    growing.add(
        Section::Nodes,
        &calm,
        json!({ "plugin": CALM, "from": name, "config": { "hold": literal(rule.hold.as_deref().unwrap_or(HOLD)) } }),
    )
}

/// `node` and those that read it and nothing else, each before what it reads.
fn with_readers(flow: &Flow, node: &str) -> Result<Vec<String>, Refusal> {
    let none = || Refusal::NotFound(format!("there is no node '{node}'"));
    let first = flow.nodes.iter().position(|it| it.name == node);
    let mut gone = BTreeSet::from([first.ok_or_else(none)?]);
    // All that a node reads comes before it.
    for (index, reader) in flow.nodes.iter().enumerate() {
        // One that reads all alerts goes on with those that are left, unless it names this one.
        let names = |it: usize| !reader.reads_all_alerts || feeds_gate(flow, it);
        let inputs = reader.inputs.iter().map(|it| it.0);
        let lost = inputs.filter(|it| gone.contains(it) && names(*it));
        match lost.count() {
            0 => {}
            lost if lost == reader.inputs.len() && !reader.reads_all_alerts => {
                gone.insert(index);
            }
            _ => {
                return Err(invalid(&format!(
                    "the node '{}' reads it among others; take it out of that node's `from` first",
                    reader.name
                )));
            }
        }
    }
    let names = gone.iter().rev().filter_map(|it| flow.nodes.get(*it));
    Ok(names.map(|node| node.name.clone()).collect())
}

/// Whether a gate reads it, so that its alerts do not leave the flow there.
fn feeds_gate(flow: &Flow, node: usize) -> bool {
    flow.nodes.iter().any(|reader| match &reader.work {
        Work::Plugin(plugin) => {
            plugin.role == Role::Gate && reader.inputs.iter().any(|it| it.0 == node)
        }
        _ => false,
    })
}
