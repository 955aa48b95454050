//! The settings of a plugin, checked against the plugin's own schema without a flow around them,
//! for whoever tries a plugin out.

use serde_json::Value;

use crate::findings::{self, Checker};
use crate::tree::steps;
use crate::wording::{self, Naming};

/// Everything that `schema`, the schema of `plugin`, has against `settings`, in the words that a
/// flow file with these settings would get. Empty when nothing.
pub fn settings_problems(plugin: &str, schema: &Value, settings: &Value) -> Vec<String> {
    let checker = match Checker::new(schema.clone()) {
        Ok(checker) => checker,
        Err(problem) => {
            return vec![format!(
                "the schema of the settings of plugin '{plugin}' is not valid: {problem}"
            )];
        }
    };
    let subject = |pointer: &str| subject(pointer, plugin);
    let naming = Naming {
        subject: &subject,
        key: "setting",
    };
    let findings = checker.check(settings);
    findings
        .iter()
        .filter(|finding| !findings::is_misspelt(finding, &findings))
        .map(|finding| {
            let words = wording::words(finding, settings, &naming);
            match words.help.first() {
                Some(help) => format!("{}; {help}", words.message),
                None => words.message,
            }
        })
        .collect()
}

/// What the setting at `pointer` is called.
pub(crate) fn subject(pointer: &str, plugin: &str) -> String {
    named(
        &steps(pointer).collect::<Vec<_>>(),
        &format!("plugin '{plugin}'"),
    )
}

fn named(steps: &[String], plugin: &str) -> String {
    match steps {
        [] => plugin.to_owned(),
        [around @ .., index] if index.parse::<usize>().is_ok() => {
            let number = index.parse::<usize>().map_or(0, |index| index + 1);
            format!("item {number} of {}", named(around, plugin))
        }
        keys => format!("`{}` of {plugin}", keys.join(".")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::settings_problems;

    #[test]
    fn settings_are_refused_in_the_words_of_a_flow_file() {
        let schema = json!({
            "type": "object",
            "properties": { "frames": { "type": "integer", "minimum": 1 } },
            "additionalProperties": false,
        });
        let problems = |settings| settings_problems("steady", &schema, &settings);
        assert!(problems(json!({ "frames": 3 })).is_empty());
        assert_eq!(
            problems(json!({ "frames": 0 })),
            ["`frames` of plugin 'steady' must be at least 1, and is 0"]
        );
        assert_eq!(
            problems(json!({ "frame": 3 })),
            ["plugin 'steady' has no setting 'frame'; did you mean 'frames'?"]
        );
    }

    /// As the schema of a Rust enumeration is.
    #[test]
    fn a_choice_that_is_misread_says_how_it_is_written() {
        let of = |key: &str| {
            json!({
                "type": "object",
                "properties": { key: { "type": "string" } },
                "required": [key],
                "additionalProperties": false,
            })
        };
        let login = json!({ "anyOf": [
            { "oneOf": [of("basic"), of("digest"), of("bearer")] },
            { "type": "null" },
        ] });
        let then = json!({ "oneOf": [
            { "type": "string", "const": "pass" },
            { "type": "string", "const": "hold" },
            of("severity"),
        ] });
        let schema = json!({
            "type": "object",
            "properties": { "login": login, "then": then },
        });
        let problems = |settings| settings_problems("hook", &schema, &settings);
        assert!(problems(json!({ "login": { "basic": "a" }, "then": "hold" })).is_empty());
        assert_eq!(
            problems(json!({ "login": { "basic": "a", "bearer": "b" } })),
            ["`login` of plugin 'hook' must have only one of 'basic', 'digest' and 'bearer'"]
        );
        assert_eq!(
            problems(json!({ "then": { "hold": "2h" } })),
            [
                "`then` of plugin 'hook' has something behind 'hold', which stands alone: write \
                 `then: hold`"
            ]
        );
        // Another slip keeps its words.
        let misspelt = problems(json!({ "login": { "basik": "a" } }));
        assert!(misspelt[0].contains("'basik'"), "{misspelt:?}");
    }
}
