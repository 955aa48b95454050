//! Lets only alerts of some severity through.

use agave_vision_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Alerts below it stay behind.
    #[serde(default)]
    at_least: Threshold,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Threshold {
    Info,
    #[default]
    Warning,
    Critical,
}

pub struct Severe {
    config: Config,
}

impl Plugin for Severe {
    type Config = Config;
    type State = ();

    fn configure(config: Config, _stream: &StreamInfo) -> Result<Self, String> {
        Ok(Self { config })
    }
}

impl Gate for Severe {
    fn pass(&self, _: &mut (), alert: Alert) -> Result<Vec<Alert>, String> {
        let severe_enough = alert.severity as u8 >= self.config.at_least as u8;
        Ok(if severe_enough { vec![alert] } else { Vec::new() })
    }
}

agave_vision_sdk::export_gate!(Severe);

#[cfg(test)]
mod tests {
    use super::*;
    use agave_vision_sdk::testing::{self, Harness, json};

    #[test]
    fn what_is_not_severe_enough_stays_behind() {
        let stream = testing::stream(&["person"]);
        let mut gate = Harness::<Severe>::new(json!({ "at-least": "critical" }), stream).unwrap();
        let mut passes = |severity| {
            let alert = Alert { severity, ..testing::alert("person", Phase::Begin, 0.0) };
            !gate.pass(alert).unwrap().is_empty()
        };
        assert!(!passes(Severity::Warning));
        assert!(passes(Severity::Critical));
    }
}
