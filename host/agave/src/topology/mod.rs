//! The flow as it runs. [`Topology`] is built and nothing in it has started; once
//! [`Running`], this is the way of a frame:
//!
//! ```text
//! source thread ──► Intake ──► worker: infer ──► Lane ──► Chain ──► Journal ──► Outbox ──► courier thread
//! one a camera      newest     one a core        puts     the       written    one an     retries
//!                   wins                         frames   camera's  before     adapter
//!                                                in order nodes     it is told
//! ```
//!
//! There are two waiting places, the intake before the flow and the outboxes after it. Between
//! them a worker calls the camera's nodes one after the other, on its own thread.

mod account;
mod adapters;
pub(crate) mod build;
mod camera;
mod chain;
mod device;
mod exchange;
mod feed;
mod intake;
pub(crate) mod journal;
mod lane;
mod latency;
mod look;
mod lost;
mod models;
mod nodes;
mod outbox;
mod outside;
mod preflight;
mod problem;
mod recorded;
mod rehearsal;
mod reload;
mod remembered;
mod running;
mod settle;
mod site;
mod source;
mod status;
mod step;
mod summary;
mod taps;
mod trail;
mod video;
mod worker;

pub(crate) use build::Topology;
pub(crate) use chain::{AlertSink, Seen};
pub(crate) use journal::WaitingOutcomes;
pub(crate) use models::LookError;
pub(crate) use outbox::{TestOutcome, Tested, idempotency_key};
pub(crate) use rehearsal::{Cast, Rehearsal};
pub(crate) use reload::ReloadError;
pub(crate) use running::{Finish, Live, Running, Signal};
pub(crate) use status::remedied;
pub(crate) use summary::{CameraCounts, Summary};
pub(crate) use taps::{Tap, Taps};

#[cfg(test)]
mod tests;
