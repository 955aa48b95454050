//! What a plugin can ask of the host. Each capability has three moments: it is linked here, the
//! node's grant for it is checked with the flow, and each instance gets its own share of it.
//!
//! Filters, rules and gates get `log` and nothing else, so that the same detections give the
//! same alerts on every run.

pub(crate) mod clock;
mod frames;
pub(crate) mod http;
mod keyvalue;
pub(crate) mod log;
mod mqtt;
pub(crate) mod redact;
pub(crate) mod secrets;
pub(crate) mod tcp;
pub(crate) mod wasi;

use agave_core::Role;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::imports::agave::plugin as contract;
use crate::guest::Guest;

/// The interfaces that a plugin in `role` may import, without the version.
pub(crate) fn allowed(role: Role) -> &'static [&'static str] {
    match role {
        Role::Filter | Role::Rule | Role::Gate => &["agave:plugin/types", "agave:plugin/log"],
        Role::Adapter => &[
            "agave:plugin/types",
            "agave:plugin/log",
            "agave:plugin/clock",
            "agave:plugin/secrets",
            "agave:plugin/http",
            "agave:plugin/mqtt",
            "agave:plugin/tcp",
            "agave:plugin/frames",
            "agave:plugin/keyvalue",
        ],
    }
}

/// Links exactly what `role` may import.
pub(crate) fn link(linker: &mut Linker<Guest>, role: Role) -> wasmtime::Result<()> {
    contract::types::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    contract::log::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    if role == Role::Adapter {
        contract::clock::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
        contract::secrets::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
        contract::http::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
        contract::mqtt::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
        contract::tcp::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
        contract::frames::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
        contract::keyvalue::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    }
    Ok(())
}

impl contract::types::Host for Guest {}
