//! The hikvision adapter: switches the alarm outputs and soft inputs of real devices, or posts
//! alerts to a receiver as a device would.
//!
//! What is switched on is remembered on the disk before it is, so that a restart, or settings
//! that have changed, leave nothing on. Devices lock accounts: a refused login is not tried again
//! here, and the host does not send it again either.

mod config;
mod event;
mod status;
mod switched;

use agave_vision_sdk::http::{self, Authentication, Method, Request};
use agave_vision_sdk::prelude::*;
use agave_vision_sdk::secrets::Secret;
use agave_vision_sdk::{clock, frames, keyvalue, log};

use crate::config::{Config, Login, Push};
use crate::event::Event;
use crate::switched::{Off, Switched};

/// Under which what is on is kept.
const KEY: &str = "switched";
/// How often it is looked whether something has to be switched off.
const LOOK: Duration = Duration::from_millis(200);
/// After a device has not taken that.
const LOOK_AGAIN: Duration = Duration::from_millis(5_000);
/// So long it is tried.
const LONGEST_OFF: Duration = Duration::from_millis(3_600_000);
/// The longer side of a picture, in pixels.
const PICTURE_SIDE: u32 = 1280;

const XML: &str = "application/xml; charset=\"UTF-8\"";
const JSON: &str = "application/json";

/// The adapter of one node.
pub struct Hikvision {
    config: Config,
    switch: Option<Switch>,
}

/// What switches something on and off, for how long.
struct Switch {
    on: String,
    off: Off,
    longest: Duration,
    /// Until all is over, and not only for `longest`.
    hold: bool,
}

/// What is known beside the settings. Nothing of it is worth keeping: what is on is on the disk,
/// and the cameras are told again.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    #[serde(skip)]
    switched: Option<Switched>,
    #[serde(skip)]
    cameras: Vec<StreamInfo>,
}

impl Plugin for Hikvision {
    type Config = Config;
    type State = State;

    /// What can be known to fail is refused here, and not at the first alert.
    fn configure(config: Config, _: &StreamInfo) -> Result<Self, String> {
        config.check()?;
        if let Some(Login::Digest(name) | Login::Basic(name)) = &config.authentication {
            Secret::open(name)?;
        }
        let switch = Switch::of(&config);
        Ok(Self { config, switch })
    }
}

impl Adapter for Hikvision {
    fn deliver(&self, state: &mut State, delivery: &Delivery) -> Outcome {
        let outcome = match (&self.switch, &self.config.push) {
            (Some(switch), _) => self.switch(state, switch, delivery),
            (None, Some(push)) => self.push(state, push, delivery),
            (None, None) => Ok(Outcome::Delivered),
        };
        outcome.unwrap_or_else(|why| {
            say(&why);
            Outcome::Retry(None)
        })
    }

    fn upkeep(&self, state: &mut State, cameras: &[StreamInfo]) -> Option<Duration> {
        state.cameras = cameras.to_vec();
        match self.switch_off_what_is_due(state) {
            Ok(()) => self.switch.as_ref().map(|_| LOOK),
            Err(why) => {
                say(&why);
                Some(LOOK_AGAIN)
            }
        }
    }
}

