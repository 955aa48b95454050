//! How a test went, for people and for machines.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::align::Row;
use super::stage::{NodeOutcome, Outcome};
use crate::trial::alert_line;

/// The widest that the column of what was expected is made.
const WIDEST: usize = 64;

/// One line; for a test that failed also what was different, with everything around it.
pub(crate) fn told(outcome: &Outcome) -> String {
    if outcome.passed() {
        return format!("  passed  {}", outcome.name);
    }
    let mut lines = vec![format!("  FAILED  {}", outcome.name)];
    let indented = |line: &String| format!("            {line}").trim_end().to_owned();
    lines.extend(outcome.problems.iter().map(indented));
    let differ = |node: &&NodeOutcome| node.rows.iter().any(|row| !matches!(row, Row::Same(..)));
    for node in outcome.nodes.iter().filter(differ) {
        lines.push(String::new());
        lines.extend(table(node).iter().map(indented));
    }
    lines.extend(
        outcome
            .log
            .iter()
            .map(|line| indented(&format!("log: {line}"))),
    );
    lines.join("\n")
}

/// Everything that was expected beside everything that came.
fn table(node: &NodeOutcome) -> Vec<String> {
    let expected: Vec<String> = node.expected.iter().map(expected_line).collect();
    let came: Vec<String> = node.came.iter().map(alert_line).collect();
    let of = |list: &[String], index: usize| list.get(index).cloned().unwrap_or_default();
    let rows: Vec<(&str, String, String)> = node
        .rows
        .iter()
        .map(|row| match *row {
            Row::Same(wanted, got) => (" ", of(&expected, wanted), of(&came, got)),
            Row::Different(wanted, got) => ("≠", of(&expected, wanted), of(&came, got)),
            Row::Missing(wanted) => ("-", of(&expected, wanted), "nothing".to_owned()),
            Row::Unexpected(got) => ("+", "nothing".to_owned(), of(&came, got)),
        })
        .collect();
    let heading = format!("expected of '{}'", node.node);
    let width = rows.iter().map(|(_, expected, _)| expected.chars().count());
    let width = width
        .max()
        .unwrap_or(0)
        .clamp(heading.chars().count(), WIDEST.max(heading.len()));
    let mut lines = vec![format!("  {heading:width$}  came")];
    for (mark, expected, came) in rows {
        lines.push(format!("{mark} {expected:width$}  {came}"));
    }
    lines
}

/// What a test says of an alert, in the words in which alerts are told.
pub(super) fn expected_line(alert: &Value) -> String {
    let text = |key: &str| alert.get(key).and_then(Value::as_str);
    let mut line = match (text("phase"), text("kind")) {
        (Some(phase), Some(kind)) => format!("{phase} of {kind}"),
        (Some(phase), None) => phase.to_owned(),
        (None, Some(kind)) => kind.to_owned(),
        (None, None) => "any alert".to_owned(),
    };
    if let Some(class) = text("class") {
        line.push_str(&format!(": {class}"));
    }
    if let Some(zone) = text("zone") {
        line.push_str(&format!(" in {zone}"));
    }
    if let Some(at) = text("at") {
        line.push_str(&format!(", at {at}"));
    }
    line
}

/// The same for machines.
pub(crate) fn json(outcome: &Outcome, flow: &Path) -> Value {
    let nodes: Map<String, Value> = outcome
        .nodes
        .iter()
        .map(|node| {
            let lists = json!({ "expected": node.expected, "came": node.came });
            (node.node.clone(), lists)
        })
        .collect();
    json!({
        "flow": flow.display().to_string(),
        "test": outcome.name,
        "passed": outcome.passed(),
        "problems": outcome.problems,
        "nodes": nodes,
        "log": outcome.log,
        "milliseconds": (outcome.took.as_secs_f64() * 1e6).round() / 1e3,
    })
}
