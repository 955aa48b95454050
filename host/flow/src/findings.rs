//! What a JSON Schema has against a value, as data that a message can be made from. The flow
//! file and the configuration of a plugin are both checked this way, so that a slip in either
//! gets an answer of the same quality.

use std::collections::HashSet;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use crate::{suggest, tree};

/// The largest compiled pattern, in bytes: a plugin brings its schema along, and a schema must not
/// be able to use up the memory of the host.
const MAX_PATTERN_BYTES: usize = 1 << 20;

/// One thing that a schema has against a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    /// JSON pointer of the value.
    pub(crate) pointer: String,
    pub(crate) fault: Fault,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// The mapping has a key that it cannot have.
    UnknownKey { key: String, allowed: Vec<String> },
    /// The mapping lacks a key; `about` is the schema of that key's value.
    MissingKey { key: String, about: Value },
    /// Another kind of value is wanted; `about` is the schema of the value.
    WrongType { expected: Vec<String>, about: Value },
    /// Only these values are possible.
    NotOneOf { options: Vec<Value> },
    /// Something else: "must be at most 1".
    Unmet { requirement: String },
}

/// A schema that is ready to check with.
pub(crate) struct Checker {
    schema: Value,
    validator: Validator,
}

impl Checker {
    /// Compiles `schema`. It may come from a plugin, so nothing that it refers to is fetched, and
    /// its patterns run in linear time.
    pub(crate) fn new(schema: Value) -> Result<Self, String> {
        let validator = jsonschema::options()
            .offline()
            .with_pattern_options(PatternOptions::regex().size_limit(MAX_PATTERN_BYTES))
            .build(&schema)
            .map_err(|error| error.to_string())?;
        Ok(Self { schema, validator })
    }

    /// Everything that is wrong with `value`.
    pub(crate) fn check(&self, value: &Value) -> Vec<Finding> {
        let mut findings = Vec::new();
        for error in self.validator.iter_errors(value) {
            findings.extend(self.findings(&error, value));
        }
        // A text where a number belongs is also out of range, and nobody wants to hear that.
        let mistyped: HashSet<String> = findings
            .iter()
            .filter(|finding| matches!(finding.fault, Fault::WrongType { .. }))
            .map(|finding| finding.pointer.clone())
            .collect();
        findings.retain(|finding| {
            matches!(finding.fault, Fault::WrongType { .. }) || !mistyped.contains(&finding.pointer)
        });
        findings
    }

