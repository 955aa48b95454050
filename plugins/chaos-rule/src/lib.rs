//! A rule that misbehaves on purpose: alerts that cannot be, or that nobody could carry.

use agave_vision_sdk::prelude::*;

/// How to misbehave.
///
/// The host's tests match on it without a wildcard: a mode that no test expects anything of
/// does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Raises one alert a frame, and each is in order.
    Honest,
    /// Raises one alert at the first frame, and it is in order.
    Once,
    /// Never returns.
    Loop,
    /// Traps.
    Trap,
    /// Raises 100 000 alerts at once.
    Flood,
    /// Raises as many alerts as it may, at each frame.
    SteadyFlood,
    /// Raises few alerts that weigh 6 MB.
    Weighty,
    /// A class that the model does not have.
    NoSuchClass,
    /// A zone that the camera does not have.
    NoSuchZone,
    /// An alert that stands for no alert.
    CountZero,
    /// No key.
    EmptyKey,
    /// No kind.
    EmptyKind,
    /// A key of 30 MB.
    HugeKey,
    /// A key with a line end in it, which a header or a topic cannot carry.
    ForgedKey,
    /// A kind that drives a terminal.
    ForgedKind,
    /// An attribute that looks like lines of a log.
    ForgedAttribute,
    /// More attributes than anyone can read.
    ManyAttributes,
    /// As many attributes as it may have, each as long as it may be.
    ManyLongAttributes,
    /// A text of 10 KB.
    LongAttribute,
    /// A confidence that is no number.
    NotANumber,
    /// A box of infinite width.
    Infinite,
    /// It happens tomorrow.
    FromTheFuture,
    /// It happens in a frame that was not there yet.
    LaterFrame,
}

/// Configuration of the misbehaviour.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How to misbehave.
    pub mode: Mode,
    /// The camera on which to misbehave; on the others it raises one alert a frame.
    pub camera: String,
}

/// The misbehaving rule for one camera.
pub struct ChaosRule {
    mode: Mode,
    class: String,
}

impl Plugin for ChaosRule {
    type Config = Config;
    type State = ();

    fn configure(config: Config, stream: &StreamInfo) -> Result<Self, String> {
        Ok(Self {
            mode: if config.camera == stream.camera {
                config.mode
            } else {
                Mode::Honest
            },
            class: stream.classes.first().cloned().unwrap_or_default(),
        })
    }
}

impl Rule for ChaosRule {
    #[expect(clippy::panic, reason = "this is what it is for")]
    fn evaluate(&self, (): &mut (), frame: &FrameDetections) -> Result<Vec<Alert>, String> {
        let Some(honest) = self.alert(frame) else {
            return Ok(Vec::new());
        };
        Ok(match self.mode {
            Mode::Loop => loop {
                std::hint::black_box(());
            },
            Mode::Trap => panic!("chaos was asked to trap"),
            Mode::Flood => (0..100_000)
                .map(|number| numbered(&honest, number))
                .collect(),
            Mode::SteadyFlood => (0..1000).map(|number| numbered(&honest, number)).collect(),
            Mode::Weighty => (0..100).map(|_| weighty(&honest)).collect(),
            Mode::Once if frame.frame > 0 => Vec::new(),
            mode => vec![spoilt(mode, honest)],
        })
    }
}

impl ChaosRule {
    /// What is in order about the first detection.
    fn alert(&self, frame: &FrameDetections) -> Option<Alert> {
        let detection = *frame.detections.first()?;
        Some(Alert {
            key: format!("{}/chaos", frame.frame),
            kind: "chaos".to_owned(),
            phase: Phase::Begin,
            severity: Severity::Info,
            at: frame.at,
            frame: frame.frame,
            class: self.class.clone(),
            zone: None,
            detection,
            count: 1,
            attributes: Vec::new(),
        })
    }
}

fn numbered(alert: &Alert, number: u32) -> Alert {
    Alert {
        key: format!("{}/{number}", alert.key),
        ..alert.clone()
    }
}

/// Each of its texts is short enough.
fn weighty(alert: &Alert) -> Alert {
    let text = "x".repeat(1000);
    Alert {
        attributes: (0..60).map(|_| ("name".to_owned(), text.clone())).collect(),
        ..alert.clone()
    }
}

fn spoilt(mode: Mode, mut alert: Alert) -> Alert {
    const FORGERY: &str = "all well\r\nerror: node is on fire\u{1b}[2J";
    let attribute = |text: String| vec![("name".to_owned(), text)];
    match mode {
        Mode::NoSuchClass => alert.class = "unicorn".to_owned(),
        Mode::NoSuchZone => alert.zone = Some("nowhere".to_owned()),
        Mode::CountZero => alert.count = 0,
        Mode::EmptyKey => alert.key.clear(),
        Mode::EmptyKind => alert.kind.clear(),
        Mode::HugeKey => alert.key = "k".repeat(30 << 20),
        Mode::ForgedKey => alert.key = FORGERY.to_owned(),
        Mode::ForgedKind => alert.kind = FORGERY.to_owned(),
        Mode::ForgedAttribute => alert.attributes = attribute(FORGERY.to_owned()),
        Mode::ManyAttributes => {
            let one = ("name".to_owned(), "value".to_owned());
            alert.attributes = vec![one; 10_000];
        }
        Mode::ManyLongAttributes => {
            let one = ("n".repeat(1000), "v".repeat(1000));
            alert.attributes = vec![one; 60];
        }
        Mode::LongAttribute => alert.attributes = attribute("x".repeat(10_000)),
        Mode::NotANumber => alert.detection.confidence = f32::NAN,
        Mode::Infinite => alert.detection.bbox.width = f32::INFINITY,
        Mode::FromTheFuture => alert.at += 24 * 3600 * 1_000_000_000,
        Mode::LaterFrame => alert.frame += 1,
        _ => {}
    }
    alert
}

agave_vision_sdk::export_rule!(ChaosRule);
