//! Where the trail is to be written.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::error::{Server, TrailError};

const DEADLINE: Duration = Duration::from_secs(10);
const PORT: u16 = 5432;

/// Where the trail is written, and how long that may take.
#[derive(Clone, Debug)]
pub struct TrailSettings {
    /// Where.
    pub database: Database,
    /// How long any call may take; 10 s unless something else is said.
    pub deadline: Duration,
}

/// The kinds of database.
#[derive(Clone, Debug)]
pub enum Database {
    /// A PostgreSQL server.
    Postgres(Box<PostgresSettings>),
    /// This file, which is made where it is not there.
    Sqlite(PathBuf),
}

/// A database at a PostgreSQL server. Its `Debug` shows no password.
#[derive(Clone)]
pub struct PostgresSettings {
    pub(super) config: tokio_postgres::Config,
    pub(super) safety: Safety,
    /// In PEM, of an authority beside the system's.
    pub(super) authority: Vec<u8>,
    pub(super) server: Server,
}

/// `sslmode`, with the meanings that PostgreSQL's own clients give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Safety {
    Disable,
    Prefer,
    Require,
    VerifyFull,
}

impl TrailSettings {
    /// In an SQLite file.
    #[must_use]
    pub fn sqlite(file: PathBuf) -> Self {
        Self {
            database: Database::Sqlite(file),
            deadline: DEADLINE,
        }
    }

    /// At `address`, `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=MODE`. The modes are
    /// `disable`, `prefer` (the default), `require`, which does not look at the certificate, and
    /// `verify-full`, which wants one of an authority that the system knows or that is in
    /// `authority`, in PEM.
    ///
    /// # Errors
    /// What is wrong with the address.
    pub fn postgres(address: &str, authority: Vec<u8>) -> Result<Self, TrailError> {
        Ok(Self {
            database: Database::Postgres(Box::new(PostgresSettings::read(address, authority)?)),
            deadline: DEADLINE,
        })
    }
}

impl PostgresSettings {
    fn read(address: &str, authority: Vec<u8>) -> Result<Self, TrailError> {
        let wrong = |reason: &str| TrailError::Address(reason.to_owned());
        let mut url = Url::parse(address)
            .map_err(|error| TrailError::Address(format!("cannot be read: {error}")))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(wrong("does not begin with `postgres://`"));
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        if host.is_empty() {
            return Err(wrong(
                "has no host: write `postgres://USER:PASSWORD@HOST/DATABASE`",
            ));
        }
        let database = url.path().trim_start_matches('/').to_owned();
        if database.is_empty() {
            return Err(wrong(
                "does not say which database: write `postgres://USER:PASSWORD@HOST/DATABASE`",
            ));
        }
        if url.username().is_empty() {
            return Err(wrong(
                "does not say as whom: write `postgres://USER:PASSWORD@HOST/DATABASE`",
            ));
        }
        let mut safety = Safety::Prefer;
        for (name, value) in url.query_pairs() {
            match (&*name, &*value) {
                ("sslmode", "disable") => safety = Safety::Disable,
                ("sslmode", "prefer") => safety = Safety::Prefer,
                ("sslmode", "require") => safety = Safety::Require,
                ("sslmode", "verify-full") => safety = Safety::VerifyFull,
                ("sslmode", other) => {
                    return Err(TrailError::Address(format!(
                        "has `sslmode={other}`; it can be disable, prefer, require or verify-full"
                    )));
                }
                (other, _) => {
                    return Err(TrailError::Address(format!(
                        "has `{other}`; behind the `?` there can be `sslmode` and nothing else"
                    )));
                }
            }
        }
        url.set_query(None);
        let mut config: tokio_postgres::Config =
            url.as_str()
                .parse()
                .map_err(|error: tokio_postgres::Error| {
                    TrailError::Address(format!("cannot be read: {error}"))
                })?;
        let user = config.get_user().unwrap_or_default().to_owned();
        let port = url.port().unwrap_or(PORT);
        config
            .application_name("agave")
            .ssl_mode(match safety {
                Safety::Disable => tokio_postgres::config::SslMode::Disable,
                Safety::Prefer => tokio_postgres::config::SslMode::Prefer,
                Safety::Require | Safety::VerifyFull => tokio_postgres::config::SslMode::Require,
            })
            .connect_timeout(Duration::from_secs(5))
            .keepalives(true)
            .keepalives_idle(Duration::from_secs(30))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(3)
            .tcp_user_timeout(Duration::from_secs(20));
        Ok(Self {
            config,
            safety,
            authority,
            server: Server {
                address: format!("{host}:{port}"),
                user,
                database,
            },
        })
    }
}

impl fmt::Debug for PostgresSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Server {
            address,
            user,
            database,
        } = &self.server;
        let safety = self.safety;
        write!(formatter, "{user} at {address}/{database}, {safety:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(address: &str) -> Result<PostgresSettings, TrailError> {
        PostgresSettings::read(address, Vec::new())
    }

    #[test]
    fn an_address_is_read_as_it_is_meant() {
        let settings =
            read("postgres://watch%40:top%2Fsecret@db.example:6432/yard?sslmode=require").unwrap();
        assert_eq!(settings.config.get_user(), Some("watch@"));
        assert_eq!(settings.config.get_password(), Some(&b"top/secret"[..]));
        assert_eq!(settings.config.get_dbname(), Some("yard"));
        assert_eq!(settings.config.get_ports(), [6432]);
        assert_eq!(settings.safety, Safety::Require);
        assert_eq!(
            format!("{settings:?}"),
            "watch@ at db.example:6432/yard, Require"
        );
        assert_eq!(read("postgresql://a@b/c").unwrap().safety, Safety::Prefer);
    }

    #[test]
    fn an_address_that_cannot_be_meant_is_refused_without_its_password() {
        for (address, reason) in [
            ("mysql://a:hidden@b/c", "`postgres://`"),
            ("postgres://a:hidden@b", "which database"),
            ("postgres://b/c", "as whom"),
            ("postgres://a:hidden@b/c?sslmode=verify", "verify-full"),
            ("postgres://a:hidden@b/c?options=x", "`options`"),
            ("postgres://a:hidden@b:port/c", "cannot be read"),
            ("hidden", "cannot be read"),
        ] {
            let error = read(address).unwrap_err();
            let said = error.to_string();
            assert!(said.contains(reason), "{address}: {said}");
            assert!(!said.contains("hidden"), "{said}");
            assert!(!error.may_retry());
        }
    }
}
