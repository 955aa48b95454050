//! One incident of what several cameras see: a gate for all cameras of a node.
//!
//! What begins at a second camera soon after it began at a first is told as an update of the
//! first incident, by the second camera and under the first one's key. The end is told by the
//! camera where it began, when it is over at all of them. Nothing but that end is ever held.

use std::collections::BTreeMap;

use agave_vision_sdk::prelude::*;

mod incident;

use incident::{Aspect, Incident, Subject};

/// More incidents than go on at a site. Beyond that each camera tells its own.
const MOST_INCIDENTS: usize = 500;
/// What a camera saw that shows no time for so long is over.
const SILENCE: Duration = Duration::from_millis(60_000);

/// Configuration of the gate.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How soon after it began at one camera it has to begin at another.
    #[serde(default = "default_within")]
    pub within: Duration,
    /// What has to be the same.
    #[serde(default = "default_same")]
    pub same: Vec<Aspect>,
    /// Which cameras see the same things, group by group. A camera in none of them is left
    /// alone. Left out: all cameras of the node are one group.
    #[serde(default)]
    pub groups: Vec<Vec<String>>,
}

fn default_within() -> Duration {
    Duration::from_millis(5_000)
}

fn default_same() -> Vec<Aspect> {
    vec![Aspect::Kind, Aspect::Class]
}

/// The gate for all cameras of a node.
pub struct Dedupe {
    config: Config,
    /// By their numbers, with their groups.
    cameras: Vec<(String, Option<usize>)>,
}

/// What the gate remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// How far each camera is, by name.
    times: BTreeMap<String, Timestamp>,
    incidents: Vec<Incident>,
}

impl Plugin for Dedupe {
    type Config = Config;
    type State = State;

    fn configure(config: Config, _: &StreamInfo) -> Result<Self, String> {
        if config.groups.iter().any(|group| group.len() < 2) {
            return Err("a group of `groups` has fewer than two cameras".to_owned());
        }
        Ok(Self {
            config,
            cameras: Vec::new(),
        })
    }
}

impl SiteGate for Dedupe {
    fn cameras(&mut self, cameras: &[StreamInfo]) -> Result<(), String> {
        let names: Vec<&str> = cameras.iter().map(|one| one.camera.as_str()).collect();
        let mut grouped: BTreeMap<&str, usize> = BTreeMap::new();
        for (number, group) in self.config.groups.iter().enumerate() {
            for camera in group {
                if !names.contains(&camera.as_str()) {
                    let known = names.join(", ");
                    return Err(format!(
                        "`groups` has camera `{camera}`, which the node does not read; it reads {known}"
                    ));
                }
                if grouped.insert(camera, number).is_some() {
                    return Err(format!("`groups` has camera `{camera}` twice"));
                }
            }
        }
        let is_one_group = self.config.groups.is_empty();
        let group = |name: &str| match is_one_group {
            true => Some(0),
            false => grouped.get(name).copied(),
        };
        self.cameras = names
            .iter()
            .map(|name| ((*name).to_owned(), group(name)))
            .collect();
        Ok(())
    }

    fn pass(&self, state: &mut State, camera: usize, alert: Alert) -> Result<Vec<Alert>, String> {
        let mut passed = self.tick(state, camera, alert.at)?;
        let Some((camera, Some(group))) = self.cameras.get(camera) else {
            passed.push(alert);
            return Ok(passed);
        };
        let subject = Subject::of(&alert, *group, &self.config.same);
        let within = self.config.within.as_nanos();
        let incidents = &mut state.incidents;
        let known = incidents
            .iter()
            .position(|incident| incident.has_member(camera, &alert.key));
        let index = known.or_else(|| {
            incidents.iter().position(|incident| {
                alert.phase == Phase::Begin
                    && incident.subject == subject
                    && incident.may_be_joined(camera, alert.at, within)
            })
        });
        if let Some(incident) = index.and_then(|index| incidents.get_mut(index)) {
            passed.extend(incident.take(camera, alert));
        } else {
            if alert.phase == Phase::Begin && incidents.len() < MOST_INCIDENTS {
                incidents.push(Incident::begun_by(&alert, camera, subject));
            }
            passed.push(alert);
        }
        Ok(passed)
    }

    fn tick(&self, state: &mut State, camera: usize, now: Timestamp) -> Result<Vec<Alert>, String> {
        let Some((camera, _)) = self.cameras.get(camera) else {
            return Ok(Vec::new());
        };
        self.note(state, camera, now);
        let within = self.config.within.as_nanos();
        let mut told = Vec::new();
        state.incidents.retain_mut(|incident| {
            let end = incident.end_if_over(camera, now, within);
            let is_over = end.is_some();
            told.extend(end);
            !is_over
        });
        Ok(told)
    }
}

impl Dedupe {
    /// How far a camera is; and what silent cameras and those that are gone saw is over.
    fn note(&self, state: &mut State, camera: &str, now: Timestamp) {
        let times = &mut state.times;
        match times.get_mut(camera) {
            Some(time) => *time = now.max(*time),
            None => {
                times.insert(camera.to_owned(), now);
            }
        }
        if state.incidents.is_empty() {
            return;
        }
        times.retain(|name, _| self.cameras.iter().any(|(known, _)| known == name));
        let latest = times.values().max().copied().unwrap_or(now);
        let shows = |camera: &str| {
            let time = times.get(camera).copied();
            time.is_some_and(|time| latest.saturating_sub(time) <= SILENCE.as_nanos())
        };
        for incident in &mut state.incidents {
            incident.lose(|camera| !shows(camera));
        }
        // With its camera gone nobody can tell its end.
        let is_known = |name: &str| self.cameras.iter().any(|(known, _)| known == name);
        state
            .incidents
            .retain(|incident| is_known(incident.owner()));
    }
}

agave_vision_sdk::export_site_gate!(Dedupe);

#[cfg(test)]
mod tests;
