//! What adapters have given up.

use serde::Serialize;
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

/// How many were meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Done {
    /// So many.
    pub done: u64,
}
