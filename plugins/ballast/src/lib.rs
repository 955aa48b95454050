//! A filter that lets everything by and remembers much. It notices when a frame is missing
//! before the one that it gets, and when what it remembers has changed on the way.

use agave_vision_sdk::prelude::*;

/// How much it remembers.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// In KiB.
    pub kib: u32,
    /// Another label is another configuration, and nothing else.
    #[serde(default)]
    pub label: String,
    /// Frames are refused when the one before is missing.
    #[serde(default)]
    pub strict: bool,
}

/// The filter for one camera.
pub struct Ballast {
    config: Config,
}

/// What it carries around.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    last_frame: Option<u64>,
    ballast: Vec<u32>,
}

impl Plugin for Ballast {
    type Config = Config;
    type State = State;

    fn configure(config: Config, _stream: &StreamInfo) -> Result<Self, String> {
        Ok(Self { config })
    }
}

impl Filter for Ballast {
    fn process(
        &self,
        state: &mut State,
        frame: FrameDetections,
    ) -> Result<FrameDetections, String> {
        let expected = state.last_frame.map(|last| last + 1);
        if self.config.strict && expected.is_some_and(|expected| expected != frame.frame) {
            return Err(format!(
                "frame {} after {:?}",
                frame.frame, state.last_frame
            ));
        }
        state.last_frame = Some(frame.frame);
        let words = self.config.kib as usize * 256;
        let fresh = state.ballast.is_empty();
        if fresh {
            // Of a size that does not depend on how numbers are written.
            state.ballast = (0..words)
                .map(|word| u32::MAX - u32::try_from(word).unwrap_or(0))
                .collect();
        }
        let sound = state.ballast.len() == words
            && state.ballast.first().is_none_or(|word| *word == u32::MAX);
        match sound {
            true => Ok(frame),
            false => Err("the ballast has shifted".to_owned()),
        }
    }
}

agave_vision_sdk::export_filter!(Ballast);
