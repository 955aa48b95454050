//! What the nodes remember, as it was last written.

use crate::store::{Store, StoreError, unsigned};

/// What the nodes of one camera remembered after one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The camera.
    pub camera: String,
    /// The last frame that the nodes had seen.
    pub frame: u64,
    /// When that was captured, in nanoseconds since 1970.
    pub at: u64,
    /// The classes that the nodes knew, as JSON; empty where an earlier version wrote it.
    pub classes: String,
    /// Its nodes, by name.
    pub nodes: Vec<KeptState>,
}

/// What one node remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptState {
    /// The node.
    pub node: String,
    /// The plugin that wrote the bytes.
    pub plugin: String,
    /// The version of the bytes.
    pub version: u32,
    /// What only the plugin understands.
    pub data: Vec<u8>,
    /// How much the node held back, in the unit of its ledger.
    pub holds: u64,
}

impl Store {
    /// The last checkpoint of every camera, by name.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn checkpoints(&self) -> Result<Vec<Checkpoint>, StoreError> {
        let connection = self.lock();
        let mut streams = connection
            .prepare_cached("SELECT camera, frame, at, classes FROM streams ORDER BY camera")?;
        let streams = streams.query_map([], |row| {
            Ok(Checkpoint {
                camera: row.get(0)?,
                frame: unsigned(row.get(1)?),
                at: unsigned(row.get(2)?),
                classes: row.get(3)?,
                nodes: Vec::new(),
            })
        })?;
        let mut states = connection.prepare_cached(
            "SELECT node, plugin, version, data, holds FROM checkpoints
             WHERE camera = ? ORDER BY node",
        )?;
        let mut checkpoints = Vec::new();
        for stream in streams {
            let mut stream = stream?;
            let nodes = states.query_map([&stream.camera], |row| {
                Ok(KeptState {
                    node: row.get(0)?,
                    plugin: row.get(1)?,
                    version: row.get(2)?,
                    data: row.get(3)?,
                    holds: unsigned(row.get(4)?),
                })
            })?;
            stream.nodes = nodes.collect::<rusqlite::Result<_>>()?;
            checkpoints.push(stream);
        }
        Ok(checkpoints)
    }

    /// Forgets what the nodes of `camera` remember.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn forget_checkpoint(&self, camera: &str) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for table in ["checkpoints", "streams"] {
            transaction.execute(&format!("DELETE FROM {table} WHERE camera = ?"), [camera])?;
        }
        transaction.commit()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Batch, NewCheckpoint, NodeState};

    fn state<'b>(node: &'b str, data: &'b [u8]) -> NodeState<'b> {
        NodeState {
            node,
            plugin: "plugin",
            version: 3,
            data,
            holds: 2,
        }
    }

    fn checkpoint<'b>(frame: u64, changed: Vec<NodeState<'b>>, all: Vec<&'b str>) -> Batch<'b> {
        Batch {
            checkpoints: vec![NewCheckpoint {
                camera: "yard",
                frame,
                at: frame * 10,
                classes: "[]".to_owned(),
                changed,
                all,
            }],
            ..Batch::default()
        }
    }

    #[test]
    fn what_did_not_change_need_not_be_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let both = vec![state("rule", b"one"), state("gate", b"two")];
        store
            .write(&checkpoint(1, both, vec!["rule", "gate"]))
            .unwrap();
        let changed = vec![state("gate", b"three")];
        store
            .write(&checkpoint(2, changed, vec!["gate", "rule"]))
            .unwrap();
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        let found = store.checkpoints().unwrap();
        let [yard] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!((yard.frame, yard.at), (2, 20));
        let nodes: Vec<_> = yard
            .nodes
            .iter()
            .map(|state| (state.node.as_str(), state.data.as_slice(), state.holds))
            .collect();
        assert_eq!(nodes, [("gate", &b"three"[..], 2), ("rule", b"one", 2)]);
    }

    #[test]
    fn nodes_and_cameras_that_are_gone_are_forgotten() {
        let store = Store::in_memory().unwrap();
        let both = vec![state("rule", b"one"), state("gate", b"two")];
        store
            .write(&checkpoint(1, both, vec!["rule", "gate"]))
            .unwrap();
        store
            .write(&checkpoint(2, Vec::new(), vec!["gate"]))
            .unwrap();
        let found = store.checkpoints().unwrap();
        assert_eq!(found[0].nodes.len(), 1);
        store.forget_checkpoint("yard").unwrap();
        assert!(store.checkpoints().unwrap().is_empty());
    }
}
