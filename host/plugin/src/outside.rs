//! What is outside of the sandbox, as one node may use it. The parts that other crates own come
//! as traits: this crate knows neither cameras nor disks.

use std::sync::Arc;

use agave_core::{Shown, View};

use crate::network::Network;

/// The way out for one node. The default leads nowhere.
#[derive(Clone, Default)]
pub struct Outside {
    /// For HTTP, MQTT and TCP.
    pub network: Option<Network>,
    /// For pictures of recent frames.
    pub pictures: Option<Arc<dyn Pictures>>,
    /// The node's own durable map.
    pub map: Option<Arc<dyn DurableMap>>,
}

/// Gives pictures of recent frames.
pub trait Pictures: Send + Sync {
    /// A frame of `camera` as `view` wants to see it.
    ///
    /// # Errors
    /// When there is no such picture any more, or there never was.
    fn show(&self, camera: &str, frame: u64, view: &View) -> Result<Shown, NoPicture>;
}

/// Why there is no picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoPicture {
    /// The frame has been there and made room for newer ones.
    Expired,
    /// Anything else, in a sentence.
    Unavailable(String),
}

/// A small map that is there again after a restart.
pub trait DurableMap: Send + Sync {
    /// What is kept under `key`.
    ///
    /// # Errors
    /// In a sentence for the plugin's author, when it cannot be read.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String>;

    /// Keeps `value` under `key`, durably.
    ///
    /// # Errors
    /// In a sentence for the plugin's author, when it is too large or cannot be written.
    fn set(&self, key: &str, value: &[u8]) -> Result<(), String>;
}
