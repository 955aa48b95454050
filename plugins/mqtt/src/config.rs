//! The settings, and what is refused of them.

use agave_vision_sdk::mqtt::Qos;
use agave_vision_sdk::prelude::*;
use agave_vision_sdk::template::{Encoding, JsonTemplate, Template};
use serde_json::Value;

use crate::pictures::PictureSettings;

/// Configuration of the MQTT adapter.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The broker, by its name in the flow file's `brokers`. The node's `allow.mqtt` has to
    /// grant it.
    pub broker: String,
    /// What the topics that are not said otherwise begin with; another Agave on the same broker
    /// needs another.
    #[serde(default = "default_base")]
    pub base: String,
    /// Where alerts are published; may have placeholders. The default is `BASE/{camera}/alerts`.
    #[serde(default)]
    pub topic: Option<String>,
    /// What is published: a text with placeholders, or a structure whose texts have them. The
    /// default is the JSON object of `agave run --json`.
    #[serde(default)]
    #[schemars(extend("type" = ["string", "object", "array", "null"]))]
    pub payload: Option<Value>,
    /// 0: sent; 1: acknowledged by the broker; 2: the same with one acknowledgement more.
    #[serde(default = "default_qos")]
    #[schemars(range(max = 2))]
    pub qos: u8,
    /// Whether the broker keeps the last alert of each topic.
    #[serde(default)]
    pub retain: bool,
    /// Whether retained topics say for each camera and zone if an incident is open, and how many.
    #[serde(default)]
    pub states: bool,
    /// How often what is retained is said again, for a broker that forgot it.
    #[serde(default = "default_refresh")]
    pub refresh: Duration,
    /// An incident of which nothing was heard for so long counts as over.
    #[serde(default = "default_longest")]
    pub longest_incident: Duration,
    /// The picture of the last alert of each camera and zone is published as a JPEG. The node's
    /// `allow.frames` has to grant it.
    #[serde(default)]
    pub picture: Option<PictureSettings>,
    /// Cameras, zones and alerts appear in Home Assistant by themselves; `states` is then on.
    #[serde(default)]
    pub home_assistant: Option<HomeAssistant>,
    /// Alerts are published as Frigate publishes its events, too.
    #[serde(default)]
    pub frigate: Option<Frigate>,
}

/// How Home Assistant finds cameras, zones and alerts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HomeAssistant {
    /// Home Assistant's discovery prefix.
    #[serde(default = "default_prefix")]
    pub prefix: String,
    /// What the device above the cameras is called.
    #[serde(default = "default_name")]
    pub name: String,
    /// What an open incident means in Home Assistant.
    #[serde(default)]
    pub device_class: DeviceClass,
}

/// A device class of Home Assistant's binary sensors.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeviceClass {
    /// Shown as Problem and OK.
    #[default]
    Problem,
    /// Shown as Unsafe and Safe.
    Safety,
    /// Shown as Detected and Clear.
    Occupancy,
    /// Shown as Detected and Clear.
    Motion,
}

/// In the form of Frigate's events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Frigate {
    /// Frigate's topic prefix. A Frigate on the same broker needs another.
    #[serde(default = "default_frigate")]
    pub prefix: String,
}

fn default_base() -> String {
    "agave".to_owned()
}

fn default_qos() -> u8 {
    1
}

fn default_refresh() -> Duration {
    Duration::from_millis(30_000)
}

fn default_longest() -> Duration {
    Duration::from_millis(24 * 3_600_000)
}

fn default_prefix() -> String {
    "homeassistant".to_owned()
}

fn default_name() -> String {
    "Agave".to_owned()
}

fn default_frigate() -> String {
    "frigate".to_owned()
}

/// The topic of alerts and what is published there.
pub(crate) struct AlertMessage {
    topic: Template,
    payload: Payload,
}

enum Payload {
    Report,
    Structure(JsonTemplate),
    Text(Template),
}

impl AlertMessage {
    pub(crate) fn new(config: &Config) -> Result<Self, String> {
        let topic = match &config.topic {
            Some(topic) => topic.clone(),
            None => format!("{}/{{camera}}/alerts", config.base),
        };
        let template = Template::parse(&topic).map_err(|problem| format!("`topic`: {problem}"))?;
        for words in template.words() {
            topic_words(words).map_err(|problem| format!("`topic` is `{topic}`, and {problem}"))?;
        }
        if topic.is_empty() || topic.starts_with('$') {
            return Err(format!(
                "`topic` is `{topic}`, and a topic neither is empty nor begins with `$`"
            ));
        }
        let in_payload = |problem: String| format!("`payload`: {problem}");
        let payload = match &config.payload {
            None | Some(Value::Null) => Payload::Report,
            Some(Value::String(text)) => Payload::Text(Template::parse(text).map_err(in_payload)?),
            Some(structure) => {
                Payload::Structure(JsonTemplate::parse(structure).map_err(in_payload)?)
            }
        };
        Ok(Self {
            topic: template,
            payload,
        })
    }

    pub(crate) fn topic(&self, delivery: &Delivery) -> String {
        self.topic.fill(delivery, Encoding::TopicLevel)
    }

    pub(crate) fn payload(&self, delivery: &Delivery) -> String {
        match &self.payload {
            Payload::Report => agave_vision_sdk::alert_json(delivery),
            Payload::Structure(template) => template.fill(delivery),
            Payload::Text(template) => template.fill(delivery, Encoding::Plain),
        }
    }
}

/// Levels that the topics of `name` begin with.
pub(crate) fn prefix(name: &str, written: &str) -> Result<(), String> {
    let refuse = |problem: &str| Err(format!("`{name}` is `{written}`, and {problem}"));
    if written.is_empty() || written.starts_with('$') {
        return refuse("a topic neither is empty nor begins with `$`");
    }
    if written.starts_with('/') || written.ends_with('/') || written.contains("//") {
        return refuse("a level of a topic must not be empty");
    }
    topic_words(written).or_else(refuse)
}

fn topic_words(words: &str) -> Result<(), &'static str> {
    if words.contains(['+', '#']) {
        Err("`+` and `#` are for subscribing")
    } else if words.contains(char::is_control) {
        Err("a topic has no control characters")
    } else {
        Ok(())
    }
}

/// The quality of service by its number.
pub(crate) fn quality(number: u8) -> Result<Qos, String> {
    match number {
        0 => Ok(Qos::AtMostOnce),
        1 => Ok(Qos::AtLeastOnce),
        2 => Ok(Qos::ExactlyOnce),
        _ => Err(format!("`qos` is {number}, and has to be 0, 1 or 2")),
    }
}
