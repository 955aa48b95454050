//! The debouncer: an incident that stops and starts again within `hold` is one incident.
//!
//! A begin goes on at once. An end is held back for `hold`; when the same thing begins again
//! before that, the end and the new begin are folded into one update of the first incident, so
//! nothing is hidden: the update's count says how many alerts it stands for.

use std::collections::BTreeMap;

use agave_vision_sdk::prelude::*;

/// Configuration of the debouncer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How long an incident must be over before its end is announced.
    #[serde(default = "default_hold")]
    pub hold: Duration,
}

fn default_hold() -> Duration {
    Duration::from_millis(30_000)
}

/// The debouncer for one camera.
pub struct Debounce {
    hold: u64,
}

/// What the debouncer remembers: the incidents that have begun and are not yet over.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    open: Vec<Incident>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Incident {
    /// What makes a later begin the same incident.
    kind: String,
    class: String,
    zone: Option<String>,
    /// The key under which it was announced.
    key: String,
    /// Its end, while that is held back.
    held_end: Option<Alert>,
}

impl Incident {
    fn is_of(&self, alert: &Alert) -> bool {
        (&self.kind, &self.class, &self.zone) == (&alert.kind, &alert.class, &alert.zone)
    }
}

impl Plugin for Debounce {
    type Config = Config;
    type State = State;

    fn configure(config: Config, _: &StreamInfo) -> Result<Self, String> {
        Ok(Self {
            hold: config.hold.as_nanos(),
        })
    }
}

impl Gate for Debounce {
    fn pass(&self, state: &mut State, mut alert: Alert) -> Result<Vec<Alert>, String> {
        let mut passed = self.tick(state, alert.at)?;
        let known = state
            .open
            .iter_mut()
            .find(|incident| incident.is_of(&alert));
        match (known, alert.phase) {
            (None, Phase::Begin) => {
                state.open.push(Incident {
                    kind: alert.kind.clone(),
                    class: alert.class.clone(),
                    zone: alert.zone.clone(),
                    key: alert.key.clone(),
                    held_end: None,
                });
                passed.push(alert);
            }
            // An incident whose begin went by before this gate was there.
            (None, Phase::Update | Phase::End) => passed.push(alert),
            (Some(incident), Phase::Begin | Phase::Update) => {
                alert.key.clone_from(&incident.key);
                alert.phase = Phase::Update;
                alert.count += incident.held_end.take().map_or(0, |end| end.count);
                passed.push(alert);
            }
            (Some(incident), Phase::End) => {
                alert.key.clone_from(&incident.key);
                alert.count += incident.held_end.take().map_or(0, |end| end.count);
                incident.held_end = Some(alert);
            }
        }
        Ok(passed)
    }

    fn tick(&self, state: &mut State, now: Timestamp) -> Result<Vec<Alert>, String> {
        let mut ended = BTreeMap::new();
        state.open.retain_mut(|incident| {
            match incident
                .held_end
                .take_if(|end| now.saturating_sub(end.at) >= self.hold)
            {
                Some(end) => {
                    ended.insert((end.at, end.key.clone()), end);
                    false
                }
                None => true,
            }
        });
        Ok(ended.into_values().collect())
    }
}

agave_vision_sdk::export_gate!(Debounce);

#[cfg(test)]
mod tests;
