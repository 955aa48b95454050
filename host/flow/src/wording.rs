//! The words for what a schema has against a value: sentences about cameras and nodes instead of
//! JSON pointers and keywords.

use serde_json::Value;

use crate::findings::{Fault, Finding, kind_of};
use crate::{hidden, suggest};

/// A message and the help that goes with it.
pub(crate) struct Words {
    pub(crate) message: String,
    pub(crate) help: Vec<String>,
}

/// How the parts of a checked value are called.
pub(crate) struct Naming<'a> {
    /// What the value at a pointer is called: "`fps` of camera 'gate'".
    pub(crate) subject: &'a dyn Fn(&str) -> String,
    /// What a key is called: "key" in a flow, "setting" in the configuration of a plugin.
    pub(crate) key: &'a str,
}

/// Says what `finding` has found in `root`.
pub(crate) fn words(finding: &Finding, root: &Value, naming: &Naming<'_>) -> Words {
    let subject = (naming.subject)(&finding.pointer);
    let value = root.pointer(&finding.pointer).unwrap_or(&Value::Null);
    let hidden = hidden::hides(&finding.pointer);
    match &finding.fault {
        Fault::UnknownKey { key, allowed } => {
            let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
            Words {
                message: format!("{subject} has no {} '{key}'", naming.key),
                help: vec![suggest::instead_of(
                    key,
                    &format!("{}s", naming.key),
                    &allowed,
                )],
            }
        }
        Fault::MissingKey { key, about } => {
            let message = match naming.key {
                "key" => format!("{subject} needs '{key}'"),
                kind => format!("{subject} needs the {kind} '{key}'"),
            };
            Words {
                message,
                help: vec![match (example(about), description(about)) {
                    (Some(example), _) => format!("add `{key}: {example}`"),
                    (None, Some(description)) => format!("add `{key}: …`. {description}"),
                    (None, None) => format!("add `{key}: …`"),
                }],
            }
        }
        Fault::WrongType { expected, about } => Words {
            message: if value.is_null() {
                format!("{subject} is empty, and must be {}", any_of(expected))
            } else {
                format!(
                    "{subject} must be {}, and is {}",
                    any_of(expected),
                    kind_of(value)
                )
            },
            help: if hidden && !value.is_null() {
                vec!["put it in quotes".to_owned()]
            } else {
                type_help(expected, about, value).into_iter().collect()
            },
        },
        Fault::NotOneOf { options } => {
            let texts: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
            let shown: Vec<String> = options.iter().map(quoted).collect();
            let wanted = match value {
                _ if hidden => any_of(&shown),
                Value::String(_) | Value::Number(_) | Value::Bool(_) => {
                    format!("{}, and is {}", any_of(&shown), quoted(value))
                }
                _ => any_of(&shown),
            };
            Words {
                message: format!("{subject} must be {wanted}"),
                help: value
                    .as_str()
                    .and_then(|wrong| suggest::closest(wrong, texts.iter().copied()))
                    .map(|meant| format!("did you mean '{meant}'?"))
                    .into_iter()
                    .collect(),
            }
        }
        Fault::Unmet { requirement } => Words {
            message: match value {
                Value::Number(number) if !hidden => {
                    format!("{subject} {requirement}, and is {number}")
                }
                Value::Array(items) if requirement.starts_with("must have") => {
                    format!("{subject} {requirement}, and has {}", items.len())
                }
                _ => format!("{subject} {requirement}"),
            },
            help: Vec::new(),
        },
    }
}

fn type_help(expected: &[String], about: &Value, value: &Value) -> Option<String> {
    let wants = |kind: &str| expected.iter().any(|one| one == kind);
    let for_example = || example(about).map(|example| format!("for example `{example}`"));
    match value {
        Value::Null => Some(match example(about) {
            Some(example) => format!("give it a value, for example `{example}`, or remove it"),
            None => "give it a value or remove it".to_owned(),
        }),
        // What has a unit needs one more than it needs quotes.
        Value::Number(_) | Value::Bool(_) if wants("a text") => example(about)
            .filter(|example| example.starts_with(|c: char| c.is_ascii_digit()))
            .map(|example| format!("for example `{example}`"))
            .or_else(|| Some(format!("put it in quotes: \"{value}\""))),
        Value::String(text) if wants("a number") || wants("a whole number") => text
            .parse::<f64>()
            .is_ok()
            .then(|| "numbers stand without quotes".to_owned())
            .or_else(for_example),
        Value::String(text) if wants("true or false") => match text.to_ascii_lowercase().as_str() {
            "yes" | "on" => Some("write `true`".to_owned()),
            "no" | "off" => Some("write `false`".to_owned()),
            _ => None,
        },
        _ if wants("a list") && !value.is_array() && !value.is_object() => {
            for_example().or_else(|| Some("a list stands in brackets: `[a, b]`".to_owned()))
        }
        _ if wants("a mapping") => Some("a mapping is made of `key: value`".to_owned()),
        _ => for_example(),
    }
}

fn example(about: &Value) -> Option<String> {
    let example = about.get("examples")?.get(0)?;
    Some(match example {
        // Braces and brackets mean something to YAML.
        Value::String(text) if text.starts_with(['$', '{', '[']) || text.contains("{") => {
            format!("\"{text}\"")
        }
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    })
}

fn description(about: &Value) -> Option<String> {
    let description = about.get("description")?.as_str()?;
    Some(description.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// "a text or a list". That something may be left empty helps nobody who has filled it.
fn any_of(options: &[String]) -> String {
    let options: Vec<&str> = options
        .iter()
        .map(String::as_str)
        .filter(|option| options.len() == 1 || *option != "empty")
        .collect();
    match options.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => (*last).to_owned(),
        None => "something else".to_owned(),
    }
}

fn quoted(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{text}'"),
        other => other.to_string(),
    }
}
