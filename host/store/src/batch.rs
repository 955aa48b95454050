//! What is written at once: alerts, what the nodes remember, and what adapters have settled.

use rusqlite::{Transaction, TransactionBehavior, params};

use crate::store::{Store, StoreError, signed, unsigned};

/// All of it is on the disk, or nothing.
#[derive(Clone, Debug, Default)]
pub struct Batch<'b> {
    /// In the order in which they happened.
    pub alerts: Vec<NewAlert<'b>>,
    /// At most one for a camera.
    pub checkpoints: Vec<NewCheckpoint<'b>>,
    /// What need not be delivered any more.
    pub settled: Vec<Settled<'b>>,
    /// What is given up.
    pub dead: Vec<Dead<'b>>,
    /// What has been tried in vain.
    pub tried: Vec<Tried<'b>>,
    /// Nanoseconds since 1970.
    pub written_at: u64,
}

/// An alert that happened.
#[derive(Clone, Debug)]
pub struct NewAlert<'b> {
    /// The node that gave it.
    pub node: &'b str,
    /// The camera that saw it.
    pub camera: &'b str,
    /// Its incident's key.
    pub key: &'b str,
    /// The part of the incident that it reports.
    pub phase: &'b str,
    /// When it happened, in nanoseconds since 1970.
    pub at: u64,
    /// The same in nanoseconds since the stream's first frame.
    pub media_time: u64,
    /// Whether it left the flow behind its node, rather than going on to a gate.
    pub left_the_flow: bool,
    /// All of it, as JSON.
    pub body: String,
    /// Which adapters are to deliver it.
    pub adapters: Vec<&'b str>,
    /// Which adapters have no room for it: it is one of their dead letters.
    pub refused_by: Vec<&'b str>,
}

/// What the nodes of one camera remember after one frame.
#[derive(Clone, Debug)]
pub struct NewCheckpoint<'b> {
    /// The camera.
    pub camera: &'b str,
    /// The last frame that the nodes have seen.
    pub frame: u64,
    /// When that was captured, in nanoseconds since 1970.
    pub at: u64,
    /// The classes that the nodes know, as JSON.
    pub classes: String,
    /// Those nodes whose state is not what was last written.
    pub changed: Vec<NodeState<'b>>,
    /// All nodes of the camera; what is kept of others is forgotten.
    pub all: Vec<&'b str>,
}

/// What one node remembers.
#[derive(Clone, Debug)]
pub struct NodeState<'b> {
    /// The node.
    pub node: &'b str,
    /// Whose bytes these are.
    pub plugin: &'b str,
    /// The version of the bytes.
    pub version: u32,
    /// What only the plugin understands.
    pub data: &'b [u8],
    /// How much the node holds back, in the unit of its ledger.
    pub holds: u64,
}

/// An alert that an adapter has delivered or given up.
#[derive(Clone, Copy, Debug)]
pub struct Settled<'b> {
    /// The adapter.
    pub adapter: &'b str,
    /// The alert.
    pub sequence: u64,
}

/// An alert that an adapter gives up.
#[derive(Clone, Copy, Debug)]
pub struct Dead<'b> {
    /// The adapter.
    pub adapter: &'b str,
    /// The alert.
    pub sequence: u64,
    /// How often it has been tried.
    pub attempts: u32,
    /// Why, in words.
    pub reason: &'b str,
}

/// An alert that an adapter has tried to deliver, and will try again.
#[derive(Clone, Copy, Debug)]
pub struct Tried<'b> {
    /// The adapter.
    pub adapter: &'b str,
    /// The alert.
    pub sequence: u64,
    /// How often, since the first time.
    pub attempts: u32,
}

impl Store {
    /// Writes `batch` as a whole, and gives each of its alerts its number: later alerts have
    /// greater ones. When this returns it is on the disk.
    ///
    /// # Errors
    /// When it cannot be written; then nothing of it is.
    pub fn write(&self, batch: &Batch<'_>) -> Result<Vec<u64>, StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        settle(&transaction, batch)?;
        let numbers = insert_alerts(&transaction, batch)?;
        for checkpoint in &batch.checkpoints {
            keep_states(&transaction, checkpoint)?;
        }
        transaction.commit()?;
        Ok(numbers)
    }
}

/// Of an alert that nobody has any more there is nothing to keep.
const BURY: &str = "INSERT OR REPLACE INTO dead_letters
    (adapter, sequence, attempts, reason, died_at)
    SELECT ?1, sequence, ?3, ?4, ?5 FROM alerts WHERE sequence = ?2";

fn settle(transaction: &Transaction<'_>, batch: &Batch<'_>) -> rusqlite::Result<()> {
    let mut delete =
        transaction.prepare_cached("DELETE FROM deliveries WHERE adapter = ? AND sequence = ?")?;
    for settled in &batch.settled {
        delete.execute(params![settled.adapter, signed(settled.sequence)])?;
    }
    let mut bury = transaction.prepare_cached(BURY)?;
    for dead in &batch.dead {
        delete.execute(params![dead.adapter, signed(dead.sequence)])?;
        bury.execute(params![
            dead.adapter,
            signed(dead.sequence),
            dead.attempts,
            dead.reason,
            signed(batch.written_at),
        ])?;
    }
    let mut update = transaction
        .prepare_cached("UPDATE deliveries SET attempts = ? WHERE adapter = ? AND sequence = ?")?;
    for tried in &batch.tried {
        update.execute(params![
            tried.attempts,
            tried.adapter,
            signed(tried.sequence)
        ])?;
    }
    Ok(())
}

