//! The form of the file, as the list of what made it what it is. A step that was released is
//! never edited: files out there have taken it.

use rusqlite::{Connection, TransactionBehavior};

/// One after the other. A file remembers how many it has seen.
pub(crate) const STEPS: [&str; 4] = [
    "
    CREATE TABLE kept (
        node TEXT NOT NULL,
        key TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (node, key)
    ) STRICT, WITHOUT ROWID;
    ",
    "
    -- What happened, in the order in which it was written. Times are nanoseconds, those without
    -- a word since 1970.
    CREATE TABLE alerts (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        node TEXT NOT NULL,
        camera TEXT NOT NULL,
        key TEXT NOT NULL,
        phase TEXT NOT NULL,
        at INTEGER NOT NULL,
        media_time INTEGER NOT NULL,
        left_the_flow INTEGER NOT NULL,
        body TEXT NOT NULL,
        written_at INTEGER NOT NULL
    ) STRICT;

    -- What an adapter has not settled yet.
    CREATE TABLE deliveries (
        adapter TEXT NOT NULL,
        sequence INTEGER NOT NULL REFERENCES alerts (sequence),
        attempts INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (adapter, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX deliveries_of_alert ON deliveries (sequence);

    -- How far each camera's nodes have come: what they remember is all of one frame.
    CREATE TABLE streams (
        camera TEXT PRIMARY KEY,
        frame INTEGER NOT NULL,
        at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE checkpoints (
        camera TEXT NOT NULL,
        node TEXT NOT NULL,
        plugin TEXT NOT NULL,
        version INTEGER NOT NULL,
        holds INTEGER NOT NULL,
        data BLOB NOT NULL,
        UNIQUE (camera, node)
    ) STRICT;
    ",
    "
    -- The names behind the numbers of classes in the states, as JSON; empty where an earlier
    -- version did not write them.
    ALTER TABLE streams ADD COLUMN classes TEXT NOT NULL DEFAULT '';
    ",
    "
    -- Each camera's alerts are delivered in their order, and one camera's do not wait for
    -- another's: so they are looked for by camera.
    CREATE TABLE deliveries_by_camera (
        adapter TEXT NOT NULL,
        camera TEXT NOT NULL,
        sequence INTEGER NOT NULL REFERENCES alerts (sequence),
        attempts INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (adapter, camera, sequence)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO deliveries_by_camera
        SELECT adapter, camera, sequence, attempts FROM deliveries JOIN alerts USING (sequence);
    DROP TABLE deliveries;
    ALTER TABLE deliveries_by_camera RENAME TO deliveries;
    CREATE INDEX deliveries_of_alert ON deliveries (sequence);

    -- What an adapter has given up, until a person retries or drops it.
    CREATE TABLE dead_letters (
        adapter TEXT NOT NULL,
        sequence INTEGER NOT NULL REFERENCES alerts (sequence),
        attempts INTEGER NOT NULL,
        reason TEXT NOT NULL,
        died_at INTEGER NOT NULL,
        PRIMARY KEY (adapter, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX dead_letters_of_alert ON dead_letters (sequence);
    ",
];

/// Takes the steps that the file has not seen. Gives how many it has seen now.
pub(crate) fn take(connection: &mut Connection) -> rusqlite::Result<usize> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let seen: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let seen = usize::try_from(seen).unwrap_or(usize::MAX);
    for step in STEPS.iter().skip(seen) {
        transaction.execute_batch(step)?;
    }
    let seen = seen.max(STEPS.len());
    let version = u32::try_from(seen).unwrap_or(u32::MAX);
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()?;
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    /// A file as the version that knew `steps` steps left it.
    fn file_of(steps: usize, folder: &std::path::Path) -> Connection {
        let file = Connection::open(folder.join(crate::store::FILE)).unwrap();
        for step in &STEPS[..steps] {
            file.execute_batch(step).unwrap();
        }
        let version = u32::try_from(steps).unwrap();
        file.pragma_update(None, "user_version", version).unwrap();
        file
    }

    #[test]
    fn what_an_earlier_version_kept_is_still_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = file_of(1, folder.path());
        let insert = "INSERT INTO kept (node, key, value) VALUES ('relay', 'last', x'0102')";
        file.execute_batch(insert).unwrap();
        drop(file);
        let store = Store::open(folder.path()).unwrap();
        let kept = store.map("relay").get("last").unwrap();
        assert_eq!(kept, Some(vec![1, 2]));
        // And it can do what that version could not.
        assert!(store.checkpoints().unwrap().is_empty());
    }

    #[test]
    fn every_earlier_form_becomes_the_same() {
        let schema = |steps| {
            let folder = tempfile::tempdir().unwrap();
            drop(file_of(steps, folder.path()));
            drop(Store::open(folder.path()).unwrap());
            let file = Connection::open(folder.path().join(crate::store::FILE)).unwrap();
            let mut read = file
                .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
                .unwrap();
            let rows = read.query_map([], |row| row.get(0)).unwrap();
            rows.collect::<rusqlite::Result<Vec<String>>>().unwrap()
        };
        let newest = schema(STEPS.len());
        for steps in 0..STEPS.len() {
            assert_eq!(schema(steps), newest, "from step {steps}");
        }
    }
}
