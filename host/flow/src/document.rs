//! The other files that people write beside a flow: a plugin's manifest, its examples. They are
//! YAML as well, and are read with the same care: every problem at once, each where it stands.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::findings::{Checker, Fault, is_misspelt};
use crate::report::Report;
use crate::wording::{self, Naming};
use crate::{Code, Diagnostics, FileIndex, FlowText, Place, schema, tree, yaml};

/// Reads `text` as a `T`. `what` is how messages call the file: `the manifest`.
///
/// # Errors
/// Everything in the text that does not have the shape of a `T`.
pub fn document<T: DeserializeOwned + JsonSchema>(
    text: &FlowText,
    what: &str,
) -> Result<T, Diagnostics> {
    let mut report = Report::new(text);
    let read = read(what, &mut report);
    let diagnostics = report.finish();
    match read {
        Some(document) if !diagnostics.has_errors() => Ok(document),
        _ => Err(diagnostics),
    }
}

fn read<T: DeserializeOwned + JsonSchema>(what: &str, report: &mut Report) -> Option<T> {
    let tree = yaml::parse(FileIndex::default(), report)?;
    let value = tree.to_value();
    let unreadable = |report: &mut Report, problem: String| {
        let message = format!("{what} cannot be read: {problem}");
        report.add(Code::Syntax, &Place::File, message, [] as [&str; 0]);
    };
    let checker = match Checker::new(schema::of::<T>()) {
        Ok(checker) => checker,
        Err(problem) => {
            unreadable(report, problem);
            return None;
        }
    };
    let subject = |pointer: &str| match tree::steps(pointer).collect::<Vec<_>>().as_slice() {
        [] => what.to_owned(),
        steps => format!("`{}` of {what}", steps.join(".")),
    };
    let naming = Naming {
        subject: &subject,
        key: "key",
    };
    let findings = checker.check(&value);
    for finding in &findings {
        if is_misspelt(finding, &findings) {
            continue;
        }
        let pointer = &finding.pointer;
        let (code, place) = match &finding.fault {
            Fault::UnknownKey { key, .. } => {
                (Code::UnknownKey, tree.key_place(&tree::join(pointer, key)))
            }
            Fault::MissingKey { .. } if pointer.is_empty() => (Code::MissingKey, &Place::File),
            Fault::MissingKey { .. } => (Code::MissingKey, tree.key_place(pointer)),
            Fault::WrongType { .. } => (Code::WrongType, tree.place(pointer)),
            Fault::NotOneOf { .. } | Fault::Unmet { .. } => (Code::WrongValue, tree.place(pointer)),
        };
        let words = wording::words(finding, &value, &naming);
        report.add(code, place, words.message, words.help);
    }
    if !findings.is_empty() {
        return None;
    }
    serde_json::from_value(value)
        .map_err(|error| unreadable(report, error.to_string()))
        .ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[derive(Debug, serde::Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Letter {
        #[expect(dead_code, reason = "only its shape matters")]
        to: String,
    }

    #[test]
    fn problems_are_told_where_they_stand() {
        let read = |text: &str| {
            let text = FlowText::from_bytes(Path::new("letter.yaml"), text.into())?;
            document::<Letter>(&text, "the letter")
        };
        assert!(read("to: farm\n").is_ok());
        let problems = read("too: farm\n").unwrap_err().to_string();
        assert!(problems.contains("letter.yaml:1:1"), "{problems}");
        assert!(problems.contains("did you mean"), "{problems}");
        let problems = read("to: [1]\n").unwrap_err().to_string();
        assert!(problems.contains("`to` of the letter"), "{problems}");
    }
}
