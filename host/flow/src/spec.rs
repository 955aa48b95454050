//! What a flow file says, in types and nothing more: no name in it has been looked up, and a
//! duration is still a text. The JSON Schema that checks a file, and that editors use, is derived
//! from these types; their doc comments are its descriptions, so they are written for users.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::named::{NameList, Named};

mod tests;

pub(crate) use tests::*;

/// An Agave flow: cameras, what is looked for in them, and what happens when it is seen.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Agave flow")]
pub(crate) struct FlowSpec {
    /// Version of this file format. It is 1.
    #[schemars(extend("const" = 1))]
    #[expect(dead_code, reason = "the schema has checked it; there is only one")]
    pub(crate) version: u32,
    /// What the flow is called.
    #[schemars(extend("pattern" = NAME_PATTERN, "examples" = ["field-watch"]))]
    pub(crate) name: String,
    /// The time zone of all hours in the file, by its IANA name. The default is UTC.
    #[schemars(extend("examples" = ["Europe/Berlin"]))]
    pub(crate) time_zone: Option<String>,
    /// Files that are parts of this one: a path or a list of paths, relative to the folder of this
    /// file. The last part of a path can have `*` in it. Every section of a part is added to that
    /// of this file.
    #[schemars(extend("examples" = [["cameras/*.yaml"]]))]
    #[expect(dead_code, reason = "the parts have been read, and the key is gone")]
    pub(crate) include: Option<NameList>,
    /// What several cameras or several nodes have in common, by name.
    #[serde(default)]
    pub(crate) templates: Named<TemplateSpec>,
    /// The models that nodes can run, by name.
    #[serde(default)]
    pub(crate) models: Named<ModelSpec>,
    /// The MQTT brokers that adapters can be allowed to publish to, by name.
    #[serde(default)]
    pub(crate) brokers: Named<BrokerSpec>,
    /// The cameras, by name.
    #[serde(default)]
    pub(crate) cameras: Named<CameraSpec>,
    /// The steps from pictures to alerts, by name. Each says what it reads with `from`.
    #[serde(default)]
    pub(crate) nodes: Named<NodeSpec>,
    /// Examples of what must happen, to be checked without a camera.
    #[serde(default)]
    pub(crate) tests: Vec<TestSpec>,
}

/// What several cameras or several nodes have in common.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(
    dead_code,
    reason = "the uses have been replaced; only its form is checked"
)]
pub(crate) struct TemplateSpec {
    /// What is different each time. In the texts of the template `${NAME}` stands for it; a value
    /// that is nothing but `${NAME}` becomes what is given, whatever that is.
    #[serde(default)]
    #[schemars(extend("examples" = [["host", "channel"]]))]
    pub(crate) parameters: Vec<String>,
    /// What parameters are that are not given.
    #[serde(default)]
    pub(crate) defaults: Map<String, Value>,
    /// What the cameras have in common.
    #[serde(default)]
    #[schemars(schema_with = "crate::schema::camera_template")]
    pub(crate) camera: Option<Map<String, Value>>,
    /// What the nodes have in common.
    #[serde(default)]
    #[schemars(schema_with = "crate::schema::node_template")]
    pub(crate) node: Option<Map<String, Value>>,
}

/// A model and what it takes for one of its detections to count.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ModelSpec {
    /// The ONNX file, relative to the folder of the flow file.
    #[schemars(extend("examples" = ["../models/yolov8n.onnx"]))]
    pub(crate) path: String,
    /// Detections that the model is less sure of are dropped.
    #[serde(default = "default_confidence")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(crate) confidence: f64,
    /// Of two boxes of one class that overlap by more than this, the weaker one is dropped.
    #[serde(default = "default_iou")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(crate) iou: f64,
}

