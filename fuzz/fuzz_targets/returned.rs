//! What a plugin returns: the first byte chooses the role, the rest is laid down in the plugin's
//! memory as its answer.

#![no_main]

#[path = "../../host/plugin/tests/common/mod.rs"]
mod common;
#[path = "../../host/plugin/tests/puppet/mod.rs"]
mod puppet;

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use puppet::believed::Puppets;

thread_local! {
    static PUPPETS: RefCell<Puppets> = RefCell::new(Puppets::new(
        common::engine(),
        common::setup(common::BAD, "{}"),
        common::frame(5),
        (1..3).map(|number| common::delivery(common::BAD, number)).collect(),
    ));
}

fuzz_target!(|data: &[u8]| {
    // More than the puppet's memory holds is no answer of its.
    let Some((&role, answer)) = data.split_first().filter(|_| data.len() < 1 << 20) else {
        return;
    };
    PUPPETS.with_borrow_mut(|puppets| {
        puppets.return_bytes(role.into(), answer);
    });
});
