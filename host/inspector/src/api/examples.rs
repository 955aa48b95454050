//! What the document lacks. Pictures are files and not lists of numbers; and everything that has
//! no example of its own gets one: made from the schemas, so
//! that a new operation has one by itself, and none can say what the schema does not.

use serde_json::{Map, Value, json};

/// Schemas are in schemas; deeper than this nobody reads.
const DEEPEST: usize = 16;

/// What usually stands behind these names.
const WORDS: [(&str, &str); 34] = [
    ("adapter", "hook"),
    ("camera", "gate"),
    ("camera_id", "gate"),
    ("carries", "frames"),
    ("class", "object"),
    ("codec", "h264"),
    ("file", "/etc/agave/demo.yaml"),
    ("flow", "demo"),
    ("from", "camera:gate"),
    ("health", "live"),
    ("id", "3f9a1c07b2de"),
    ("If-Match", "\"0f343b0931126a20\""),
    ("key", "gate/forbidden-object/object/7"),
    ("kind", "forbidden-object"),
    (
        "message",
        "node 'alert' reads 'zonez', which is not defined",
    ),
    ("model", "pina"),
    ("name", "demo"),
    ("node", "zoned"),
    ("on_failure", "restart"),
    ("plugin", "roi"),
    ("reason", "the receiver answered 503"),
    ("role", "filter"),
    ("said", "nothing is different"),
    ("severity", "warning"),
    (
        "sha256",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
    ("source", "rtsp"),
    ("title", "roi 0.1.0"),
    ("to", "node:detect"),
    (
        "token",
        "agv_0f343b0931126a20f133d67c2b018a3b0f343b0931126a20f133d67c2b018a3b",
    ),
    ("url", "rtsp://10.0.0.5/stream"),
    ("version", "0.1.0"),
    ("what", "PUT /api/v1/flows/demo/file"),
    ("who", "anna"),
    ("zone", "forbidden"),
];
/// And behind names of times.
const TIMES: [&str; 9] = [
    "at",
    "began",
    "created",
    "ended",
    "last_used",
    "modified",
    "since",
    "ts",
    "until",
];
const TIME: &str = "2026-01-31T06:00:00Z";

/// Puts examples into `document` where there are none.
pub(super) fn fill(document: &mut Value) {
    let schemas = document.pointer("/components/schemas").cloned();
    let schemas = Schemas(schemas.unwrap_or_default());
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for item in paths.into_iter().flat_map(|paths| paths.values_mut()) {
        let operations = item.as_object_mut().into_iter();
        for operation in operations.flat_map(|item| item.values_mut()) {
            schemas.fill_operation(operation);
        }
    }
}

struct Schemas(Value);

impl Schemas {
    fn fill_operation(&self, operation: &mut Value) {
        let parameters = operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            let name = parameter
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            // One that may be left out is left out of an example.
            let is_needed = parameter.get("required") == Some(&Value::Bool(true));
            if is_needed && parameter.get("example").is_none() {
                let schema = parameter.get("schema").unwrap_or(&Value::Null);
                let example = self.sample(schema, name, 0);
                set(parameter, example);
            }
        }
        if let Some(body) = operation.get_mut("requestBody") {
            self.fill_content(body);
        }
        let responses = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        let good = responses.into_iter().flatten();
        for (_, response) in good.filter(|(status, _)| status.starts_with('2')) {
            self.fill_content(response);
        }
    }

    fn fill_content(&self, holder: &mut Value) {
        let content = holder.get_mut("content").and_then(Value::as_object_mut);
        for (kind, body) in content.into_iter().flatten() {
            if kind.starts_with("image/") || kind == "application/octet-stream" {
                let file = json!({ "type": "string", "format": "binary" });
                body.as_object_mut()
                    .map(|body| body.insert("schema".to_owned(), file));
            }
            if kind == "application/json" && body.get("example").is_none() {
                let schema = body.get("schema").unwrap_or(&Value::Null);
                let example = self.sample(schema, "", 0);
                set(body, example);
            }
        }
    }

    /// Something that `schema` allows, for the value behind `name`.
    fn sample(&self, schema: &Value, name: &str, depth: usize) -> Value {
        if depth > DEEPEST {
            return Value::Null;
        }
        let one_of = |key: &str| schema.get(key).and_then(Value::as_array);
        let first = || one_of("examples").and_then(|examples| examples.first());
        let said = schema.get("example").or_else(first);
        if let Some(example) = said.or_else(|| schema.get("default")) {
            return example.clone();
        }
        if let Some(known) = schema.get("$ref").and_then(Value::as_str) {
            let known = known.rsplit('/').next().unwrap_or_default();
            let schema = self.0.get(known).unwrap_or(&Value::Null);
            return self.sample(schema, name, depth + 1);
        }
        if let Some(values) = one_of("enum") {
            return values.first().cloned().unwrap_or_default();
        }
        if let Some(variants) = one_of("oneOf").or_else(|| one_of("anyOf")) {
            let is_something = |variant: &&Value| variant.get("type") != Some(&json!("null"));
            let variant = variants.iter().find(is_something).unwrap_or(&Value::Null);
            return self.sample(variant, name, depth + 1);
        }
        if let Some(parts) = one_of("allOf") {
            let samples = parts.iter().map(|part| self.sample(part, name, depth + 1));
            let fields = samples.filter_map(|sample| match sample {
                Value::Object(fields) => Some(fields),
                _ => None,
            });
            return Value::Object(fields.flatten().collect());
        }
        match kind(schema) {
            Some("array") => {
                let items = schema.get("items").unwrap_or(&Value::Null);
                let count = schema.get("minItems").and_then(Value::as_u64).unwrap_or(1);
                (0..count.max(1))
                    .map(|_| self.sample(items, singular(name), depth + 1))
                    .collect()
            }
            Some("string") => Value::from(word(schema, name)),
            Some("integer") => schema.get("minimum").cloned().unwrap_or(json!(1)),
            Some("number") => json!(0.5),
            Some("boolean") => json!(false),
            _ => Value::Object(self.fields(schema, depth)),
        }
    }

    fn fields(&self, schema: &Value, depth: usize) -> Map<String, Value> {
        let properties = schema.get("properties").and_then(Value::as_object);
        let fields = properties.into_iter().flatten();
        fields
            .map(|(name, schema)| (name.clone(), self.sample(schema, name, depth + 1)))
            .collect()
    }
}

