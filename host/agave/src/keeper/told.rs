//! What is said of a reload: to the person at the terminal, and as a line of JSON.

use serde_json::{Value, json};

use super::{Outcome, Refused};
use crate::control::{Report, Trigger};

/// So many changed files are named.
const MOST_NAMED: usize = 3;

/// For a person: what happened and why, then every change or problem.
pub(super) fn reload(flow: &str, why: &Trigger, outcome: &Outcome) -> String {
    let why = match why {
        Trigger::Files(files) => {
            let named: Vec<String> = files
                .iter()
                .take(MOST_NAMED)
                .map(|file| file.display().to_string())
                .collect();
            let more = match files.len().saturating_sub(MOST_NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{}{more} changed", named.join(", "))
        }
        Trigger::Command => "asked to reload".to_owned(),
        Trigger::Signal => "SIGHUP".to_owned(),
        Trigger::Page(who) => format!("edited by {who} in the page"),
    };
    match outcome {
        Ok(changes) if changes.is_empty() => {
            format!("flow '{flow}': {why}; nothing is different, and it goes on as it was")
        }
        Ok(changes) => format!(
            "flow '{flow}': {why}; reloaded\n{}",
            changes.to_string().trim_end()
        ),
        Err(Refused { said, .. }) => {
            format!("{said}\nflow '{flow}': {why}; refused, and it goes on as it was")
        }
    }
}

/// For a program.
pub(super) fn reload_line(why: &Trigger, report: &Report) -> Value {
    let mut line = json!({
        "flow": report.flow,
        "why": why.word(),
        "result": report.result,
        "details": report.details,
    });
    if let (Trigger::Files(files), Some(fields)) = (why, line.as_object_mut()) {
        fields.insert("files".to_owned(), json!(files));
    }
    json!({ "reload": line })
}

/// What a reload would do.
pub(super) fn plan(outcome: &Outcome) -> String {
    match outcome {
        Ok(changes) => changes.to_string().trim_end().to_owned(),
        Err(refused) => refused.said.clone(),
    }
}
