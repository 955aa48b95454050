//! The rule that Agave was asked for: a class that has no business in a zone is an incident.
//!
//! One incident lasts from the first sighting to the last; a thing that the model loses for
//! less than `gap` has not left. Time is counted in seconds, not in frames, so that a camera
//! that delivers half its frames does not change what an alert means.

use std::collections::BTreeMap;

use agave_vision_sdk::prelude::*;

/// Configuration of the forbidden-object rule.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The zone that is watched; a zone filter has to come before this rule.
    pub zone: String,
    /// The classes that raise an alert. Left out: every class that is not allowed.
    #[serde(default)]
    pub alert: Vec<String>,
    /// The classes that never raise an alert, whatever `alert` says.
    #[serde(default)]
    pub allow: Vec<String>,
    /// How long something must have been in the zone before it is an incident.
    #[serde(default = "default_after")]
    pub after: Duration,
    /// How long something may be out of sight and still count as being there.
    #[serde(default = "default_gap")]
    pub gap: Duration,
    /// How much such an incident matters.
    #[serde(default)]
    pub severity: Level,
}

fn default_after() -> Duration {
    Duration::from_millis(1000)
}

fn default_gap() -> Duration {
    Duration::from_millis(1500)
}

/// How much an incident matters.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth a line in a log.
    Info,
    /// Worth a look.
    Warning,
    /// Worth getting up.
    #[default]
    Critical,
}

/// The rule for one camera.
pub struct ForbiddenObject {
    config: Config,
    camera: String,
    zone_bit: u64,
    /// Which class indices raise an alert, with their names.
    forbidden: BTreeMap<u16, String>,
}

/// What the rule remembers: the forbidden classes that are, or were just now, in the zone.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    present: BTreeMap<u16, Presence>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Presence {
    since: Timestamp,
    last_seen: Timestamp,
    last_frame: u64,
    detection: Detection,
    /// The incident's key, once it has been announced.
    key: Option<String>,
}

impl Plugin for ForbiddenObject {
    type Config = Config;
    type State = State;

    fn configure(config: Config, stream: &StreamInfo) -> Result<Self, String> {
        let zone_index = stream
            .zones
            .iter()
            .position(|zone| zone.name == config.zone)
            .ok_or_else(|| {
                let zones = stream.zones.iter().map(|zone| zone.name.as_str());
                format!(
                    "camera `{}` has no zone `{}`; it has {}",
                    stream.camera,
                    config.zone,
                    listed(zones)
                )
            })?;
        if let Some(unknown) = config
            .alert
            .iter()
            .chain(&config.allow)
            .find(|class| !stream.classes.contains(class))
        {
            let classes = stream.classes.iter().map(String::as_str);
            return Err(format!(
                "the model has no class `{unknown}`; it has {}",
                listed(classes)
            ));
        }
        let forbidden = (0u16..)
            .zip(&stream.classes)
            .filter(|(_, class)| config.alert.is_empty() || config.alert.contains(class))
            .filter(|(_, class)| !config.allow.contains(class))
            .map(|(index, class)| (index, class.clone()))
            .collect();
        Ok(Self {
            zone_bit: 1 << zone_index,
            camera: stream.camera.clone(),
            forbidden,
            config,
        })
    }
}

impl Rule for ForbiddenObject {
    fn evaluate(&self, state: &mut State, frame: &FrameDetections) -> Result<Vec<Alert>, String> {
        self.see(state, frame);
        let mut alerts = Vec::new();
        for (class, presence) in &mut state.present {
            let lasted = frame.at.saturating_sub(presence.since);
            let seen_now = presence.last_seen == frame.at;
            if presence.key.is_none() && seen_now && lasted >= self.config.after.as_nanos() {
                let milliseconds = frame.at / 1_000_000;
                let name = self.name(*class);
                let zone = &self.config.zone;
                presence.key = Some(format!("{}/{zone}/{name}/{milliseconds}", self.camera));
                alerts.extend(self.alert(Phase::Begin, *class, presence));
            }
        }
        let gap = self.config.gap.as_nanos();
        state.present.retain(|class, presence| {
            let stays = frame.at.saturating_sub(presence.last_seen) <= gap;
            if !stays {
                alerts.extend(self.alert(Phase::End, *class, presence));
            }
            stays
        });
        Ok(alerts)
    }
}

impl ForbiddenObject {
    /// Notes, for each forbidden class in the zone, its surest detection in this frame.
    fn see(&self, state: &mut State, frame: &FrameDetections) {
        for detection in &frame.detections {
            if detection.zones & self.zone_bit == 0
                || !self.forbidden.contains_key(&detection.class)
            {
                continue;
            }
            let presence = state
                .present
                .entry(detection.class)
                .or_insert_with(|| Presence {
                    since: frame.at,
                    last_seen: 0,
                    last_frame: frame.frame,
                    detection: *detection,
                    key: None,
                });
            let first_in_frame = presence.last_seen != frame.at;
            if first_in_frame || detection.confidence > presence.detection.confidence {
                presence.detection = *detection;
            }
            presence.last_seen = frame.at;
            presence.last_frame = frame.frame;
        }
    }

    fn name(&self, class: u16) -> &str {
        self.forbidden.get(&class).map_or("", String::as_str)
    }

    /// Nothing when the incident was never announced.
    fn alert(&self, phase: Phase, class: u16, presence: &Presence) -> Option<Alert> {
        Some(Alert {
            key: presence.key.clone()?,
            kind: "forbidden-object".to_owned(),
            phase,
            severity: match self.config.severity {
                Level::Info => Severity::Info,
                Level::Warning => Severity::Warning,
                Level::Critical => Severity::Critical,
            },
            at: presence.last_seen,
            frame: presence.last_frame,
            class: self.name(class).to_owned(),
            zone: Some(self.config.zone.clone()),
            detection: presence.detection,
            count: 1,
            attributes: Vec::new(),
        })
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

agave_vision_sdk::export_rule!(ForbiddenObject);

#[cfg(test)]
mod tests;
