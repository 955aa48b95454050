//! The trail in an SQLite file of its own, beside the state: it may be copied, looked at and
//! deleted without a thought for what runs.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::error::TrailError;
use super::form::{NEWEST, SQLITE};
use super::surroundings::{Surroundings, TABLES, Thing, changes};
use super::words::{TrailAlert, TrailCheckpoint, TrailDelivery};
use crate::store::signed;

/// Somebody who looks may hold it up for a moment.
const BUSY: Duration = Duration::from_secs(5);

pub(super) struct Sqlite {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Self, TrailError> {
        let opened = Connection::open(path).and_then(|mut connection| {
            connection.busy_timeout(BUSY)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            let seen = prepare(&mut connection)?;
            Ok((connection, seen))
        });
        let (connection, seen) = opened.map_err(|reason| TrailError::File {
            path: path.to_owned(),
            reason,
        })?;
        if seen > NEWEST {
            return Err(TrailError::Newer);
        }
        Ok(Self {
            path: path.to_owned(),
            connection: Mutex::new(connection),
        })
    }

    pub(super) fn write(&self, alerts: &[TrailAlert]) -> Result<(), TrailError> {
        self.at_once(|transaction| {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO alerts
                 (idempotency_key, sequence, flow, node, camera, key, kind, phase, severity, at_ns,
                  media_time_ns, frame, class, zone, confidence, track, count, body)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT DO NOTHING",
            )?;
            for alert in alerts {
                insert.execute(params![
                    alert.idempotency_key(),
                    signed(alert.sequence),
                    alert.flow,
                    alert.node,
                    alert.camera,
                    alert.key,
                    alert.kind,
                    alert.phase,
                    alert.severity,
                    signed(alert.at),
                    signed(alert.media_time),
                    signed(alert.frame),
                    alert.class,
                    alert.zone,
                    alert.confidence,
                    alert.track.map(signed),
                    alert.count,
                    alert.body,
                ])?;
            }
            Ok(())
        })
    }

    pub(super) fn delivered(&self, deliveries: &[TrailDelivery]) -> Result<(), TrailError> {
        self.at_once(|transaction| {
            let mut upsert = transaction.prepare_cached(
                "INSERT INTO deliveries
                 (idempotency_key, flow, adapter, outcome, reason, attempts, at_ns)
                 VALUES (?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (idempotency_key, adapter) DO UPDATE
                 SET outcome = excluded.outcome, reason = excluded.reason,
                     attempts = excluded.attempts, at_ns = excluded.at_ns
                 WHERE excluded.at_ns >= deliveries.at_ns",
            )?;
            for delivery in deliveries {
                upsert.execute(params![
                    delivery.idempotency_key,
                    delivery.flow,
                    delivery.adapter,
                    delivery.outcome.word(),
                    delivery.outcome.reason(),
                    delivery.attempts,
                    signed(delivery.at),
                ])?;
            }
            Ok(())
        })
    }

    pub(super) fn checkpointed(&self, checkpoints: &[TrailCheckpoint]) -> Result<(), TrailError> {
        self.at_once(|transaction| {
            let mut upsert = transaction.prepare_cached(
                "INSERT INTO checkpoints
                 (flow, camera, node, plugin, version, frame, at_ns, bytes)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (flow, camera, node) DO UPDATE
                 SET plugin = excluded.plugin, version = excluded.version,
                     frame = excluded.frame, at_ns = excluded.at_ns, bytes = excluded.bytes",
            )?;
            for checkpoint in checkpoints {
                upsert.execute(params![
                    checkpoint.flow,
                    checkpoint.camera,
                    checkpoint.node,
                    checkpoint.plugin,
                    checkpoint.version,
                    signed(checkpoint.frame),
                    signed(checkpoint.at),
                    signed(checkpoint.bytes),
                ])?;
            }
            Ok(())
        })
    }

    pub(super) fn describe(
        &self,
        surroundings: &Surroundings,
        given: &[Thing],
    ) -> Result<(), TrailError> {
        let (flow, at) = (&surroundings.flow, signed(surroundings.at));
        self.at_once(|transaction| {
            for table in TABLES {
                let mut read = transaction.prepare(&format!(
                    "SELECT name, content FROM {table} WHERE flow = ? AND until_ns IS NULL"
                ))?;
                let now = read
                    .query_map([flow], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect::<rusqlite::Result<Vec<(String, String)>>>()?;
                let changes = changes(table, &now, given);
                for name in &changes.ended {
                    transaction.execute(
                        &format!(
                            "UPDATE {table} SET until_ns = ?
                             WHERE flow = ? AND name = ? AND until_ns IS NULL"
                        ),
                        params![at, flow, name],
                    )?;
                }
                for thing in changes.begun {
                    insert_thing(transaction, thing, flow, at)?;
                }
            }
            Ok(())
        })
    }

    /// All of it, or nothing.
    fn at_once(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), TrailError> {
        let mut connection = self.lock();
        let written = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                work(&transaction)?;
                transaction.commit()
            });
        written.map_err(|reason| TrailError::File {
            path: self.path.clone(),
            reason,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // SQLite has rolled back what a panic interrupted.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn insert_thing(
    transaction: &Transaction<'_>,
    thing: &Thing,
    flow: &str,
    at: i64,
) -> rusqlite::Result<()> {
    let table = thing.table;
    let columns: String = thing
        .columns
        .iter()
        .map(|(column, ..)| format!(", {column}"))
        .collect();
    let values = ", ?".repeat(thing.columns.len());
    let content = thing.content();
    let mut given: Vec<&dyn rusqlite::ToSql> = vec![&flow, &thing.name, &flow, &thing.name];
    given.extend([&content as &dyn rusqlite::ToSql, &at]);
    for (_, _, value) in &thing.columns {
        given.push(value);
    }
    let statement = format!(
        "INSERT INTO {table} (flow, name, version, content, since_ns{columns})
         VALUES (?, ?, 1 + coalesce((SELECT max(version) FROM {table} WHERE flow = ? AND name = ?),
                                    0), ?, ?{values})"
    );
    transaction.execute(&statement, &*given)?;
    Ok(())
}

/// Brings the file to the newest form. Gives how many steps it has seen.
fn prepare(connection: &mut Connection) -> rusqlite::Result<usize> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let seen: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let seen = usize::try_from(seen).unwrap_or(usize::MAX);
    for step in SQLITE.steps(seen) {
        transaction.execute_batch(&step)?;
    }
    let seen = seen.max(NEWEST);
    let version = u32::try_from(seen).unwrap_or(u32::MAX);
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()?;
    Ok(seen)
}

#[cfg(test)]
mod tests;