/// An MQTT broker.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct BrokerSpec {
    /// Where it is; `mqtts` is MQTT over TLS.
    #[schemars(extend("examples" = ["mqtts://broker.example.org:8883"]))]
    pub(crate) mqtt: String,
    /// Whom to log in as.
    pub(crate) username: Option<String>,
    /// With what; `${secret:NAME}` keeps it out of the file.
    #[schemars(extend("examples" = ["${secret:broker}"]))]
    pub(crate) password: Option<String>,
    /// A file of certificates in PEM that are trusted besides the system's, relative to the
    /// folder of the flow file.
    #[schemars(extend("examples" = ["farm-ca.pem"]))]
    pub(crate) ca: Option<String>,
}

/// A camera, or a file that stands in for one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct CameraSpec {
    /// The template that says the rest. What is said here as well goes before it.
    #[expect(dead_code, reason = "it has been replaced by what it stands for")]
    pub(crate) r#use: Option<String>,
    /// The parameters of the template.
    #[expect(dead_code, reason = "it has been replaced by what it stands for")]
    pub(crate) with: Option<Map<String, Value>>,
    /// An `rtsp://` address, or a video file, or a recording of what models saw (`.agrec`); a
    /// file is relative to the folder of the flow file. `${secret:NAME}` keeps the login out of
    /// the file.
    #[schemars(extend("examples" = ["rtsp://${secret:gate-login}@10.0.0.5:554/Streaming/Channels/102"]))]
    pub(crate) url: String,
    /// How many frames are looked at in a second, whatever the camera sends.
    #[serde(default = "default_fps")]
    #[schemars(range(max = 120.0), extend("exclusiveMinimum" = 0))]
    pub(crate) fps: f64,
    /// A frame that is older than this when its turn comes is dropped and counted, never looked at.
    #[serde(default = "default_max_age")]
    #[schemars(extend("pattern" = DURATION_PATTERN, "examples" = ["500ms"]))]
    pub(crate) max_age: String,
    /// How an RTSP stream is carried. The default is tcp.
    pub(crate) transport: Option<Transport>,
    /// How fast a file is read: as fast as it goes, or at the speed at which it was recorded. The
    /// default is fast, and realtime for a recording.
    pub(crate) pace: Option<Pace>,
    /// Whether a file that is at its end is read again, for ever, as one stream. The default is
    /// no.
    pub(crate) repeat: Option<bool>,
    /// The camera of a recording that is played, if it has another name there.
    pub(crate) recorded: Option<String>,
    /// Named areas of the picture. Each is a list of corners, each corner `[x, y]` as fractions of
    /// the frame from its top left.
    #[serde(default)]
    pub(crate) zones: Named<PolygonSpec>,
}

/// The corners of a zone in order, without the first one repeated at the end.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(extend("examples" = [[[0.1, 0.2], [0.8, 0.2], [0.5, 0.9]]]))]
pub(crate) struct PolygonSpec(pub(crate) Vec<CornerSpec>);

/// A corner: from the left and from the top, as fractions of the frame.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[schemars(extend("examples" = [[0.1, 0.2]]))]
pub(crate) struct CornerSpec(pub(crate) [f64; 2]);

/// How an RTSP stream is carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Transport {
    // No doc comments on the variants: each would become a schema of its own, and "one of tcp,
    // udp" would become "not valid under any of the schemas".
    #[default]
    #[allow(missing_docs)]
    Tcp,
    #[allow(missing_docs)]
    Udp,
}

/// How fast a file is read: as fast as it goes, or at the speed at which it was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Pace {
    #[default]
    #[allow(missing_docs)]
    Fast,
    #[allow(missing_docs)]
    Realtime,
}

/// What happens to the data of a node that has failed and is not running again yet: `restart`
/// drops it, `open` lets it by unchanged, `closed` stops it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum OnFailure {
    #[default]
    #[allow(missing_docs)]
    Restart,
    #[allow(missing_docs)]
    Open,
    #[allow(missing_docs)]
    Closed,
}

