//! Sandboxed WebAssembly plugins: what turns a component's file into nodes that can be called,
//! limits what they may use and touch, and gives each way of failing its own name.
//!
//! The stages are types: bytes → [`Plugin`] (compiled, described, its imports checked) →
//! [`Instance`] (one node, one camera, configured) → [`Supervised`] (an instance that is rebuilt
//! after a failure). `wasmtime` appears in this crate and nowhere else.

mod bindings;
mod capability;
mod compiled;
mod convert;
mod delivery;
mod encode;
mod engine;
mod exact;
mod failure;
mod grants;
mod guest;
mod instance;
mod network;
mod outside;
mod plugin;
mod snapshot;
mod supervised;
mod text;
mod validate;
mod warm;

pub use delivery::{Delivery, Outcome};
pub use encode::{EncodeError, encode};
pub use engine::{Engine, EngineError, Optimisation};
pub use failure::Failure;
pub use grants::{Grants, Origin, OriginError};
pub use guest::Limits;
pub use instance::{Instance, NodeSetup};
pub use network::{
    BrokerError, BrokerSettings, Network, NetworkSettings, Resolver, Resolving, SystemResolver,
};
pub use outside::{DurableMap, NoPicture, Outside, Pictures};
pub use plugin::{Description, LoadError, Plugin};
pub use snapshot::Snapshot;
pub use supervised::{LastFailure, OnFailure, Supervised, Verdict};
