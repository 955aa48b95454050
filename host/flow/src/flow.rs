//! The checked flow: what the rest of Agave works with. Everything a name stood for has been
//! looked up, so that nothing after this stage can fail because of what the file says.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use agave_core::{BoundingBox, Fingerprint, Phase, Role, Schedule, Secret, Zone};

use crate::places::Places;
use crate::spec::{OnFailure, Order, Pace, Partition, Transport};

/// Index into [`Flow::models`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelIndex(pub usize);

/// Index into [`Flow::cameras`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CameraIndex(pub usize);

/// Index into [`Flow::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(pub usize);

/// A flow without a mistake in it. Two are equal when they mean the same: neither comments nor the
/// order in which things were written are part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// What the flow is called.
    pub name: String,
    /// The file that it was read from.
    pub file: PathBuf,
    /// In the order of their names.
    pub models: Vec<Model>,
    /// In the order of their names.
    pub brokers: Vec<Broker>,
    /// In the order of their names.
    pub cameras: Vec<Camera>,
    /// Every node comes after those it reads; where nothing else decides, in the order of their
    /// names.
    pub nodes: Vec<Node>,
    /// In the order of the file.
    pub tests: Vec<TestCase>,
    /// Where all of it was written, which is no part of what it means.
    pub places: Places,
}

/// A model and what it takes for one of its detections to count.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Unique among the models.
    pub name: String,
    /// The ONNX file, which existed when the flow was checked.
    pub path: PathBuf,
    /// The file, told by its bytes.
    pub fingerprint: Fingerprint,
    /// Detections below it are dropped; 0 to 1.
    pub confidence: f32,
    /// Of two boxes of a class that overlap by more, the weaker is dropped; 0 to 1.
    pub iou: f32,
}

/// An MQTT broker that adapters may be granted.
#[derive(Clone, Debug, PartialEq)]
pub struct Broker {
    /// Unique among the brokers.
    pub name: String,
    /// Where it is, `mqtt://` or `mqtts://`.
    pub url: Secret,
    /// The same without credentials, fit for logs.
    pub shown_url: String,
    /// Whom to log in as.
    pub username: Option<String>,
    /// With what.
    pub password: Option<Secret>,
    /// Certificates that are trusted besides the system's, which existed when the flow was
    /// checked.
    pub ca: Option<PathBuf>,
}

/// A camera, or a file that stands in for one.
#[derive(Clone, Debug, PartialEq)]
pub struct Camera {
    /// Unique among the cameras.
    pub name: String,
    /// For a stream, the URL with its credentials (characters of a secret that a URL cannot hold
    /// are percent-encoded); for a file, its path.
    pub url: Secret,
    /// The same without credentials, fit for logs.
    pub shown_url: String,
    /// What `url` is.
    pub kind: CameraKind,
    /// Frames looked at in a second; above 0, at most 120. Means nothing for a recording.
    pub fps: f32,
    /// A frame that is older than this when its turn comes is dropped and counted.
    pub max_age: Duration,
    /// How the stream is carried; means nothing for a file.
    pub transport: Transport,
    /// How fast a file is read; means nothing for a stream.
    pub pace: Pace,
    /// Whether a file is read again when it is at its end; means nothing for a stream.
    pub repeat: bool,
    /// The camera of a recording that is played. Without a name, that of this camera's, or the
    /// only one.
    pub recorded: Option<String>,
    /// At most [`agave_core::MAX_ZONES`], in the order of their names.
    pub zones: Vec<Zone>,
}

/// Where a camera's frames come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CameraKind {
    /// A network stream.
    Rtsp,
    /// A video or a picture on this machine.
    File,
    /// What models saw before, in a file on this machine.
    Recording,
}

/// One step of the flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Unique among the nodes.
    pub name: String,
    /// What it does.
    pub work: Work,
    /// The nodes that it reads; all of them come earlier. Empty for an infer node, which reads
    /// `cameras`.
    pub inputs: Vec<NodeIndex>,
    /// An adapter that reads `alerts`: whatever alerts leave the flow, so that its inputs are all
    /// rules and gates which no gate reads.
    pub reads_all_alerts: bool,
    /// The cameras whose data reaches it, in their order in the flow.
    pub cameras: Vec<CameraIndex>,
    /// At which hours it works; always, when there is none. Outside of them a model does not look
    /// and sees nothing, a filter and a gate let everything by, a rule sees frames without
    /// detections, and an adapter gets nothing.
    pub active: Option<Schedule>,
    /// Whether each camera has an instance of its own.
    pub partition: Partition,
    /// What an adapter delivers in its order.
    pub order: Order,
}

/// What a node does.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Runs a model on frames.
    Infer {
        /// The model.
        model: ModelIndex,
    },
    /// Runs a plugin.
    Plugin(PluginNode),
    /// Keeps alerts: in a database, or else in a file beside the flow's state.
    Store(Option<Database>),
    /// Lets others subscribe to alerts as to a camera.
    Serve(Device),
}