    fn findings(&self, error: &ValidationError<'_>, root: &Value) -> Vec<Finding> {
        use ValidationErrorKind as Kind;

        let found = |fault| Finding {
            pointer: error.instance_path().as_str().to_owned(),
            fault,
        };
        let unmet = |requirement: String| vec![found(Fault::Unmet { requirement })];
        // The schema in which the keyword stands that was violated.
        let about = self.schema_of(error);
        match error.kind() {
            Kind::AdditionalProperties { unexpected }
            | Kind::UnevaluatedProperties { unexpected } => {
                let allowed: Vec<String> = about
                    .get("properties")
                    .and_then(Value::as_object)
                    .map(|properties| properties.keys().cloned().collect())
                    .unwrap_or_default();
                unexpected
                    .iter()
                    .map(|key| {
                        found(Fault::UnknownKey {
                            key: key.clone(),
                            allowed: allowed.clone(),
                        })
                    })
                    .collect()
            }
            Kind::Required { property } => {
                let key = property.as_str().unwrap_or_default().to_owned();
                let about = about
                    .get("properties")
                    .and_then(|properties| properties.get(&key))
                    .cloned()
                    .unwrap_or_default();
                vec![found(Fault::MissingKey { key, about })]
            }
            Kind::Type { kind } => vec![found(Fault::WrongType {
                expected: match kind {
                    TypeKind::Single(one) => vec![in_words(*one).to_owned()],
                    TypeKind::Multiple(many) => {
                        many.iter().map(|one| in_words(one).to_owned()).collect()
                    }
                },
                about: about.clone(),
            })],
            Kind::Enum { options } => vec![found(Fault::NotOneOf {
                options: options.as_array().cloned().unwrap_or_default(),
            })],
            Kind::Constant { expected_value } => vec![found(Fault::NotOneOf {
                options: vec![expected_value.as_ref().clone()],
            })],
            Kind::AnyOf { context }
            | Kind::OneOfNotValid { context }
            | Kind::OneOfMultipleValid { context } => {
                let branches: Vec<Vec<Finding>> = context
                    .iter()
                    .map(|errors| {
                        errors
                            .iter()
                            .flat_map(|error| self.findings(error, root))
                            .collect()
                    })
                    .collect();
                let pointer = error.instance_path().as_str();
                let value = root.pointer(pointer).unwrap_or(&Value::Null);
                if let Some(requirement) = choice_misread(pointer, &branches, value) {
                    return unmet(requirement);
                }
                closest_branch(pointer, branches)
                    .unwrap_or_else(|| unmet("does not fit what is wanted here".to_owned()))
            }
            Kind::Maximum { limit } => unmet(format!("must be at most {}", plain(limit))),
            Kind::Minimum { limit } => unmet(format!("must be at least {}", plain(limit))),
            Kind::ExclusiveMaximum { limit } => {
                unmet(format!("must be less than {}", plain(limit)))
            }
            Kind::ExclusiveMinimum { limit } => {
                unmet(format!("must be more than {}", plain(limit)))
            }
            Kind::MultipleOf { multiple_of } => {
                unmet(format!("must be a multiple of {multiple_of}"))
            }
            Kind::MinItems { limit } => unmet(format!("must have at least {}", items(*limit))),
            Kind::MaxItems { limit } => unmet(format!("must have at most {}", items(*limit))),
            Kind::MinLength { limit: 1 } => unmet("must not be empty".to_owned()),
            Kind::MinLength { limit } => unmet(format!("must have at least {limit} characters")),
            Kind::MaxLength { limit } => unmet(format!("must have at most {limit} characters")),
            Kind::MinProperties { limit } => unmet(format!("must have at least {limit} keys")),
            Kind::MaxProperties { limit } => unmet(format!("must have at most {limit} keys")),
            Kind::UniqueItems => unmet("must not have an item twice".to_owned()),
            Kind::Pattern { pattern } => {
                let example = about.get("examples").and_then(|examples| examples.get(0));
                unmet(match example.and_then(Value::as_str) {
                    Some(example) => format!("must be written like `{example}`"),
                    None => format!("must match the pattern `{pattern}`"),
                })
            }
            Kind::Format { format } => unmet(format!("must be written as a valid {format}")),
            // What a mapping says that has no keys at all.
            Kind::FalseSchema
                if error
                    .schema_path()
                    .as_str()
                    .ends_with("/additionalProperties") =>
            {
                let mapping = root.pointer(error.instance_path().as_str());
                let keys = mapping.and_then(Value::as_object).into_iter().flatten();
                keys.map(|(key, _)| {
                    found(Fault::UnknownKey {
                        key: key.clone(),
                        allowed: Vec::new(),
                    })
                })
                .collect()
            }
            Kind::FalseSchema => unmet("cannot be here".to_owned()),
            // The message without the value: it may hold what must not be shown.
            _ => unmet(format!("does not fit: {}", error.masked())),
        }
    }

    fn schema_of(&self, error: &ValidationError<'_>) -> &Value {
        self.schema
            .pointer(tree::parent(error.schema_path().as_str()))
            .unwrap_or(&Value::Null)
    }
}

