//! The tests in a flow file, as they are written.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::DURATION_PATTERN;
use crate::named::Named;

/// An example: when this is seen, that must come out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TestSpec {
    /// What it shows, as a sentence.
    pub(crate) name: String,
    /// The camera that sees it.
    pub(crate) camera: String,
    /// What is seen, and when: a list, or a recording.
    pub(crate) given: InputsSpec,
    /// The alerts that must come out, by the node that gives them. A node with an empty list must
    /// give none.
    pub(crate) expect: Named<Vec<ExpectedSpec>>,
}

/// What is seen in a test: written out, or as it was recorded.
#[derive(Clone, Debug)]
pub(crate) enum InputsSpec {
    Seen(Vec<GivenSpec>),
    Recorded(RecordedSpec),
}

impl<'de> Deserialize<'de> for InputsSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let inputs = if value.is_array() {
            serde_json::from_value(value).map(Self::Seen)
        } else {
            serde_json::from_value(value).map(Self::Recorded)
        };
        inputs.map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for InputsSpec {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Inputs".into()
    }

    // One schema of two types, for the same reason as in `NameList`.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = RecordedSpec::json_schema(generator);
        schema.insert("type".to_owned(), serde_json::json!(["array", "object"]));
        let items = generator.subschema_for::<GivenSpec>();
        schema.insert("items".to_owned(), items.to_value());
        schema
    }
}

/// What was recorded with `agave record`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RecordedSpec {
    /// The recording, relative to the folder of the flow file.
    #[schemars(extend("examples" = ["recordings/yard.agrec"]))]
    pub(crate) recording: String,
    /// The camera of the recording, if it has another name there.
    pub(crate) camera: Option<String>,
}

/// Something that is seen for a while.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct GivenSpec {
    /// When it begins, from the start of the test.
    #[schemars(extend("pattern" = DURATION_PATTERN, "examples" = ["3s"]))]
    pub(crate) at: String,
    /// For how long it is seen; otherwise it is in one frame only.
    #[schemars(extend("pattern" = DURATION_PATTERN, "examples" = ["3s"]))]
    pub(crate) r#for: Option<String>,
    /// What is seen.
    pub(crate) detections: Vec<GivenDetectionSpec>,
}

/// One thing that is seen.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct GivenDetectionSpec {
    /// Its class by name.
    pub(crate) class: String,
    /// Left, top, width and height as fractions of the frame.
    #[schemars(inner(range(min = 0.0, max = 1.0)))]
    pub(crate) bbox: [f64; 4],
    /// How sure the model is.
    #[serde(default = "default_certainty")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(crate) confidence: f64,
}

/// An alert that must come out. What is not said may be anything.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ExpectedSpec {
    /// What kind of incident.
    pub(crate) kind: Option<String>,
    /// Which part of it.
    #[serde(default)]
    #[schemars(schema_with = "phase_schema")]
    pub(crate) phase: Option<agave_core::Phase>,
    /// The class by name.
    pub(crate) class: Option<String>,
    /// The zone by name.
    pub(crate) zone: Option<String>,
    /// When, from the start of the test.
    #[schemars(extend("pattern" = DURATION_PATTERN, "examples" = ["4s"]))]
    pub(crate) at: Option<String>,
}

fn default_certainty() -> f64 {
    1.0
}

fn phase_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["begin", "update", "end"] })
}
