//! What is said to PostgreSQL. Many rows are one statement: a round trip for each would take
//! seconds for a batch.

use deadpool_postgres::Transaction;
use tokio_postgres::types::ToSql;

use super::Tried;
use crate::store::signed;
use crate::trail::surroundings::{Kind, Thing};
use crate::trail::words::{TrailAlert, TrailCheckpoint, TrailDelivery};

/// One column of many rows.
fn column<'r, R, T>(rows: &'r [R], value: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

pub(super) async fn insert_alerts(
    transaction: &Transaction<'_>,
    alerts: &[TrailAlert],
) -> Tried<()> {
    let statement = "
        INSERT INTO agave.alerts
        (idempotency_key, sequence, flow, node, camera, key, kind, phase, severity, at_ns,
         media_time_ns, frame, class, zone, confidence, track, count, body)
        SELECT idempotency_key, sequence, flow, node, camera, key, kind, phase, severity, at_ns,
               media_time_ns, frame, class, zone, confidence, track, count, body::jsonb
        FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
                    $7::text[], $8::text[], $9::text[], $10::bigint[], $11::bigint[],
                    $12::bigint[], $13::text[], $14::text[], $15::real[], $16::bigint[],
                    $17::bigint[], $18::text[])
        AS given (idempotency_key, sequence, flow, node, camera, key, kind, phase, severity,
                  at_ns, media_time_ns, frame, class, zone, confidence, track, count, body)
        ON CONFLICT DO NOTHING";
    let given: [&(dyn ToSql + Sync); 18] = [
        &column(alerts, TrailAlert::idempotency_key),
        &column(alerts, |alert| signed(alert.sequence)),
        &column(alerts, |alert| alert.flow.as_str()),
        &column(alerts, |alert| alert.node.as_str()),
        &column(alerts, |alert| alert.camera.as_str()),
        &column(alerts, |alert| alert.key.as_str()),
        &column(alerts, |alert| alert.kind.as_str()),
        &column(alerts, |alert| alert.phase.as_str()),
        &column(alerts, |alert| alert.severity.as_str()),
        &column(alerts, |alert| signed(alert.at)),
        &column(alerts, |alert| signed(alert.media_time)),
        &column(alerts, |alert| signed(alert.frame)),
        &column(alerts, |alert| alert.class.as_str()),
        &column(alerts, |alert| alert.zone.as_deref()),
        &column(alerts, |alert| alert.confidence),
        &column(alerts, |alert| alert.track.map(signed)),
        &column(alerts, |alert| i64::from(alert.count)),
        &column(alerts, |alert| alert.body.as_str()),
    ];
    execute(transaction, statement, &given).await
}

pub(super) async fn upsert_deliveries(
    transaction: &Transaction<'_>,
    deliveries: &[TrailDelivery],
) -> Tried<()> {
    // One statement cannot change one row twice: of one delivery the latest news counts.
    let statement = "
        INSERT INTO agave.deliveries
        (idempotency_key, flow, adapter, outcome, reason, attempts, at_ns)
        SELECT DISTINCT ON (idempotency_key, adapter)
               idempotency_key, flow, adapter, outcome, reason, attempts, at_ns
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
                    $7::bigint[])
        WITH ORDINALITY
        AS given (idempotency_key, flow, adapter, outcome, reason, attempts, at_ns, place)
        ORDER BY idempotency_key, adapter, at_ns DESC, place DESC
        ON CONFLICT (idempotency_key, adapter) DO UPDATE
        SET outcome = excluded.outcome, reason = excluded.reason, attempts = excluded.attempts,
            at_ns = excluded.at_ns
        WHERE excluded.at_ns >= deliveries.at_ns";
    let given: [&(dyn ToSql + Sync); 7] = [
        &column(deliveries, |one| one.idempotency_key.as_str()),
        &column(deliveries, |one| one.flow.as_str()),
        &column(deliveries, |one| one.adapter.as_str()),
        &column(deliveries, |one| one.outcome.word()),
        &column(deliveries, |one| one.outcome.reason()),
        &column(deliveries, |one| i64::from(one.attempts)),
        &column(deliveries, |one| signed(one.at)),
    ];
    execute(transaction, statement, &given).await
}

