//! The hikvision adapter: switches the alarm outputs and soft inputs of real devices, or posts
//! alerts to a receiver as a device would.
//!
//! What is switched on is remembered on the disk before it is, so that a restart, or settings
//! that have changed, leave nothing on. Devices lock accounts: a refused login is not tried again
//! here, and the host does not send it again either.

mod config;
mod event;
mod status;
mod switch;
mod switched;

use agave_vision_sdk::http::{self, Authentication, Method, Request};
use agave_vision_sdk::picture::{AlertPicture, Subject};
use agave_vision_sdk::prelude::*;
use agave_vision_sdk::secrets::Secret;
use agave_vision_sdk::{clock, keyvalue, log};

use crate::config::{Config, Login, Push};
use crate::event::Event;
use crate::switch::Switch;
use crate::switched::Switched;

/// Under which what is on is kept.
const KEY: &str = "switched";
/// After a device has not taken that something is switched.
const LOOK_AGAIN: Duration = Duration::from_millis(5_000);
/// So long it is tried.
const LONGEST_OFF: Duration = Duration::from_millis(3_600_000);
/// The longer side of a picture, in pixels.
const PICTURE_SIDE: u32 = 1280;
/// With the XML beside it, it has to fit into the 1 MiB that a request may have.
const PICTURE_BYTES: u32 = 900 << 10;

const XML: &str = "application/xml; charset=\"UTF-8\"";
const JSON: &str = "application/json";

/// The adapter of one node.
pub struct Hikvision {
    config: Config,
    switch: Option<Switch>,
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
        let looked = self
            .switch_off_what_is_due(state)
            .and_then(|()| self.switch_on_what_rests(state))
            .and_then(|()| Ok(state.switched()?.next_due()));
        match looked {
            Ok(next) => next.map(|at| time_until(at, clock::now())),
            Err(why) => {
                say(&why);
                Some(LOOK_AGAIN)
            }
        }
    }

    /// Nobody would switch it off later.
    fn leave(&self, state: &mut State) {
        if let Err(why) = self.switch_off_what_is_on(state) {
            say(&why);
        }
    }
}

impl Hikvision {
    fn push(&self, state: &State, push: &Push, delivery: &Delivery) -> Result<Outcome, String> {
        let alert = &delivery.alert;
        if alert.phase == Phase::End && !push.ends {
            return Ok(Outcome::Delivered);
        }
        if self.is_too_old(alert, clock::now()) {
            return Ok(too_old());
        }
        let wants_picture = push.picture && alert.phase == Phase::Begin;
        let picture = AlertPicture {
            subject: Subject::Frame,
            boxes: push.boxes,
            most_pixels: PICTURE_SIDE,
            most_bytes: PICTURE_BYTES,
        };
        // One that is not to be had is no reason to keep the alert back.
        let shown = wants_picture.then(|| picture.of(delivery).ok()).flatten();
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
            jpeg: shown.as_ref().map(|shown| shown.jpeg.as_slice()),
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

fn time_until(at: Timestamp, now: Timestamp) -> Duration {
    let nanoseconds = at.saturating_sub(now);
    Duration::from_millis(nanoseconds.div_ceil(1_000_000))
}

fn too_old() -> Outcome {
    Outcome::Rejected("it is older than `expires` allows".to_owned())
}

/// Why there will be another attempt.
fn say(reason: &str) {
    log::write(log::Level::Warn, reason);
}

agave_vision_sdk::export_adapter!(Hikvision);

#[cfg(test)]
mod tests;
