//! A gate that misbehaves on purpose: it does not give back what it was given.

use agave_vision_sdk::prelude::*;

/// How to misbehave.
///
/// The host's tests match on it without a wildcard: a mode that no test expects anything of
/// does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Never returns from `pass`.
    Loop,
    /// Never returns from `tick`.
    LoopInTick,
    /// Traps in `pass`.
    Trap,
    /// Traps in `tick`.
    TrapInTick,
    /// Returns an error from `tick`.
    ErrorInTick,
    /// Keeps everything for ever.
    Swallow,
    /// Gives every alert twice.
    Double,
    /// Says that an alert stands for a thousand.
    Multiply,
    /// Gives alerts at every tick although it has none.
    Invent,
    /// Gives 100 000 alerts for one.
    Flood,
    /// Says that an alert stands for none.
    CountZero,
    /// Changes the class to one that the model does not have.
    NoSuchClass,
}

/// Configuration of the misbehaviour.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How to misbehave.
    pub mode: Mode,
    /// The camera on which to misbehave; on the others it lets everything by.
    pub camera: String,
}

/// The misbehaving gate for one camera.
pub struct ChaosGate {
    mode: Option<Mode>,
}

/// The last alert, to give it again.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    last: Option<Alert>,
}

impl Plugin for ChaosGate {
    type Config = Config;
    type State = State;

    fn configure(config: Config, stream: &StreamInfo) -> Result<Self, String> {
        let mine = config.camera == stream.camera;
        Ok(Self {
            mode: mine.then_some(config.mode),
        })
    }
}

impl Gate for ChaosGate {
    #[expect(clippy::panic, reason = "this is what it is for")]
    fn pass(&self, state: &mut State, mut alert: Alert) -> Result<Vec<Alert>, String> {
        state.last = Some(alert.clone());
        match self.mode {
            Some(Mode::Loop) => forever(),
            Some(Mode::Trap) => panic!("chaos was asked to trap"),
            Some(Mode::Swallow) => return Ok(Vec::new()),
            Some(Mode::Double) => return Ok(vec![alert; 2]),
            Some(Mode::Flood) => return Ok(vec![alert; 100_000]),
            Some(Mode::Multiply) => alert.count = alert.count.saturating_mul(1000),
            Some(Mode::CountZero) => alert.count = 0,
            Some(Mode::NoSuchClass) => alert.class = "unicorn".to_owned(),
            _ => {}
        }
        Ok(vec![alert])
    }

    #[expect(clippy::panic, reason = "this is what it is for")]
    fn tick(&self, state: &mut State, _: Timestamp) -> Result<Vec<Alert>, String> {
        match self.mode {
            Some(Mode::LoopInTick) => forever(),
            Some(Mode::TrapInTick) => panic!("chaos was asked to trap"),
            Some(Mode::ErrorInTick) => Err("chaos was asked for an error".to_owned()),
            Some(Mode::Invent) => Ok(state.last.iter().cloned().collect()),
            _ => Ok(Vec::new()),
        }
    }
}

fn forever() -> ! {
    loop {
        std::hint::black_box(());
    }
}

agave_vision_sdk::export_gate!(ChaosGate);
