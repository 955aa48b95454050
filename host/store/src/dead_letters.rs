//! What adapters have given up. It stays until a person retries or drops it, or until there is so
//! much of it that the oldest has to go.

use rusqlite::{Row, params, params_from_iter};

use crate::store::{Store, StoreError, signed, unsigned};

/// An alert that an adapter has given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The adapter.
    pub adapter: String,
    /// The alert's number.
    pub sequence: u64,
    /// The camera that saw it.
    pub camera: String,
    /// How often it has been tried.
    pub attempts: u32,
    /// Why it was given up, in words.
    pub reason: String,
    /// When, in nanoseconds since 1970.
    pub died_at: u64,
    /// The alert as JSON, as it was written.
    pub body: String,
}

/// Which dead letters somebody means.
#[derive(Clone, Debug)]
pub struct DeadLetterQuery {
    /// Only those of this adapter.
    pub adapter: Option<String>,
    /// Only the one with this number.
    pub sequence: Option<u64>,
    /// Only those with a lower number.
    pub before: Option<u64>,
    /// So many at most, the last ones.
    pub most: usize,
}

impl Default for DeadLetterQuery {
    fn default() -> Self {
        Self {
            adapter: None,
            sequence: None,
            before: None,
            most: usize::MAX,
        }
    }
}

const CHOSEN: &str = "(?1 IS NULL OR adapter = ?1) AND (?2 IS NULL OR sequence = ?2)";

impl Store {
    /// The dead letters that `query` means, the oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn dead_letters(&self, query: &DeadLetterQuery) -> Result<Vec<DeadLetter>, StoreError> {
        let connection = self.lock();
        let mut read = connection.prepare_cached(&format!(
            "SELECT adapter, sequence, camera, attempts, reason, died_at, body
             FROM dead_letters JOIN alerts USING (sequence)
             WHERE {CHOSEN} AND (?4 IS NULL OR sequence < ?4) ORDER BY sequence DESC, adapter DESC LIMIT ?3"
        ))?;
        let most = i64::try_from(query.most).unwrap_or(i64::MAX);
        let before = query.before.map(signed);
        let chosen = params![query.adapter, query.sequence.map(signed), most, before];
        let letters = read.query_map(chosen, letter)?;
        let mut letters = letters.collect::<rusqlite::Result<Vec<_>>>()?;
        letters.reverse();
        Ok(letters)
    }

    /// How many there are, by adapter.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub fn dead_letter_counts(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let connection = self.lock();
        let mut read = connection
            .prepare_cached("SELECT adapter, count(*) FROM dead_letters GROUP BY adapter")?;
        let counts = read.query_map([], |row| Ok((row.get(0)?, unsigned(row.get(1)?))))?;
        Ok(counts.collect::<rusqlite::Result<_>>()?)
    }

    /// The dead letters that `query` means are to be delivered after all, as if they had never
    /// been tried; where there are more than its `most`, the oldest. Says how many they are.
    ///
    /// # Errors
    /// When it cannot be written; then nothing of it is.
    pub fn retry_dead_letters(&self, query: &DeadLetterQuery) -> Result<usize, StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let most = i64::try_from(query.most).unwrap_or(i64::MAX);
        let chosen = params![query.adapter, query.sequence.map(signed), most];
        let oldest = format!(
            "SELECT adapter, sequence FROM dead_letters WHERE {CHOSEN}
             ORDER BY sequence, adapter LIMIT ?3"
        );
        transaction.execute(
            &format!(
                "INSERT OR IGNORE INTO deliveries (adapter, camera, sequence)
                 SELECT adapter, camera, sequence FROM ({oldest}) JOIN alerts USING (sequence)"
            ),
            chosen,
        )?;
        let delete = format!("DELETE FROM dead_letters WHERE (adapter, sequence) IN ({oldest})");
        let retried = transaction.execute(&delete, chosen)?;
        transaction.commit()?;
        Ok(retried)
    }

    /// Forgets the dead letters that `query` means. Says how many they were; `most` of the query
    /// does not count.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn drop_dead_letters(&self, query: &DeadLetterQuery) -> Result<usize, StoreError> {
        let chosen = params![query.adapter, query.sequence.map(signed)];
        let delete = format!("DELETE FROM dead_letters WHERE {CHOSEN}");
        Ok(self.lock().execute(&delete, chosen)?)
    }

    /// Forgets the oldest dead letters beyond `most`. Says how many they were.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn prune_dead_letters(&self, most: u64) -> Result<usize, StoreError> {
        let connection = self.lock();
        let mut delete = connection.prepare_cached(
            "DELETE FROM dead_letters WHERE (adapter, sequence) IN (
                SELECT adapter, sequence FROM dead_letters
                ORDER BY sequence DESC LIMIT -1 OFFSET ?)",
        )?;
        Ok(delete.execute(params_from_iter([signed(most)]))?)
    }
}

