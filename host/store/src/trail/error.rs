//! Why the trail cannot be written, and whether it is worth trying again.

use std::error::Error as _;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::error::SqlState;

/// Why something could not be written. No variant shows a password.
#[derive(Debug, thiserror::Error)]
pub enum TrailError {
    /// The address of the database cannot be meant.
    #[error("the address of the database {0}")]
    Address(String),
    /// The certificates of `ca` cannot be used.
    #[error("the certificates of the database cannot be used: {0}")]
    Certificates(String),
    /// Nobody answers there.
    #[error("the database at {server} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port.
        server: String,
        /// What the system said.
        reason: String,
    },
    /// The connection cannot be made safe.
    #[error(
        "the connection to the database at {server} cannot be made safe: {reason}; give the authority of its certificate as `ca`, or say another `sslmode`"
    )]
    Tls {
        /// Host and port.
        server: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server does not let this user in.
    #[error(
        "the database at {server} does not let '{user}' in: {reason}; look at user and password of its address, and at the server's pg_hba.conf"
    )]
    Login {
        /// Host and port.
        server: String,
        /// Who wanted to log in.
        user: String,
        /// What the server said.
        reason: String,
    },
    /// The server has no such database.
    #[error(
        "there is no database '{database}' at {server}; make it with `createdb {database}`, or correct the address"
    )]
    NoDatabase {
        /// Host and port.
        server: String,
        /// Which.
        database: String,
    },
    /// The user may not do that.
    #[error(
        "the database refuses: {reason}; the user needs to own the schema `agave`, or the right to create it"
    )]
    Rights {
        /// What the server said.
        reason: String,
    },
    /// A later version of Agave has changed the tables.
    #[error(
        "the trail was written by a newer version of Agave; run that one, or use another database"
    )]
    Newer,
    /// It took too long.
    #[error("the database did not answer within {0:?}")]
    Late(Duration),
    /// The server is there and cannot do it now.
    #[error("the database cannot do it now: {0}")]
    Busy(String),
    /// The server refuses what it was given.
    #[error("the database refuses what it was given: {0}")]
    Refused(String),
    /// The file cannot be opened or written.
    #[error("the trail in {} cannot be written: {reason}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What SQLite said.
        reason: rusqlite::Error,
    },
}

impl TrailError {
    /// Whether the same call may succeed later with nothing changed by a person.
    #[must_use]
    pub fn may_retry(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Late(_) | Self::Busy(_) => true,
            Self::File { reason, .. } => matches!(
                reason.sqlite_error_code(),
                Some(
                    rusqlite::ErrorCode::DatabaseBusy
                        | rusqlite::ErrorCode::DatabaseLocked
                        | rusqlite::ErrorCode::DiskFull
                        | rusqlite::ErrorCode::SystemIoFailure
                )
            ),
            _ => false,
        }
    }

    /// What `error` means for a person with this server in mind.
    pub(super) fn of(error: &tokio_postgres::Error, server: &Server) -> Self {
        let Some(refusal) = error.as_db_error() else {
            return Self::of_connection(error, server);
        };
        let reason = refusal.message().to_owned();
        let code = refusal.code();
        if code == &SqlState::INVALID_CATALOG_NAME {
            return Self::NoDatabase {
                server: server.address.clone(),
                database: server.database.clone(),
            };
        }
        if code == &SqlState::INSUFFICIENT_PRIVILEGE {
            return Self::Rights { reason };
        }
        match code.code().get(..2) {
            Some("28") => Self::Login {
                server: server.address.clone(),
                user: server.user.clone(),
                reason,
            },
            // What is wrong with the row itself. Everything else may pass: a conflict, no room, a
            // server that stops, may only be read for a while, or has its tables restored.
            Some("22" | "23") => Self::Refused(reason),
            _ => Self::Busy(reason),
        }
    }

    fn of_connection(error: &tokio_postgres::Error, server: &Server) -> Self {
        let words = error.to_string();
        let reason = error
            .source()
            .map_or_else(|| words.clone(), ToString::to_string);
        if words.starts_with("error performing TLS handshake") {
            return Self::Tls {
                server: server.address.clone(),
                reason,
            };
        }
        if words.starts_with("authentication error") || words.contains("password missing") {
            return Self::Login {
                server: server.address.clone(),
                user: server.user.clone(),
                reason,
            };
        }
        Self::Unreachable {
            server: server.address.clone(),
            reason,
        }
    }
}

/// What messages call the server.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) address: String,
    pub(super) user: String,
    pub(super) database: String,
}
