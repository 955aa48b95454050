//! The audit trail: what happened, whom it was told, and what the system was at that time, for
//! people who ask later. It is in PostgreSQL where a database is configured, and otherwise in an
//! SQLite file of its own; the tables are the same.
//!
//! Everything is written idempotently, so a batch whose answer was lost is written again. All
//! calls block, none for longer than its deadline, and none may be made on a thread of the
//! asynchronous runtime.

mod error;
mod form;
mod postgres;
mod settings;
mod sqlite;
mod surroundings;
mod words;

use tokio::runtime::Handle;

pub use error::TrailError;
pub use settings::{Database, PostgresSettings, TrailSettings};
pub use surroundings::{Surroundings, TrailCamera, TrailModel, TrailZone};
pub use words::{TrailAlert, TrailCheckpoint, TrailDelivery, TrailOutcome};

use postgres::Postgres;
use sqlite::Sqlite;

/// Where the trail is written.
pub struct Trail {
    place: Place,
}

enum Place {
    Postgres(Box<Postgres>),
    Sqlite(Sqlite),
}

impl Trail {
    /// Connects, and brings the tables to their newest form. A database that cannot be reached
    /// now is tried again with the next call: see [`Trail::is_ready`].
    ///
    /// # Errors
    /// Where something is wrong that does not mend itself: a password, the database's name, TLS,
    /// rights, a newer version's tables, a file that cannot be opened.
    pub fn open(settings: &TrailSettings, runtime: Handle) -> Result<Self, TrailError> {
        let place = match &settings.database {
            Database::Postgres(postgres) => {
                let postgres = Postgres::open(postgres, settings.deadline, runtime)?;
                Place::Postgres(Box::new(postgres))
            }
            Database::Sqlite(file) => Place::Sqlite(Sqlite::open(file)?),
        };
        Ok(Self { place })
    }

    /// Whether the database was reached and has the tables.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        match &self.place {
            Place::Postgres(postgres) => postgres.is_ready(),
            Place::Sqlite(_) => true,
        }
    }

    /// Writes these alerts, in their order, as a whole or not at all. One that is there already
    /// stays as it is.
    ///
    /// # Errors
    /// When they cannot be written; [`TrailError::may_retry`] says whether it is worth trying
    /// again.
    pub fn write(&self, alerts: &[TrailAlert]) -> Result<(), TrailError> {
        match &self.place {
            Place::Postgres(postgres) => postgres.write(alerts),
            Place::Sqlite(sqlite) => sqlite.write(alerts),
        }
    }

    /// Notes what became of deliveries; later news of one takes the place of earlier news.
    ///
    /// # Errors
    /// As [`Trail::write`].
    pub fn delivered(&self, deliveries: &[TrailDelivery]) -> Result<(), TrailError> {
        match &self.place {
            Place::Postgres(postgres) => postgres.delivered(deliveries),
            Place::Sqlite(sqlite) => sqlite.delivered(deliveries),
        }
    }

    /// Notes which cameras, zones and models a flow has. What is not as it was gets a new
    /// version, and the one before an end; so does what is gone.
    ///
    /// # Errors
    /// As [`Trail::write`].
    pub fn describe(&self, surroundings: &Surroundings) -> Result<(), TrailError> {
        let given = surroundings.things();
        match &self.place {
            Place::Postgres(postgres) => postgres.describe(surroundings, &given),
            Place::Sqlite(sqlite) => sqlite.describe(surroundings, &given),
        }
    }

    /// Notes the last checkpoint of each node.
    ///
    /// # Errors
    /// As [`Trail::write`].
    pub fn checkpointed(&self, checkpoints: &[TrailCheckpoint]) -> Result<(), TrailError> {
        match &self.place {
            Place::Postgres(postgres) => postgres.checkpointed(checkpoints),
            Place::Sqlite(sqlite) => sqlite.checkpointed(checkpoints),
        }
    }
}

#[cfg(test)]
mod tests;