fn insert_alerts(transaction: &Transaction<'_>, batch: &Batch<'_>) -> rusqlite::Result<Vec<u64>> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO alerts
         (node, camera, key, phase, at, media_time, left_the_flow, body, written_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    let mut deliver = transaction.prepare_cached(
        "INSERT OR IGNORE INTO deliveries (adapter, camera, sequence) VALUES (?, ?, ?)",
    )?;
    let mut bury = transaction.prepare_cached(BURY)?;
    let mut numbers = Vec::with_capacity(batch.alerts.len());
    for alert in &batch.alerts {
        let number = insert.insert(params![
            alert.node,
            alert.camera,
            alert.key,
            alert.phase,
            signed(alert.at),
            signed(alert.media_time),
            alert.left_the_flow,
            alert.body,
            signed(batch.written_at),
        ])?;
        for adapter in &alert.adapters {
            deliver.execute(params![adapter, alert.camera, number])?;
        }
        for adapter in &alert.refused_by {
            let reason = "too many alerts of its camera waited already";
            bury.execute(params![
                adapter,
                number,
                0,
                reason,
                signed(batch.written_at)
            ])?;
        }
        numbers.push(unsigned(number));
    }
    Ok(numbers)
}

fn keep_states(
    transaction: &Transaction<'_>,
    checkpoint: &NewCheckpoint<'_>,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO streams (camera, frame, at, classes) VALUES (?, ?, ?, ?)",
        )?
        .execute(params![
            checkpoint.camera,
            signed(checkpoint.frame),
            signed(checkpoint.at),
            checkpoint.classes,
        ])?;
    let mut keep = transaction.prepare_cached(
        "INSERT OR REPLACE INTO checkpoints (camera, node, plugin, version, holds, data)
         VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    for state in &checkpoint.changed {
        keep.execute(params![
            checkpoint.camera,
            state.node,
            state.plugin,
            state.version,
            signed(state.holds),
            state.data,
        ])?;
    }
    forget_others(transaction, checkpoint)
}

fn forget_others(
    transaction: &Transaction<'_>,
    checkpoint: &NewCheckpoint<'_>,
) -> rusqlite::Result<()> {
    let mut read = transaction.prepare_cached("SELECT node FROM checkpoints WHERE camera = ?")?;
    let kept = read.query_map([checkpoint.camera], |row| row.get(0))?;
    let mut delete =
        transaction.prepare_cached("DELETE FROM checkpoints WHERE camera = ? AND node = ?")?;
    for node in kept.collect::<rusqlite::Result<Vec<String>>>()? {
        if !checkpoint.all.contains(&node.as_str()) {
            delete.execute(params![checkpoint.camera, node])?;
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn alert<'b>(key: &'b str, adapters: &[&'b str]) -> NewAlert<'b> {
        NewAlert {
            node: "calm",
            camera: "yard",
            key,
            phase: "begin",
            at: 1_000,
            media_time: 10,
            left_the_flow: true,
            body: format!("{{\"key\":\"{key}\"}}"),
            adapters: adapters.to_vec(),
            refused_by: Vec::new(),
        }
    }

    pub(crate) fn alerts<'b>(alerts: Vec<NewAlert<'b>>) -> Batch<'b> {
        Batch {
            alerts,
            written_at: 5_000,
            ..Batch::default()
        }
    }

    #[test]
    fn numbers_grow_and_are_never_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let first = store.write(&alerts(vec![alert("a", &[]), alert("b", &[])]));
        assert_eq!(first.unwrap(), [1, 2]);
        let long_ago = crate::Retention {
            most: 0,
            written_after: 0,
            most_bytes: u64::MAX,
        };
        assert_eq!(store.prune(&long_ago, 100).unwrap(), 2);
        drop(store);
        let again = Store::open(folder.path()).unwrap();
        let third = again.write(&alerts(vec![alert("c", &[])])).unwrap();
        assert_eq!(third, [3]);
    }

    #[test]
    fn a_dead_letter_of_an_alert_that_is_gone_stops_nothing() {
        let store = Store::in_memory().unwrap();
        let batch = Batch {
            dead: vec![Dead {
                adapter: "hook",
                sequence: 77,
                attempts: 1,
                reason: "the receiver answered 400",
            }],
            ..alerts(vec![alert("a", &["hook"])])
        };
        assert_eq!(store.write(&batch).unwrap(), [1]);
        assert_eq!(store.dead_letter_counts().unwrap(), []);
        assert_eq!(store.due("hook", "yard", 0, 10).unwrap().len(), 1);
    }

    #[test]
    fn a_batch_that_fails_leaves_nothing() {
        let store = Store::in_memory().unwrap();
        store
            .lock()
            .execute_batch(
                "CREATE TRIGGER broken BEFORE INSERT ON checkpoints
                 BEGIN SELECT raise(ABORT, 'the disk is gone'); END",
            )
            .unwrap();
        let mut batch = alerts(vec![alert("a", &["hook"])]);
        batch.checkpoints.push(NewCheckpoint {
            camera: "yard",
            frame: 7,
            at: 1_000,
            classes: String::new(),
            changed: vec![NodeState {
                node: "calm",
                plugin: "debounce",
                version: 1,
                data: b"state",
                holds: 0,
            }],
            all: vec!["calm"],
        });
        let error = store.write(&batch).unwrap_err();
        assert!(error.to_string().contains("the disk is gone"), "{error}");
        assert!(store.due("hook", "yard", 0, 10).unwrap().is_empty());
        assert!(
            store
                .alerts(&crate::AlertQuery::default())
                .unwrap()
                .is_empty()
        );
        assert!(store.checkpoints().unwrap().is_empty());
    }
}
