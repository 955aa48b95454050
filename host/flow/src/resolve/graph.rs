//! What the nodes read: that it exists, that they can understand it, that nothing waits for
//! itself, and that nothing is made for nobody. The order that comes out is the order of calls.

use agave_core::Role;

use super::nodes::{Draft, Kind};
use super::order::sorted;
use super::{Context, Lookup};
use crate::named::NameList;
use crate::{CameraIndex, Code, Node, NodeIndex, suggest, tree};

/// In `from`: all alerts that leave the flow.
const ALERTS: &str = "alerts";

/// The nodes with their edges.
pub(super) struct Graph {
    /// In calling order; `None` when anything is wrong with any of them.
    pub(super) nodes: Option<Vec<Node>>,
    /// By position in the file: what each is, as far as that is known.
    pub(super) kinds: Vec<Option<Kind>>,
    /// By position in the file: the position in calling order.
    pub(super) order: Vec<NodeIndex>,
}

/// What a node reads, by positions in the file.
#[derive(Default)]
pub(super) struct Reads {
    pub(super) nodes: Vec<usize>,
    cameras: Vec<usize>,
    /// It reads whatever alerts leave the flow.
    all_alerts: bool,
    /// Whether there is nothing wrong with any of its edges.
    pub(super) good: bool,
}

pub(super) fn resolve(cx: &mut Context<'_, '_>, drafts: Vec<Draft<'_>>) -> Graph {
    let kinds: Vec<Option<Kind>> = drafts.iter().map(|draft| draft.kind).collect();
    let mut reads: Vec<Reads> = drafts
        .iter()
        .map(|draft| edges(cx, draft, &kinds))
        .collect();
    read_all_alerts(&kinds, &mut reads);
    let order = sorted(cx, &drafts, &mut reads);
    warn_of_unused(cx, &drafts, &reads);

    let mut position = vec![NodeIndex(0); drafts.len()];
    for (index, &node) in order.iter().enumerate() {
        if let Some(place) = position.get_mut(node) {
            *place = NodeIndex(index);
        }
    }
    let mut cameras: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    for &node in &order {
        let Some(reads) = reads.get(node) else {
            continue;
        };
        let mut reached = reads.cameras.clone();
        for &input in &reads.nodes {
            reached.extend(cameras.get(input).into_iter().flatten());
        }
        reached.sort_unstable();
        reached.dedup();
        if let Some(place) = cameras.get_mut(node) {
            *place = reached;
        }
    }
    let mut drafts: Vec<Option<Draft<'_>>> = drafts.into_iter().map(Some).collect();
    let nodes = order
        .iter()
        .map(|&node| {
            let draft = drafts.get_mut(node)?.take()?;
            let reads = reads.get(node).filter(|reads| reads.good)?;
            let mut inputs: Vec<NodeIndex> = reads
                .nodes
                .iter()
                .filter_map(|&input| position.get(input).copied())
                .collect();
            inputs.sort_unstable();
            Some(Node {
                name: draft.name.to_owned(),
                work: draft.work?,
                inputs,
                reads_all_alerts: reads.all_alerts,
                cameras: cameras
                    .get(node)?
                    .iter()
                    .copied()
                    .map(CameraIndex)
                    .collect(),
                active: draft.active?,
                partition: draft.spec?.partition.unwrap_or_default(),
                order: draft.spec?.order.unwrap_or_default(),
            })
        })
        .collect::<Option<Vec<Node>>>();
    Graph {
        // A cycle leaves nodes out.
        nodes: nodes.filter(|nodes| nodes.len() == kinds.len()),
        kinds,
        order: position,
    }
}

fn edges(cx: &mut Context<'_, '_>, draft: &Draft<'_>, kinds: &[Option<Kind>]) -> Reads {
    let Some(spec) = draft.spec else {
        return Reads::default();
    };
    let mut reads = Reads {
        good: true,
        ..Reads::default()
    };
    for (name, at) in written_names(&spec.from, draft.name) {
        let good = match draft.kind {
            Some(Kind::Infer) => camera_edge(cx, draft.name, name, &at, &mut reads),
            Some(_) => node_edge(cx, draft, name, &at, kinds, &mut reads),
            // Nobody knows what it reads, so only a name that stands for nothing is wrong.
            None => {
                if name != "cameras" && name != ALERTS && !cx.names("cameras").contains(&name) {
                    let says = format!("node '{}' reads", draft.name);
                    if let Lookup::Found(index) = cx.look_up("nodes", name, &at, &says) {
                        reads.nodes.push(index);
                    }
                }
                false
            }
        };
        reads.good &= good;
    }
    reads
}

