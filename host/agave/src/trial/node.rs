//! The node that a plugin under test is in, without a flow around it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agave_core::Role;
use agave_plugin::{DurableMap, Grants, Limits, Network, NetworkSettings, NodeSetup, Outside};
use agave_store::{MOST_BYTES, StoreError};
use anyhow::{Result, anyhow};
use serde_json::{Map, Value};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// What it is called.
pub(super) const NODE: &str = "test";

/// A node that is in no flow, with the limits that a flow would give it.
pub(crate) fn node_setup(
    role: Role,
    config: &Map<String, Value>,
    grants: Grants,
    runtime: &Runtime,
) -> Result<NodeSetup> {
    let outside = match role {
        Role::Adapter => {
            let settings = NetworkSettings::new(runtime.handle().clone(), CancellationToken::new());
            Outside {
                network: Some(Network::new(settings).map_err(|problem| anyhow!(problem))?),
                pictures: None,
                map: Some(Arc::new(ShortMemory::default())),
            }
        }
        _ => Outside::default(),
    };
    let defaults = Limits::default();
    Ok(NodeSetup {
        node: NODE.to_owned(),
        stream: agave_core::StreamInfo::default(),
        cameras: Vec::new(),
        config: Value::Object(config.clone()).to_string(),
        limits: Limits {
            deadline: match role {
                Role::Adapter => Duration::from_secs(30),
                _ => defaults.deadline,
            },
            ..defaults
        },
        grants,
        outside,
    })
}

/// What a plugin keeps, until its test is over: as much as a flow's store lets a node keep.
#[derive(Default)]
struct ShortMemory(Mutex<BTreeMap<String, Vec<u8>>>);

impl DurableMap for ShortMemory {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(kept.get(key).cloned())
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), String> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let others = kept.iter().filter(|(other, _)| *other != key);
        let others: usize = others.map(|(key, value)| key.len() + value.len()).sum();
        let wanted = others.saturating_add(key.len() + value.len());
        if wanted > MOST_BYTES {
            let most = MOST_BYTES;
            return Err(StoreError::Full { most, wanted }.to_string());
        }
        kept.insert(key.to_owned(), value.to_vec());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_keeps_no_more_than_a_flow_would() {
        let memory = ShortMemory::default();
        let half = vec![7; MOST_BYTES / 2];
        memory.set("a", &half).unwrap();
        let refused = memory.set("b", &half).unwrap_err();
        assert!(refused.contains("at most"), "{refused}");
        assert_eq!(memory.get("b").unwrap(), None);
        memory.set("a", &half).unwrap();
        assert_eq!(memory.get("a").unwrap(), Some(half));
    }
}
