//! A flow as a graph.

use serde::Serialize;
use utoipa::ToSchema;

/// Cameras and nodes, and what goes from one to the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GraphView {
    /// Cameras, then nodes in the order of the flow.
    pub nodes: Vec<GraphNode>,
    /// What is read by whom.
    pub edges: Vec<Edge>,
}

/// A camera or a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GraphNode {
    /// `camera:NAME` or `node:NAME`.
    #[schema(example = "node:zoned")]
    pub id: String,
    /// `camera`, `infer`, `filter`, `rule`, `gate` or `adapter`.
    pub kind: String,
    /// Its name in the flow file.
    pub name: String,
    /// What it is, in a few words.
    #[schema(example = "roi 0.1.0")]
    pub title: String,
}

/// What goes from one to the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Edge {
    /// Who gives.
    pub from: String,
    /// Who reads.
    pub to: String,
    /// `frames`, `detections` or `alerts`.
    pub carries: String,
}
