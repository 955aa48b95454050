//! What an adapter is given and what it answers, in plain types of the host.

use std::time::Duration;

use agave_core::Alert;

use crate::bindings::adapter::exports::agave::plugin::adapter as wit_adapter;
use crate::text::{SENTENCE, shortened};

/// One alert on its way out.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The same on every attempt.
    pub idempotency_key: String,
    /// Where it was seen.
    pub camera: String,
    /// 1 for the first.
    pub attempt: u32,
    /// Time since the stream's first frame.
    pub media_time: Duration,
    /// What happened.
    pub alert: Alert,
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Delivered,
    /// Not now; after so long if the receiver said.
    Retry(Option<Duration>),
    /// Never, for this reason.
    Rejected(String),
}

impl From<&Delivery> for wit_adapter::Delivery {
    fn from(delivery: &Delivery) -> Self {
        Self {
            idempotency_key: delivery.idempotency_key.clone(),
            camera: delivery.camera.clone(),
            attempt: delivery.attempt,
            media_time: u64::try_from(delivery.media_time.as_nanos()).unwrap_or(u64::MAX),
            alert: (&delivery.alert).into(),
        }
    }
}

impl From<wit_adapter::Outcome> for Outcome {
    fn from(outcome: wit_adapter::Outcome) -> Self {
        match outcome {
            wit_adapter::Outcome::Delivered => Self::Delivered,
            wit_adapter::Outcome::Retry(after) => {
                Self::Retry(after.map(|milliseconds| Duration::from_millis(milliseconds.into())))
            }
            wit_adapter::Outcome::Rejected(reason) => Self::Rejected(shortened(&reason, SENTENCE)),
        }
    }
}
