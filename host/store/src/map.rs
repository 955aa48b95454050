//! One node's small map.

use rusqlite::{OptionalExtension, TransactionBehavior, params};

use crate::store::{Store, StoreError};

/// Keys and values of one node together.
pub const MOST_BYTES: usize = 1 << 20;

/// A node's part of a [`Store`].
pub struct Map {
    store: Store,
    node: String,
}

impl Map {
    pub(crate) fn new(store: Store, node: &str) -> Self {
        Self {
            store,
            node: node.to_owned(),
        }
    }

    /// What is kept under `key`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let connection = self.store.lock();
        let mut read =
            connection.prepare_cached("SELECT value FROM kept WHERE node = ? AND key = ?")?;
        let value = read.query_row(params![self.node, key], |row| row.get(0));
        Ok(value.optional()?)
    }

    /// Keeps `value` under `key`. When this returns it is on the disk.
    ///
    /// # Errors
    /// When the node keeps too much already, or it cannot be written; what was kept before stays.
    pub fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let mut connection = self.store.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let others: i64 = transaction
            .prepare_cached(
                "SELECT coalesce(sum(octet_length(key) + octet_length(value)), 0)
                 FROM kept WHERE node = ? AND key <> ?",
            )?
            .query_row(params![self.node, key], |row| row.get(0))?;
        let others = usize::try_from(others).unwrap_or(usize::MAX);
        let wanted = others.saturating_add(key.len() + value.len());
        if wanted > MOST_BYTES {
            return Err(StoreError::Full {
                most: MOST_BYTES,
                wanted,
            });
        }
        transaction
            .prepare_cached("INSERT OR REPLACE INTO kept (node, key, value) VALUES (?, ?, ?)")?
            .execute(params![self.node, key, value])?;
        transaction.commit()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let map = store.map("relay");
        assert_eq!(map.get("last").unwrap(), None);
        map.set("last", b"one").unwrap();
        map.set("last", b"two").unwrap();
        map.set("empty", b"").unwrap();
        drop((map, store));
        let again = Store::open(folder.path()).unwrap().map("relay");
        assert_eq!(again.get("last").unwrap(), Some(b"two".to_vec()));
        assert_eq!(again.get("empty").unwrap(), Some(Vec::new()));
    }

    #[test]
    fn nodes_do_not_see_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.map("one").set("key", b"value").unwrap();
        assert_eq!(store.map("two").get("key").unwrap(), None);
    }

    #[test]
    fn threads_share_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        std::thread::scope(|scope| {
            for name in ["a", "b"] {
                let map = store.map("node");
                scope.spawn(move || {
                    for number in 0..50 {
                        map.set(&format!("{name}{number}"), b"x").unwrap();
                    }
                });
            }
        });
        let kept = store.map("node").get("b49").unwrap();
        assert_eq!(kept, Some(b"x".to_vec()));
    }

    #[test]
    fn a_node_keeps_so_much_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let map = store.map("node");
        // Sixteen times 64 KiB, each with its key, is just too much.
        let value = vec![7; 64 << 10];
        for number in 0..15 {
            map.set(&format!("key {number}"), &value).unwrap();
        }
        let error = map.set("key 15", &value).unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error}");
        assert_eq!(map.get("key 15").unwrap(), None);
        // What takes the place of something counts once.
        map.set("key 0", &value).unwrap();
        store.map("other").set("key", &value).unwrap();
    }
}
