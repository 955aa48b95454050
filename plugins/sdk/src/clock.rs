//! The time of the day, for adapters. In a native test there is no host:
//! [`testing::set_clock`](crate::testing::set_clock) says what the time is.

use crate::types::Timestamp;

/// Nanoseconds since the Unix epoch.
pub fn now() -> Timestamp {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::imports::agave::plugin::clock::now();
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::now()
}
