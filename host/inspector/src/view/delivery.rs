//! What adapters have given up, and what became of a test.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Alert;

/// An alert that an adapter has given up.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DeadLetterView {
    /// The adapter.
    pub adapter: String,
    /// The alert's number.
    pub sequence: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was given up.
    pub reason: String,
    /// When that was.
    #[schema(format = DateTime)]
    pub at: String,
    /// The alert.
    pub alert: Alert,
}

/// What became of a test alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TestAlertView {
    /// In one word.
    pub outcome: TestOutcome,
    /// Why it did not arrive.
    #[schema(example = "the receiver answered 503")]
    pub said: Option<String>,
    /// The camera whose alert it was made out to be.
    #[schema(example = "gate")]
    pub camera: String,
    /// From its being handed over until the answer, in milliseconds.
    #[schema(example = 12.5)]
    pub took_ms: f64,
}

/// What can become of a test alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// The receiver has it.
    Delivered,
    /// The receiver does not want it.
    Refused,
    /// The receiver is not there, or cannot take it now; alerts would be tried again.
    NotNow,
    /// Nobody has said that it arrived, and it may have.
    Unheard,
    /// The plugin failed.
    Failed,
}

/// How many were meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Done {
    /// So many.
    pub done: u64,
}
