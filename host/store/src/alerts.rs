//! What happened: for those who look back, and for so long as is worth it.

use rusqlite::{Connection, params};

use crate::store::{Store, StoreError, signed, unsigned};

/// Which alerts somebody wants to see.
#[derive(Clone, Debug)]
pub struct AlertQuery {
    /// Only those with a greater number.
    pub after: u64,
    /// Only those with a lower number.
    pub before: u64,
    /// Only those of the incident with this key.
    pub key: Option<String>,
    /// Only those of this camera.
    pub camera: Option<String>,
    /// Only those of this kind.
    pub kind: Option<String>,
    /// Only those about this class.
    pub class: Option<String>,
    /// Only those in this zone.
    pub zone: Option<String>,
    /// Only those in this phase: `begin`, `update` or `end`.
    pub phase: Option<String>,
    /// Only those that happened at this time or later, in nanoseconds since 1970.
    pub since: u64,
    /// Only those that happened before, in nanoseconds since 1970.
    pub until: u64,
    /// So many at most; the last ones where there are more.
    pub most: usize,
}

impl Default for AlertQuery {
    fn default() -> Self {
        Self {
            after: 0,
            before: u64::MAX,
            key: None,
            camera: None,
            kind: None,
            class: None,
            zone: None,
            phase: None,
            since: 0,
            until: u64::MAX,
            most: 1000,
        }
    }
}

/// An alert that left the flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAlert {
    /// Its number.
    pub sequence: u64,
    /// The node that gave it.
    pub node: String,
    /// The camera that saw it.
    pub camera: String,
    /// Nanoseconds since the stream's first frame.
    pub media_time: u64,
    /// All of it, as JSON, as it was written.
    pub body: String,
}

/// How much is kept. What an adapter has not settled is kept in any case.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// So many alerts.
    pub most: u64,
    /// Those that were written after this, in nanoseconds since 1970.
    pub written_after: u64,
    /// So many bytes in the file, over everything that is in it.
    pub most_bytes: u64,
}

impl Store {
    /// The alerts that left the flow, in their order.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn alerts(&self, query: &AlertQuery) -> Result<Vec<KeptAlert>, StoreError> {
        let connection = self.lock();
        let mut read = connection.prepare_cached(
            "SELECT sequence, node, camera, media_time, body FROM alerts
             WHERE left_the_flow AND sequence > ?1 AND (?2 IS NULL OR camera = ?2)
             AND (?4 IS NULL OR body ->> 'kind' = ?4) AND (?5 IS NULL OR body ->> 'class' = ?5)
             AND (?6 IS NULL OR body ->> 'zone' = ?6) AND (?7 IS NULL OR phase = ?7)
             AND at >= ?8 AND at < ?9 AND sequence < ?10 AND (?11 IS NULL OR key = ?11)
             ORDER BY sequence DESC LIMIT ?3",
        )?;
        let most = i64::try_from(query.most).unwrap_or(i64::MAX);
        let wanted = params![
            signed(query.after),
            query.camera,
            most,
            query.kind,
            query.class,
            query.zone,
            query.phase,
            signed(query.since),
            signed(query.until),
            signed(query.before),
            query.key,
        ];
        let alerts = read.query_map(wanted, |row| {
            Ok(KeptAlert {
                sequence: unsigned(row.get(0)?),
                node: row.get(1)?,
                camera: row.get(2)?,
                media_time: unsigned(row.get(3)?),
                body: row.get(4)?,
            })
        })?;
        let mut alerts = alerts.collect::<rusqlite::Result<Vec<_>>>()?;
        alerts.reverse();
        Ok(alerts)
    }

    /// Forgets up to `at_once` of the alerts that `retention` does not keep, the oldest first,
    /// and says how many: with fewer than `at_once`, that was all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn prune(&self, retention: &Retention, at_once: usize) -> Result<usize, StoreError> {
        let connection = self.lock();
        let is_too_large = used_bytes(&connection)? > retention.most_bytes;
        let at_once = i64::try_from(at_once).unwrap_or(i64::MAX);
        let mut delete = connection.prepare_cached(
            "DELETE FROM alerts WHERE sequence IN (
                SELECT sequence FROM alerts
                WHERE (?4 OR sequence <= (SELECT max(sequence) FROM alerts) - ?1
                       OR written_at <= ?2)
                AND NOT EXISTS (SELECT 1 FROM deliveries
                                WHERE deliveries.sequence = alerts.sequence)
                AND NOT EXISTS (SELECT 1 FROM dead_letters
                                WHERE dead_letters.sequence = alerts.sequence)
                ORDER BY sequence LIMIT ?3)",
        )?;
        let most = signed(retention.most);
        let before = signed(retention.written_after);
        Ok(delete.execute(params![most, before, at_once, is_too_large])?)
    }
}

