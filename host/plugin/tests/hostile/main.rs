//! Every way to misbehave that we know, in every role: each has its right name and its right
//! reason in the ledger, can be read, and changes nothing for another camera or another node.
//!
//! `modes` runs what a compiler lets one write (`plugins/chaos*`); `lies`, `broken` and `refused`
//! run what it does not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod broken;
#[path = "../common/mod.rs"]
mod common;
mod expected;
mod lies;
mod log_lines;
mod modes;
#[path = "../puppet/mod.rs"]
mod puppet;
mod refused;
