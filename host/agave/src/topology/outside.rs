//! What this program puts behind the capabilities that other crates own: pictures from `media`,
//! maps from `store`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use agave_core::{Shown, View};
use agave_media::{NoRecentPicture, RecentPictures};
use agave_plugin::{DurableMap, NoPicture, Pictures};
use agave_store::{Store, StoreError};

/// Pictures of recent frames.
pub(super) struct Recent(pub(super) Arc<RecentPictures>);

impl Pictures for Recent {
    fn show(&self, camera: &str, frame: u64, view: &View) -> Result<Shown, NoPicture> {
        let shown = self.0.show(camera, frame, view);
        shown.map_err(|reason| match reason {
            NoRecentPicture::Expired => NoPicture::Expired,
            other => NoPicture::Unavailable(other.to_string()),
        })
    }
}

/// One node's map in the flow's store.
pub(super) struct NodeMap {
    /// Or why there is none.
    store: Result<Store, String>,
    node: String,
    /// How often it could not be used.
    failures: AtomicU64,
}

impl NodeMap {
    pub(super) fn new(store: &Result<Store, String>, node: &str) -> Self {
        Self {
            store: store.clone(),
            node: node.to_owned(),
            failures: AtomicU64::new(0),
        }
    }

    /// What failed is the plugin's to handle; that it failed is the user's to know.
    fn with<T>(
        &self,
        use_map: impl FnOnce(&agave_store::Map) -> Result<T, StoreError>,
    ) -> Result<T, String> {
        let store = self.store.as_ref().map_err(|reason| self.failed(reason))?;
        use_map(&store.map(&self.node)).map_err(|error| match error {
            // That it keeps too much is the plugin's doing, and nothing is wrong with the store.
            StoreError::Full { .. } => error.to_string(),
            other => self.failed(&other.to_string()),
        })
    }

    /// Tells the user, and not as often as a plugin likes to try it.
    fn failed(&self, reason: &str) -> String {
        let times = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if times.is_power_of_two() {
            tracing::warn!(node = self.node, times, "nothing is kept: {reason}");
        }
        reason.to_owned()
    }
}

impl DurableMap for NodeMap {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        self.with(|map| map.get(key))
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), String> {
        self.with(|map| map.set(key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_that_keeps_too_much_is_told_and_no_one_else() {
        let map = NodeMap::new(&Ok(Store::in_memory().unwrap()), "relay");
        let too_much = vec![0; agave_store::MOST_BYTES];
        assert!(map.set("key", &too_much).unwrap_err().contains("at most"));
        assert_eq!(map.failures.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_store_that_cannot_be_used_is_counted() {
        let map = NodeMap::new(&Err("there is no folder".to_owned()), "relay");
        for _ in 0..3 {
            assert_eq!(map.get("key").unwrap_err(), "there is no folder");
        }
        assert_eq!(map.failures.load(Ordering::Relaxed), 3);
    }
}