/// What is in use of the file. What was forgotten is used again before the file grows.
fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |name| {
        let number = connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        number.map(unsigned)
    };
    let pages = number("page_count")?.saturating_sub(number("freelist_count")?);
    Ok(pages.saturating_mul(number("page_size")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::tests::{alert, alerts};

    fn numbers(store: &Store, query: &AlertQuery) -> Vec<u64> {
        let alerts = store.alerts(query).unwrap();
        alerts.iter().map(|alert| alert.sequence).collect()
    }

    #[test]
    fn the_last_ones_are_shown_in_their_order() {
        let store = Store::in_memory().unwrap();
        let mut happened = Vec::new();
        for number in 0..10 {
            let mut alert = alert("key", &[]);
            alert.camera = ["yard", "gate"][number % 2];
            alert.left_the_flow = number < 9;
            happened.push(alert);
        }
        store.write(&alerts(happened)).unwrap();
        let query = AlertQuery::default();
        assert_eq!(numbers(&store, &query), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let few = AlertQuery {
            most: 3,
            ..query.clone()
        };
        assert_eq!(numbers(&store, &few), [7, 8, 9]);
        let late = AlertQuery {
            since: 1_001,
            ..query.clone()
        };
        assert!(numbers(&store, &late).is_empty());
        let of_a_key = AlertQuery {
            kind: Some("other".to_owned()),
            ..query.clone()
        };
        assert!(numbers(&store, &of_a_key).is_empty());
        let of_gate = AlertQuery {
            camera: Some("gate".to_owned()),
            after: 2,
            ..query
        };
        assert_eq!(numbers(&store, &of_gate), [4, 6, 8]);
    }

    #[test]
    fn a_file_that_is_too_large_loses_the_oldest() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let large = |adapters: &[&'static str]| crate::NewAlert {
            body: format!("{{\"kind\":\"{}\"}}", "x".repeat(4000)),
            ..alert("large", adapters)
        };
        for number in 0..100 {
            let one = large(if number < 10 { &["hook"] } else { &[] });
            store.write(&alerts(vec![one])).unwrap();
        }
        let retention = Retention {
            most: u64::MAX,
            written_after: 0,
            most_bytes: 300_000,
        };
        while store.prune(&retention, 5).unwrap() == 5 {}
        let kept = numbers(&store, &AlertQuery::default());
        assert!(
            kept.starts_with(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
            "{kept:?}"
        );
        assert!(kept.ends_with(&[99, 100]), "{kept:?}");
        assert!((30..80).contains(&kept.len()), "{kept:?}");
        // What is forgotten makes room for what comes.
        let pages = || {
            let count = store
                .lock()
                .pragma_query_value(None, "page_count", |row| row.get(0));
            count.map(unsigned).unwrap()
        };
        let before = pages();
        for _ in 0..100 {
            store.write(&alerts(vec![large(&[])])).unwrap();
            store.prune(&retention, 5).unwrap();
        }
        assert_eq!(store.due("hook", "yard", 0, 100).unwrap().len(), 10);
        assert!(pages() <= before);
    }

    #[test]
    fn what_an_adapter_has_not_settled_is_kept() {
        let store = Store::in_memory().unwrap();
        let (old, held) = (alert("old", &[]), alert("held", &["hook"]));
        store.write(&alerts(vec![old.clone(), held, old])).unwrap();
        let mut recent = alerts(vec![alert("recent", &[])]);
        recent.written_at = 9_000;
        store.write(&recent).unwrap();
        let by_age = Retention {
            most: 100,
            written_after: 6_000,
            most_bytes: u64::MAX,
        };
        assert_eq!(store.prune(&by_age, 1).unwrap(), 1);
        assert_eq!(store.prune(&by_age, 10).unwrap(), 1);
        assert_eq!(numbers(&store, &AlertQuery::default()), [2, 4]);
        let by_count = Retention {
            most: 1,
            written_after: 0,
            most_bytes: u64::MAX,
        };
        assert_eq!(store.prune(&by_count, 10).unwrap(), 0);
        store.give_up("hook", u64::MAX, 9, "gone").unwrap();
        assert_eq!(store.prune(&by_count, 10).unwrap(), 0);
        let all = crate::DeadLetterQuery::default();
        assert_eq!(store.drop_dead_letters(&all).unwrap(), 1);
        assert_eq!(store.prune(&by_count, 10).unwrap(), 1);
        assert_eq!(numbers(&store, &AlertQuery::default()), [4]);
    }
}