/// Whether a missing key is there under a name that is almost right, which is told already.
pub(crate) fn is_misspelt(finding: &Finding, all: &[Finding]) -> bool {
    let Fault::MissingKey { key: missing, .. } = &finding.fault else {
        return false;
    };
    all.iter().any(|other| match &other.fault {
        Fault::UnknownKey { key, allowed } if other.pointer == finding.pointer => {
            suggest::closest(key, allowed.iter().map(String::as_str)) == Some(missing)
        }
        _ => false,
    })
}

/// When none of several schemas fits, the one that was meant is the one that fits best. Where all
/// of them are single values or types, together they are the list of what is possible.
fn closest_branch(pointer: &str, branches: Vec<Vec<Finding>>) -> Option<Vec<Finding>> {
    let mut options = Vec::new();
    let mut types = Vec::new();
    for finding in branches.iter().flatten() {
        match &finding.fault {
            _ if finding.pointer != pointer => {}
            Fault::NotOneOf { options: more } => options.extend(more.iter().cloned()),
            Fault::WrongType { expected, .. } => types.extend(expected.iter().cloned()),
            _ => {}
        }
    }
    let is_about_the_whole = |finding: &Finding| {
        finding.pointer == pointer
            && matches!(
                finding.fault,
                Fault::NotOneOf { .. } | Fault::WrongType { .. }
            )
    };
    let deeper = branches
        .into_iter()
        .filter(|branch| !branch.is_empty() && !branch.iter().any(is_about_the_whole))
        .min_by_key(|branch| {
            let wrong_tags = branch
                .iter()
                .filter(|finding| matches!(finding.fault, Fault::NotOneOf { .. }))
                .count();
            (wrong_tags, branch.len())
        });
    types.dedup();
    let whole = |fault| {
        vec![Finding {
            pointer: pointer.to_owned(),
            fault,
        }]
    };
    match deeper {
        Some(branch) => Some(branch),
        None if !options.is_empty() => Some(whole(Fault::NotOneOf { options })),
        None if !types.is_empty() => Some(whole(Fault::WrongType {
            expected: types,
            about: Value::Null,
        })),
        None => None,
    }
}

/// Where a choice is written as `NAME` or as `NAME: …`: two of them at once, or more behind one
/// that stands alone, are slips for which no single branch has the words.
fn choice_misread(pointer: &str, branches: &[Vec<Finding>], value: &Value) -> Option<String> {
    let mapping = value.as_object()?;
    let at_once: Vec<&Fault> = branches
        .iter()
        .flatten()
        .filter(|finding| finding.pointer == pointer)
        .map(|finding| &finding.fault)
        .collect();
    let mut keys: Vec<&str> = at_once
        .iter()
        .filter_map(|fault| match fault {
            Fault::UnknownKey { allowed, .. } => match allowed.as_slice() {
                [only] => Some(only.as_str()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    keys.dedup();
    if mapping.len() > 1 && mapping.keys().all(|key| keys.contains(&key.as_str())) {
        return Some(format!("must have only one of {}", suggest::listed(&keys)));
    }
    let alone = at_once.iter().find_map(|fault| match fault {
        Fault::NotOneOf { options } => options
            .iter()
            .filter_map(Value::as_str)
            .find(|word| mapping.contains_key(*word)),
        _ => None,
    })?;
    let name = tree::steps(pointer).last().unwrap_or_default();
    let written = match name.parse::<usize>() {
        Ok(_) => alone.to_owned(),
        Err(_) => format!("{name}: {alone}"),
    };
    Some(format!(
        "has something behind '{alone}', which stands alone: write `{written}`"
    ))
}

/// 1 and not 1.0.
fn plain(number: &Value) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

fn items(count: u64) -> String {
    match count {
        1 => "1 item".to_owned(),
        _ => format!("{count} items"),
    }
}

/// The kinds of values as someone calls them who writes YAML and not JSON Schema.
fn in_words(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Null => "empty",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Number => "a number",
        JsonType::String => "a text",
        JsonType::Array => "a list",
        JsonType::Object => "a mapping",
    }
}

/// What a value is, in the same words.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
