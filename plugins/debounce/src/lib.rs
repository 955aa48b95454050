//! The debouncer: an incident that stops and starts again within `hold` is one incident.
//!
//! A begin goes on at once. An end is held back for `hold`; when the same thing begins again
//! before that, the end and the new begin are folded into one update of the first incident, so
//! nothing is hidden: the update's count says how many alerts it stands for.

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
    /// The key that its rule uses now; another one after a bounce.
    source_key: String,
    /// Its end, while that is held back.
    held_end: Option<Alert>,
}

impl Incident {
    fn begun_by(alert: &Alert) -> Self {
        Self {
            kind: alert.kind.clone(),
            class: alert.class.clone(),
            zone: alert.zone.clone(),
            key: alert.key.clone(),
            source_key: alert.key.clone(),
            held_end: None,
        }
    }

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
        let Some(incident) = known else {
            // An update or an end without an incident: its begin went by before this gate was
            // there.
            if alert.phase == Phase::Begin {
                state.open.push(Incident::begun_by(&alert));
            }
            passed.push(alert);
            return Ok(passed);
        };
        let another = alert.key != incident.source_key;
        if alert.phase == Phase::Begin && another && incident.held_end.is_none() {
            // The end of the one before was never told, so there is nothing to bounce from.
            *incident = Incident::begun_by(&alert);
            passed.push(alert);
            return Ok(passed);
        }
        incident.source_key.clone_from(&alert.key);
        alert.key.clone_from(&incident.key);
        alert.count += incident.held_end.take().map_or(0, |end| end.count);
        if alert.phase == Phase::End {
            incident.held_end = Some(alert);
        } else {
            alert.phase = Phase::Update;
            passed.push(alert);
        }
        Ok(passed)
    }

    fn tick(&self, state: &mut State, now: Timestamp) -> Result<Vec<Alert>, String> {
        let mut ended = Vec::new();
        state.open.retain_mut(|incident| {
            let due = |end: &mut Alert| now.saturating_sub(end.at) >= self.hold;
            let end = incident.held_end.take_if(due);
            let stays = end.is_none();
            ended.extend(end);
            stays
        });
        ended.sort_by_key(|end| end.at);
        Ok(ended)
    }
}

agave_vision_sdk::export_gate!(Debounce);

#[cfg(test)]
mod tests;
