//! What a file of tests says, in types and nothing more. The JSON Schema that checks a file comes
//! from these types; their doc comments are its descriptions, so they are written for authors of
//! plugins. The words are those of `tests` in a flow file.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Tests of one plugin.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TestFile {
    /// The stream that the plugin looks at, for all tests of the file.
    #[serde(default)]
    pub(crate) stream: StreamSpec,
    /// The tests.
    pub(crate) tests: Vec<TestSpec>,
}

/// Inputs without expectations, to see what a plugin makes of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct InputFile {
    /// The stream that the plugin looks at.
    #[serde(default)]
    stream: StreamSpec,
    /// The settings of the plugin.
    #[serde(default)]
    config: Map<String, Value>,
    /// Secrets that an adapter may use, by name.
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    /// What a web server at `${http}` answers.
    http: Option<Vec<AnswerSpec>>,
    /// What the plugin is given.
    given: Vec<Item>,
}

impl InputFile {
    pub(crate) fn into_test(self) -> (StreamSpec, TestSpec) {
        let test = TestSpec {
            name: "what comes of the inputs".to_owned(),
            stream: StreamSpec::default(),
            config: self.config,
            secrets: self.secrets,
            http: self.http,
            given: self.given,
            expect: None,
            expect_http: None,
            log: Vec::new(),
            refused: None,
        };
        (self.stream, test)
    }
}

/// What a plugin is told about its stream. Every key has a default.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct StreamSpec {
    /// The camera's name. The default is `camera`.
    pub(crate) camera: Option<String>,
    /// For a plugin that looks at several cameras: their names. All of them are as this says.
    pub(crate) cameras: Option<Vec<String>>,
    /// Pixels from left to right. The default is 1280.
    pub(crate) width: Option<u32>,
    /// Pixels from top to bottom. The default is 720.
    pub(crate) height: Option<u32>,
    /// What the model can see. The default is `[object, person, vehicle]`.
    pub(crate) classes: Option<Vec<String>>,
    /// Named areas of the picture: corners `[x, y]` as fractions of the frame.
    #[schemars(with = "Option<BTreeMap<String, Vec<[f32; 2]>>>")]
    pub(crate) zones: Option<Map<String, Value>>,
    /// How many frames a second has, where their times are not given. The default is 5.
    #[schemars(range(max = 120.0), extend("exclusiveMinimum" = 0))]
    pub(crate) fps: Option<f64>,
}

impl StreamSpec {
    /// This, and what it does not say from `other`.
    pub(crate) fn or(self, other: &Self) -> Self {
        let other = other.clone();
        Self {
            camera: self.camera.or(other.camera),
            cameras: self.cameras.or(other.cameras),
            width: self.width.or(other.width),
            height: self.height.or(other.height),
            classes: self.classes.or(other.classes),
            zones: self.zones.or(other.zones),
            fps: self.fps.or(other.fps),
        }
    }
}

/// One test: when this is given, that must come out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TestSpec {
    /// What it shows, as a sentence.
    pub(crate) name: String,
    /// What is different about the stream in this test.
    #[serde(default)]
    pub(crate) stream: StreamSpec,
    /// The settings of the plugin.
    #[serde(default)]
    pub(crate) config: Map<String, Value>,
    /// Secrets that an adapter may use, by name.
    #[serde(default)]
    pub(crate) secrets: BTreeMap<String, String>,
    /// What a web server at `${http}` answers, one request after the other. The last answer is
    /// also that to all that follow.
    pub(crate) http: Option<Vec<AnswerSpec>>,
    /// What the plugin is given: frames or alerts, and `restart`.
    #[serde(default)]
    pub(crate) given: Vec<Item>,
    /// What must come out, one entry for each that is given.
    pub(crate) expect: Option<Vec<Expected>>,
    /// The requests that the web server must have got.
    pub(crate) expect_http: Option<Vec<RequestSpec>>,
    /// Parts of lines that must be logged, in this order.
    #[serde(default)]
    pub(crate) log: Vec<String>,
    /// The settings must be refused, with this in the message.
    pub(crate) refused: Option<String>,
}

/// One answer of the web server.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AnswerSpec {
    /// The status. The default is 200.
    #[schemars(range(min = 100, max = 599))]
    pub(crate) answer: Option<u16>,
    /// Headers, by name.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// The body: a text, or anything else as JSON.
    pub(crate) body: Option<Value>,
    /// The connection is closed without an answer.
    #[serde(default)]
    pub(crate) close: bool,
}

/// A request as it must have been. What is not said may be anything.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RequestSpec {
    /// `GET`, `POST` and so on.
    pub(crate) method: Option<String>,
    /// The path with its query.
    pub(crate) path: Option<String>,
    /// Headers, by name.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// A part of the body: a mapping for JSON, or a text.
    pub(crate) body: Option<Value>,
}

/// One thing that the plugin is given, or `restart`.
#[derive(Debug)]
pub(crate) enum Item {
    /// Save, a new instance, restore.
    Restart,
    Given(Box<GivenSpec>),
}

const RESTART: &str = "restart";

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(word) if word == RESTART => Ok(Self::Restart),
            given => serde_json::from_value(given)
                .map(|given| Self::Given(Box::new(given)))
                .map_err(serde::de::Error::custom),
        }
    }
}

