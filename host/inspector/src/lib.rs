//! The control API of Agave, and the page that shows a flow living: for people who look rather
//! than read, and for programs that ask.
//!
//! An [`Inspector`] listens on one address. What it shows and changes is behind the traits
//! [`System`] and [`RunningFlow`], which whoever runs the flows implements. Everything that goes
//! to a browser is lossy for the browser: nothing here makes a flow wait.
//!
//! Who may do what stands beside each route, becomes part of the OpenAPI document, and the gate
//! in front of all routes is made from that document.

mod access;
pub mod additions;
mod api;
mod changes;
mod connections;
mod extract;
mod inspector;
mod page;
mod problem;
mod query;
mod server;
mod settings;
mod shared;
pub mod system;
mod unread;
pub mod view;

pub use access::{AuditEntry, NewToken, Role, TokenView, Tokens, TokensError};
pub use additions::Additions;
pub use inspector::{Inspector, Prepared, openapi};
pub use problem::Problem;
pub use settings::{InspectorError, Settings, TlsFiles};
pub use system::{Refusal, RunningFlow, System};
