//! Raises an alert when a class has been in view for some seconds.

use agave_vision_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The class that is watched for.
    class: String,
    /// For how many seconds it must have been in view.
    #[serde(default = "two")]
    #[schemars(range(min = 0.0))]
    seconds: f64,
}

fn two() -> f64 {
    2.0
}

pub struct InView {
    config: Config,
    camera: String,
    class: u16,
}

/// The SDK saves it and brings it back after a restart.
#[derive(Default, Deserialize, Serialize)]
pub struct State {
    /// When the class came into view.
    since: Option<Timestamp>,
    /// The alert with which the incident began, until it has ended.
    begun: Option<Alert>,
}

impl Plugin for InView {
    type Config = Config;
    type State = State;

    fn configure(config: Config, stream: &StreamInfo) -> Result<Self, String> {
        let class = stream.classes.iter().position(|class| *class == config.class);
        let class = class.and_then(|class| u16::try_from(class).ok()).ok_or_else(|| {
            format!("there is no class '{}'; there are: {}", config.class, stream.classes.join(", "))
        })?;
        Ok(Self { config, camera: stream.camera.clone(), class })
    }
}

impl Rule for InView {
    fn evaluate(&self, state: &mut State, frame: &FrameDetections) -> Result<Vec<Alert>, String> {
        let Some(seen) = frame.detections.iter().find(|one| one.class == self.class) else {
            state.since = None;
            let ended = |begun| Alert { phase: Phase::End, at: frame.at, frame: frame.frame, ..begun };
            return Ok(state.begun.take().map(ended).into_iter().collect());
        };
        let since = *state.since.get_or_insert(frame.at);
        let seconds = frame.at.saturating_sub(since) as f64 / 1e9;
        if state.begun.is_some() || seconds < self.config.seconds {
            return Ok(Vec::new());
        }
        let alert = Alert {
            key: format!("{}/{}/{since}", self.camera, self.config.class),
            kind: env!("CARGO_PKG_NAME").to_owned(),
            phase: Phase::Begin,
            severity: Severity::Warning,
            at: frame.at,
            frame: frame.frame,
            class: self.config.class.clone(),
            zone: None,
            detection: seen.clone(),
            count: 1,
            attributes: Vec::new(),
        };
        state.begun = Some(alert.clone());
        Ok(vec![alert])
    }
}

agave_vision_sdk::export_rule!(InView);

#[cfg(test)]
mod tests {
    use super::*;
    use agave_vision_sdk::testing::{self, Harness, json};

    #[test]
    fn an_incident_begins_and_ends() {
        let stream = testing::stream(&["person"]);
        let mut rule = Harness::<InView>::new(json!({ "class": "person" }), stream).unwrap();
        let mut phases = |at, detections: &[(u16, f32)]| -> Vec<Phase> {
            let alerts = rule.evaluate(&testing::frame(at, detections)).unwrap();
            rule.restart().unwrap();
            alerts.iter().map(|alert| alert.phase).collect()
        };
        assert_eq!(phases(0.0, &[(0, 0.9)]), []);
        assert_eq!(phases(2.0, &[(0, 0.9)]), [Phase::Begin]);
        assert_eq!(phases(3.0, &[(0, 0.9)]), []);
        assert_eq!(phases(4.0, &[]), [Phase::End]);
    }
}
