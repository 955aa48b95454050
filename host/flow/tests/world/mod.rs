//! A machine that exists only in the tests: its files, plugins, environment and secrets.

use std::path::{Path, PathBuf};

use agave_core::{Fingerprint, Role, Secret};
use agave_flow::{FlowText, PluginCatalog, PluginFacts, PluginProblem, Surroundings};
use serde_json::{Value, json};

pub(crate) struct World;

/// `flows/…` of this world is the folder `tests` of this crate.
fn on_disk(path: &Path) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    tests.join(path.strip_prefix("flows").unwrap_or(path))
}

const FILES: [&str; 8] = [
    "flows/parts/plant/../../clip.mp4",
    "flows/parts/../clip.mp4",
    "flows/../models/yolov8n.onnx",
    "flows/../models/yolov8n_pina/1/model.onnx",
    "flows/clip.mp4",
    "/recordings/yard.mp4",
    "flows/yard.agrec",
    "flows/farm-ca.pem",
];

impl Surroundings for World {
    fn environment(&self, name: &str) -> Option<String> {
        match name {
            "CAMERA_HOST" => Some("10.0.0.7".to_owned()),
            "RECORDED" => Some("yard.agrec".to_owned()),
            "MODELS" => Some("../models".to_owned()),
            "LOOKS_LIKE_A_SECRET" => Some("${secret:gate-login}".to_owned()),
            _ => None,
        }
    }

    fn secret(&self, name: &str) -> Option<Secret> {
        match name {
            "gate-login" => Some(Secret::new("admin:p@ss/word")),
            "broker" => Some(Secret::new("hunter2")),
            "nvr-login" => Some(Secret::new("nvr:hunter2")),
            "whole-url" => Some(Secret::new("rtsp://admin:hunter2@10.0.0.9/stream")),
            _ => None,
        }
    }

    /// The folder `parts` beside the flow file.
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        FlowText::bytes(&on_disk(path))
    }

    fn files_in(&self, folder: &Path) -> std::io::Result<Vec<String>> {
        let entries = std::fs::read_dir(on_disk(folder))?.flatten();
        Ok(entries
            .filter(|entry| entry.path().is_file())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect())
    }

    fn file_exists(&self, path: &Path) -> bool {
        FILES.iter().any(|file| Path::new(file) == path)
    }

    /// In this world a file holds its own path.
    fn fingerprint(&self, path: &Path) -> Option<Fingerprint> {
        self.file_exists(path)
            .then(|| Fingerprint::of(path.as_os_str().as_encoded_bytes()))
    }
}

impl PluginCatalog for World {
    fn plugin(&self, reference: &str, flow_folder: &Path) -> Result<PluginFacts, PluginProblem> {
        let http = vec!["agave:plugin/http@0.1.0".to_owned()];
        let mqtt = vec!["agave:plugin/mqtt@0.1.0".to_owned()];
        let tcp = vec!["agave:plugin/tcp@0.1.0".to_owned()];
        let frames = vec![
            "agave:plugin/frames@0.1.0".to_owned(),
            "agave:plugin/keyvalue@0.1.0".to_owned(),
        ];
        let (role, config_schema, imports) = match reference {
            "roi" => (Role::Filter, roi(), vec![]),
            "track" => (Role::Filter, no_settings(), vec![]),
            "./own.wasm" => (Role::Filter, json!(true), vec![]),
            "count" => (Role::Rule, no_settings(), vec![]),
            "forbidden-object" => (Role::Rule, forbidden_object(), vec![]),
            "debounce" => (Role::Gate, debounce(), vec![]),
            "hikvision" => (Role::Adapter, hikvision(), http),
            "webhook" => (Role::Adapter, json!({ "type": "object" }), http),
            "mqtt" => (Role::Adapter, topic(), mqtt),
            "siren" => (Role::Adapter, json!({ "type": "object" }), tcp),
            "album" => (Role::Adapter, json!({ "type": "object" }), frames),
            "fetches-its-schema" => {
                let schema = json!({ "$ref": "https://example.org/schema.json" });
                (Role::Rule, schema, vec![])
            }
            "refers-to-itself" => (Role::Rule, json!({ "$ref": "#" }), vec![]),
            "refers-in-a-circle" => {
                let schema = json!({
                    "allOf": [{ "$ref": "#/$defs/a" }],
                    "$defs": { "a": { "anyOf": [{ "$ref": "#/$defs/b" }] }, "b": { "allOf": [{ "$ref": "#/$defs/a" }] } },
                });
                (Role::Rule, schema, vec![])
            }
            "half-written" => {
                return Err(PluginProblem::CannotBeLoaded {
                    reason: "it is not a WebAssembly component".to_owned(),
                });
            }
            _ => {
                return Err(PluginProblem::NotFound {
                    known: [
                        "album",
                        "count",
                        "debounce",
                        "forbidden-object",
                        "hikvision",
                        "mqtt",
                        "roi",
                        "siren",
                        "track",
                        "webhook",
                    ]
                    .map(str::to_owned)
                    .to_vec(),
                });
            }
        };
        Ok(PluginFacts {
            fingerprint: Fingerprint::of(reference.as_bytes()),
            file: match reference.strip_prefix("./") {
                Some(own) => flow_folder.join(own),
                None => PathBuf::from(format!("plugins/{reference}.wasm")),
            },
            name: reference.trim_start_matches("./").to_owned(),
            version: "0.1.0".to_owned(),
            role,
            config_schema,
            imports,
            several_cameras: reference == "count",
        })
    }
}

fn no_settings() -> Value {
    json!({ "type": "object", "additionalProperties": false })
}

fn roi() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "anchor": {
                "description": "Which point of a box must be inside of a zone.",
                // The way schemars writes an enum whose variants have descriptions.
                "oneOf": [
                    { "const": "center", "description": "The middle." },
                    { "const": "bottom-center", "description": "Where it stands." },
                ],
            },
            "outside": { "enum": ["drop", "keep"] },
        },
    })
}

fn forbidden_object() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["zone"],
        "properties": {
            "zone": { "type": "string", "description": "The zone to watch.", "examples": ["yard"] },
            "alert": { "type": "array", "items": { "type": "string" } },
            "allow": { "type": "array", "items": { "type": "string" } },
            "after": { "type": "string", "examples": ["1s"] },
            "min-confidence": { "type": ["number", "null"], "minimum": 0, "maximum": 1 },
            "severity": { "$ref": "#/$defs/Severity" },
            "schedule": { "anyOf": [{ "$ref": "#/$defs/Schedule" }, { "type": "null" }] },
        },
        "$defs": {
            "Severity": { "type": "string", "enum": ["info", "warning", "critical"] },
            "Schedule": {
                "type": "object",
                "additionalProperties": false,
                "required": ["from", "to"],
                "properties": {
                    "from": { "type": "integer", "minimum": 0, "maximum": 23 },
                    "to": { "type": "integer", "minimum": 0, "maximum": 23 },
                },
            },
        },
    })
}

fn debounce() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": { "hold": { "type": "string", "examples": ["30s"] } },
    })
}

fn hikvision() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["url", "output"],
        "properties": {
            "url": { "type": "string" },
            "output": { "type": "integer", "minimum": 1 },
            "pulse": { "type": "string" },
        },
    })
}

fn topic() -> Value {
    json!({
        "type": "object",
        "required": ["topic"],
        "properties": { "topic": { "type": "string" } },
    })
}
