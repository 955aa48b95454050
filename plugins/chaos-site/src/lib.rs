//! A rule for several cameras that misbehaves on purpose: what only such a rule can do, and what
//! a failure means where one instance is shared.

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
    /// Never returns.
    Loop,
    /// Never returns when it is told its cameras.
    LoopInCameras,
    /// Traps.
    Trap,
    /// Traps when it is told its cameras.
    TrapInCameras,
    /// Refuses its cameras, with what drives a terminal.
    RefuseCameras,
    /// Returns an error.
    Error,
    /// A class that only another camera's model has.
    OtherCamerasClass,
    /// A zone that only another camera has.
    OtherCamerasZone,
    /// A detection with a zone bit that only another camera has.
    OtherCamerasZoneBit,
    /// A detection with the number of a class that only another camera has.
    OtherCamerasClassNumber,
    /// The time of another camera that is ahead of this one.
    OtherCamerasTime,
    /// The frame number of another camera that is ahead of this one.
    OtherCamerasFrame,
    /// Raises 100 000 alerts at once.
    Flood,
    /// Raises as many alerts as it may, at each frame of each camera.
    SteadyFlood,
}

/// Configuration of the misbehaviour.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How to misbehave.
    pub mode: Mode,
    /// The camera at whose frames to misbehave; at the others it raises one alert a frame.
    pub camera: String,
}

/// The misbehaving rule for all cameras.
pub struct ChaosSite {
    config: Config,
    cameras: Vec<StreamInfo>,
}

/// The latest frame of any camera.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    at: Timestamp,
    frame: u64,
}

impl Plugin for ChaosSite {
    type Config = Config;
    type State = State;

    fn configure(config: Config, _: &StreamInfo) -> Result<Self, String> {
        Ok(Self {
            config,
            cameras: Vec::new(),
        })
    }
}

impl SiteRule for ChaosSite {
    #[expect(clippy::panic, reason = "this is what it is for")]
    fn cameras(&mut self, cameras: &[StreamInfo]) -> Result<(), String> {
        match self.config.mode {
            Mode::LoopInCameras => forever(),
            Mode::TrapInCameras => panic!("chaos was asked to trap"),
            Mode::RefuseCameras => return Err("all well\r\nno cameras\u{1b}[2J".to_owned()),
            _ => {}
        }
        self.cameras = cameras.to_vec();
        Ok(())
    }

    #[expect(clippy::panic, reason = "this is what it is for")]
    fn evaluate(
        &self,
        state: &mut State,
        camera: usize,
        frame: &FrameDetections,
    ) -> Result<Vec<Alert>, String> {
        let latest = (state.at.max(frame.at), state.frame.max(frame.frame));
        (state.at, state.frame) = latest;
        let Some(here) = self.cameras.get(camera) else {
            return Err("there is no such camera".to_owned());
        };
        let Some(honest) = alert(here, frame) else {
            return Ok(Vec::new());
        };
        if here.camera != self.config.camera {
            return Ok(vec![honest]);
        }
        Ok(match self.config.mode {
            Mode::Loop => forever(),
            Mode::Trap => panic!("chaos was asked to trap"),
            Mode::Error => return Err("chaos was asked for an error".to_owned()),
            Mode::Flood => vec![honest; 100_000],
            Mode::SteadyFlood => vec![honest; 1000],
            mode => vec![self.spoilt(mode, honest, here, latest)],
        })
    }
}

impl ChaosSite {
    fn spoilt(
        &self,
        mode: Mode,
        mut alert: Alert,
        here: &StreamInfo,
        latest: (Timestamp, u64),
    ) -> Alert {
        let others = || self.cameras.iter().filter(|one| one.camera != here.camera);
        match mode {
            Mode::OtherCamerasClass => {
                let mut classes = others().flat_map(|other| &other.classes);
                let foreign = classes.find(|class| !here.classes.contains(class));
                alert.class = foreign.cloned().unwrap_or_default();
            }
            Mode::OtherCamerasZone => {
                let mut zones = others().flat_map(|other| &other.zones);
                let is_here = |name: &str| here.zones.iter().any(|zone| zone.name == name);
                alert.zone = zones
                    .find(|zone| !is_here(&zone.name))
                    .map(|zone| zone.name.clone());
            }
            Mode::OtherCamerasZoneBit => alert.detection.zones = 1 << here.zones.len(),
            Mode::OtherCamerasClassNumber => {
                alert.detection.class = u16::try_from(here.classes.len()).unwrap_or_default();
            }
            Mode::OtherCamerasTime => alert.at = latest.0,
            Mode::OtherCamerasFrame => alert.frame = latest.1,
            _ => {}
        }
        alert
    }
}

/// What is in order about the first detection.
fn alert(camera: &StreamInfo, frame: &FrameDetections) -> Option<Alert> {
    let detection = *frame.detections.first()?;
    Some(Alert {
        key: format!("{}/{}/chaos", camera.camera, frame.frame),
        kind: "chaos".to_owned(),
        phase: Phase::Begin,
        severity: Severity::Info,
        at: frame.at,
        frame: frame.frame,
        class: camera.classes.first().cloned().unwrap_or_default(),
        zone: None,
        detection,
        count: 1,
        attributes: Vec::new(),
    })
}

fn forever() -> ! {
    loop {
        std::hint::black_box(());
    }
}

agave_vision_sdk::export_site_rule!(ChaosSite);
