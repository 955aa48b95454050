//! Who may do what: tokens, the sessions that begin with one, and the gate in front of every
//! route.

mod attempts;
mod audit;
mod gate;
mod headers;
mod role;
mod sessions;
mod shared_file;
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
    pub(crate) by: Proof,
}

/// By what somebody was let in, which may not last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Being on this machine.
    Here,
    /// The token with this id.
    Token(Arc<str>),
    /// The session of this cookie.
    Session {
        /// The word of the cookie.
        word: Arc<str>,
        /// The id of the token that it began with.
        token: Arc<str>,
    },
}

impl Proof {
    /// The id of the token, where there is one.
    pub(crate) fn token(&self) -> Option<&Arc<str>> {
        match self {
            Self::Here => None,
            Self::Token(token) | Self::Session { token, .. } => Some(token),
        }
    }
}

impl Caller {
    /// The name for logs.
    pub(crate) fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or("local")
    }
}
