//! Switching an output or an input of a device, on and off again whatever happens.

use agave_vision_sdk::prelude::*;
use agave_vision_sdk::{clock, log};

use crate::config::Config;
use crate::switched::Off;
use crate::{Hikvision, JSON, LONGEST_OFF, State, XML, say, too_old};

/// What switches something on and off, for how long.
pub(crate) struct Switch {
    on: String,
    off: Off,
    longest: Duration,
    /// Until all is over, and not only for `longest`.
    hold: bool,
}

impl Switch {
    pub(crate) fn of(config: &Config) -> Option<Self> {
        if let Some(relay) = &config.relay {
            let device = relay.device.trim_end_matches('/');
            let output = relay.output;
            let data = |state: &str| {
                format!("<IOPortData>\r\n<outputState>{state}</outputState>\r\n</IOPortData>\r\n")
            };
            return Some(Self {
                on: data("high"),
                off: Off {
                    url: format!("{device}/ISAPI/System/IO/outputs/{output}/trigger"),
                    content_type: XML.to_owned(),
                    body: data("low"),
                },
                longest: if relay.hold {
                    relay.longest
                } else {
                    relay.pulse
                },
                hold: relay.hold,
            });
        }
        let input = config.soft_input.as_ref()?;
        let data = |given: &Option<String>, word: &str| {
            given.clone().unwrap_or_else(|| {
                let id = input.input;
                format!("{{\"SoftIO\":[{{\"id\":{id},\"triggerType\":\"{word}\"}}]}}")
            })
        };
        Some(Self {
            on: data(&input.start, "start"),
            off: Off {
                url: format!("{}{}", input.device.trim_end_matches('/'), input.path),
                content_type: JSON.to_owned(),
                body: data(&input.stop, "stop"),
            },
            longest: input.longest,
            hold: true,
        })
    }
}

impl Hikvision {
    /// Switches on at a begin, and off at the last end of what holds it.
    pub(crate) fn switch(
        &self,
        state: &mut State,
        switch: &Switch,
        delivery: &Delivery,
    ) -> Result<Outcome, String> {
        let (alert, now) = (&delivery.alert, clock::now());
        let holder = Some(alert.key.as_str()).filter(|_| switch.hold);
        match alert.phase {
            Phase::Update => Ok(Outcome::Delivered),
            Phase::Begin if self.is_too_old(alert, now) => Ok(too_old()),
            Phase::Begin => {
                let until = now.saturating_add(switch.longest.as_nanos());
                let before = state.switched()?.clone();
                let mut switched = before.clone();
                switched.on(&switch.off, until, holder);
                // Before it is on: what is on without being remembered stays on.
                state.keep(switched)?;
                let off = &switch.off;
                let outcome = self.put(&off.url, &off.content_type, &switch.on, delivery.attempt);
                if matches!(outcome, Outcome::Rejected(_)) {
                    state.keep(before)?;
                }
                Ok(outcome)
            }
            Phase::End => {
                let mut switched = state.switched()?.clone();
                let is_due = holder.is_some_and(|key| switched.release(&switch.off, key, now));
                if !is_due {
                    if switched != *state.switched()? {
                        state.keep(switched)?;
                    }
                    return Ok(Outcome::Delivered);
                }
                state.keep(switched.clone())?;
                let off = &switch.off;
                let outcome = self.put(&off.url, &off.content_type, &off.body, delivery.attempt);
                if matches!(outcome, Outcome::Delivered) {
                    switched.off(&switch.off);
                    state.keep(switched)?;
                }
                Ok(outcome)
            }
        }
    }

    pub(crate) fn switch_off_what_is_due(&self, state: &mut State) -> Result<(), String> {
        if state.switched()?.is_empty() {
            return Ok(());
        }
        let now = clock::now();
        let mut switched = state.switched()?.clone();
        if state.cameras.is_empty() {
            // The node is taken out of the flow, and nobody would do it afterwards.
            switched.release_all(now);
        } else if let Some(switch) = &self.switch {
            switched.no_longer_than(now.saturating_add(switch.longest.as_nanos()));
        }
        let mut problem = None;
        for off in switched.due(now) {
            match self.put(&off.url, &off.content_type, &off.body, 1) {
                Outcome::Delivered => switched.off(&off),
                // Whatever the device says, it may take it later: better tried than left on.
                outcome => {
                    let why = match outcome {
                        Outcome::Rejected(why) => why,
                        _ => "the device does not answer".to_owned(),
                    };
                    problem = Some(format!("{} could not be switched off: {why}", off.url));
                }
            }
        }
        let long_ago = now.saturating_sub(LONGEST_OFF.as_nanos());
        for off in switched.due(long_ago) {
            let lost = format!("{} may still be on, and is given up", off.url);
            log::write(log::Level::Error, &lost);
            switched.off(&off);
        }
        if switched != *state.switched()? {
            state.keep(switched)?;
        }
        problem.map_or(Ok(()), Err)
    }

    /// Switches off everything. What incidents hold is only resting: they may go on.
    pub(crate) fn switch_off_what_is_on(&self, state: &mut State) -> Result<(), String> {
        let mut switched = state.switched()?.clone();
        for off in switched.all_on() {
            match self.put(&off.url, &off.content_type, &off.body, 1) {
                Outcome::Delivered => switched.rest(&off),
                Outcome::Retry(_) => {}
                Outcome::Rejected(why) => {
                    say(&format!("{} could not be switched off: {why}", off.url));
                }
            }
        }
        match switched == *state.switched()? {
            true => Ok(()),
            false => state.keep(switched),
        }
    }

    /// Switches on again what rested while nobody could have switched it off.
    pub(crate) fn switch_on_what_rests(&self, state: &mut State) -> Result<(), String> {
        let mut switched = state.switched()?.clone();
        for off in switched.resting() {
            let Some(switch) = self.switch.as_ref().filter(|switch| switch.off == off) else {
                // It belongs to settings that have changed since, and is off.
                switched.off(&off);
                continue;
            };
            // Before it is on: what is on without being remembered stays on.
            switched.wake(&off);
            state.keep(switched.clone())?;
            let outcome = self.put(&off.url, &off.content_type, &switch.on, 1);
            if !matches!(outcome, Outcome::Delivered) {
                switched.rest(&off);
                state.keep(switched)?;
                return Err(format!("{} could not be switched on again", off.url));
            }
        }
        match switched == *state.switched()? {
            true => Ok(()),
            false => state.keep(switched),
        }
    }
}