fn camera_edge(
    cx: &mut Context<'_, '_>,
    node: &str,
    name: &str,
    at: &str,
    reads: &mut Reads,
) -> bool {
    let cameras = cx.names("cameras");
    if name == "cameras" {
        reads.cameras.extend(0..cameras.len());
        return true;
    }
    if !cameras.contains(&name) && cx.names("nodes").contains(&name) {
        let message =
            format!("node '{node}' runs a model, which reads cameras; '{name}' is a node");
        let help = "write `from: cameras`, or the names of cameras".to_owned();
        cx.problem_within(Code::WrongEdge, at, name, message, Some(help));
        return false;
    }
    match cx.look_up(
        "cameras",
        name,
        at,
        &format!("node '{node}' reads the camera"),
    ) {
        Lookup::Found(index) => {
            reads.cameras.push(index);
            true
        }
        Lookup::Unknown => false,
    }
}

fn node_edge(
    cx: &mut Context<'_, '_>,
    draft: &Draft<'_>,
    name: &str,
    at: &str,
    kinds: &[Option<Kind>],
    reads: &mut Reads,
) -> bool {
    let node = draft.name;
    let is_node = cx.names("nodes").contains(&name);
    if !is_node && name == ALERTS {
        return all_alerts_edge(cx, draft, at, reads);
    }
    if !is_node && (name == "cameras" || cx.names("cameras").contains(&name)) {
        let read = match name {
            "cameras" => "cameras".to_owned(),
            _ => format!("the camera '{name}'"),
        };
        let message = format!("node '{node}' reads {read}, and only models read cameras");
        let help = match first_model(cx, kinds) {
            Some(model) => format!("read a node that runs a model: `from: {model}`"),
            None => "add a node that runs a model, and read that".to_owned(),
        };
        cx.problem_within(Code::WrongEdge, at, name, message, Some(help));
        return false;
    }
    let Lookup::Found(index) = cx.look_up("nodes", name, at, &format!("node '{node}' reads"))
    else {
        return false;
    };
    if !reads.nodes.contains(&index) {
        reads.nodes.push(index);
    }
    let (Some(reader), Some(&Some(read))) = (draft.kind, kinds.get(index)) else {
        return true;
    };
    // Whoever reads itself has a cycle, and needs to hear nothing else.
    if name == node || understands(reader, read) {
        return true;
    }
    let wants = match reader {
        Kind::Plugin(Role::Filter | Role::Rule) => "reads detections",
        _ => "reads alerts",
    };
    let gives = match gives(read) {
        Some(what) => format!("gives {what}"),
        None => "gives nothing on".to_owned(),
    };
    let message = format!(
        "node '{node}' is {} and {wants}; '{name}' is {} and {gives}",
        reader.with_article(),
        read.with_article()
    );
    let help = match (wants, gives.as_str()) {
        ("reads alerts", "gives detections") => {
            "put a rule between the two: it makes alerts of detections"
        }
        ("reads alerts", _) => "alerts come from rules and gates",
        _ => "detections come from models and filters",
    };
    cx.problem_within(Code::WrongEdge, at, name, message, Some(help.to_owned()));
    false
}

/// `from: alerts`.
fn all_alerts_edge(
    cx: &mut Context<'_, '_>,
    draft: &Draft<'_>,
    at: &str,
    reads: &mut Reads,
) -> bool {
    let Some(kind) = draft.kind else {
        return false;
    };
    reads.all_alerts = gives(kind).is_none();
    if !reads.all_alerts {
        let message = format!(
            "node '{}' is {}, and only adapters read all alerts",
            draft.name,
            kind.with_article()
        );
        let help = "name the nodes that it is to read";
        cx.problem_within(Code::WrongEdge, at, ALERTS, message, Some(help.to_owned()));
    }
    reads.all_alerts
}

