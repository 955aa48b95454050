//! The MQTT adapter: publishes each alert, says on retained topics how things are, and speaks to
//! Home Assistant and to what was built for Frigate.
//!
//! One alert may be several messages. Those that only say how things are come first and can be
//! repeated; those that report something are published once, also when a later one of the same
//! delivery fails and it is tried again.

mod config;
mod fingerprint;
mod frigate;
mod home_assistant;
mod incidents;
mod pictures;
mod states;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use agave_vision_sdk::mqtt::{self, Message, Qos};
use agave_vision_sdk::prelude::*;
use agave_vision_sdk::{clock, log};

use config::{AlertMessage, Config};
use frigate::Tracked;
use home_assistant::{Discovery, OFFLINE, ONLINE, status_topic};
use incidents::{Camera, State};
use states::retained;

/// Nobody needs to be told more often.
const SHORTEST_REFRESH: Duration = Duration::from_millis(1_000);
/// When it is tried again to say how things are.
const RETRY: Duration = Duration::from_millis(5_000);
/// After so many refreshes Home Assistant is told again what there is.
const DISCOVER_EVERY: u64 = 10;

/// The MQTT adapter of one node.
pub struct Mqtt {
    config: Config,
    qos: Qos,
    alert: AlertMessage,
    cameras: RefCell<Vec<StreamInfo>>,
    discovered_at: Cell<Timestamp>,
}

impl Plugin for Mqtt {
    type Config = Config;
    type State = State;

    fn configure(config: Config, _: &StreamInfo) -> Result<Self, String> {
        config::prefix("base", &config.base)?;
        if let Some(settings) = &config.home_assistant {
            config::prefix("home-assistant.prefix", &settings.prefix)?;
        }
        if let Some(settings) = &config.frigate {
            config::prefix("frigate.prefix", &settings.prefix)?;
        }
        if let Some(settings) = &config.picture {
            settings.check()?;
        }
        if config.refresh < SHORTEST_REFRESH {
            return Err("`refresh` has to be 1s or more".to_owned());
        }
        Ok(Self {
            qos: config::quality(config.qos)?,
            alert: AlertMessage::new(&config)?,
            cameras: RefCell::default(),
            discovered_at: Cell::new(0),
            config,
        })
    }
}

impl Adapter for Mqtt {
    fn deliver(&self, state: &mut State, delivery: &Delivery) -> Outcome {
        let before = state.camera(&delivery.camera).clone();
        let (tracked, after) = self.after(delivery, &before);
        let states = self.states(delivery, &before, &after);
        // Whoever is told that something begins looks at the picture.
        for message in self.pictures(delivery).into_iter().chain(states) {
            if let Err(error) = message.publish(&self.config.broker) {
                return self.outcome_of(error);
            }
        }
        let reports = self.reports(delivery, &before, &tracked);
        let published = state.published(&delivery.idempotency_key);
        for (place, message) in reports.iter().enumerate().skip(published) {
            if let Err(error) = message.publish(&self.config.broker) {
                state.note_published(&delivery.idempotency_key, place);
                return self.outcome_of(error);
            }
        }
        state.forget_published(&delivery.idempotency_key);
        let camera = state.camera(&delivery.camera);
        *camera = after;
        camera.write(&delivery.camera, true);
        Outcome::Delivered
    }

    /// Says how things are, and what there is.
    fn upkeep(&self, state: &mut State, cameras: &[StreamInfo]) -> Option<Duration> {
        let is_other = self.cameras.borrow().as_slice() != cameras;
        if is_other {
            self.discovered_at.set(0);
            self.cameras.replace(cameras.to_vec());
            state.keep_only(cameras);
        }
        let longest = self.config.longest_incident.as_nanos();
        let since = clock::now().saturating_sub(longest);
        for stream in cameras {
            let camera = state.camera(&stream.camera);
            camera.close_before(since);
            camera.write(&stream.camera, false);
        }
        match self.publish_how_things_are(state, cameras) {
            Ok(()) => Some(self.config.refresh),
            Err(problem) => {
                self.discovered_at.set(0);
                log::warn(&format!("how things are could not be published: {problem}"));
                Some(RETRY)
            }
        }
    }

    /// Says that nobody is there any more.
    fn leave(&self, _: &mut State) {
        for message in self.availability(OFFLINE) {
            if let Err(error) = message.publish(&self.config.broker) {
                let problem = reason(&error);
                log::warn(&format!(
                    "`{}` keeps its `online`: {problem}",
                    message.topic
                ));
            }
        }
    }
}

impl Mqtt {
    /// What is remembered of the alert's incident and of its camera once it is told.
    fn after(&self, delivery: &Delivery, before: &Camera) -> (Tracked, Camera) {
        let alert = &delivery.alert;
        let cameras = self.cameras.borrow();
        let stream = cameras.iter().find(|one| one.camera == delivery.camera);
        let tracked = Tracked::after(before.tracked(&alert.key), alert, stream);
        let after = before.after(alert, tracked.clone());
        (tracked, after)
    }

