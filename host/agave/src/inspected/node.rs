//! One node with all that is known of it, and the models.

use agave_flow::{Flow, Grants, Node, OnFailure, PluginNode, Work, masked};
use agave_inspector::view::{LastFailure, LimitsView, ModelView, NodeView, PluginView};
use serde_json::{Value, json};

use super::InspectedFlow;

pub(super) fn node(inspected: &InspectedFlow, name: &str) -> Option<NodeView> {
    let live = inspected.keeper.live();
    let flow = live.flow();
    let node = flow.nodes.iter().find(|node| node.name == name)?;
    let inputs = node
        .inputs
        .iter()
        .filter_map(|input| flow.nodes.get(input.0));
    let cameras = node
        .cameras
        .iter()
        .filter_map(|index| flow.cameras.get(index.0));
    let mut view = NodeView {
        name: node.name.clone(),
        role: super::graph::kind(node).to_owned(),
        plugin: None,
        model: None,
        inputs: inputs.map(|input| input.name.clone()).collect(),
        cameras: cameras.map(|camera| camera.name.clone()).collect(),
        config: None,
        config_schema: None,
        yaml: None,
        file: None,
        line: None,
        allow: None,
        limits: None,
        on_failure: None,
        active: node.active.as_ref().map(ToString::to_string),
        last_failure: None,
    };
    if let Some((file, line, text)) = flow.written_at(&node.name) {
        view.file = Some(file.display().to_string());
        view.line = u64::try_from(line).ok();
        view.yaml = Some(text);
    }
    describe(inspected, &flow, node, &mut view);
    view.last_failure = live
        .last_failure(name)
        .map(|(camera, failure)| LastFailure {
            at: failure.at.to_string(),
            camera,
            reason: failure.reason.to_string(),
            message: failure.said,
        });
    Some(view)
}

fn describe(inspected: &InspectedFlow, flow: &Flow, node: &Node, view: &mut NodeView) {
    match &node.work {
        Work::Infer { model } => {
            let models = models(inspected, flow);
            view.model = models.into_iter().nth(model.0);
        }
        Work::Plugin(plugin) => {
            let catalog = &inspected.machine.catalog;
            let loaded = catalog.fetch(&plugin.file, plugin.fingerprint).ok();
            let description = loaded.as_ref().map(agave_plugin::Plugin::description);
            view.plugin = Some(PluginView {
                name: plugin.plugin_name.clone(),
                version: plugin.plugin_version.clone(),
                file: plugin.file.display().to_string(),
                sha256: plugin.fingerprint.to_string(),
                description: description.map(|it| it.summary.clone()),
            });
            let config = serde_json::from_str(&plugin.config).ok();
            view.config = config.as_ref().map(masked);
            view.config_schema = description.map(|it| it.config_schema.clone());
            view.allow = granted(&plugin.grants);
            view.limits = Some(limits(plugin));
            view.on_failure = Some(on_failure(plugin.on_failure).to_owned());
        }
        Work::Store(database) => {
            let shown = database
                .as_ref()
                .map(|database| json!({ "database": database.shown_url }));
            view.config = shown;
        }
        Work::Serve(device) => {
            view.config = Some(json!({
                "listen": device.listen.to_string(),
                "username": device.username,
                "name": device.name,
                "events": device.events,
            }));
        }
    }
}

fn limits(plugin: &PluginNode) -> LimitsView {
    LimitsView {
        deadline_ms: u64::try_from(plugin.limits.deadline.as_millis()).unwrap_or(u64::MAX),
        memory_bytes: plugin.limits.memory_bytes,
        output_bytes: plugin.limits.output_bytes,
    }
}

/// Names, and nothing behind them.
fn granted(grants: &Grants) -> Option<Value> {
    if *grants == Grants::default() {
        return None;
    }
    let http: Vec<String> = grants.http.iter().map(ToString::to_string).collect();
    Some(json!({
        "http": http,
        "secrets": grants.secrets,
        "mqtt": grants.mqtt,
        "tcp": grants.tcp,
        "frames": grants.frames,
    }))
}

fn on_failure(on_failure: OnFailure) -> &'static str {
    match on_failure {
        OnFailure::Restart => "restart",
        OnFailure::Open => "open",
        OnFailure::Closed => "closed",
    }
}

/// What ONNX Runtime calls the part of it that models run on. There is no other.
const PROVIDER: &str = "CPUExecutionProvider";

/// The models of `flow`, in its order.
pub(super) fn models(inspected: &InspectedFlow, flow: &Flow) -> Vec<ModelView> {
    let live = inspected.keeper.live();
    let (classes, inputs) = (live.classes(), live.model_inputs());
    let input = |index: usize| inputs.get(index).copied().flatten();
    let models = flow.models.iter().enumerate();
    models
        .map(|(index, model)| ModelView {
            name: model.name.clone(),
            file: model.path.display().to_string(),
            sha256: model.fingerprint.to_string(),
            confidence: model.confidence,
            iou: model.iou,
            width: input(index).map(|(width, _)| width),
            height: input(index).map(|(_, height)| height),
            provider: input(index).map(|_| PROVIDER.to_owned()),
            classes: classes
                .get(index)
                .map(|all| all.to_vec())
                .unwrap_or_default(),
            used_by: flow
                .nodes
                .iter()
                .filter(|node| matches!(node.work, Work::Infer { model } if model.0 == index))
                .map(|node| node.name.clone())
                .collect(),
        })
        .collect()
}
