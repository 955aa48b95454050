//! Runs the `tests` of flow files in virtual time: what is seen is handed to the flow's own
//! nodes frame by frame, and what they give is compared with what the test expects. No camera,
//! no model, no adapter and no clock takes part.
//!
//! The stages are types: a flow with its classes → [`Stage`] → [`Outcome`] of each test.

mod align;
mod classes;
mod files;
mod inputs;
mod show;
mod stage;

pub(crate) use classes::Classes;
pub(crate) use files::{Found, flows};
pub(crate) use show::{json, told};
pub(crate) use stage::Stage;