    /// What says how things are once the alert is told.
    fn states(&self, delivery: &Delivery, before: &Camera, after: &Camera) -> Vec<Message> {
        if !self.says_states() {
            return Vec::new();
        }
        let (base, camera) = (&self.config.base, &delivery.camera);
        let zones: BTreeSet<&str> = delivery.alert.zone.as_deref().into_iter().collect();
        let said = |then| states::messages(base, camera, then, &zones);
        let mut messages = states::changed(&said(before), said(after));
        let last = states::camera_topic(base, camera, "last");
        messages.push(retained(last, agave_vision_sdk::alert_json(delivery)));
        messages
    }

    fn pictures(&self, delivery: &Delivery) -> Vec<Message> {
        let frigate = self.config.frigate.as_ref();
        let frigate = frigate.map(|settings| settings.prefix.as_str());
        let settings = self.config.picture.as_ref();
        settings.map_or_else(Vec::new, |settings| {
            settings.messages(&self.config.base, frigate, delivery)
        })
    }

    /// What reports the alert: as many messages on every attempt.
    fn reports(&self, delivery: &Delivery, before: &Camera, tracked: &Tracked) -> Vec<Message> {
        let mut messages = Vec::new();
        if self.config.home_assistant.is_some() {
            messages.push(home_assistant::event(&self.config.base, delivery));
        }
        if let Some(settings) = &self.config.frigate {
            let before = before.tracked(&delivery.alert.key);
            messages.push(frigate::event(&settings.prefix, delivery, before, tracked));
        }
        messages.push(Message {
            topic: self.alert.topic(delivery),
            payload: self.alert.payload(delivery).into_bytes(),
            qos: self.qos,
            retain: self.config.retain,
        });
        messages
    }

    fn outcome_of(&self, error: mqtt::Error) -> Outcome {
        match error {
            mqtt::Error::NotAllowed(why) => Outcome::Rejected(why),
            error => {
                log::warn(&reason(&error));
                // It may be another broker when it is there again.
                self.discovered_at.set(0);
                Outcome::Retry(None)
            }
        }
    }

    fn says_states(&self) -> bool {
        self.config.states || self.config.home_assistant.is_some()
    }

    /// Whether Agave runs, for all who look for it.
    fn availability(&self, said: &str) -> Vec<Message> {
        let frigate = self.config.frigate.as_ref();
        let frigate = frigate.map(|settings| format!("{}/available", settings.prefix));
        let status = self.says_states().then(|| status_topic(&self.config.base));
        let topics = frigate.into_iter().chain(status);
        topics.map(|topic| retained(topic, said)).collect()
    }

    fn publish_how_things_are(
        &self,
        state: &mut State,
        cameras: &[StreamInfo],
    ) -> Result<(), String> {
        let publish = |message: &Message| {
            let published = message.publish(&self.config.broker);
            published.map_err(|error| reason(&error))
        };
        self.discover(state, cameras, &publish)?;
        for message in self.availability(ONLINE) {
            publish(&message)?;
        }
        if !self.says_states() {
            return Ok(());
        }
        let base = &self.config.base;
        for stream in cameras {
            let camera = state.camera(&stream.camera);
            let zones = stream.zones.iter().map(|zone| zone.name.as_str());
            let zones = zones.chain(camera.zones()).collect();
            for message in states::messages(base, &stream.camera, camera, &zones) {
                publish(&message)?;
            }
        }
        Ok(())
    }

    /// Tells Home Assistant what there is, and what is there no more.
    fn discover(
        &self,
        state: &mut State,
        cameras: &[StreamInfo],
        publish: &dyn Fn(&Message) -> Result<(), String>,
    ) -> Result<(), String> {
        let now = clock::now();
        let is_due = now.saturating_sub(self.discovered_at.get())
            >= self
                .config
                .refresh
                .as_nanos()
                .saturating_mul(DISCOVER_EVERY);
        if self.discovered_at.get() != 0 && !is_due {
            return Ok(());
        }
        let messages = match &self.config.home_assistant {
            None => Vec::new(),
            Some(settings) => Discovery {
                settings,
                base: &self.config.base,
                refresh: self.config.refresh,
                has_pictures: self.config.picture.is_some(),
            }
            .messages(cameras),
        };
        let there: BTreeSet<String> = messages.iter().map(|one| one.topic.clone()).collect();
        // An empty message takes an entity away.
        for topic in state.discovered_before(&there) {
            publish(&retained(topic, ""))?;
        }
        for message in &messages {
            publish(message)?;
        }
        state.note_discovered(there);
        self.discovered_at.set(now.max(1));
        Ok(())
    }
}

fn reason(error: &mqtt::Error) -> String {
    match error {
        mqtt::Error::NotAllowed(why) => why.clone(),
        mqtt::Error::Disconnected => "the broker is away".to_owned(),
        mqtt::Error::TimedOut => "the broker did not answer in time".to_owned(),
    }
}

agave_vision_sdk::export_adapter!(Mqtt);
