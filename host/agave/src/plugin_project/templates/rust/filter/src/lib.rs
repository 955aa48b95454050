//! Lets only sure detections through.

use agave_vision_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Detections below it are dropped.
    #[serde(default = "half")]
    #[schemars(range(min = 0.0, max = 1.0))]
    confidence: f32,
}

fn half() -> f32 {
    0.5
}

pub struct Sure {
    config: Config,
}

impl Plugin for Sure {
    type Config = Config;
    type State = ();

    fn configure(config: Config, _stream: &StreamInfo) -> Result<Self, String> {
        Ok(Self { config })
    }
}

impl Filter for Sure {
    fn process(&self, _: &mut (), mut frame: FrameDetections) -> Result<FrameDetections, String> {
        frame.detections.retain(|detection| detection.confidence >= self.config.confidence);
        Ok(frame)
    }
}

agave_vision_sdk::export_filter!(Sure);

#[cfg(test)]
mod tests {
    use super::*;
    use agave_vision_sdk::testing::{self, Harness, json};

    #[test]
    fn only_sure_detections_go_on() {
        let stream = testing::stream(&["person", "dog"]);
        let mut filter = Harness::<Sure>::new(json!({ "confidence": 0.6 }), stream).unwrap();
        let frame = testing::frame(0.0, &[(0, 0.9), (1, 0.4)]);
        let passed = filter.process(frame).unwrap().detections;
        assert_eq!(passed.iter().map(|one| one.id).collect::<Vec<_>>(), [0]);
    }
}