impl Work {
    /// Whether alerts leave the flow there.
    pub fn takes_alerts_out(&self) -> bool {
        match self {
            Self::Infer { .. } => false,
            Self::Plugin(plugin) => plugin.role == Role::Adapter,
            Self::Store(_) | Self::Serve(_) => true,
        }
    }
}

/// A PostgreSQL database.
#[derive(Clone, Debug, PartialEq)]
pub struct Database {
    /// Where it is and who logs in.
    pub url: Secret,
    /// The same without credentials, fit for logs.
    pub shown_url: String,
    /// With what, where the address does not say it.
    pub password: Option<Secret>,
    /// Certificates that are trusted besides the system's, which existed when the flow was
    /// checked.
    pub ca: Option<PathBuf>,
}

/// A device that serves alerts.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Who may log in.
    pub username: String,
    /// With what.
    pub password: Secret,
    /// What it calls itself.
    pub name: Option<String>,
    /// As which event each kind of alert is shown.
    pub events: BTreeMap<String, String>,
    /// Whether boxes are drawn on the pictures of incidents.
    pub boxes: bool,
}

/// A plugin in its place in the flow.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginNode {
    /// As the flow file has it.
    pub reference: String,
    /// The component that the reference stands for.
    pub file: PathBuf,
    /// The component, told by its bytes.
    pub fingerprint: Fingerprint,
    /// The plugin's own name.
    pub plugin_name: String,
    /// The plugin's own version.
    pub plugin_version: String,
    /// What it reads, gives and may do.
    pub role: Role,
    /// Its configuration as JSON: an object that fits the plugin's schema.
    pub config: String,
    /// What it may reach. Empty unless it is an adapter.
    pub grants: Grants,
    /// What it may use up.
    pub limits: Limits,
    /// What happens to the data when it fails.
    pub on_failure: OnFailure,
}

/// What an adapter may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Servers that it may send HTTP requests to.
    pub http: Vec<Origin>,
    /// Secrets that it may use, by name. All of them were there when the flow was checked.
    pub secrets: Vec<String>,
    /// Brokers that it may publish to, by name; all of them are in [`Flow::brokers`].
    pub mqtt: Vec<String>,
    /// `host:port` pairs that it may connect to.
    pub tcp: Vec<String>,
    /// Whether it may see pictures of frames.
    pub frames: bool,
}

/// What one instance of a plugin may use up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest that one call may take.
    pub deadline: Duration,
    /// The most memory an instance may have, in bytes.
    pub memory_bytes: u64,
    /// Between two calls, an instance with more memory than this is replaced.
    pub recycle_bytes: u64,
    /// The most that it may hand to the host at once.
    pub output_bytes: u64,
    /// The longest answer that an HTTP server may give it.
    pub http_body_bytes: u64,
    /// The most log lines that it may write in a second.
    pub log_lines_per_second: u32,
}

/// Scheme of an [`Origin`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Plain.
    Http,
    /// Over TLS.
    Https,
}

/// A server as an allow-list names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Whether TLS is used.
    pub scheme: Scheme,
    /// Lower-case name or address; an IPv6 address is in brackets.
    pub host: String,
    /// Always there: the scheme's own where the file has none.
    pub port: u16,
}

impl fmt::Display for Scheme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

/// A test that is written in the flow file.
#[derive(Clone, Debug, PartialEq)]
pub struct TestCase {
    /// What it shows.
    pub name: String,
    /// The camera that the detections are played to.
    pub camera: CameraIndex,
    /// What is played.
    pub given: TestInputs,
    /// What must come out, by node. A node that is listed with nothing must give nothing.
    pub expect: Vec<(NodeIndex, Vec<ExpectedAlert>)>,
}

/// What a test plays.
#[derive(Clone, Debug, PartialEq)]
pub enum TestInputs {
    /// What is seen, as the file says it.
    Seen(Vec<Given>),
    /// What was recorded.
    Recorded {
        /// The recording, which existed when the flow was checked.
        file: PathBuf,
        /// The camera by its name in the recording.
        camera: String,
    },
}

/// Something that is seen for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// Since the start of the test.
    pub at: Duration,
    /// For how long; zero means in one frame.
    pub lasts: Duration,
    /// What is seen in every frame of that time.
    pub detections: Vec<GivenDetection>,
}

/// One thing that is seen.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenDetection {
    /// The class by name.
    pub class: String,
    /// Where in the frame.
    pub bbox: BoundingBox,
    /// From 0 to 1.
    pub confidence: f32,
}

/// An alert that must come out. What is not said may be anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExpectedAlert {
    /// What kind of incident.
    pub kind: Option<String>,
    /// Which part of it.
    pub phase: Option<Phase>,
    /// The class by name.
    pub class: Option<String>,
    /// The zone by name.
    pub zone: Option<String>,
    /// Since the start of the test.
    pub at: Option<Duration>,
}
