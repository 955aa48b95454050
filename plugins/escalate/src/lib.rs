//! Escalation: what lasts too long or comes too often matters more.
//!
//! An incident that goes on for longer than `after` is told once more, as an update with the
//! higher severity. One that is the third of its kind within an hour begins with it. All that
//! follows of such an incident has the higher severity too, so that whoever is told only of what
//! is critical is told when it is over.

use agave_vision_sdk::Level;
use agave_vision_sdk::prelude::*;

mod repeats;

use repeats::{History, Repeats};

/// More incidents than go on at one camera; those that a rule never ends are forgotten here.
const MOST_OPEN: usize = 1000;
/// What the contract allows.
const MOST_ATTRIBUTES: usize = 64;
/// The attribute that says why the severity is not the rule's.
const ATTRIBUTE: &str = "escalated";

/// Configuration of the escalation: at least one of `after` and `repeats`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// An incident that goes on for so long matters more.
    #[serde(default)]
    pub after: Option<Duration>,
    /// Incidents of one kind, class and zone that come so often matter more.
    #[serde(default)]
    pub repeats: Option<Repeats>,
    /// How much they matter then. What matters more already stays as it is.
    #[serde(default = "critical")]
    pub severity: Level,
}

fn critical() -> Level {
    Level::Critical
}

/// The escalation for one camera.
pub struct Escalate {
    config: Config,
}

/// What the escalation remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    open: Vec<Incident>,
    history: History,
}

#[derive(Debug, Serialize, Deserialize)]
struct Incident {
    since: Timestamp,
    /// Why it matters more, once it does.
    reason: Option<String>,
    /// What was told of it last.
    last: Alert,
    /// When it was last told that it goes on.
    #[serde(default)]
    told_at: Timestamp,
}

impl Incident {
    /// When an update that comes at `at` is told: two at one time would be one for a receiver
    /// that knows them by it.
    fn next_told(&mut self, at: Timestamp) -> Timestamp {
        self.told_at = at.max(self.told_at + 1);
        self.told_at
    }
}

impl Plugin for Escalate {
    type Config = Config;
    type State = State;

    fn configure(config: Config, _: &StreamInfo) -> Result<Self, String> {
        if config.after.is_none() && config.repeats.is_none() {
            return Err(
                "nothing is escalated: say `after`, how long an incident may last, or `repeats`, \
                 how often one may come"
                    .to_owned(),
            );
        }
        let is_zero = |duration: Duration| duration.as_nanos() == 0;
        if config.after.is_some_and(is_zero) {
            return Err(
                "`after` is 0: then every incident is escalated; give its rule the severity"
                    .to_owned(),
            );
        }
        Ok(Self { config })
    }
}

impl Gate for Escalate {
    fn pass(&self, state: &mut State, mut alert: Alert) -> Result<Vec<Alert>, String> {
        let (now, key) = (alert.at, alert.key.clone());
        // What is told now need not be reminded of.
        let mut passed = self.remind(state, now, |incident| incident.last.key != key);
        let known = state
            .open
            .iter()
            .position(|incident| incident.last.key == key);
        let mut incident = match known {
            Some(index) => state.open.remove(index),
            None => Incident {
                since: now,
                reason: self.too_often(state, &alert),
                last: alert.clone(),
                told_at: now,
            },
        };
        if incident.reason.is_none() && alert.phase != Phase::End {
            incident.reason = self.too_long(&incident, now);
        }
        if let Some(reason) = &incident.reason {
            self.raise(&mut alert, reason);
        }
        if alert.phase == Phase::Update && known.is_some() {
            alert.at = incident.next_told(now);
        }
        if alert.phase != Phase::End {
            if state.open.len() >= MOST_OPEN {
                state.open.remove(0);
            }
            incident.last.clone_from(&alert);
            state.open.push(incident);
        }
        passed.push(alert);
        Ok(passed)
    }

    fn tick(&self, state: &mut State, now: Timestamp) -> Result<Vec<Alert>, String> {
        Ok(self.remind(state, now, |_| true))
    }
}

impl Escalate {
    /// Tells once more of the incidents that have lasted too long by now.
    fn remind(
        &self,
        state: &mut State,
        now: Timestamp,
        may: impl Fn(&Incident) -> bool,
    ) -> Vec<Alert> {
        let mut reminders = Vec::new();
        for incident in &mut state.open {
            if incident.reason.is_some() || !may(incident) {
                continue;
            }
            let Some(reason) = self.too_long(incident, now) else {
                continue;
            };
            self.raise(&mut incident.last, &reason);
            incident.reason = Some(reason);
            reminders.push(Alert {
                phase: Phase::Update,
                at: incident.next_told(now),
                // It stands for no alert of the rule's.
                count: 0,
                ..incident.last.clone()
            });
        }
        reminders
    }

    fn too_long(&self, incident: &Incident, now: Timestamp) -> Option<String> {
        let after = self.config.after?;
        let lasted = now.saturating_sub(incident.since);
        (lasted >= after.as_nanos()).then(|| format!("lasts for {} s", after.as_millis() / 1000))
    }

    /// Notes that an incident begins, and says so when it is one too many.
    fn too_often(&self, state: &mut State, alert: &Alert) -> Option<String> {
        let repeats = self.config.repeats.as_ref()?;
        if alert.phase != Phase::Begin {
            return None;
        }
        let times = state.history.note(alert, repeats);
        (times >= repeats.times as usize).then(|| {
            let seconds = repeats.within.as_millis() / 1000;
            format!("{times} times within {seconds} s")
        })
    }

    fn raise(&self, alert: &mut Alert, reason: &str) {
        alert.severity = alert.severity.max(self.config.severity.into());
        alert.attributes.retain(|(name, _)| name != ATTRIBUTE);
        if alert.attributes.len() < MOST_ATTRIBUTES {
            let attribute = (ATTRIBUTE.to_owned(), reason.to_owned());
            alert.attributes.push(attribute);
        }
    }
}

agave_vision_sdk::export_gate!(Escalate);

#[cfg(test)]
mod tests;