/// Whether each camera has an instance of its own (`camera`), or all of them share one (`none`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Partition {
    #[default]
    #[allow(missing_docs)]
    Camera,
    #[allow(missing_docs)]
    None,
}

/// What an adapter delivers in the order in which it happened: the reports of one incident, or all
/// alerts of a camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Order {
    #[default]
    #[allow(missing_docs)]
    Incident,
    #[allow(missing_docs)]
    Camera,
}

/// A database.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DatabaseSpec {
    /// Where it is, with its name and who logs in.
    #[schemars(extend("examples" = ["postgres://agave@db.example.org/agave"]))]
    pub(crate) url: String,
    /// With what; `${secret:NAME}` keeps it out of the file.
    #[schemars(extend("examples" = ["${secret:database}"]))]
    pub(crate) password: Option<String>,
    /// A file of certificates in PEM that are trusted besides the system's, relative to the
    /// folder of the flow file.
    pub(crate) ca: Option<String>,
}

/// A device that others subscribe to as if it were a camera.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DeviceSpec {
    /// The address and port that it listens at; `0.0.0.0` is all of this machine's.
    #[schemars(extend("examples" = ["0.0.0.0:8000"]))]
    pub(crate) listen: String,
    /// Who may log in.
    pub(crate) username: String,
    /// With what; `${secret:NAME}` keeps it out of the file.
    #[schemars(extend("examples" = ["${secret:device}"]))]
    pub(crate) password: String,
    /// What it calls itself; the flow's name, if not said.
    pub(crate) name: Option<String>,
    /// As which event of a camera each kind of alert is shown; `fielddetection`, if not said.
    #[schemars(extend("examples" = [{"forbidden-object": "regionEntrance"}]))]
    pub(crate) events: Option<std::collections::BTreeMap<String, String>>,
    /// Whether the object's box is drawn on the pictures of incidents.
    #[serde(default)]
    pub(crate) boxes: bool,
}

/// One step of the flow. It does exactly one of `infer`, `plugin`, `store` and `serve`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct NodeSpec {
    /// The template that says the rest. What is said here as well goes before it.
    #[expect(dead_code, reason = "it has been replaced by what it stands for")]
    pub(crate) r#use: Option<String>,
    /// The parameters of the template.
    #[expect(dead_code, reason = "it has been replaced by what it stands for")]
    pub(crate) with: Option<Map<String, Value>>,
    /// Run the model of this name on frames; what comes out is detections.
    pub(crate) infer: Option<String>,
    /// Run this plugin: the name of one that is installed, or the path of a `.wasm` file.
    #[schemars(extend("examples" = ["roi", "./my-rule.wasm"]))]
    pub(crate) plugin: Option<String>,
    /// Keep something. There is nothing to choose from but `alerts`.
    #[schemars(extend("enum" = ["alerts"]))]
    pub(crate) store: Option<String>,
    /// The PostgreSQL database that `store` writes to; a file beside the flow's state, if not
    /// said.
    pub(crate) database: Option<DatabaseSpec>,
    /// Let others subscribe to the alerts. There is nothing to choose from but `isapi`, as they do
    /// to a Hikvision camera.
    #[schemars(extend("enum" = ["isapi"]))]
    pub(crate) serve: Option<String>,
    /// The device that `serve` is.
    pub(crate) device: Option<DeviceSpec>,
    /// What it reads: a name or a list of names. A model reads cameras, and `cameras` is all of
    /// them; everything else reads other nodes. To an adapter, `alerts` is all alerts that leave the
    /// flow.
    pub(crate) from: NameList,
    /// Settings of the plugin.
    pub(crate) config: Option<Map<String, Value>>,
    /// What the plugin may reach. Only adapters may reach anything.
    pub(crate) allow: Option<AllowSpec>,
    /// What one instance of the plugin may use up.
    pub(crate) limits: Option<LimitsSpec>,
    /// What happens to the data while the plugin is not running: `restart` drops it, `open` lets
    /// it by unchanged, `closed` stops it. The default is restart.
    pub(crate) on_failure: Option<OnFailure>,
    /// At which hours it works, on the clocks of `time-zone`; always, if not said. Outside of them
    /// a model does not look, a filter and a gate let everything by, a rule sees nothing, and an
    /// adapter gets nothing.
    #[schemars(extend("examples" = ["Mon-Fri 06:00-22:00"]))]
    pub(crate) active: Option<String>,
    /// Whether each camera has an instance of its own, or all of them share one, which only a
    /// rule can that is made to look at several cameras together. The default is camera.
    pub(crate) partition: Option<Partition>,
    /// What an adapter delivers in the order in which it happened: `incident` is the reports of one
    /// incident, so that an alert which its receiver does not take holds up nothing else;
    /// `camera` is all alerts of a camera. The default is incident.
    pub(crate) order: Option<Order>,
}

