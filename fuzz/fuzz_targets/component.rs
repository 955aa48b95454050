//! What calls itself a plugin: it is refused in readable words, or loaded, started and called.

#![no_main]

#[path = "../../host/plugin/tests/common/mod.rs"]
mod common;
#[path = "../../host/plugin/tests/puppet/mod.rs"]
mod puppet;

use agave_plugin::Instance;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match puppet::load(common::engine(), data) {
        Err(error) => common::assert_readable(&error.to_string()),
        Ok(plugin) => {
            let called = Instance::start(&plugin, &common::setup(common::BAD, "{}"))
                .and_then(|mut instance| instance.process(&common::frame(1)));
            if let Err(failure) = called {
                common::assert_readable(&failure.to_string());
            }
        }
    }
});
