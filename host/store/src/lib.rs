//! What has to be there again after a restart, in one SQLite file for a flow: so far the small
//! maps of its nodes. SQLite appears in this crate and nowhere else.
//!
//! A [`Store`] is the file; a [`Map`] is one node's part of it. A value that was set has reached
//! the disk, so neither a killed process nor a power cut loses it.

mod map;
mod store;

pub use map::{MOST_BYTES, Map};
pub use store::{Store, StoreError};
