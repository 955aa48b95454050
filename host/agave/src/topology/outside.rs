//! What this program puts behind the capabilities that other crates own: pictures from `media`,
//! maps from `store`.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use agave_core::BoundingBox;
use agave_media::{NoRecentPicture, RecentPictures};
use agave_plugin::{DurableMap, NoPicture, Pictures};
use agave_store::{Store, StoreError};

/// Pictures of recent frames.
pub(super) struct Recent(pub(super) Arc<RecentPictures>);

impl Pictures for Recent {
    fn jpeg(
        &self,
        camera: &str,
        frame: u64,
        region: Option<BoundingBox>,
        most_pixels: u32,
    ) -> Result<Vec<u8>, NoPicture> {
        let picture = self.0.jpeg(camera, frame, region, most_pixels);
        picture.map_err(|reason| match reason {
            NoRecentPicture::Expired => NoPicture::Expired,
            other => NoPicture::Unavailable(other.to_string()),
        })
    }
}

/// The flow's store, which is not opened before a node uses it.
pub(super) struct LazyStore {
    /// Or why there is none.
    folder: Result<PathBuf, String>,
    store: Mutex<Option<Store>>,
    /// How often it could not be used.
    failures: AtomicU64,
}

impl LazyStore {
    pub(super) fn new(folder: Result<PathBuf, String>) -> Arc<Self> {
        Arc::new(Self {
            folder,
            store: Mutex::default(),
            failures: AtomicU64::new(0),
        })
    }

    fn opened(&self) -> Result<Store, String> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = &*store {
            return Ok(store.clone());
        }
        let folder = self.folder.as_ref().map_err(Clone::clone)?;
        let opened = Store::open(folder).map_err(|error| error.to_string())?;
        Ok(store.insert(opened).clone())
    }

    /// Tells the user, and not as often as a plugin likes to try it.
    fn failed(&self, node: &str, reason: String) -> String {
        let times = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if times.is_power_of_two() {
            tracing::warn!(node, times, "nothing is kept: {reason}");
        }
        reason
    }
}

/// One node's map in it.
pub(super) struct NodeMap {
    pub(super) store: Arc<LazyStore>,
    pub(super) node: String,
}

impl NodeMap {
    /// What failed is the plugin's to handle; that it failed is the user's to know.
    fn with<T>(
        &self,
        use_map: impl FnOnce(&agave_store::Map) -> Result<T, StoreError>,
    ) -> Result<T, String> {
        let failed = |reason| self.store.failed(&self.node, reason);
        let store = self.store.opened().map_err(failed)?;
        use_map(&store.map(&self.node)).map_err(|error| match error {
            // That it keeps too much is the plugin's doing, and nothing is wrong with the store.
            StoreError::Full { .. } => error.to_string(),
            other => failed(other.to_string()),
        })
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

    fn map(folder: Result<PathBuf, String>) -> NodeMap {
        NodeMap {
            store: LazyStore::new(folder),
            node: "relay".to_owned(),
        }
    }

    #[test]
    fn a_plugin_that_keeps_too_much_is_told_and_no_one_else() {
        let folder = tempfile::tempdir().unwrap();
        let map = map(Ok(folder.path().to_owned()));
        let too_much = vec![0; agave_store::MOST_BYTES];
        assert!(map.set("key", &too_much).unwrap_err().contains("at most"));
        assert_eq!(map.store.failures.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_store_that_cannot_be_used_is_counted() {
        let map = map(Err("there is no folder".to_owned()));
        for _ in 0..3 {
            assert_eq!(map.get("key").unwrap_err(), "there is no folder");
        }
        assert_eq!(map.store.failures.load(Ordering::Relaxed), 3);
    }
}
