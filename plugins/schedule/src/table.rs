//! What is done at which hours with which alerts.

use agave_core::{Schedule, ScheduleError, Timestamp as Moment};
use agave_vision_sdk::Level;
use agave_vision_sdk::prelude::*;

/// What happens to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It goes on as it is.
    Pass,
    /// It is held until these hours are over, and then goes on with all that was held of its
    /// kind, class and zone.
    Hold,
    /// It goes on, and matters so much.
    Severity(Level),
}

/// One entry of the table; what it leaves out may be anything.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// At which hours, as the clocks show them: `Mon-Fri 06:00-22:00`. Left out: always.
    #[serde(default)]
    pub hours: Option<String>,
    /// For which classes.
    #[serde(default)]
    pub classes: Vec<String>,
    /// In which zones; a camera without such a zone has no such alerts.
    #[serde(default)]
    pub zones: Vec<String>,
    /// For which kinds of incident.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// What happens then.
    pub then: Effect,
}

/// The rules with their hours read.
pub(crate) struct Table {
    rules: Vec<(Option<Schedule>, Rule)>,
}

impl Table {
    pub(crate) fn new(
        rules: Vec<Rule>,
        time_zone: &str,
        stream: &StreamInfo,
    ) -> Result<Self, String> {
        // Any hours will do to ask whether there is such a zone.
        if let Err(error @ ScheduleError::UnknownTimeZone(_)) =
            Schedule::parse("00:00-24:00", time_zone)
        {
            return Err(format!("`time-zone`: {error}; {}", error.help()));
        }
        let read = |(index, rule): (usize, Rule)| {
            let unknown = rule
                .classes
                .iter()
                .find(|class| !stream.classes.contains(class));
            if let Some(class) = unknown {
                return Err(format!(
                    "`rules[{index}]`: the model has no class `{class}`; it has {}",
                    stream.classes.join(", ")
                ));
            }
            let hours = rule.hours.as_deref();
            let hours = hours.map(|hours| Schedule::parse(hours, time_zone));
            let hours = hours.transpose().map_err(|error| {
                format!("`rules[{index}].hours`: {error}; write `Mon-Fri 06:00-22:00`")
            })?;
            if rule.then == Effect::Hold && hours.is_none() {
                return Err(format!(
                    "`rules[{index}]` holds alerts for ever: say at which `hours`"
                ));
            }
            Ok((hours, rule))
        };
        let rules = rules.into_iter().enumerate().map(read);
        Ok(Self {
            rules: rules.collect::<Result<_, String>>()?,
        })
    }

    /// What happens to such an alert at `now`.
    pub(crate) fn effect(&self, alert: &Alert, now: Timestamp) -> Effect {
        let is_among = |names: &[String], name: &str| {
            names.is_empty() || names.iter().any(|known| known == name)
        };
        let fits = |(hours, rule): &&(Option<Schedule>, Rule)| {
            let zone = alert.zone.as_deref();
            is_among(&rule.kinds, &alert.kind)
                && is_among(&rule.classes, &alert.class)
                && (rule.zones.is_empty() || zone.is_some_and(|zone| is_among(&rule.zones, zone)))
                && hours
                    .as_ref()
                    .is_none_or(|hours| hours.is_active(Moment(now)))
        };
        let found = self.rules.iter().find(fits);
        found.map_or(Effect::Pass, |(_, rule)| rule.then)
    }
}