/// Alerts leave the flow behind a rule or gate that no gate reads.
fn read_all_alerts(kinds: &[Option<Kind>], reads: &mut [Reads]) {
    let is = |node: usize, role: Role| kinds.get(node) == Some(&Some(Kind::Plugin(role)));
    let read_by_gates = |node: usize| {
        let gates = reads
            .iter()
            .enumerate()
            .filter(|(reader, _)| is(*reader, Role::Gate));
        gates
            .into_iter()
            .any(|(_, gate)| gate.nodes.contains(&node))
    };
    let exits: Vec<usize> = (0..kinds.len())
        .filter(|&node| (is(node, Role::Rule) || is(node, Role::Gate)) && !read_by_gates(node))
        .collect();
    for reads in reads.iter_mut().filter(|reads| reads.all_alerts) {
        reads.nodes.extend(&exits);
        reads.nodes.sort_unstable();
        reads.nodes.dedup();
    }
}

fn gives(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Infer | Kind::Plugin(Role::Filter) => Some("detections"),
        Kind::Plugin(Role::Rule | Role::Gate) => Some("alerts"),
        Kind::Plugin(Role::Adapter) | Kind::Store | Kind::Serve => None,
    }
}

fn understands(reader: Kind, read: Kind) -> bool {
    let reads = match reader {
        Kind::Infer => return false,
        Kind::Plugin(role) if !role.reads_alerts() => "detections",
        Kind::Plugin(_) | Kind::Store | Kind::Serve => "alerts",
    };
    gives(read) == Some(reads)
}

fn first_model<'a>(cx: &Context<'a, '_>, kinds: &[Option<Kind>]) -> Option<&'a str> {
    let index = kinds.iter().position(|kind| *kind == Some(Kind::Infer))?;
    cx.names("nodes").get(index).copied()
}

/// Each name of a `from` with its pointer.
pub(super) fn written_names<'f>(
    from: &'f NameList,
    node: &str,
) -> impl Iterator<Item = (&'f str, String)> {
    let at = tree::join(&tree::join("/nodes", node), "from");
    from.names.iter().enumerate().map(move |(index, name)| {
        let at = match from.is_list {
            true => tree::join(&at, &index.to_string()),
            false => at.clone(),
        };
        (name.as_str(), at)
    })
}

/// Only when everything that is read is known can something be known to be unread.
fn warn_of_unused(cx: &mut Context<'_, '_>, drafts: &[Draft<'_>], reads: &[Reads]) {
    let all_is_known = drafts.iter().all(|draft| draft.kind.is_some())
        && !cx.report.has_any(&[
            Code::NotDefined,
            Code::WrongEdge,
            Code::Cycle,
            Code::ReservedName,
        ]);
    if !all_is_known {
        return;
    }
    for (index, draft) in drafts.iter().enumerate() {
        let unread = !reads.iter().any(|reads| reads.nodes.contains(&index));
        if unread && draft.kind.and_then(gives) == Some("detections") {
            let message = format!("no node reads the detections of node '{}'", draft.name);
            let help = format!(
                "let a filter or a rule read it with `from: {}`, or remove it",
                draft.name
            );
            let at = tree::join("/nodes", draft.name);
            cx.problem_with_key(Code::Unread, &at, message, Some(help));
        }
    }
    for (index, camera) in cx.names("cameras").into_iter().enumerate() {
        if !drafts.is_empty() && !reads.iter().any(|reads| reads.cameras.contains(&index)) {
            let message = format!("no model looks at camera '{camera}'");
            let help = suggestion_for_camera(drafts, camera);
            let at = tree::join("/cameras", camera);
            cx.problem_with_key(Code::UnwatchedCamera, &at, message, Some(help));
        }
    }
}

fn suggestion_for_camera(drafts: &[Draft<'_>], camera: &str) -> String {
    let models: Vec<&str> = drafts
        .iter()
        .filter(|draft| draft.kind == Some(Kind::Infer))
        .map(|draft| draft.name)
        .collect();
    match models.as_slice() {
        [] => format!("add a node that runs a model: `{{ infer: MODEL, from: {camera} }}`"),
        models => format!(
            "add it to the `from` of {}, or remove the camera",
            suggest::listed(models)
        ),
    }
}