fn letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        adapter: row.get(0)?,
        sequence: unsigned(row.get(1)?),
        camera: row.get(2)?,
        attempts: row.get(3)?,
        reason: row.get(4)?,
        died_at: unsigned(row.get(5)?),
        body: row.get(6)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::tests::{alert, alerts};
    use crate::{Batch, Dead};

    fn store() -> Store {
        let store = Store::in_memory().unwrap();
        let both = ["hook", "broker"];
        let mut crowded = alert("c", &["hook"]);
        crowded.refused_by = vec!["broker"];
        let happened = vec![alert("a", &both), alert("b", &both), crowded];
        store.write(&alerts(happened)).unwrap();
        let dead = |adapter, sequence| Dead {
            adapter,
            sequence,
            attempts: 3,
            reason: "the receiver answered 400",
        };
        let batch = Batch {
            dead: vec![dead("hook", 1), dead("hook", 2)],
            written_at: 7,
            ..Batch::default()
        };
        store.write(&batch).unwrap();
        store
    }

    fn due(store: &Store, adapter: &str) -> Vec<u64> {
        let due = store.due(adapter, "yard", 0, 10).unwrap();
        due.iter().map(|due| due.sequence).collect()
    }

    fn of(adapter: &str, sequence: Option<u64>) -> DeadLetterQuery {
        DeadLetterQuery {
            adapter: Some(adapter.to_owned()),
            sequence,
            ..DeadLetterQuery::default()
        }
    }

    #[test]
    fn what_is_given_up_is_kept_with_its_reason() {
        let store = store();
        assert_eq!(due(&store, "hook"), [3]);
        assert_eq!(due(&store, "broker"), [1, 2]);
        let letters = store.dead_letters(&DeadLetterQuery::default()).unwrap();
        let told: Vec<(&str, u64, u32)> = letters
            .iter()
            .map(|letter| (letter.adapter.as_str(), letter.sequence, letter.attempts))
            .collect();
        assert_eq!(told, [("hook", 1, 3), ("hook", 2, 3), ("broker", 3, 0)]);
        assert_eq!(letters[0].reason, "the receiver answered 400");
        assert_eq!(letters[0].body, r#"{"key":"a"}"#);
        let counts = store.dead_letter_counts().unwrap();
        assert_eq!(counts, [("broker".to_owned(), 1), ("hook".to_owned(), 2)]);
        // Nor is the alert forgotten.
        let nothing = crate::Retention {
            most: 0,
            written_after: u64::MAX,
            most_bytes: u64::MAX,
        };
        assert_eq!(store.prune(&nothing, 10).unwrap(), 0);
    }

    #[test]
    fn of_too_many_the_oldest_are_retried() {
        let store = store();
        let two = DeadLetterQuery {
            most: 2,
            ..DeadLetterQuery::default()
        };
        assert_eq!(store.retry_dead_letters(&two).unwrap(), 2);
        assert_eq!(due(&store, "hook"), [1, 2, 3]);
        assert_eq!(due(&store, "broker"), [1, 2]);
        assert_eq!(store.retry_dead_letters(&two).unwrap(), 1);
        assert_eq!(due(&store, "broker"), [1, 2, 3]);
    }

    #[test]
    fn it_is_retried_or_dropped() {
        let store = store();
        assert_eq!(store.retry_dead_letters(&of("hook", Some(2))).unwrap(), 1);
        assert_eq!(due(&store, "hook"), [2, 3]);
        assert_eq!(store.drop_dead_letters(&of("hook", None)).unwrap(), 1);
        assert_eq!(store.drop_dead_letters(&of("hook", None)).unwrap(), 0);
        assert_eq!(store.prune_dead_letters(1).unwrap(), 0);
        assert_eq!(store.prune_dead_letters(0).unwrap(), 1);
        let left = store.dead_letters(&DeadLetterQuery::default()).unwrap();
        assert!(left.is_empty());
    }
}
