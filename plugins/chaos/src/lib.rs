//! A filter that misbehaves on purpose, so that the tests can show that the host contains it.
//! `chaos-rule`, `chaos-gate` and `chaos-adapter` do the same in the other roles.

mod modes;

use std::hint::black_box;

use agave_vision_sdk::log;
use agave_vision_sdk::prelude::*;

pub use modes::Mode;
use modes::{FORGERY, forever, recurse};

/// Configuration of the misbehaviour.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How to misbehave.
    pub mode: Mode,
    /// The camera on which to misbehave; on the others it lets everything by.
    pub camera: String,
    /// Misbehave only on frames whose number can be divided by this.
    #[serde(default = "every_frame")]
    pub every: u64,
}

fn every_frame() -> u64 {
    1
}

/// The misbehaving filter for one camera.
pub struct Chaos {
    mode: Option<Mode>,
    every: u64,
}

/// What it remembers: how to misbehave the next time that it is asked to save or restore.
#[derive(Default)]
pub struct State {
    mode: Option<Mode>,
}

impl Serialize for State {
    #[expect(clippy::panic, reason = "this is what it is for")]
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.mode {
            Some(Mode::UnsavableState) => {
                Err(serde::ser::Error::custom("chaos was asked not to be saved"))
            }
            Some(Mode::LoopInSave) => forever(),
            Some(Mode::TrapInSave) => panic!("chaos was asked to trap"),
            Some(Mode::HugeSnapshot) => "x".repeat(20 << 20).serialize(serializer),
            mode => mode.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for State {
    #[expect(clippy::panic, reason = "this is what it is for")]
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mode = Option::<Mode>::deserialize(deserializer)?;
        match mode {
            Some(Mode::RefuseRestore) => Err(serde::de::Error::custom(
                "chaos was asked to refuse its own state",
            )),
            Some(Mode::LoopInRestore) => forever(),
            Some(Mode::TrapInRestore) => panic!("chaos was asked to trap"),
            mode => Ok(Self { mode }),
        }
    }
}

impl Plugin for Chaos {
    type Config = Config;
    type State = State;

    #[expect(clippy::panic, reason = "this is what it is for")]
    fn configure(config: Config, stream: &StreamInfo) -> Result<Self, String> {
        let mode = (config.camera == stream.camera).then_some(config.mode);
        match mode {
            Some(Mode::LoopInConfigure) => forever(),
            Some(Mode::TrapInConfigure) => panic!("chaos was asked to trap"),
            Some(Mode::ErrorInConfigure) => Err(FORGERY.to_owned()),
            mode => Ok(Self {
                mode,
                every: config.every.max(1),
            }),
        }
    }
}

impl Filter for Chaos {
    fn process(
        &self,
        state: &mut State,
        mut frame: FrameDetections,
    ) -> Result<FrameDetections, String> {
        let Some(mode) = self.mode.filter(|_| frame.frame.is_multiple_of(self.every)) else {
            return Ok(frame);
        };
        state.mode = Some(mode);
        run(mode)?;
        spoil(mode, &mut frame);
        Ok(frame)
    }
}

/// What can go wrong before there is an answer.
#[expect(clippy::panic, reason = "this is what it is for")]
fn run(mode: Mode) -> Result<(), String> {
    match mode {
        Mode::Loop => forever(),
        Mode::Trap => panic!("chaos was asked to trap"),
        Mode::ForgedTrap => panic!("{FORGERY}"),
        Mode::TrapInDrop => drop(TrapsInDrop),
        Mode::Recurse => drop(black_box(recurse(0))),
        Mode::ReadClock => drop(black_box(std::time::Instant::now())),
        Mode::Allocate => {
            let mut hoard: Vec<Vec<u8>> = Vec::new();
            loop {
                hoard.push(black_box(vec![1; 1 << 20]));
            }
        }
        Mode::AllocateAtOnce => drop(black_box(vec![1u8; 1 << 30])),
        Mode::Leak => std::mem::forget(black_box(vec![1u8; 8 << 20])),
        Mode::Dirty => drop(black_box(vec![1u8; 24 << 20])),
        Mode::Error => return Err("chaos was asked for an error".to_owned()),
        Mode::LongError => return Err("long ".repeat(6_000_000)),
        Mode::ForgedError => return Err(FORGERY.to_owned()),
        Mode::OpenFile | Mode::Connect | Mode::SpawnThread => return reach_outside(mode),
        Mode::LogFlood => (0..20_000).for_each(|line| say(&format!("line {line}"))),
        Mode::LongLogLine => say(&"long ".repeat(1_000_000)),
        Mode::ForgedLogLine => say(FORGERY),
        _ => {}
    }
    Ok(())
}

fn say(line: &str) {
    log::write(log::Level::Warn, line);
}

/// What any program may do and a plugin may not.
fn reach_outside(mode: Mode) -> Result<(), String> {
    let reached = match mode {
        Mode::OpenFile => std::fs::read("/etc/passwd").map(drop),
        Mode::Connect => std::net::TcpStream::connect("127.0.0.1:22").map(drop),
        _ => std::thread::Builder::new().spawn(|| ()).map(drop),
    };
    reached.map_err(|error| error.to_string())
}

/// What can be wrong with the answer.
fn spoil(mode: Mode, frame: &mut FrameDetections) {
    match mode {
        Mode::OtherFrame => frame.frame += 1,
        Mode::OtherTime => frame.at += 1,
        Mode::Doubled => frame.detections.extend(frame.detections.clone()),
        Mode::Crowd => {
            let one = frame.detections.first().copied();
            frame.detections = one.map(|one| vec![one; 100_000]).unwrap_or_default();
        }
        _ => frame
            .detections
            .iter_mut()
            .for_each(|detection| spoil_detection(mode, detection)),
    }
}

fn spoil_detection(mode: Mode, detection: &mut Detection) {
    match mode {
        Mode::NotANumber => detection.bbox.left = f32::NAN,
        Mode::Infinite => detection.bbox.width = f32::INFINITY,
        Mode::Negative => detection.bbox.height = -0.1,
        Mode::FarAway => detection.bbox.top = 1e6,
        Mode::Overconfident => detection.confidence = 2.0,
        Mode::NoSuchClass => detection.class = u16::MAX,
        Mode::NoSuchZone => detection.zones = 1 << 63,
        Mode::Invented => detection.id = u32::MAX,
        _ => {}
    }
}

struct TrapsInDrop;

impl Drop for TrapsInDrop {
    #[expect(clippy::panic, reason = "this is what it is for")]
    fn drop(&mut self) {
        panic!("chaos was asked to trap while it cleans up");
    }
}

agave_vision_sdk::export_filter!(Chaos);
