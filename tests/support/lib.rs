//! What the end-to-end tests share: the real program as a process, the real servers that it
//! talks to, and the comparison of what it reports with what a person saw in the clip.
//!
//! Nothing waits without a deadline, every wait says what it waited for, and every process
//! ends with its guard.

#![allow(
    clippy::print_stderr,
    reason = "the test harness keeps it back and shows it only where a test fails"
)]

mod agave;
mod alert;
mod api;
mod arrivals;
mod backlog;
mod broker;
mod crowd;
mod device;
mod hikvision;
mod ordeal;
mod outbox;
mod packages;
mod place;
mod postgres;
mod process;
mod receiver;
mod recording;
mod reload;
mod server;
mod summary;
mod truth;
mod web;
mod yard;

pub use agave::{Agave, Outcome, agave, agave_in, agave_with, agave_with_within, agave_within};
pub use alert::{Alert, begins, without_wall_clock};
pub use api::{Api, ApiAnswer, ApiRequest, ApiSocket, served, token};
pub use arrivals::Arrivals;
pub use backlog::{ADAPTER, Backlog};
pub use broker::{BrokerOptions, Listener, Mosquitto};
pub use crowd::Crowd;
pub use device::{Device, DeviceRequest};
pub use hikvision::{HikvisionDevice, HikvisionRequest};
pub use ordeal::{Counterpart, Ordeal, Taken, undergo};
pub use outbox::{OutboxStatus, until};
pub use packages::{node_packages, python_packages, skipped};
pub use place::{
    crates, flow, free_port, plugin, plugin_folders, program, repository, test_data, tool_path,
};
pub use postgres::Postgres;
pub use process::{Finished, Process};
pub use receiver::Receiver;
pub use recording::{Seen, SeenFrame, seen_frames, watching, write_recording};
pub use reload::Reload;
pub use rustix::process::Signal;
pub use server::{HttpReceiver, HttpRequest, Login, RtspServer};
pub use summary::Summary;
pub use truth::{Incident, TOLERANCE, Truth};
pub use web::{User, WebServer};
pub use yard::Yard;
