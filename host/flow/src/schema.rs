//! The JSON Schema of the flow file: what editors complete and check against, and what this crate
//! itself checks against, so that the two cannot disagree.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::include::OF_THE_FLOW;
use crate::spec::{CameraSpec, FlowSpec, NodeSpec};

/// The published JSON Schema (draft 2020-12).
pub fn schema() -> Value {
    let mut root = derived::<FlowSpec>(SchemaSettings::draft2020_12());
    for (spec, key) in [("CameraSpec", "url"), ("NodeSpec", "from")] {
        let pointer = format!("/$defs/{spec}");
        if let Some(spec) = root.pointer_mut(&pointer).and_then(Value::as_object_mut) {
            spec.remove("required");
            spec.insert(
                "anyOf".to_owned(),
                json!([{ "required": [key] }, { "required": ["use"] }]),
            );
        }
    }
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
                // A template says it.
                { "required": ["use"], "not": { "anyOf": [
                    { "required": ["infer"] },
                    { "required": ["plugin"] },
                    { "required": ["store"] },
                ] } },
            ]),
        );
    }
    root.to_value()
}

/// The JSON Schema of a file that a flow file includes: the same without what is said once.
pub fn part_schema() -> Value {
    let mut schema = schema();
    if let Some(root) = schema.as_object_mut() {
        root.remove("required");
        root.insert("title".to_owned(), json!("Part of an Agave flow"));
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for key in OF_THE_FLOW {
            properties.remove(key);
        }
    }
    schema
}

/// The part of the schema that this crate checks with. The rest is for editors; the resolver
/// checks the same and has better words for it.
pub(crate) fn for_checking() -> Value {
    let settings = SchemaSettings::draft2020_12();
    let settings = settings.with_transform(RecursiveTransform(without_patterns));
    let mut root = derived::<FlowSpec>(settings);
    // What a template says is checked where it is used.
    for kind in ["camera", "node"] {
        let pointer = format!("/$defs/TemplateSpec/properties/{kind}");
        if let Some(body) = root.pointer_mut(&pointer) {
            *body = json!({ "type": "object" });
        }
    }
    root.to_value()
}

/// The body of a template of cameras: its keys are those of a camera, and any value can be a
/// parameter.
pub(crate) fn camera_template(generator: &mut SchemaGenerator) -> Schema {
    body(CameraSpec::json_schema(generator))
}

/// The body of a template of nodes.
pub(crate) fn node_template(generator: &mut SchemaGenerator) -> Schema {
    body(NodeSpec::json_schema(generator))
}

fn body(spec: Schema) -> Schema {
    let properties = spec.get("properties").and_then(Value::as_object);
    let properties: Map<String, Value> = properties
        .into_iter()
        .flatten()
        .filter(|(key, _)| !matches!(key.as_str(), "use" | "with"))
        .map(|(key, property)| {
            let about = property.get("description").cloned().unwrap_or_default();
            let parameter = json!({ "type": "string", "pattern": r"\$\{" });
            let either = json!({ "description": about, "anyOf": [property, parameter] });
            (key.clone(), either)
        })
        .collect();
    json_schema!({ "type": "object", "additionalProperties": false, "properties": properties })
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
