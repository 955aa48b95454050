//! Each capability as an adapter sees it, against real servers: what is granted works, what is
//! not is refused, and no secret comes back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod addresses;
mod http;
mod logins;
mod mqtt;
mod probe;
mod secrets;
mod small;
mod tcp;
mod waiting;
