//! What adapters have still to deliver.

use rusqlite::params;

use crate::store::{Store, StoreError, signed, unsigned};

/// An alert that an adapter has not settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The alert's number.
    pub sequence: u64,
    /// The node that gave it.
    pub node: String,
    /// Nanoseconds since the stream's first frame.
    pub media_time: u64,
    /// The alert as JSON, as it was written.
    pub body: String,
    /// How often it has been tried.
    pub attempts: u32,
    /// When it was written, in nanoseconds since 1970.
    pub written_at: u64,
}

/// How much waits for one adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The adapter.
    pub adapter: String,
    /// The camera that the alerts are of.
    pub camera: String,
    /// How many they are.
    pub alerts: u64,
    /// The number of the last of them.
    pub newest: u64,
}

impl Store {
    /// The first `most` alerts of `camera` behind `after` that `adapter` has not settled, in their
    /// order.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn due(
        &self,
        adapter: &str,
        camera: &str,
        after: u64,
        most: usize,
    ) -> Result<Vec<Due>, StoreError> {
        let connection = self.lock();
        let mut read = connection.prepare_cached(
            "SELECT deliveries.sequence, node, media_time, body, attempts, written_at
             FROM deliveries JOIN alerts USING (sequence)
             WHERE adapter = ? AND deliveries.camera = ? AND deliveries.sequence > ?
             ORDER BY deliveries.sequence LIMIT ?",
        )?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let due = read.query_map(params![adapter, camera, signed(after), most], |row| {
            Ok(Due {
                sequence: unsigned(row.get(0)?),
                node: row.get(1)?,
                media_time: unsigned(row.get(2)?),
                body: row.get(3)?,
                attempts: row.get(4)?,
                written_at: unsigned(row.get(5)?),
            })
        })?;
        Ok(due.collect::<rusqlite::Result<_>>()?)
    }

    /// The adapters that have not settled the alert `sequence`, and how often each has tried.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn deliveries_of(&self, sequence: u64) -> Result<Vec<(String, u32)>, StoreError> {
        let connection = self.lock();
        let mut read = connection.prepare_cached(
            "SELECT adapter, attempts FROM deliveries WHERE sequence = ? ORDER BY adapter",
        )?;
        let found = read.query_map([signed(sequence)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    /// How much waits for each adapter, by camera.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn waiting(&self) -> Result<Vec<Waiting>, StoreError> {
        let connection = self.lock();
        let mut read = connection.prepare_cached(
            "SELECT adapter, camera, count(*), max(sequence) FROM deliveries
             GROUP BY adapter, camera ORDER BY adapter, camera",
        )?;
        let waiting = read.query_map([], |row| {
            Ok(Waiting {
                adapter: row.get(0)?,
                camera: row.get(1)?,
                alerts: unsigned(row.get(2)?),
                newest: unsigned(row.get(3)?),
            })
        })?;
        Ok(waiting.collect::<rusqlite::Result<_>>()?)
    }

    /// Makes dead letters, at `now` and for `reason`, of what was written for `adapter` before
    /// `written_before`; times are nanoseconds since 1970. Says how many alerts that were.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn give_up(
        &self,
        adapter: &str,
        written_before: u64,
        now: u64,
        reason: &str,
    ) -> Result<usize, StoreError> {
        const OLD: &str = "adapter = ?1 AND sequence IN
            (SELECT sequence FROM alerts WHERE written_at < ?2)";
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let before = signed(written_before);
        transaction.execute(
            &format!(
                "INSERT OR REPLACE INTO dead_letters (adapter, sequence, attempts, reason, died_at)
                 SELECT adapter, sequence, attempts, ?3, ?4 FROM deliveries WHERE {OLD}"
            ),
            params![adapter, before, reason, signed(now)],
        )?;
        let delete = format!("DELETE FROM deliveries WHERE {OLD}");
        let given_up = transaction.execute(&delete, params![adapter, before])?;
        transaction.commit()?;
        Ok(given_up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::tests::{alert, alerts};
    use crate::{Batch, Settled, Tried};

    fn keys(due: &[Due]) -> Vec<&str> {
        due.iter().map(|due| due.body.as_str()).collect()
    }

    #[test]
    fn each_adapter_settles_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let both = ["hook", "broker"];
        let written = store.write(&alerts(vec![
            alert("a", &both),
            alert("b", &["hook"]),
            alert("c", &both),
        ]));
        let [first, _, third] = written.unwrap()[..] else {
            panic!("three were written");
        };
        let batch = Batch {
            settled: vec![Settled {
                adapter: "hook",
                sequence: first,
            }],
            tried: vec![Tried {
                adapter: "broker",
                sequence: first,
                attempts: 4,
            }],
            ..Batch::default()
        };
        store.write(&batch).unwrap();
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        let hook = store.due("hook", "yard", 0, 10).unwrap();
        assert_eq!(keys(&hook), [r#"{"key":"b"}"#, r#"{"key":"c"}"#]);
        let broker = store.due("broker", "yard", 0, 1).unwrap();
        assert_eq!((broker[0].sequence, broker[0].attempts), (first, 4));
        let behind = store.due("broker", "yard", first, 10).unwrap();
        assert_eq!(behind[0].sequence, third);
        let waiting = store.waiting().unwrap();
        let of = |adapter: &str| Waiting {
            adapter: adapter.to_owned(),
            camera: "yard".to_owned(),
            alerts: 2,
            newest: third,
        };
        assert_eq!(waiting, [of("broker"), of("hook")]);
    }

    #[test]
    fn what_is_too_old_is_given_up() {
        let store = Store::in_memory().unwrap();
        let mut old = alerts(vec![alert("old", &["hook", "broker"])]);
        old.written_at = 1;
        store.write(&old).unwrap();
        store.write(&alerts(vec![alert("new", &["hook"])])).unwrap();
        assert_eq!(store.give_up("hook", 5_000, 9, "gone").unwrap(), 1);
        assert_eq!(
            keys(&store.due("hook", "yard", 0, 10).unwrap()),
            [r#"{"key":"new"}"#]
        );
        assert_eq!(store.due("broker", "yard", 0, 10).unwrap().len(), 1);
    }
}
