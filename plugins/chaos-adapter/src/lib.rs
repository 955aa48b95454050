//! An adapter that misbehaves on purpose: it does not deliver, and tries what it may not.

use agave_vision_sdk::http::{self, Authentication, Method, Request};
use agave_vision_sdk::prelude::*;
use agave_vision_sdk::secrets::Secret;

/// How to misbehave.
///
/// The host's tests match on it without a wildcard: a mode that no test expects anything of
/// does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Never returns.
    Loop,
    /// Traps.
    Trap,
    /// Asks for another attempt in 49 days.
    RetryInWeeks,
    /// Asks for another attempt at once, always.
    RetryAtOnce,
    /// Rejects for a reason of 5 MB.
    LongReason,
    /// Rejects for a reason that looks like lines of a log.
    ForgedReason,
    /// Opens a secret again and again, and never lets go.
    LeakSecrets,
    /// Opens a secret that it was not granted.
    ForeignSecret,
    /// Opens a secret with a name of 5 MB.
    LongSecretName,
    /// Sends to an address that it was not granted.
    ForeignOrigin,
    /// Sends a body of 40 MB.
    LongBody,
}

/// Configuration of the misbehaviour.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How to misbehave.
    pub mode: Mode,
    /// The camera for whose alerts to misbehave; it says that it has delivered the others.
    pub camera: String,
}

/// The misbehaving adapter.
pub struct ChaosAdapter {
    config: Config,
}

impl Plugin for ChaosAdapter {
    type Config = Config;
    type State = ();

    fn configure(config: Config, _: &StreamInfo) -> Result<Self, String> {
        Ok(Self { config })
    }
}

impl Adapter for ChaosAdapter {
    #[expect(clippy::panic, reason = "this is what it is for")]
    fn deliver(&self, (): &mut (), delivery: &Delivery) -> Outcome {
        if delivery.camera != self.config.camera {
            return Outcome::Delivered;
        }
        match self.config.mode {
            Mode::Loop => loop {
                std::hint::black_box(());
            },
            Mode::Trap => panic!("chaos was asked to trap"),
            Mode::RetryAtOnce => Outcome::Retry(Some(0)),
            Mode::RetryInWeeks => Outcome::Retry(Some(u32::MAX)),
            Mode::LongReason => Outcome::Rejected("long ".repeat(1_000_000)),
            Mode::ForgedReason => {
                Outcome::Rejected("all well\r\nerror: node is on fire\u{1b}[2J".to_owned())
            }
            Mode::LeakSecrets => loop {
                match Secret::open("granted") {
                    Ok(secret) => std::mem::forget(secret),
                    Err(why) => return Outcome::Rejected(why),
                }
            },
            Mode::ForeignSecret => opened("foreign"),
            Mode::LongSecretName => opened(&"long ".repeat(1_000_000)),
            Mode::ForeignOrigin => sent(Vec::new()),
            Mode::LongBody => sent(vec![1; 40 << 20]),
        }
    }
}

fn opened(name: &str) -> Outcome {
    match Secret::open(name) {
        Ok(_) => Outcome::Delivered,
        Err(why) => Outcome::Rejected(why),
    }
}

fn sent(body: Vec<u8>) -> Outcome {
    let request = Request {
        method: Method::Post,
        url: "http://169.254.169.254/latest/meta-data".to_owned(),
        headers: Vec::new(),
        body,
        timeout_ms: 1000,
    };
    match http::send(&request, &Authentication::None) {
        Ok(_) => Outcome::Delivered,
        Err(error) => Outcome::Rejected(error.to_string()),
    }
}

agave_vision_sdk::export_adapter!(ChaosAdapter);
