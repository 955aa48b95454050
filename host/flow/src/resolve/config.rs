//! The configuration of a plugin is checked against the plugin's own schema, with the same words
//! and places as the rest of the file: to its user a plugin is a part of Agave.

use serde_json::{Map, Value};

use super::Context;
use crate::findings::{self, Checker, Fault};
use crate::wording::{self, Naming};
use crate::{Code, PluginFacts, settings, tree};

/// The configuration as JSON, if the plugin takes it. `node` is the node's pointer.
pub(super) fn resolve(
    cx: &mut Context<'_, '_>,
    node: &str,
    facts: &PluginFacts,
    config: Option<&Map<String, Value>>,
) -> Option<String> {
    let checker = match Checker::new(facts.config_schema.clone()) {
        Ok(checker) => checker,
        Err(problem) => {
            let message = format!(
                "the plugin '{}' cannot be used: the schema of its settings is not valid: {problem}",
                facts.name
            );
            let help = "this is a mistake in the plugin, not in the flow".to_owned();
            cx.problem(
                Code::PluginBroken,
                &tree::join(node, "plugin"),
                message,
                Some(help),
            );
            return None;
        }
    };
    let at = tree::join(node, "config");
    let value = Value::Object(config.cloned().unwrap_or_default());
    let subject = |pointer: &str| settings::subject(pointer, &facts.name);
    let naming = Naming {
        subject: &subject,
        key: "setting",
    };
    let findings = checker.check(&value);
    for finding in &findings {
        if findings::is_misspelt(finding, &findings) {
            continue;
        }
        let pointer = format!("{at}{}", finding.pointer);
        let (code, place) = match &finding.fault {
            // What was cut out of the configuration is not missing from it.
            Fault::MissingKey { key, .. }
                if cx.conforming.is_damaged(&tree::join(&pointer, key)) =>
            {
                continue;
            }
            Fault::MissingKey { .. } => {
                // Without a `config` there is only the node to point at.
                let around = if config.is_some() { &pointer } else { node };
                (Code::ConfigMissingKey, cx.tree().key_place(around))
            }
            Fault::UnknownKey { key, .. } => (
                Code::ConfigUnknownKey,
                cx.tree().key_place(&tree::join(&pointer, key)),
            ),
            Fault::WrongType { .. } | Fault::NotOneOf { .. } | Fault::Unmet { .. } => {
                (Code::ConfigWrongValue, cx.tree().place(&pointer))
            }
        };
        let words = wording::words(finding, &value, &naming);
        cx.report.add(code, place, words.message, words.help);
    }
    let good = findings.is_empty() && !cx.conforming.is_damaged(&at);
    good.then(|| value.to_string())
}
