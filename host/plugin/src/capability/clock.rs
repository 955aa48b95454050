//! The wall clock, for adapters. The pure roles know only the time in their inputs.

use agave_core::Timestamp;

use crate::bindings::imports::agave::plugin::clock::Host;
use crate::guest::Guest;

impl Host for Guest {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(Timestamp::now().0)
    }
}