/// What an adapter may reach. Nothing else can be reached.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AllowSpec {
    /// Servers for HTTP requests: scheme, host and port, without a path.
    #[serde(default)]
    #[schemars(extend("examples" = [["https://nvr.example.org"]]))]
    pub(crate) http: Vec<String>,
    /// Secrets that may be used, by name. The plugin never sees them.
    #[serde(default)]
    #[schemars(extend("examples" = [["nvr-login"]]))]
    pub(crate) secrets: Vec<String>,
    /// Brokers that may be published to, by their names in `brokers`.
    #[serde(default)]
    pub(crate) mqtt: Vec<String>,
    /// Servers for plain connections, as `host:port`.
    #[serde(default)]
    #[schemars(extend("examples" = [["10.0.0.9:9100"]]))]
    pub(crate) tcp: Vec<String>,
    /// Whether pictures of frames may be seen. The default is false.
    #[serde(default)]
    pub(crate) frames: bool,
}

/// What one instance of a plugin may use up.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LimitsSpec {
    /// The longest that one call may take. The default is 50ms, and 30s for an adapter.
    #[schemars(extend("pattern" = DURATION_PATTERN, "examples" = ["50ms"]))]
    pub(crate) deadline: Option<String>,
    /// The most memory it may have. The default is 32MiB.
    #[schemars(extend("pattern" = SIZE_PATTERN, "examples" = ["32MiB"]))]
    pub(crate) memory: Option<String>,
    /// Between two calls, an instance with more memory than this is replaced by a new one that
    /// goes on where it was. The default is three quarters of `memory`.
    #[schemars(extend("pattern" = SIZE_PATTERN, "examples" = ["24MiB"]))]
    pub(crate) recycle: Option<String>,
    /// The most that it may hand to the host at once, as answer or as request. The default is
    /// 4MiB.
    #[schemars(extend("pattern" = SIZE_PATTERN, "examples" = ["4MiB"]))]
    pub(crate) output: Option<String>,
    /// The longest answer that an HTTP server may give it. The default is 1MiB.
    #[schemars(extend("pattern" = SIZE_PATTERN, "examples" = ["1MiB"]))]
    pub(crate) http_body: Option<String>,
    /// The most log lines that it may write in a second. The default is 50.
    #[schemars(range(min = 1, max = 10_000))]
    pub(crate) log_lines: Option<u32>,
}

/// What a name looks like. The words for a wrong one are in `resolve`.
pub(crate) const NAME_PATTERN: &str = "^[A-Za-z0-9_-]{1,64}$";

/// For editors; the words for a wrong one are in `resolve`.
const DURATION_PATTERN: &str = r"^[0-9]+(\.[0-9]+)?(ms|s|m|min|h)$";

const SIZE_PATTERN: &str = "^[0-9]+ *(KiB|MiB|GiB)$";

fn default_confidence() -> f64 {
    0.25
}

fn default_iou() -> f64 {
    0.7
}

fn default_fps() -> f64 {
    5.0
}

fn default_max_age() -> String {
    "500ms".to_owned()
}