fn set(holder: &mut Value, example: Value) {
    if let Some(fields) = holder.as_object_mut() {
        fields.insert("example".to_owned(), example);
    }
}

/// The first one that is something.
fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => {
            let mut kinds = kinds.iter().filter_map(Value::as_str);
            kinds.find(|kind| *kind != "null")
        }
        _ => None,
    }
}

fn word(schema: &Value, name: &str) -> &'static str {
    if schema.get("format") == Some(&json!("date-time")) || TIMES.contains(&name) {
        return TIME;
    }
    let known = WORDS.iter().find(|(known, _)| *known == name);
    known.map_or("text", |(_, word)| word)
}

fn singular(name: &str) -> &str {
    match name {
        "classes" => "class",
        _ => name.strip_suffix('s').unwrap_or(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_that_answers_with_json_has_an_example() {
        let document = crate::openapi();
        let paths = document.get("paths").and_then(Value::as_object).unwrap();
        let mut checked = 0;
        for (path, item) in paths {
            for (method, operation) in item.as_object().unwrap() {
                for place in ["/responses/200", "/responses/201", "/requestBody"] {
                    let body = operation.pointer(&format!("{place}/content/application~1json"));
                    let Some(body) = body else {
                        continue;
                    };
                    let example = body.get("example");
                    assert!(
                        example.is_some_and(|it| !it.is_null()),
                        "{method} {path} {place}"
                    );
                    let mut schema = body.get("schema").unwrap().clone();
                    schema["components"] = document["components"].clone();
                    let valid = jsonschema::validate(&schema, example.unwrap());
                    assert!(
                        valid.is_ok(),
                        "{method} {path} {place}: {valid:?} {example:?}"
                    );
                    checked += 1;
                }
            }
        }
        assert!(checked > 30, "{checked}");
    }
}
