//! Graphviz' language.

use std::fmt::Write as _;

use super::{Graph, Kind};

pub(super) fn written(graph: &Graph) -> String {
    let mut text = format!("digraph \"{}\" {{\n", escaped(&graph.name));
    text.push_str("    rankdir=LR;\n");
    text.push_str("    node [style=filled, fontname=\"sans-serif\"];\n");
    text.push_str("    edge [fontname=\"sans-serif\", fontsize=10];\n");
    for one in &graph.boxes {
        let label: Vec<String> = one.lines.iter().map(|line| escaped(line)).collect();
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "    {} [label=\"{}\", shape={}, fillcolor=\"{}\"];",
            one.id,
            label.join("\\n"),
            shape(one.kind),
            one.kind.colour(),
        );
    }
    for edge in &graph.edges {
        let _ = writeln!(
            text,
            "    {} -> {} [label=\"{}\"];",
            edge.from, edge.to, edge.carries
        );
    }
    text.push_str("}\n");
    text
}

fn shape(kind: Kind) -> &'static str {
    match kind {
        Kind::Cameras => "parallelogram",
        Kind::Infer => "component",
        Kind::Filter => "box",
        Kind::Rule => "hexagon",
        Kind::Gate => "diamond",
        Kind::Adapter => "cds",
        Kind::Alerts => "circle",
    }
}

/// Inside of quotes; a backslash before other letters stands for places and names.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ if character.is_control() => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped
}
