//! What must come out, from what a file says to the form in which it is compared.

use agave_core::{Role, StreamInfo};
use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use super::case::{Given, class_number, duration, zone_number};
use super::spec::{Expected, RequestSpec};
use super::words::seconds;

const DETECTION_KEYS: [&str; 6] = ["id", "class", "confidence", "bbox", "zones", "track"];
const ALERT_KEYS: [&str; 14] = [
    "at",
    "phase",
    "kind",
    "class",
    "zone",
    "severity",
    "count",
    "key",
    "frame",
    "bbox",
    "confidence",
    "zones",
    "track",
    "attributes",
];

/// One expectation for each thing that is given, in the form in which what came is put.
pub(super) fn outputs(
    role: Role,
    stream: &StreamInfo,
    given: &[Given],
    expect: Option<Vec<Expected>>,
) -> Result<Option<Vec<Value>>> {
    let Some(expect) = expect else {
        return Ok(None);
    };
    let calls = given
        .iter()
        .filter(|given| !matches!(given, Given::Restart))
        .count();
    if expect.len() != calls {
        bail!(
            "`expect` has {} and `given` has {calls}; every frame, alert and tick needs one \
             (`restart` none)",
            entries(expect.len())
        );
    }
    (1..)
        .zip(expect)
        .map(|(number, expected)| {
            output(role, stream, expected.0).with_context(|| format!("entry {number} of `expect`"))
        })
        .collect::<Result<_>>()
        .map(Some)
}

fn entries(count: usize) -> String {
    match count {
        1 => "1 entry".to_owned(),
        _ => format!("{count} entries"),
    }
}

fn output(role: Role, stream: &StreamInfo, mut expected: Value) -> Result<Value> {
    let gives = match role {
        Role::Filter => "detections: `[{ class: NAME }]`, or `[]` for none",
        Role::Rule | Role::Gate => "alerts: `[{ phase: begin }]`, or `[]` for none",
        Role::Adapter => "`delivered`, `retry`, `{ retry: 5s }` or `{ rejected: REASON }`",
    };
    let fails = expected.get("fails").is_some();
    let outcome = expected.is_string()
        || expected.get("retry").is_some()
        || expected.get("rejected").is_some();
    match &mut expected {
        Value::Array(things) if role != Role::Adapter => {
            for thing in things.iter_mut().filter_map(Value::as_object_mut) {
                check_thing(role, stream, thing)?;
            }
        }
        Value::Object(_) if fails && !outcome => {}
        _ if outcome && !fails && role == Role::Adapter => {
            if let Some(Value::String(after)) = expected.get_mut("retry") {
                *after = seconds(duration(after)?);
            }
        }
        _ => bail!("a {role} gives {gives}; a call that must fail is `{{ fails: trap }}`"),
    }
    Ok(expected)
}

fn check_thing(role: Role, stream: &StreamInfo, thing: &mut Map<String, Value>) -> Result<()> {
    let (what, keys) = match role {
        Role::Filter => ("detection", DETECTION_KEYS.as_slice()),
        _ => ("alert", ALERT_KEYS.as_slice()),
    };
    if let Some(key) = thing.keys().find(|key| !keys.contains(&key.as_str())) {
        bail!("a {role} gives {what}s, and a {what} has no `{key}`");
    }
    if let Some(Value::String(class)) = thing.get("class") {
        class_number(class, stream)?;
    }
    if let Some(Value::String(zone)) = thing.get("zone") {
        zone_number(zone, stream)?;
    }
    if let Some(Value::String(at)) = thing.get_mut("at") {
        *at = seconds(duration(at)?);
    }
    Ok(())
}

/// A request in the form in which those that came are put.
pub(super) fn request(spec: &RequestSpec) -> Value {
    let mut request = Map::new();
    if let Some(method) = &spec.method {
        request.insert("method".to_owned(), json!(method.to_uppercase()));
    }
    if let Some(path) = &spec.path {
        request.insert("path".to_owned(), json!(path));
    }
    if !spec.headers.is_empty() {
        let headers: Map<String, Value> = spec
            .headers
            .iter()
            .map(|(name, value)| (name.to_lowercase(), json!(value)))
            .collect();
        request.insert("headers".to_owned(), headers.into());
    }
    if let Some(body) = &spec.body {
        request.insert("body".to_owned(), body.clone());
    }
    request.into()
}
