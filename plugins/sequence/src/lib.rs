//! A rule that counts the frames that it sees and says so from time to time. Whoever adds up
//! what it said knows whether a frame, or what it remembered, was lost or counted twice.

use agave_vision_sdk::prelude::*;

/// When it speaks, and what it is called.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// It speaks at every frame whose number can be divided by this.
    #[serde(default = "one")]
    pub every: u64,
    /// Another label is another configuration, and nothing else.
    #[serde(default)]
    pub label: String,
    /// Trap when so many frames were counted.
    #[serde(default)]
    pub trap_at: Option<u64>,
}

fn one() -> u64 {
    1
}

/// The rule for one camera.
pub struct Sequence {
    config: Config,
    classes: Vec<String>,
}

/// How many frames it has seen since the stream began.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    frames: u64,
}

impl Plugin for Sequence {
    type Config = Config;
    type State = State;

    fn configure(config: Config, stream: &StreamInfo) -> Result<Self, String> {
        match config.every {
            0 => Err("`every` must be at least 1".to_owned()),
            _ => Ok(Self {
                config,
                classes: stream.classes.clone(),
            }),
        }
    }
}

impl Rule for Sequence {
    #[expect(clippy::panic, reason = "some tests want a plugin that fails")]
    fn evaluate(&self, state: &mut State, frame: &FrameDetections) -> Result<Vec<Alert>, String> {
        if self.config.trap_at.is_some_and(|at| state.frames >= at) {
            panic!("sequence was asked to trap at frame {}", state.frames);
        }
        state.frames += 1;
        let Some(&detection) = frame.detections.first() else {
            return Ok(Vec::new());
        };
        if !frame.frame.is_multiple_of(self.config.every) {
            return Ok(Vec::new());
        }
        Ok(vec![Alert {
            key: format!("frame-{}", frame.frame),
            kind: "sequence".to_owned(),
            phase: Phase::Begin,
            severity: Severity::Info,
            at: frame.at,
            frame: frame.frame,
            class: self.class(detection.class),
            zone: None,
            detection,
            count: 1,
            attributes: vec![
                ("frames".to_owned(), state.frames.to_string()),
                ("label".to_owned(), self.config.label.clone()),
            ],
        }])
    }
}

impl Sequence {
    fn class(&self, number: u16) -> String {
        let class = self.classes.get(usize::from(number));
        class.cloned().unwrap_or_default()
    }
}

agave_vision_sdk::export_rule!(Sequence);
