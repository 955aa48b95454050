//! Mermaid's flowcharts. Everything but letters, digits and a few signs is written as an entity:
//! what means something to Mermaid depends on where it stands and on the version.

use std::fmt::Write as _;

use super::{Graph, Kind};

pub(super) fn written(graph: &Graph) -> String {
    let mut text = String::from("flowchart LR\n");
    for one in &graph.boxes {
        let label: Vec<String> = one.lines.iter().map(|line| escaped(line)).collect();
        let label = label.join("<br/>");
        let (open, close) = shape(one.kind);
        let class = one.kind.word();
        // Writing to a text cannot fail.
        let _ = writeln!(text, "    {}{open}\"{label}\"{close}:::{class}", one.id);
    }
    for edge in &graph.edges {
        let _ = writeln!(
            text,
            "    {} -- {} --> {}",
            edge.from, edge.carries, edge.to
        );
    }
    for kind in Kind::ALL {
        if graph.boxes.iter().any(|one| one.kind == kind) {
            let (class, colour) = (kind.word(), kind.colour());
            let _ = writeln!(
                text,
                "    classDef {class} fill:{colour},stroke:#555555,color:#000000"
            );
        }
    }
    text
}

fn shape(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Cameras => ("[/", "/]"),
        Kind::Infer => ("[[", "]]"),
        Kind::Filter => ("[", "]"),
        Kind::Rule => ("{{", "}}"),
        Kind::Gate => ("(", ")"),
        Kind::Adapter => ("[\\", "\\]"),
        Kind::Alerts => ("((", "))"),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            _ if character.is_alphanumeric() => escaped.push(character),
            ' ' | '-' | '_' | '.' | ':' => escaped.push(character),
            _ if character.is_control() => escaped.push(' '),
            _ => {
                let _ = write!(escaped, "#{};", u32::from(character));
            }
        }
    }
    escaped
}
