//! The settings of a plugin as a table that people read, from the JSON Schema that machines read.

use serde_json::{Map, Value};

/// References in a schema may lead in a circle.
const DEEPEST: usize = 8;

/// One line for each setting, with a heading; one line that says so where there are none.
pub(super) fn table(schema: &Value) -> Vec<String> {
    let root = Root(schema);
    let schema = root.followed(schema);
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return vec!["none".to_owned()];
    };
    if properties.is_empty() {
        return vec!["none".to_owned()];
    }
    let mut rows = vec![["name", "type", "default", "meaning"].map(str::to_owned)];
    rows.extend(properties.iter().map(|(name, property)| {
        [
            name.clone(),
            root.kind(property, DEEPEST),
            default(&schema, name, property),
            description(property),
        ]
    }));
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (name_width, kind_width, default_width) = (width(0), width(1), width(2));
    rows.iter()
        .map(|[name, kind, default, meaning]| {
            let line = format!(
                "{name:name_width$}  {kind:kind_width$}  {default:default_width$}  {meaning}"
            );
            line.trim_end().to_owned()
        })
        .collect()
}

fn default(schema: &Map<String, Value>, name: &str, property: &Value) -> String {
    let required = schema
        .get("required")
        .and_then(Value::as_array)
        .is_some_and(|required| required.iter().any(|key| key == name));
    match property.get("default") {
        _ if required => "must be given".to_owned(),
        None | Some(Value::Null) => "none".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) if items.is_empty() => "none".to_owned(),
        Some(Value::Object(members)) if members.is_empty() => "none".to_owned(),
        Some(other) => other.to_string(),
    }
}

fn description(property: &Value) -> String {
    let text = property.get("description").and_then(Value::as_str);
    let words: Vec<&str> = text.unwrap_or_default().split_whitespace().collect();
    words.join(" ")
}

/// The schema that references are followed in.
struct Root<'s>(&'s Value);

impl Root<'_> {
    /// `schema`, and what it refers to.
    fn followed(&self, schema: &Value) -> Map<String, Value> {
        let mut merged = schema.as_object().cloned().unwrap_or_default();
        for _ in 0..DEEPEST {
            let Some(Value::String(reference)) = merged.remove("$ref") else {
                break;
            };
            let target = reference
                .strip_prefix('#')
                .and_then(|pointer| self.0.pointer(pointer))
                .and_then(Value::as_object);
            for (key, value) in target.into_iter().flatten() {
                merged.entry(key).or_insert_with(|| value.clone());
            }
        }
        merged
    }

    /// What kind of value it is, in words.
    fn kind(&self, schema: &Value, depth: usize) -> String {
        let Some(depth) = depth.checked_sub(1) else {
            return "anything".to_owned();
        };
        let schema = self.followed(schema);
        let member = |key: &str| schema.get(key);
        if let Some(constant) = member("const") {
            return plain(constant);
        }
        if let Some(Value::Array(options)) = member("enum") {
            let options: Vec<String> = options
                .iter()
                .filter(|one| !one.is_null())
                .map(plain)
                .collect();
            return options.join(", ");
        }
        for several in ["oneOf", "anyOf"] {
            if let Some(Value::Array(choices)) = member(several) {
                let mut kinds: Vec<String> = choices
                    .iter()
                    .filter(|choice| choice.get("type").is_none_or(|kind| kind != "null"))
                    .map(|choice| self.kind(choice, depth))
                    .collect();
                kinds.dedup();
                return kinds.join(", ");
            }
        }
        let kinds: Vec<&str> = match member("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let words: Vec<String> = kinds
            .into_iter()
            .filter(|kind| *kind != "null")
            .map(|kind| self.in_words(kind, &schema, depth))
            .collect();
        match words.as_slice() {
            [] => "anything".to_owned(),
            words => words.join(" or "),
        }
    }

    fn in_words(&self, kind: &str, schema: &Map<String, Value>, depth: usize) -> String {
        match kind {
            "string" if is_duration(schema) => "duration".to_owned(),
            "string" => "text".to_owned(),
            "integer" => format!("whole number{}", range(schema)),
            "number" => format!("number{}", range(schema)),
            "boolean" => "true or false".to_owned(),
            "array" => match schema.get("items") {
                Some(items) => format!("list of {}", self.kind(items, depth)),
                None => "list".to_owned(),
            },
            "object" => match schema.get("properties").and_then(Value::as_object) {
                Some(properties) => {
                    let members: Vec<String> = properties
                        .iter()
                        .map(|(name, member)| format!("{name}: {}", self.kind(member, depth)))
                        .collect();
                    format!("{{ {} }}", members.join(", "))
                }
                None => match schema.get("additionalProperties") {
                    Some(value @ Value::Object(_)) => {
                        format!("mapping to {}", self.kind(value, depth))
                    }
                    _ => "mapping".to_owned(),
                },
            },
            other => other.to_owned(),
        }
    }
}

fn is_duration(schema: &Map<String, Value>) -> bool {
    let pattern = schema.get("pattern").and_then(Value::as_str);
    pattern.is_some_and(|pattern| pattern.contains("(ms|s|m|min|h)"))
}

fn range(schema: &Map<String, Value>) -> String {
    let limit = |key: &str| {
        let text = schema.get(key)?.to_string();
        Some(text.strip_suffix(".0").unwrap_or(&text).to_owned())
    };
    match (limit("minimum"), limit("maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" from {least}"),
        (None, Some(most)) => format!(" up to {most}"),
        (None, None) => String::new(),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::table;

    #[test]
    fn settings_are_told_in_words() {
        let schema = json!({
            "type": "object",
            "required": ["zone"],
            "properties": {
                "zone": { "type": "string", "description": "The zone\nthat is watched." },
                "confidence": { "type": "number", "minimum": 0.0, "maximum": 1, "default": 0.5 },
                "anchor": { "$ref": "#/$defs/Anchor", "default": "center" },
                "login": { "anyOf": [{ "$ref": "#/$defs/Login" }, { "type": "null" }] },
            },
            "$defs": {
                "Anchor": { "oneOf": [{ "const": "center" }, { "const": "top" }] },
                "Login": { "type": "object", "properties": { "basic": { "type": "string" } } },
            },
        });
        assert_eq!(
            table(&schema),
            [
                "name        type                default        meaning",
                "zone        text                must be given  The zone that is watched.",
                "confidence  number from 0 to 1  0.5",
                "anchor      center, top         center",
                "login       { basic: text }     none",
            ]
        );
        assert_eq!(table(&json!({ "type": "object" })), ["none"]);
    }
}
