//! Who may do what: tokens, the sessions that begin with one, and the gate in front of every
//! route.

mod attempts;
mod audit;
mod gate;
mod headers;
mod role;
mod sessions;
mod tokens;

pub(crate) use attempts::Attempts;
pub use audit::AuditEntry;
pub(crate) use audit::AuditLog;
pub(crate) use gate::{Gate, Guard, Needs, Peer, Rights, guard};
pub(crate) use headers::{COOKIE, cookie};
pub use role::Role;
pub(crate) use sessions::{LONGEST as LONGEST_SESSION, Sessions};
pub use tokens::{NewToken, TokenView, Tokens, TokensError};

use std::sync::Arc;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The token's name; none for a person on this machine where no token is asked for.
    pub(crate) name: Option<Arc<str>>,
    pub(crate) role: Role,
    /// Who came by a cookie has to send this along with every change.
    pub(crate) csrf: Option<Arc<str>>,
}

impl Caller {
    /// The name for logs.
    pub(crate) fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or("local")
    }
}
