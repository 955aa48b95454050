//! What has to be there again after a restart, in one SQLite file for a flow: its alerts with
//! what is still to be delivered of them, what its nodes remember, and the small maps of its
//! adapters. SQLite appears in this crate and nowhere else.
//!
//! A [`Store`] is the file; one process has it at a time. A [`Batch`] is written as a whole or
//! not at all: an alert and the state that knows of it are there together after whatever
//! happens. A [`Map`] is one node's own part. What was written has reached the disk when the
//! call returns, so neither a killed process nor a power cut loses it.

mod alerts;
mod batch;
mod checkpoints;
mod dead_letters;
mod deliveries;
mod map;
mod steps;
mod store;
pub mod trail;

pub use alerts::{AlertQuery, KeptAlert, Retention};
pub use batch::{Batch, Dead, NewAlert, NewCheckpoint, NodeState, Settled, Tried};
pub use checkpoints::{Checkpoint, KeptState};
pub use dead_letters::{DeadLetter, DeadLetterQuery};
pub use deliveries::{Due, Waiting};
pub use map::{MOST_BYTES, Map};
pub use store::{Store, StoreError};
