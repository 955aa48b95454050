//! How a test went, for people and for machines.

use agave_core::Role;
use serde_json::{Value, json};

use super::run::{Outcome, Step};

/// So many steps before a failure are shown with it.
const STEPS_BEFORE: usize = 8;
/// The widest that the column of inputs is made.
const WIDEST: usize = 60;

/// One line; for a test that failed also what was different, and what led there.
pub(crate) fn told(outcome: &Outcome, role: Role) -> String {
    if outcome.passed() {
        return format!("  passed  {}", outcome.name);
    }
    let mut lines = vec![format!("  FAILED  {}", outcome.name)];
    let indented = |line: &String| format!("            {line}");
    lines.extend(outcome.problems.iter().map(indented));
    let until = outcome
        .steps
        .iter()
        .position(|step| !step.as_expected)
        .map_or(outcome.steps.len(), |index| index + 1);
    let from = until.saturating_sub(STEPS_BEFORE);
    let steps = outcome.steps.get(from..until).unwrap_or_default();
    if !steps.is_empty() {
        lines.extend(table(steps, role).iter().map(indented));
    }
    lines.extend(
        outcome
            .log
            .iter()
            .map(|line| indented(&format!("log: {line}"))),
    );
    lines.join("\n")
}

/// Every input with what came of it, what was logged and what was requested.
pub(crate) fn shown(outcome: &Outcome, role: Role) -> String {
    let mut lines: Vec<String> = Vec::new();
    if let Some(reason) = &outcome.not_started {
        lines.push(reason.clone());
    }
    if !outcome.steps.is_empty() {
        lines.extend(table(&outcome.steps, role));
    }
    for request in &outcome.requests {
        let text = |key: &str| request.get(key).and_then(Value::as_str).unwrap_or_default();
        let body = request
            .get("body")
            .map(Value::to_string)
            .unwrap_or_default();
        lines.push(format!(
            "request: {} {} {body}",
            text("method"),
            text("path")
        ));
    }
    lines.extend(outcome.log.iter().map(|line| format!("log: {line}")));
    let lines: Vec<String> = lines
        .iter()
        .map(|line| format!("            {line}"))
        .collect();
    lines.join("\n")
}

fn table(steps: &[Step], role: Role) -> Vec<String> {
    let longest = |of: fn(&Step) -> &str, heading: &str| {
        let widths = steps.iter().map(|step| of(step).chars().count());
        widths.max().unwrap_or(0).max(heading.len())
    };
    let time_width = longest(|step| &step.at, "at");
    let given_width = longest(|step| &step.given, "given").min(WIDEST);
    let mut lines = vec![format!(
        "{:time_width$}  {:given_width$}  came out",
        "at", "given"
    )];
    for step in steps {
        let mut at = step.at.as_str();
        let mut given = step.given.as_str();
        for came in step.came.lines(role) {
            let line = format!("{at:time_width$}  {given:given_width$}  {came}");
            lines.push(line.trim_end().to_owned());
            (at, given) = ("", "");
        }
    }
    lines
}

/// The same for machines.
pub(crate) fn json(outcome: &Outcome, plugin: &str, file: &str) -> Value {
    let steps: Vec<Value> = outcome
        .steps
        .iter()
        .map(|step| {
            json!({
                "at": step.at,
                "given": step.given,
                "came": step.came.json(),
                "as_expected": step.as_expected,
            })
        })
        .collect();
    json!({
        "plugin": plugin,
        "file": file,
        "test": outcome.name,
        "passed": outcome.passed(),
        "problems": outcome.problems,
        "not_started": outcome.not_started,
        "steps": steps,
        "requests": outcome.requests,
        "log": outcome.log,
        "milliseconds": (outcome.took.as_secs_f64() * 1e6).round() / 1e3,
    })
}
