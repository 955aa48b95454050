//! What this program puts behind the capabilities that other crates own: pictures from `media`,
//! maps from `store`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use agave_core::BoundingBox;
use agave_media::{NoRecentPicture, RecentPictures};
use agave_plugin::{DurableMap, NoPicture, Pictures};
use agave_store::Store;

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
}

impl LazyStore {
    pub(super) fn new(folder: Result<PathBuf, String>) -> Arc<Self> {
        Arc::new(Self {
            folder,
            store: Mutex::default(),
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
        use_map: impl FnOnce(&agave_store::Map) -> Result<T, agave_store::StoreError>,
    ) -> Result<T, String> {
        let used = self
            .store
            .opened()
            .and_then(|store| use_map(&store.map(&self.node)).map_err(|error| error.to_string()));
        used.inspect_err(|reason| tracing::warn!(node = self.node, "nothing is kept: {reason}"))
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
