//! Agave as a Hikvision device: it serves ISAPI, so that what subscribes to a camera (Home
//! Assistant, Node-RED, recorders) subscribes to Agave and needs to know nothing of it.
//!
//! A [`Device`] listens on one address and has one channel for each camera. What happens is
//! handed in with [`Device::raise`]; an incident that is open is posted again every second on
//! each `alertStream`, and its end once. Hosts that register themselves are pushed to. All of it
//! is bounded: clients, what waits for one of them, hosts, what waits for one of those. What is
//! dropped is counted in [`Device::report`].
//!
//! The device decides nothing: what is an incident, and whether it was announced before a
//! restart, is the caller's to know. An incident whose first notice is an update goes on and is
//! not announced again.

mod answer;
mod device;
mod event;
mod event_type;
mod hosts;
mod incidents;
mod login;
mod notice;
mod pages;
mod parts;
mod picture;
mod post;
mod push;
mod report;
mod serve;
mod settings;
mod shared;
mod status;
mod streams;
mod xml;

pub use device::{Device, IsapiError};
pub use event_type::{EventType, EventTypes, UnknownEventType};
pub use hosts::{HttpHost, Protocol};
pub use notice::Notice;
pub use picture::{NoPictures, Pictures};
pub use report::Report;
pub use settings::{Channel, DeviceSettings, Framing, Identity, Limits, Login, OnHosts, Origin};
