//! The JSON Schema of the flow file: what editors complete and check against, and what this crate
//! itself checks against, so that the two cannot disagree.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use crate::spec::FlowSpec;

/// The published JSON Schema (draft 2020-12).
pub fn schema() -> Value {
    let mut root = derived::<FlowSpec>(SchemaSettings::draft2020_12());
    if let Some(node) = root
        .pointer_mut("/$defs/NodeSpec")
        .and_then(Value::as_object_mut)
    {
        node.insert(
            "oneOf".to_owned(),
            json!([
                { "required": ["infer"] },
                { "required": ["plugin"] },
                { "required": ["store"] },
            ]),
        );
    }
    root.to_value()
}

/// The part of the schema that this crate checks with. The rest is for editors; the resolver
/// checks the same and has better words for it.
pub(crate) fn for_checking() -> Value {
    derived::<FlowSpec>(
        SchemaSettings::draft2020_12().with_transform(RecursiveTransform(without_patterns)),
    )
    .to_value()
}

/// The schema of another document than a flow.
pub(crate) fn of<T: JsonSchema>() -> Value {
    derived::<T>(SchemaSettings::draft2020_12()).to_value()
}

fn derived<T: JsonSchema>(settings: SchemaSettings) -> Schema {
    settings
        .with_transform(RecursiveTransform(without_null))
        .with_transform(RecursiveTransform(without_formats))
        .with_transform(RecursiveTransform(with_whole_sentences))
        .into_generator()
        .into_root_schema_for::<T>()
}

fn without_patterns(schema: &mut Schema) {
    schema.remove("pattern");
    schema.remove("propertyNames");
}

/// An optional key may be left out, and that is the only way to say nothing.
fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(options)) = schema.get_mut("enum") {
        options.retain(|one| !one.is_null());
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|one| one.get("type").is_none_or(|kind| kind != "null"));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            schema.remove("anyOf");
            for (key, value) in only {
                if schema.get(&key).is_none() {
                    schema.insert(key, value);
                }
            }
        }
    }
}

/// A line ends where the source code is full, which is nothing to an editor.
fn with_whole_sentences(schema: &mut Schema) {
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = description.replace('\n', " ");
    }
}

/// `"format": "double"` tells an editor nothing.
fn without_formats(schema: &mut Schema) {
    schema.remove("format");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that a user can write has a sentence that an editor can show.
    #[test]
    fn every_key_is_described() {
        fn check(schema: &Value, path: &str) {
            if let Some(Value::Object(properties)) = schema.get("properties") {
                for (key, property) in properties {
                    assert!(
                        property.get("description").is_some(),
                        "{path}/{key} has no description"
                    );
                }
            }
            if let Value::Object(members) = schema {
                for (key, member) in members {
                    check(member, &format!("{path}/{key}"));
                }
            }
        }
        check(&schema(), "");
    }

    #[test]
    fn nothing_may_be_null() {
        assert!(!schema().to_string().contains("null"));
    }
}