// One schema of two types, not two schemas: an error in it then says what is wrong, and not that
// neither of two schemas fits. The same goes for `Expected`.
impl JsonSchema for Item {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Item".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = GivenSpec::json_schema(generator);
        schema.insert("type".to_owned(), serde_json::json!(["object", "string"]));
        schema.insert("pattern".to_owned(), format!("^{RESTART}$").into());
        schema
    }
}

/// A frame for a filter or a rule, an alert for a gate or an adapter, or a tick for a gate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct GivenSpec {
    /// When, from the start of the test. Left out, it is one frame after what came before.
    pub(crate) at: Option<String>,
    /// For a plugin that looks at several cameras: of which it is.
    pub(crate) camera: Option<String>,
    /// For a rule: for how long the same is seen, in one frame after the other.
    pub(crate) r#for: Option<String>,
    /// For a frame: what is seen in it.
    pub(crate) detections: Option<Vec<DetectionSpec>>,
    /// For a gate: stream time reaches this, and no alert comes.
    pub(crate) tick: Option<String>,
    /// For an alert: the class by name.
    pub(crate) class: Option<String>,
    /// For an alert: left, top, width and height as fractions of the frame.
    pub(crate) bbox: Option<[f32; 4]>,
    /// For an alert: how sure the model is.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(crate) confidence: Option<f32>,
    /// For an alert: the track of its detection.
    pub(crate) track: Option<u64>,
    /// For an alert: what kind of incident. The default is `example`.
    pub(crate) kind: Option<String>,
    /// For an alert: which part of the incident. The default is begin.
    #[schemars(with = "Option<PhaseName>")]
    pub(crate) phase: Option<agave_core::Phase>,
    /// For an alert: how much it matters. The default is warning.
    #[schemars(with = "Option<SeverityName>")]
    pub(crate) severity: Option<agave_core::Severity>,
    /// For an alert: the zone by name.
    pub(crate) zone: Option<String>,
    /// For an alert: the incident's key. Alerts without one are of the same incident.
    pub(crate) key: Option<String>,
    /// For an alert: how many it stands for; 0 is a gate's reminder. The default is 1.
    pub(crate) count: Option<u32>,
    /// For an alert: what else the rule said, by name.
    pub(crate) attributes: Option<BTreeMap<String, String>>,
    /// For an adapter: which attempt at this alert it is. The default is 1.
    #[schemars(range(min = 1))]
    pub(crate) attempt: Option<u32>,
}

/// One thing that is seen.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DetectionSpec {
    /// Its class by name.
    pub(crate) class: String,
    /// Left, top, width and height as fractions of the frame. The default is in the middle.
    pub(crate) bbox: Option<[f32; 4]>,
    /// How sure the model is. The default is 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(crate) confidence: Option<f32>,
    /// The zones that it is in, by name.
    #[serde(default)]
    pub(crate) zones: Vec<String>,
    /// The track that a filter gave it.
    pub(crate) track: Option<u64>,
    /// Its id. The default is its place in the list, from 0.
    pub(crate) id: Option<u32>,
}

/// What must come of one thing that is given.
#[derive(Debug)]
pub(crate) struct Expected(pub(crate) Value);

impl<'de> Deserialize<'de> for Expected {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for Expected {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Expected".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["array", "object", "string"],
            "items": generator.subschema_for::<ThingShape>(),
            "pattern": "^(delivered|retry)$",
            "properties": {
                "retry": { "type": "string", "description": "To be tried again after so long" },
                "rejected": { "type": "string", "description": "Never; a part of the reason" },
                "fails": {
                    "enum": FAILURES,
                    "description": "The call fails like this",
                },
                "message": { "type": "string", "description": "A part of the failure's message" },
            },
            "additionalProperties": false,
        })
    }
}

/// The ways in which a call can fail.
pub(crate) const FAILURES: [&str; 6] = [
    "trap",
    "deadline",
    "memory",
    "output",
    "error",
    "bad-output",
];

/// A detection or an alert that must come out. What is not said may be anything.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(dead_code, reason = "only its schema is used")]
struct ThingShape {
    /// The class by name.
    class: Option<String>,
    /// Left, top, width and height, to a thousandth.
    bbox: Option<[f32; 4]>,
    /// To a thousandth.
    confidence: Option<f32>,
    /// The zones that the detection is in, by name.
    zones: Option<Vec<String>>,
    /// The track.
    track: Option<u64>,
    /// The detection's id.
    id: Option<u32>,
    /// What kind of incident.
    kind: Option<String>,
    /// Which part of it.
    phase: Option<PhaseName>,
    /// How much it matters.
    severity: Option<SeverityName>,
    /// The zone by name.
    zone: Option<String>,
    /// The incident's key.
    key: Option<String>,
    /// How many alerts it stands for.
    count: Option<u32>,
    /// When, from the start of the test.
    at: Option<String>,
    /// The number of the frame, from 0.
    frame: Option<u64>,
    /// What else is said about it, by name.
    attributes: Option<BTreeMap<String, String>>,
}

/// The names of the phases, for the schema.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
#[expect(dead_code, reason = "only its schema is used")]
enum PhaseName {
    Begin,
    Update,
    End,
}

/// The names of the severities, for the schema.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
#[expect(dead_code, reason = "only its schema is used")]
enum SeverityName {
    Info,
    Warning,
    Critical,
}
