//! A filter that misbehaves on purpose, so that the tests can show that the host contains it.

use agave_vision_sdk::prelude::*;

/// How to misbehave.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Never returns.
    Loop,
    /// Takes memory without end.
    Allocate,
    /// Traps.
    Trap,
    /// Returns an error.
    Error,
    /// Answers, and then cannot say what it remembers.
    Save,
}

/// Configuration of the misbehaviour.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How to misbehave.
    pub mode: Mode,
    /// The camera on which to misbehave; on the others it lets everything by.
    pub camera: String,
}

/// The misbehaving filter for one camera.
pub struct Chaos {
    mode: Option<Mode>,
}

/// What it remembers; it may refuse to be remembered.
#[derive(Default, Deserialize)]
pub struct State {
    refuses: bool,
}

impl Serialize for State {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.refuses {
            return Err(serde::ser::Error::custom("chaos was asked not to be saved"));
        }
        serializer.collect_map([("refuses", false)])
    }
}

impl Plugin for Chaos {
    type Config = Config;
    type State = State;

    fn configure(config: Config, stream: &StreamInfo) -> Result<Self, String> {
        let mine = config.camera == stream.camera;
        Ok(Self {
            mode: mine.then_some(config.mode),
        })
    }
}

impl Filter for Chaos {
    fn process(
        &self,
        state: &mut State,
        frame: FrameDetections,
    ) -> Result<FrameDetections, String> {
        match self.mode {
            None => Ok(frame),
            Some(Mode::Save) => {
                state.refuses = true;
                Ok(frame)
            }
            Some(Mode::Loop) => loop {
                std::hint::black_box(());
            },
            Some(Mode::Allocate) => {
                let mut hoard: Vec<Vec<u8>> = Vec::new();
                loop {
                    hoard.push(std::hint::black_box(vec![1; 1 << 20]));
                }
            }
            #[expect(clippy::panic, reason = "this is what it is for")]
            Some(Mode::Trap) => panic!("chaos was asked to trap"),
            Some(Mode::Error) => Err("chaos was asked for an error".to_owned()),
        }
    }
}

agave_vision_sdk::export_filter!(Chaos);
