//! The schedule: what an alert is worth by class, zone and hour, and what can wait until morning.
//!
//! The hours are those of the clock on the wall, as everywhere in a flow. What was decided for an
//! incident when it began holds until it is over, so that nobody is told of an end without a
//! begin. What is held is counted: when its hours are over, all that was held of one kind, class
//! and zone is one incident, whose count says how many alerts it stands for.

use agave_vision_sdk::prelude::*;

mod incident;
mod table;

use incident::{Going, Held};
use table::{Effect, Rule, Table};

/// More incidents than go on at one camera; those that a rule never ends are forgotten here.
const MOST_GOING: usize = 500;
/// More kinds, classes and zones than one camera has; then the first of them does not wait.
const MOST_HELD: usize = 200;

/// Configuration of the schedule.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// On whose clocks the hours are, as an IANA name: `Europe/Berlin`.
    pub time_zone: String,
    /// The table. Of an alert the first entry that fits decides; where none fits, the alert goes
    /// on as it is.
    #[schemars(length(min = 1, max = 100))]
    pub rules: Vec<Rule>,
}

/// The schedule for one camera.
pub struct Hours {
    table: Table,
}

/// What the schedule remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    now: Timestamp,
    going: Vec<Going>,
    held: Vec<Held>,
}

impl Plugin for Hours {
    type Config = Config;
    type State = State;

    fn configure(config: Config, stream: &StreamInfo) -> Result<Self, String> {
        Ok(Self {
            table: Table::new(config.rules, &config.time_zone, stream)?,
        })
    }
}

impl Gate for Hours {
    fn pass(&self, state: &mut State, alert: Alert) -> Result<Vec<Alert>, String> {
        let mut passed = self.tick(state, alert.at)?;
        let key = &alert.key;
        let going = state.going.iter().position(|going| going.has_member(key));
        if let Some(going) = going.and_then(|index| state.going.get_mut(index)) {
            passed.push(going.tell(alert));
            state.going.retain(|going| !going.is_over());
        } else if let Some(held) = state.held.iter_mut().find(|held| held.has_member(key)) {
            held.fold(alert);
        } else {
            passed.extend(self.begin(state, alert));
        }
        Ok(passed)
    }

    fn tick(&self, state: &mut State, now: Timestamp) -> Result<Vec<Alert>, String> {
        state.now = state.now.max(now);
        let mut told = Vec::new();
        let mut index = 0;
        while let Some(held) = state.held.get(index) {
            match self.table.effect(held.first(), state.now) {
                Effect::Hold => index += 1,
                effect => told.extend(let_go(state, index, effect)),
            }
        }
        Ok(told)
    }
}

impl Hours {
    /// An alert of an incident that this gate does not know.
    fn begin(&self, state: &mut State, mut alert: Alert) -> Vec<Alert> {
        let effect = self.table.effect(&alert, state.now);
        if alert.phase == Phase::End {
            // Its begin went by before this gate was there.
            alert.severity = severity(effect).unwrap_or(alert.severity);
            return vec![alert];
        }
        let mut passed = Vec::new();
        if effect != Effect::Hold {
            let severity = severity(effect);
            alert.severity = severity.unwrap_or(alert.severity);
            go_on(state, Going::begun_by(&alert, severity));
            passed.push(alert);
        } else if let Some(held) = state.held.iter_mut().find(|held| held.is_of(&alert)) {
            held.fold(alert);
        } else {
            if state.held.len() >= MOST_HELD {
                passed.extend(let_go(state, 0, Effect::Pass));
            }
            state.held.push(Held::begun_by(alert));
        }
        passed
    }
}

/// Tells what was held under this number.
fn let_go(state: &mut State, index: usize, effect: Effect) -> Vec<Alert> {
    let (told, going) = state.held.remove(index).let_go(severity(effect));
    if let Some(going) = going {
        go_on(state, going);
    }
    told
}

fn go_on(state: &mut State, going: Going) {
    if state.going.len() >= MOST_GOING {
        state.going.remove(0);
    }
    state.going.push(going);
}

fn severity(effect: Effect) -> Option<Severity> {
    match effect {
        Effect::Severity(level) => Some(level.into()),
        Effect::Pass | Effect::Hold => None,
    }
}

agave_vision_sdk::export_gate!(Hours);

#[cfg(test)]
mod tests;
