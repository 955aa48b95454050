//! The flow as a graph with every camera by itself.

use agave_core::Role;
use agave_flow::{Flow, Node, Work};
use agave_inspector::view::{Edge, GraphNode, GraphView};

pub(super) fn graph(flow: &Flow) -> GraphView {
    let cameras = flow.cameras.iter().map(|camera| GraphNode {
        id: camera_id(&camera.name),
        kind: "camera".to_owned(),
        name: camera.name.clone(),
        title: camera.shown_url.clone(),
    });
    let nodes = flow.nodes.iter().map(|node| GraphNode {
        id: node_id(&node.name),
        kind: kind(node).to_owned(),
        name: node.name.clone(),
        title: title(flow, node),
    });
    GraphView {
        nodes: cameras.chain(nodes).collect(),
        edges: flow
            .nodes
            .iter()
            .flat_map(|node| edges(flow, node))
            .collect(),
    }
}

fn edges(flow: &Flow, node: &Node) -> Vec<Edge> {
    let to = node_id(&node.name);
    let inputs = node
        .inputs
        .iter()
        .filter_map(|input| flow.nodes.get(input.0));
    let mut edges: Vec<Edge> = inputs
        .map(|input| Edge {
            from: node_id(&input.name),
            to: to.clone(),
            carries: match kind(input) {
                "infer" | "filter" => "detections".to_owned(),
                _ => "alerts".to_owned(),
            },
        })
        .collect();
    if node.inputs.is_empty() {
        let cameras = node
            .cameras
            .iter()
            .filter_map(|index| flow.cameras.get(index.0));
        edges.extend(cameras.map(|camera| Edge {
            from: camera_id(&camera.name),
            to: to.clone(),
            carries: "frames".to_owned(),
        }));
    }
    edges
}

/// The word for what a node does.
pub(super) fn kind(node: &Node) -> &'static str {
    match &node.work {
        Work::Infer { .. } => "infer",
        Work::Plugin(plugin) => match plugin.role {
            Role::Filter => "filter",
            Role::Rule => "rule",
            Role::Gate => "gate",
            Role::Adapter => "adapter",
        },
        Work::Store(_) | Work::Serve(_) => "adapter",
    }
}

fn title(flow: &Flow, node: &Node) -> String {
    match &node.work {
        Work::Infer { model } => flow
            .models
            .get(model.0)
            .map(|model| model.name.clone())
            .unwrap_or_default(),
        Work::Plugin(plugin) => format!("{} {}", plugin.plugin_name, plugin.plugin_version),
        Work::Store(Some(database)) => format!("alerts to {}", database.shown_url),
        Work::Store(None) => "alerts".to_owned(),
        Work::Serve(device) => format!("ISAPI at {}", device.listen),
    }
}

fn camera_id(name: &str) -> String {
    format!("camera:{name}")
}

fn node_id(name: &str) -> String {
    format!("node:{name}")
}
