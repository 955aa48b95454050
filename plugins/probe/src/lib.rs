//! An adapter that makes the calls it is told to and says what came of them, so that tests can
//! look at each capability from the inside.
//!
//! A call is JSON in the alert's attribute `call`; the answer is JSON in the reason with which
//! the delivery is rejected. A reason is short, so it is handed out in pieces: `LENGTH PIECE`
//! first, and more pieces for the attribute `from`. In a flow, `config.calls` are made for every
//! alert.

mod answer;
mod call;
mod picture;

use std::cell::RefCell;
use std::collections::BTreeMap;

use agave_vision_sdk::prelude::*;
use agave_vision_sdk::tcp;
use serde_json::Value;

/// What fits into a reason.
const PIECE: usize = 900;

/// Configuration of the probe.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The calls that are made for every alert.
    #[serde(default)]
    pub calls: Vec<serde_json::Map<String, Value>>,
}

/// The probe with what it has open.
pub struct Probe {
    config: Config,
    connections: RefCell<BTreeMap<u32, tcp::Connection>>,
    marks: RefCell<Vec<Vec<u8>>>,
}

/// What it has still to hand out.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    answer: String,
}

impl Plugin for Probe {
    type Config = Config;
    type State = State;

    fn configure(config: Config, _: &StreamInfo) -> Result<Self, String> {
        Ok(Self {
            config,
            connections: RefCell::default(),
            marks: RefCell::default(),
        })
    }
}

impl Adapter for Probe {
    fn deliver(&self, state: &mut State, delivery: &Delivery) -> Outcome {
        let attribute = |wanted: &str| {
            let mut all = delivery.alert.attributes.iter();
            all.find(|(name, _)| name == wanted)
                .map(|(_, value)| value.as_str())
        };
        let from = attribute("from").and_then(|from| from.parse().ok());
        if from.is_none() {
            state.answer = match attribute("call") {
                Some(call) => self.answer(delivery, call),
                None => self.configured(delivery),
            };
        }
        let rest = state.answer.get(from.unwrap_or(0)..).unwrap_or_default();
        let mut end = rest.len().min(PIECE);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, _) = rest.split_at(end);
        Outcome::Rejected(format!("{} {piece}", state.answer.len()))
    }
}

impl Probe {
    fn answer(&self, delivery: &Delivery, call: &str) -> String {
        match serde_json::from_str(call) {
            Ok(call) => self.make(delivery, call).to_string(),
            Err(error) => Value::from(error.to_string()).to_string(),
        }
    }

    fn configured(&self, delivery: &Delivery) -> String {
        let answers = self.config.calls.iter().map(|call| {
            let call = Value::Object(call.clone());
            match serde_json::from_value(call) {
                Ok(call) => self.make(delivery, call),
                Err(error) => Value::from(error.to_string()),
            }
        });
        Value::Array(answers.collect()).to_string()
    }
}

agave_vision_sdk::export_adapter!(Probe);