pub(super) async fn upsert_checkpoints(
    transaction: &Transaction<'_>,
    checkpoints: &[TrailCheckpoint],
) -> Tried<()> {
    let statement = "
        INSERT INTO agave.checkpoints
        (flow, camera, node, plugin, version, frame, at_ns, bytes)
        SELECT DISTINCT ON (flow, camera, node)
               flow, camera, node, plugin, version, frame, at_ns, bytes
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
                    $7::bigint[], $8::bigint[])
        WITH ORDINALITY
        AS given (flow, camera, node, plugin, version, frame, at_ns, bytes, place)
        ORDER BY flow, camera, node, place DESC
        ON CONFLICT (flow, camera, node) DO UPDATE
        SET plugin = excluded.plugin, version = excluded.version, frame = excluded.frame,
            at_ns = excluded.at_ns, bytes = excluded.bytes";
    let given: [&(dyn ToSql + Sync); 8] = [
        &column(checkpoints, |one| one.flow.as_str()),
        &column(checkpoints, |one| one.camera.as_str()),
        &column(checkpoints, |one| one.node.as_str()),
        &column(checkpoints, |one| one.plugin.as_str()),
        &column(checkpoints, |one| i64::from(one.version)),
        &column(checkpoints, |one| signed(one.frame)),
        &column(checkpoints, |one| signed(one.at)),
        &column(checkpoints, |one| signed(one.bytes)),
    ];
    execute(transaction, statement, &given).await
}

/// What `table` says of a flow now: names with their contents.
pub(super) async fn described(
    transaction: &Transaction<'_>,
    table: &str,
    flow: &str,
) -> Tried<Vec<(String, String)>> {
    let statement =
        format!("SELECT name, content FROM agave.{table} WHERE flow = $1 AND until_ns IS NULL");
    let rows = transaction.query(&statement, &[&flow]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// What was so far ends.
pub(super) async fn end(
    transaction: &Transaction<'_>,
    table: &str,
    flow: &str,
    name: &str,
    at: i64,
) -> Tried<()> {
    let statement = format!(
        "UPDATE agave.{table} SET until_ns = $1
         WHERE flow = $2 AND name = $3 AND until_ns IS NULL"
    );
    let given: [&(dyn ToSql + Sync); 3] = [&at, &flow, &name];
    transaction.execute(&statement, &given).await?;
    Ok(())
}

/// A new version begins.
pub(super) async fn begin(
    transaction: &Transaction<'_>,
    thing: &Thing,
    flow: &str,
    at: i64,
) -> Tried<()> {
    let table = thing.table;
    let mut columns = String::new();
    let mut values = String::new();
    let content = thing.content();
    let mut given: Vec<&(dyn ToSql + Sync)> = vec![&flow, &thing.name, &content, &at];
    for (number, (column, kind, value)) in (5..).zip(&thing.columns) {
        let cast = match kind {
            Kind::Text => "text",
            Kind::Real => "text::real",
            Kind::Json => "text::jsonb",
        };
        columns += &format!(", {column}");
        values += &format!(", ${number}::{cast}");
        given.push(value);
    }
    let statement = format!(
        "INSERT INTO agave.{table} (flow, name, version, content, since_ns{columns})
         SELECT $1, $2, 1 + coalesce(max(version), 0), $3, $4{values}
         FROM agave.{table} WHERE flow = $1 AND name = $2"
    );
    transaction.execute(&statement, &given).await?;
    Ok(())
}

async fn execute(
    transaction: &Transaction<'_>,
    statement: &str,
    given: &[&(dyn ToSql + Sync)],
) -> Tried<()> {
    let prepared = transaction.prepare_cached(statement).await?;
    transaction.execute(&prepared, given).await?;
    Ok(())
}
