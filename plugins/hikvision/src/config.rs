//! What the node's `config` says.

use std::collections::BTreeMap;

use agave_vision_sdk::prelude::*;

/// What to do at a device, and how to log in there. Exactly one of `relay`, `soft-input` and
/// `push` has to be given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Switches an alarm output while something happens.
    #[serde(default)]
    pub relay: Option<Relay>,
    /// Triggers a soft input of a recorder while something happens.
    #[serde(default)]
    pub soft_input: Option<SoftInput>,
    /// Posts events to a receiver that takes those of Hikvision devices.
    #[serde(default)]
    pub push: Option<Push>,
    /// How to log in. The node's `allow.secrets` has to grant the secret.
    #[serde(default)]
    pub authentication: Option<Login>,
    /// How long one attempt may take.
    #[serde(default = "default_timeout")]
    pub timeout: Duration,
    /// An alert that is older when its turn comes is rejected, and nothing is switched for it.
    #[serde(default)]
    pub expires: Option<Duration>,
}

/// How to log in; the value is the name of a secret that holds `user:password`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Login {
    /// HTTP Digest, which is what devices want.
    Digest(String),
    /// HTTP Basic.
    Basic(String),
}

/// An alarm output.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Relay {
    /// Where the device is, for example http://10.0.0.64. The node's `allow.http` has to grant it.
    pub device: String,
    /// The number of the output.
    #[serde(default = "one")]
    pub output: u32,
    /// How long it is switched on when something begins.
    #[serde(default = "default_pulse")]
    pub pulse: Duration,
    /// Whether it stays on until everything is over, instead of for `pulse`.
    #[serde(default)]
    pub hold: bool,
    /// With `hold`: after so long it is switched off in any case.
    #[serde(default = "default_longest")]
    pub longest: Duration,
}

/// A soft input.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SoftInput {
    /// Where the recorder is, for example http://10.0.0.64. The node's `allow.http` has to grant
    /// it.
    pub device: String,
    /// The number of the input, which is what `start` and `stop` say if they are not given.
    #[serde(default = "one")]
    pub input: u32,
    /// Where to put it.
    #[serde(default = "default_path")]
    pub path: String,
    /// The JSON that is put when something begins.
    #[serde(default)]
    pub start: Option<String>,
    /// The JSON that is put when everything is over.
    #[serde(default)]
    pub stop: Option<String>,
    /// After so long it is stopped in any case.
    #[serde(default = "default_longest")]
    pub longest: Duration,
}

/// A receiver of events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Push {
    /// Where to post. The node's `allow.http` has to grant its origin.
    pub url: String,
    /// The number of each camera, by its name; 1 for those that are not named.
    #[serde(default)]
    pub channels: BTreeMap<String, u32>,
    /// The type of the events.
    #[serde(default = "default_event_type")]
    pub event_type: String,
    /// The type of the events of some kinds of alerts, by kind.
    #[serde(default)]
    pub event_types: BTreeMap<String, String>,
    /// Whether the end of an incident is posted, too.
    #[serde(default = "yes")]
    pub ends: bool,
    /// Whether a picture is sent along, where the node's `allow.frames` grants it.
    #[serde(default = "yes")]
    pub picture: bool,
    /// Whether the object's box is drawn on the picture, with its class and confidence.
    #[serde(default)]
    pub boxes: bool,
    /// The address that the events come from, by which some receivers know their device.
    #[serde(default = "default_address")]
    pub address: String,
    /// The same with the address of the hardware.
    #[serde(default = "default_mac_address")]
    pub mac_address: String,
}

fn default_timeout() -> Duration {
    Duration::from_millis(10_000)
}

fn default_pulse() -> Duration {
    Duration::from_millis(5_000)
}

fn default_longest() -> Duration {
    Duration::from_millis(30 * 60 * 1000)
}

fn default_path() -> String {
    "/ISAPI/System/IO/softInputs/trigger?format=json".to_owned()
}

fn default_event_type() -> String {
    "fielddetection".to_owned()
}

fn default_address() -> String {
    "127.0.0.1".to_owned()
}

fn default_mac_address() -> String {
    "02:00:00:00:00:01".to_owned()
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

impl Config {
    /// What makes no sense, as a sentence.
    pub(crate) fn check(&self) -> Result<(), String> {
        let given = [
            self.relay.is_some(),
            self.soft_input.is_some(),
            self.push.is_some(),
        ];
        if given.iter().filter(|given| **given).count() != 1 {
            return Err("give exactly one of `relay`, `soft-input` and `push`".to_owned());
        }
        let (key, address) = match (&self.relay, &self.soft_input, &self.push) {
            (Some(relay), _, _) => ("relay.device", &relay.device),
            (_, Some(input), _) => ("soft-input.device", &input.device),
            (_, _, Some(push)) => ("push.url", &push.url),
            _ => return Ok(()),
        };
        if !address.starts_with("http://") && !address.starts_with("https://") {
            return Err(format!(
                "`{key}` is `{address}`, and has to begin with http:// or https://"
            ));
        }
        if let Some(input) = &self.soft_input {
            for (key, text) in [("start", &input.start), ("stop", &input.stop)] {
                let is_json = |text: &String| serde_json::from_str::<serde::de::IgnoredAny>(text);
                if let Some(Err(error)) = text.as_ref().map(is_json) {
                    return Err(format!("`soft-input.{key}` is no JSON: {error}"));
                }
            }
            if !input.path.starts_with('/') {
                return Err("`soft-input.path` has to begin with a slash".to_owned());
            }
        }
        if let Some(relay) = &self.relay
            && (relay.output == 0 || relay.pulse.as_millis() == 0)
        {
            return Err("`relay.output` counts from 1, and `relay.pulse` cannot be 0".to_owned());
        }
        self.push.as_ref().map_or(Ok(()), Push::check)
    }
}

impl Push {
    fn check(&self) -> Result<(), String> {
        let types = self.event_types.values().chain([&self.event_type]);
        let is_word = |name: &str| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|character| character.is_ascii_alphanumeric())
        };
        for name in types {
            if !is_word(name) || name.eq_ignore_ascii_case("videoloss") {
                return Err(format!(
                    "`{name}` is no type of event such as fielddetection, linedetection or VMD"
                ));
            }
        }
        if self.channels.values().any(|number| *number == 0) {
            return Err("`push.channels` count from 1".to_owned());
        }
        Ok(())
    }
}
