//! The graph of a flow as text that other programs draw: [`Graph`] says what is in the picture,
//! and each format writes it down.

mod dot;
mod mermaid;

use std::collections::BTreeMap;

use agave_core::Role;
use agave_flow::{Camera, Flow, Node, Work};

/// In which language the graph is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For Markdown, in GitHub and many editors
    Mermaid,
    /// For Graphviz
    Dot,
}

/// So many cameras are named in one box.
const MOST_NAMED: usize = 4;

/// What is drawn.
#[derive(Debug, PartialEq)]
pub(crate) struct Graph {
    name: String,
    boxes: Vec<Box>,
    edges: Vec<Edge>,
}

#[derive(Debug, PartialEq)]
struct Box {
    /// Fit for every format: a letter and a number.
    id: String,
    kind: Kind,
    /// One line after the other.
    lines: Vec<String>,
}

/// What a box stands for. Each has a shape and a colour of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Cameras,
    Infer,
    Filter,
    Rule,
    Gate,
    Adapter,
    /// Where alerts leave the flow.
    Alerts,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Cameras,
        Self::Infer,
        Self::Filter,
        Self::Rule,
        Self::Gate,
        Self::Adapter,
        Self::Alerts,
    ];

    fn of(node: &Node) -> Self {
        match &node.work {
            Work::Infer { .. } => Self::Infer,
            Work::Plugin(plugin) => match plugin.role {
                Role::Filter => Self::Filter,
                Role::Rule => Self::Rule,
                Role::Gate => Self::Gate,
                Role::Adapter => Self::Adapter,
            },
            Work::Store(_) | Work::Serve(_) => Self::Adapter,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Cameras => "cameras",
            Self::Infer => "infer",
            Self::Filter => "filter",
            Self::Rule => "rule",
            Self::Gate => "gate",
            Self::Adapter => "adapter",
            Self::Alerts => "alerts",
        }
    }

    /// What comes out of it.
    fn gives(self) -> &'static str {
        match self {
            Self::Cameras => "frames",
            Self::Infer | Self::Filter => "detections",
            Self::Rule | Self::Gate | Self::Adapter | Self::Alerts => "alerts",
        }
    }

    /// Of the box, readable under black text.
    fn colour(self) -> &'static str {
        match self {
            Self::Cameras => "#e0e0e0",
            Self::Infer => "#cfe2ff",
            Self::Filter => "#d1e7dd",
            Self::Rule => "#fff3cd",
            Self::Gate => "#ffe5d0",
            Self::Adapter => "#e2d9f3",
            Self::Alerts => "#f8d7da",
        }
    }
}

#[derive(Debug, PartialEq)]
struct Edge {
    from: String,
    to: String,
    carries: &'static str,
}

impl Graph {
    /// The graph of `flow`. Cameras that are read by the same nodes share a box.
    pub(crate) fn of(flow: &Flow) -> Self {
        let mut graph = Self {
            name: flow.name.clone(),
            boxes: Vec::new(),
            edges: Vec::new(),
        };
        graph.add_cameras(flow);
        for (index, node) in flow.nodes.iter().enumerate() {
            graph.add_node(flow, index, node);
        }
        graph.add_exit(flow);
        graph
    }

    /// In `format`, with a line end after the last line.
    pub(crate) fn written(&self, format: Format) -> String {
        match format {
            Format::Mermaid => mermaid::written(self),
            Format::Dot => dot::written(self),
        }
    }

    fn add_cameras(&mut self, flow: &Flow) {
        let mut groups: BTreeMap<Vec<usize>, Vec<&Camera>> = BTreeMap::new();
        for (index, camera) in flow.cameras.iter().enumerate() {
            let reads = |node: &Node| {
                node.inputs.is_empty() && node.cameras.iter().any(|read| read.0 == index)
            };
            let readers = (0..flow.nodes.len())
                .filter(|&node| flow.nodes.get(node).is_some_and(reads))
                .collect();
            groups.entry(readers).or_default().push(camera);
        }
        for (number, (readers, cameras)) in groups.into_iter().enumerate() {
            let id = format!("c{number}");
            for reader in readers {
                self.edges.push(Edge {
                    from: id.clone(),
                    to: node_id(reader),
                    carries: Kind::Cameras.gives(),
                });
            }
            self.boxes.push(Box {
                id,
                kind: Kind::Cameras,
                lines: named(&cameras),
            });
        }
    }

    fn add_node(&mut self, flow: &Flow, index: usize, node: &Node) {
        let kind = Kind::of(node);
        let runs = match &node.work {
            Work::Infer { model } => flow
                .models
                .get(model.0)
                .map(|model| model.name.clone())
                .unwrap_or_default(),
            Work::Plugin(plugin) => format!("{} {}", plugin.plugin_name, plugin.plugin_version),
            Work::Store(_) => "alerts".to_owned(),
            Work::Serve(device) => format!("ISAPI at {}", device.listen),
        };
        self.boxes.push(Box {
            id: node_id(index),
            kind,
            lines: vec![node.name.clone(), format!("{}: {runs}", kind.word())],
        });
        for input in &node.inputs {
            let Some(gives) = flow.nodes.get(input.0).map(|input| Kind::of(input).gives()) else {
                continue;
            };
            self.edges.push(Edge {
                from: node_id(input.0),
                to: node_id(index),
                carries: gives,
            });
        }
    }

    /// Alerts leave the flow behind every rule and gate that no gate reads.
    fn add_exit(&mut self, flow: &Flow) {
        let read_by_gate = |index: usize| {
            flow.nodes.iter().any(|node| {
                Kind::of(node) == Kind::Gate && node.inputs.iter().any(|input| input.0 == index)
            })
        };
        let exits = flow.nodes.iter().enumerate().filter(|(index, node)| {
            matches!(Kind::of(node), Kind::Rule | Kind::Gate) && !read_by_gate(*index)
        });
        let exits: Vec<Edge> = exits
            .map(|(index, _)| Edge {
                from: node_id(index),
                to: "a0".to_owned(),
                carries: Kind::Gate.gives(),
            })
            .collect();
        if !exits.is_empty() {
            self.edges.extend(exits);
            self.boxes.push(Box {
                id: "a0".to_owned(),
                kind: Kind::Alerts,
                lines: vec!["alerts".to_owned()],
            });
        }
    }
}

fn node_id(index: usize) -> String {
    format!("n{index}")
}

/// The names of cameras, and how many there are where they are too many to name.
fn named(cameras: &[&Camera]) -> Vec<String> {
    let mut names: Vec<String> = cameras.iter().map(|camera| camera.name.clone()).collect();
    let more = names.len().saturating_sub(MOST_NAMED);
    if more > 1 {
        names.truncate(MOST_NAMED);
        names.push(format!("and {more} more cameras"));
    }
    names
}

#[cfg(test)]
mod tests;
