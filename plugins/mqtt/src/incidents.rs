//! Which incidents are open. It outlives the process, in the node's own map: an incident that
//! began before a restart ends after it.

use std::collections::{BTreeMap, BTreeSet};

use agave_vision_sdk::prelude::*;
use agave_vision_sdk::{clock, keyvalue, log};

use crate::frigate::Tracked;

/// More of one camera are not remembered: the one that was silent for longest is forgotten.
const MOST_OPEN: usize = 200;
/// Between two times that one camera's incidents are written while alerts come.
const WRITE_EVERY: u64 = 1_000_000_000;

const DISCOVERED: &str = "discovered";

/// What the adapter remembers.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    cameras: BTreeMap<String, Camera>,
    /// How many reports of a delivery that could not be finished are published already.
    unfinished: BTreeMap<String, usize>,
    /// The discovery topics of what Home Assistant was told; none until they are read.
    #[serde(skip)]
    discovered: Option<BTreeSet<String>>,
}

/// The open incidents of one camera, by key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Camera {
    open: BTreeMap<String, Open>,
    /// When it was last written to the disk.
    #[serde(skip)]
    written_at: Timestamp,
    /// Whether it is different on the disk.
    #[serde(skip)]
    changed: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Open {
    zone: Option<String>,
    /// The time of its last alert.
    heard: Timestamp,
    pub(crate) tracked: Tracked,
}

impl State {
    /// The camera, as it was kept if this is the first time that somebody asks.
    pub(crate) fn camera(&mut self, name: &str) -> &mut Camera {
        let known = self.cameras.entry(name.to_owned());
        known.or_insert_with(|| Camera::read(name))
    }

    /// Forgets cameras that are not there any more.
    pub(crate) fn keep_only(&mut self, cameras: &[StreamInfo]) {
        let is_there = |name: &String| cameras.iter().any(|camera| camera.camera == *name);
        self.cameras.retain(|name, _| is_there(name));
    }

    /// How many reports of this delivery are published already.
    pub(crate) fn published(&self, idempotency_key: &str) -> usize {
        self.unfinished
            .get(idempotency_key)
            .copied()
            .unwrap_or_default()
    }

    /// Remembers that of a delivery that is tried again. Of more than a few, the rest is
    /// published twice rather than remembered for ever.
    pub(crate) fn note_published(&mut self, idempotency_key: &str, reports: usize) {
        if self.unfinished.len() < MOST_OPEN || self.unfinished.contains_key(idempotency_key) {
            self.unfinished.insert(idempotency_key.to_owned(), reports);
        }
    }

    pub(crate) fn forget_published(&mut self, idempotency_key: &str) {
        self.unfinished.remove(idempotency_key);
    }
}

/// What Home Assistant was told of, so that it can be told when that is gone. Another process may
/// have told it.
impl State {
    /// The topics that are not among `there`.
    pub(crate) fn discovered_before(&mut self, there: &BTreeSet<String>) -> Vec<String> {
        let discovered = self.discovered.get_or_insert_with(|| {
            let kept = keyvalue::get(DISCOVERED).ok().flatten();
            let kept = kept.and_then(|kept| serde_json::from_slice(&kept).ok());
            kept.unwrap_or_default()
        });
        discovered.difference(there).cloned().collect()
    }

    pub(crate) fn note_discovered(&mut self, there: BTreeSet<String>) {
        if self.discovered.as_ref() == Some(&there) {
            return;
        }
        let kept = serde_json::to_vec(&there).unwrap_or_default();
        if let Err(problem) = keyvalue::set(DISCOVERED, &kept) {
            log::warn(&format!(
                "Home Assistant will not be told when one of these cameras goes: {problem}"
            ));
        }
        self.discovered = Some(there);
    }
}

impl Camera {
    fn read(name: &str) -> Self {
        let kept = keyvalue::get(&key(name)).unwrap_or_else(|problem| {
            log::warn(&format!(
                "the open incidents of {name} cannot be read: {problem}"
            ));
            None
        });
        let open = kept.and_then(|kept| serde_json::from_slice(&kept).ok());
        Self {
            open: open.unwrap_or_default(),
            ..Self::default()
        }
    }

    /// What it is once `alert` is told.
    pub(crate) fn after(&self, alert: &Alert, tracked: Tracked) -> Self {
        let mut after = self.clone();
        after.changed = true;
        if alert.phase == Phase::End {
            after.open.remove(&alert.key);
            return after;
        }
        let open = Open {
            zone: alert.zone.clone(),
            heard: alert.at,
            tracked,
        };
        after.open.insert(alert.key.clone(), open);
        if after.open.len() > MOST_OPEN {
            let silent = after.open.iter().min_by_key(|(_, open)| open.heard);
            if let Some(key) = silent.map(|(key, _)| key.clone()) {
                after.open.remove(&key);
            }
        }
        after
    }

    /// Takes out what nothing was heard of since `since`.
    pub(crate) fn close_before(&mut self, since: Timestamp) {
        let before = self.open.len();
        self.open.retain(|_, open| open.heard >= since);
        self.changed |= self.open.len() != before;
    }

    pub(crate) fn tracked(&self, key: &str) -> Option<&Tracked> {
        self.open.get(key).map(|open| &open.tracked)
    }

    /// How many incidents are open, in `zone` if one is named.
    pub(crate) fn count(&self, zone: Option<&str>) -> usize {
        match zone {
            None => self.open.len(),
            zone => {
                let open = self.open.values();
                open.filter(|open| open.zone.as_deref() == zone).count()
            }
        }
    }

    /// The zones that incidents are open in.
    pub(crate) fn zones(&self) -> impl Iterator<Item = &str> {
        self.open.values().filter_map(|open| open.zone.as_deref())
    }

    /// Keeps it for another process, now or, where it was only just written and `now_or_soon`,
    /// a little later.
    pub(crate) fn write(&mut self, name: &str, now_or_soon: bool) {
        let now = clock::now();
        let soon = now_or_soon && now.saturating_sub(self.written_at) < WRITE_EVERY;
        if !self.changed || soon {
            return;
        }
        self.changed = false;
        self.written_at = now;
        // Texts and numbers only: there is nothing that JSON cannot hold.
        let open = serde_json::to_vec(&self.open).unwrap_or_default();
        if let Err(problem) = keyvalue::set(&key(name), &open) {
            log::warn(&format!(
                "the open incidents of {name} are not kept: {problem}"
            ));
        }
    }
}

fn key(camera: &str) -> String {
    // A key of the map has at most 256 bytes.
    format!("open/{}", camera.chars().take(60).collect::<String>())
}
