//! Lets a class through once it has been seen in several frames in a row.

use std::collections::BTreeSet;

use agave_vision_sdk::log;
use agave_vision_sdk::prelude::*;
use serde::Deserializer;
use serde::de::Error;

/// What can be set in the flow file.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How sure the model has to be of a detection for it to count.
    #[schemars(range(min = 0.0, max = 1.0))]
    confidence: f32,
    /// In how many frames in a row a class has to be seen.
    #[schemars(range(min = 1, max = 100))]
    frames: u8,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            confidence: 0.5,
            frames: 3,
        }
    }
}

/// The plugin for one camera.
pub struct Steady {
    config: Config,
    classes: Vec<String>,
}

/// What it remembers from frame to frame. The SDK saves and restores it.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Each class that was in the last frame, and in how many frames in a row up to it.
    #[serde(deserialize_with = "counts")]
    seen: Vec<(u16, u8)>,
}

impl State {
    fn count(&self, class: u16) -> u8 {
        let mut seen = self.seen.iter();
        seen.find(|(one, _)| *one == class)
            .map_or(0, |(_, count)| *count)
    }
}

/// Only what this plugin could have saved.
fn counts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(u16, u8)>, D::Error> {
    let seen = Vec::<(u16, u8)>::deserialize(deserializer)?;
    let sorted = seen.is_sorted_by(|(one, _), (next, _)| one < next);
    if !sorted || !seen.iter().all(|(_, count)| (1..=100).contains(count)) {
        return Err(D::Error::custom(
            "classes have to rise, and counts are from 1 to 100",
        ));
    }
    Ok(seen)
}

impl Plugin for Steady {
    type Config = Config;
    type State = State;

    fn configure(config: Config, stream: &StreamInfo) -> Result<Self, String> {
        if !(0.0..=1.0).contains(&config.confidence) {
            return Err("`confidence` has to be from 0 to 1".to_owned());
        }
        if !(1..=100).contains(&config.frames) {
            return Err("`frames` has to be from 1 to 100".to_owned());
        }
        Ok(Self {
            config,
            classes: stream.classes.clone(),
        })
    }
}

impl Filter for Steady {
    fn process(
        &self,
        state: &mut State,
        mut frame: FrameDetections,
    ) -> Result<FrameDetections, String> {
        let Config { confidence, frames } = self.config;
        frame.detections.retain(|one| one.confidence >= confidence);
        let classes: BTreeSet<u16> = frame.detections.iter().map(|one| one.class).collect();
        let seen = classes.into_iter().map(|class| {
            let before = state.count(class);
            if before + 1 == frames
                && let Some(name) = self.classes.get(usize::from(class))
            {
                log::info(&format!("{name} is steady"));
            }
            (class, frames.min(before.saturating_add(1)))
        });
        state.seen = seen.collect();
        frame
            .detections
            .retain(|one| state.count(one.class) >= frames);
        Ok(frame)
    }
}

agave_vision_sdk::export_filter!(Steady);

#[cfg(test)]
mod tests {
    use super::*;
    use agave_vision_sdk::testing::{self, Harness, json};

    #[test]
    fn a_class_passes_in_its_third_frame_also_after_a_restart() {
        let stream = testing::stream(&["worker", "object"]);
        let mut steady = Harness::<Steady>::new(json!({}), stream).unwrap();
        let mut passed = |detections: &[(u16, f32)]| {
            let frame = testing::frame(0.0, detections);
            let passed = steady.process(frame).unwrap().detections.len();
            steady.restart().unwrap();
            passed
        };
        assert_eq!(passed(&[(1, 0.9), (0, 0.9)]), 0);
        assert_eq!(passed(&[(1, 0.9), (0, 0.4)]), 0);
        assert_eq!(passed(&[(1, 0.9), (0, 0.9)]), 1);
        assert_eq!(
            testing::logged()
                .into_iter()
                .map(|(_, line)| line)
                .collect::<Vec<_>>(),
            ["object is steady"]
        );
        assert_eq!(steady.saved(), r#"{"seen":[[0,1],[1,3]]}"#);
    }

    #[test]
    fn only_what_it_could_have_saved_is_restored() {
        let mut steady = Harness::<Steady>::new(json!({}), testing::stream(&["object"])).unwrap();
        for wrong in [
            "",
            "{}",
            "[[1,2]]",
            r#"{"seen":[[1,0]]}"#,
            r#"{"seen":[[2,1],[1,1]]}"#,
        ] {
            assert!(steady.restore(1, wrong).is_err(), "{wrong}");
        }
    }
}