impl Switch {
    fn of(config: &Config) -> Option<Self> {
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
    fn switch(
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

    fn switch_off_what_is_due(&self, state: &mut State) -> Result<(), String> {
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

    fn push(&self, state: &State, push: &Push, delivery: &Delivery) -> Result<Outcome, String> {
        let alert = &delivery.alert;
        if alert.phase == Phase::End && !push.ends {
            return Ok(Outcome::Delivered);
        }
        if self.is_too_old(alert, clock::now()) {
            return Ok(too_old());
        }
        let wants_picture = push.picture && alert.phase == Phase::Begin;
        let jpeg = match wants_picture {
            // One that is not to be had is no reason to keep the alert back.
            true => frames::jpeg(&delivery.camera, alert.frame, None, PICTURE_SIDE).ok(),
            false => None,
        };
        let camera = state
            .cameras
            .iter()
            .find(|one| one.camera == delivery.camera);
        let event = Event {
            push,
            camera: &delivery.camera,
            alert,
            zones: camera
                .map(|camera| camera.zones.as_slice())
                .unwrap_or_default(),
            jpeg: jpeg.as_deref(),
        };
        let request = Request::new(Method::Post, &push.url)
            .header("content-type", event::CONTENT_TYPE)
            .header("idempotency-key", &delivery.idempotency_key)
            .body(event.body());
        Ok(self.send(request, delivery.attempt))
    }

    fn put(&self, url: &str, content_type: &str, body: &str, attempt: u32) -> Outcome {
        let request = Request::new(Method::Put, url)
            .header("content-type", content_type)
            .body(body);
        self.send(request, attempt)
    }

    /// Sends it with the login of the settings.
    fn send(&self, request: Request, attempt: u32) -> Outcome {
        let request = request.timeout(self.config.timeout);
        let open = |name: &str| Secret::open(name);
        let sent = match &self.config.authentication {
            None => Ok(http::send(&request, &Authentication::None)),
            Some(Login::Digest(name)) => {
                open(name).map(|secret| http::send(&request, &Authentication::Digest(&secret)))
            }
            Some(Login::Basic(name)) => {
                open(name).map(|secret| http::send(&request, &Authentication::Basic(&secret)))
            }
        };
        match sent {
            Err(why) | Ok(Err(http::Error::NotAllowed(why))) => Outcome::Rejected(why),
            Ok(Err(http::Error::TooLarge)) => {
                Outcome::Rejected("the answer is too large".to_owned())
            }
            Ok(Err(http::Error::Unreachable(why))) => {
                say(&why);
                Outcome::Retry(None)
            }
            Ok(Err(http::Error::TimedOut)) => {
                say("the device did not answer in time");
                Outcome::Retry(None)
            }
            Ok(Ok(response)) => {
                let body = String::from_utf8_lossy(&response.body);
                let outcome = match response.status {
                    // The host does not send it again for a while, and by then one side may have
                    // changed.
                    401 if self.config.authentication.is_some() => Outcome::Retry(None),
                    status => status::outcome(status, &body, attempt),
                };
                if matches!(outcome, Outcome::Retry(_)) {
                    say(&status::said(response.status, &body));
                }
                outcome
            }
        }
    }

    fn is_too_old(&self, alert: &Alert, now: Timestamp) -> bool {
        let expires = self.config.expires.map(Duration::as_nanos);
        expires.is_some_and(|expires| now.saturating_sub(alert.at) > expires)
    }
}

impl State {
    /// What is on, as the disk has it.
    fn switched(&mut self) -> Result<&Switched, String> {
        if self.switched.is_none() {
            let kept = keyvalue::get(KEY)?.unwrap_or_default();
            // Nothing was kept yet, or it was made empty.
            let switched = match kept.is_empty() {
                true => Switched::default(),
                false => serde_json::from_slice(&kept).map_err(|error| {
                    format!("what was switched on before cannot be read: {error}")
                })?,
            };
            self.switched = Some(switched);
        }
        self.switched
            .as_ref()
            .ok_or_else(|| "what was switched on is not known".to_owned())
    }

    fn keep(&mut self, switched: Switched) -> Result<(), String> {
        let bytes = serde_json::to_vec(&switched).map_err(|error| error.to_string())?;
        keyvalue::set(KEY, &bytes)?;
        self.switched = Some(switched);
        Ok(())
    }
}

fn too_old() -> Outcome {
    Outcome::Rejected("it is older than `expires` allows".to_owned())
}

/// Why there will be another attempt.
fn say(reason: &str) {
    log::write(log::Level::Warn, reason);
}

agave_vision_sdk::export_adapter!(Hikvision);
