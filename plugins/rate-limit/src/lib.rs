//! The rate limiter: so many alerts in so much time, and what is more is counted in the incident
//! that was let through.
//!
//! What is new always gets through: an incident of a kind, class and zone of which nothing is
//! going on needs no token. Only more of the same waits. It becomes part of the incident that
//! goes on, whose next update says with its count how many alerts it stands for. As long as there
//! is no token, that incident does not end, so that what comes back belongs to it.

use agave_vision_sdk::prelude::*;

mod budget;
mod incident;
mod subject;

use budget::{Budgets, Rate};
use incident::Incident;
use subject::{Aspect, Subject};

/// More incidents than go on at one camera.
const MOST_INCIDENTS: usize = 200;

/// Configuration of the rate limiter.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What has a budget of its own; nothing means one budget for the camera. Without `track`,
    /// a new track of the same class in the same zone is more of the same.
    #[serde(default = "default_per")]
    pub per: Vec<Aspect>,
    /// How many alerts may go through at once.
    #[serde(default = "default_burst")]
    #[schemars(range(min = 1, max = 1000))]
    pub burst: u32,
    /// How long it takes until one more may go through.
    #[serde(default = "default_every")]
    pub every: Duration,
}

fn default_per() -> Vec<Aspect> {
    vec![Aspect::Kind, Aspect::Class, Aspect::Zone, Aspect::Track]
}

fn default_burst() -> u32 {
    3
}

fn default_every() -> Duration {
    Duration::from_millis(60_000)
}

/// The rate limiter for one camera.
pub struct RateLimit {
    per: Vec<Aspect>,
    rate: Rate,
}

/// What the rate limiter remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    now: Timestamp,
    budgets: Budgets,
    /// What was let through and is not over, in the order in which it was last told of, so that
    /// those that share a budget take turns.
    incidents: Vec<Incident>,
}

impl Plugin for RateLimit {
    type Config = Config;
    type State = State;

    fn configure(config: Config, _: &StreamInfo) -> Result<Self, String> {
        if config.every.as_nanos() == 0 {
            return Err("`every` is 0: then nothing is limited; leave the node out".to_owned());
        }
        Ok(Self {
            per: config.per,
            rate: Rate::new(config.every, config.burst.max(1)),
        })
    }
}

impl Gate for RateLimit {
    fn pass(&self, state: &mut State, alert: Alert) -> Result<Vec<Alert>, String> {
        let mut passed = self.tick(state, alert.at)?;
        let of_member = state
            .incidents
            .iter()
            .position(|incident| incident.has_member(&alert.key));
        match of_member {
            Some(index) => passed.extend(self.fold(state, index, alert)),
            None if alert.phase == Phase::End => {
                // Its begin went by before this gate was there.
                passed.push(alert);
            }
            None => passed.extend(self.begin(state, alert)),
        }
        Ok(passed)
    }

    fn tick(&self, state: &mut State, now: Timestamp) -> Result<Vec<Alert>, String> {
        state.now = state.now.max(now);
        let mut told = Vec::new();
        // Ends need no token, only that there is one.
        for is_over in [true, false] {
            let mut index = 0;
            for _ in 0..state.incidents.len() {
                let incident = state.incidents.get(index);
                let is_due = incident.is_some_and(|incident| incident.is_over() == is_over);
                match is_due.then(|| self.tell_if_due(state, index)).flatten() {
                    // Another one has its place now.
                    Some(alert) => told.push(alert),
                    None => index += 1,
                }
            }
        }
        Ok(told)
    }
}

impl RateLimit {
    /// An alert of an incident that this gate does not know.
    fn begin(&self, state: &mut State, alert: Alert) -> Vec<Alert> {
        let by_track = self.per.contains(&Aspect::Track);
        let subject = Subject::of(&alert, |aspect| aspect != Aspect::Track || by_track);
        let budget = Subject::of(&alert, |aspect| self.per.contains(&aspect));
        let same = state
            .incidents
            .iter()
            .rposition(|incident| incident.subject == subject);
        let may_begin = state.budgets.take(&budget, self.rate, state.now);
        if let Some(index) = same
            && !may_begin
        {
            return self.fold(state, index, alert).into_iter().collect();
        }
        let mut passed = Vec::new();
        if state.incidents.len() >= MOST_INCIDENTS {
            passed.extend(state.incidents.remove(0).tell());
        }
        let begun = Incident::begun_by(&alert, subject, budget);
        state.incidents.push(begun);
        passed.push(alert);
        passed
    }

    /// Makes the alert part of an incident, and gives what is to be told of it now.
    fn fold(&self, state: &mut State, index: usize, alert: Alert) -> Option<Alert> {
        state.incidents.get_mut(index)?.fold(alert);
        self.tell_if_due(state, index)
    }

    /// What is held of an incident, when it may be told.
    fn tell_if_due(&self, state: &mut State, index: usize) -> Option<Alert> {
        let State {
            now,
            budgets,
            incidents,
        } = state;
        let incident = incidents.get(index).filter(|one| one.holds_something())?;
        let budget = &incident.budget;
        let is_due = if incident.is_over() {
            // More of the same would become part of the latest, so only that one has to wait.
            let mut later = incidents.iter().skip(index + 1);
            let is_latest = !later.any(|other| other.subject == incident.subject);
            !is_latest || budgets.has(budget, self.rate, *now)
        } else {
            incident.got_worse() || budgets.take(budget, self.rate, *now)
        };
        if !is_due {
            return None;
        }
        let mut incident = incidents.remove(index);
        let told = incident.tell();
        if !incident.is_over() {
            incidents.push(incident);
        }
        told
    }
}

agave_vision_sdk::export_gate!(RateLimit);

#[cfg(test)]
mod tests;
