//! The trail in PostgreSQL: a small pool, one transaction a call, a deadline over all of it.

mod statements;
mod tls;

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Transaction,
};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use super::error::{Server, TrailError};
use super::form::{NEWEST, POSTGRES};
use super::settings::PostgresSettings;
use super::surroundings::{Surroundings, TABLES, Thing, changes};
use super::words::{TrailAlert, TrailCheckpoint, TrailDelivery};
use crate::store::signed;

/// One for the alerts, and one for everything else.
const CONNECTIONS: usize = 2;
/// Whoever brings the tables to their newest form has this lock: "agave" in ASCII.
const LOCK: i64 = 0x61_67_61_76_65;

/// What comes of work with the database, before anybody knows what it means.
type Tried<T> = Result<T, tokio_postgres::Error>;

pub(super) struct Postgres {
    pool: Pool,
    server: Server,
    deadline: Duration,
    runtime: Handle,
    /// The tables have their newest form.
    ready: AtomicBool,
}

impl Postgres {
    pub(super) fn open(
        settings: &PostgresSettings,
        deadline: Duration,
        runtime: Handle,
    ) -> Result<Self, TrailError> {
        let tls = tls::connector(settings.safety, &settings.authority)?;
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_config(settings.config.clone(), tls, recycling);
        let pool = Pool::builder(manager).max_size(CONNECTIONS).build();
        let pool = pool.map_err(|error| TrailError::Refused(error.to_string()))?;
        let postgres = Self {
            pool,
            server: settings.server.clone(),
            deadline,
            runtime,
            ready: AtomicBool::new(false),
        };
        match postgres.at_once(async |_: &Transaction<'_>| Ok(())) {
            Err(error) if !error.may_retry() => Err(error),
            Ok(()) | Err(_) => Ok(postgres),
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    pub(super) fn write(&self, alerts: &[TrailAlert]) -> Result<(), TrailError> {
        self.at_once(async |transaction| statements::insert_alerts(transaction, alerts).await)
    }

    pub(super) fn delivered(&self, deliveries: &[TrailDelivery]) -> Result<(), TrailError> {
        self.at_once(async |transaction| {
            statements::upsert_deliveries(transaction, deliveries).await
        })
    }

    pub(super) fn checkpointed(&self, checkpoints: &[TrailCheckpoint]) -> Result<(), TrailError> {
        self.at_once(async |transaction| {
            statements::upsert_checkpoints(transaction, checkpoints).await
        })
    }

    pub(super) fn describe(
        &self,
        surroundings: &Surroundings,
        given: &[Thing],
    ) -> Result<(), TrailError> {
        let (flow, at) = (&surroundings.flow, signed(surroundings.at));
        self.at_once(async |transaction| {
            for table in TABLES {
                let now = statements::described(transaction, table, flow).await?;
                let changes = changes(table, &now, given);
                for name in &changes.ended {
                    statements::end(transaction, table, flow, name, at).await?;
                }
                for thing in changes.begun {
                    statements::begin(transaction, thing, flow, at).await?;
                }
            }
            Ok(())
        })
    }

    /// Does `work` in one transaction, within the deadline.
    fn at_once<T>(
        &self,
        work: impl AsyncFnOnce(&Transaction<'_>) -> Tried<T>,
    ) -> Result<T, TrailError> {
        let deadline = Instant::now() + self.deadline;
        self.runtime.block_on(async {
            let mut client = self.before(deadline, self.pool.get()).await?;
            let done = timeout_at(deadline, async {
                self.prepare(&mut client).await?;
                let transaction = client.transaction().await;
                let transaction = transaction.map_err(|error| self.meaning(&error))?;
                let done = async {
                    self.limit(&transaction).await?;
                    let done = work(&transaction).await?;
                    transaction.commit().await?;
                    Ok(done)
                };
                done.await.map_err(|error| self.meaning(&error))
            });
            let done = done
                .await
                .unwrap_or_else(|_| Err(TrailError::Late(self.deadline)));
            if done.as_ref().is_err_and(TrailError::may_retry) {
                // Nobody knows what it is still waiting for.
                drop(Object::take(client));
            }
            done
        })
    }

    async fn before(
        &self,
        deadline: Instant,
        connection: impl Future<Output = Result<Object, PoolError>>,
    ) -> Result<Object, TrailError> {
        let connection = timeout_at(deadline, connection).await;
        match connection.map_err(|_| TrailError::Late(self.deadline))? {
            Ok(connection) => Ok(connection),
            Err(PoolError::Backend(error)) => Err(self.meaning(&error)),
            Err(error) => Err(TrailError::Busy(error.to_string())),
        }
    }

    /// A server that goes on for longer than anybody waits is told to stop.
    async fn limit(&self, transaction: &Transaction<'_>) -> Tried<()> {
        let milliseconds = self.deadline.as_millis().max(1);
        let limits = format!(
            "SET LOCAL statement_timeout = {milliseconds}; SET LOCAL lock_timeout = {milliseconds}"
        );
        transaction.batch_execute(&limits).await
    }

    /// Brings the tables to their newest form, once.
    async fn prepare(&self, client: &mut Object) -> Result<(), TrailError> {
        if self.is_ready() {
            return Ok(());
        }
        let seen = self.take_steps(client).await;
        if seen.map_err(|error| self.meaning(&error))? > NEWEST {
            return Err(TrailError::Newer);
        }
        self.ready.store(true, Ordering::Release);
        Ok(())
    }

    /// Takes the steps that the database has not seen, as a whole or not at all. Several
    /// processes that start at the same time do it one after the other. Gives how many it has
    /// seen now.
    async fn take_steps(&self, client: &mut Object) -> Tried<usize> {
        let transaction = client.transaction().await?;
        self.limit(&transaction).await?;
        transaction
            .execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])
            .await?;
        let there = transaction
            .query_one("SELECT to_regclass('agave.form') IS NOT NULL", &[])
            .await?;
        if !there.get::<_, bool>(0) {
            // Somebody else may have made the schema for a user who may not.
            let schema = transaction
                .query_one("SELECT to_regnamespace('agave') IS NOT NULL", &[])
                .await?;
            if !schema.get::<_, bool>(0) {
                transaction.batch_execute("CREATE SCHEMA agave").await?;
            }
            let table = "CREATE TABLE agave.form (steps bigint NOT NULL);
                         INSERT INTO agave.form VALUES (0)";
            transaction.batch_execute(table).await?;
        }
        let seen = transaction
            .query_one("SELECT max(steps) FROM agave.form", &[])
            .await?;
        let seen = usize::try_from(seen.get::<_, i64>(0)).unwrap_or(usize::MAX);
        if seen < NEWEST {
            for step in POSTGRES.steps(seen) {
                transaction.batch_execute(&step).await?;
            }
            transaction
                .execute(
                    "UPDATE agave.form SET steps = $1",
                    &[&signed(NEWEST as u64)],
                )
                .await?;
        }
        transaction.commit().await?;
        Ok(seen.max(NEWEST))
    }

    fn meaning(&self, error: &tokio_postgres::Error) -> TrailError {
        TrailError::of(error, &self.server)
    }
}

#[cfg(test)]
mod tests;
