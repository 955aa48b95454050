//! Hands a running flow what models might have seen, without cameras and models: for tests and
//! for the bench of reloading.

use std::sync::Arc;

use super::chain::{Arrival, Seen};
use super::running::Live;

impl Live {
    /// Takes `seen` through the nodes of `camera`, on this thread. Says whether there is such a
    /// camera.
    pub(crate) fn feed(&self, camera: &str, seen: Seen) -> bool {
        let found = {
            let parts = self.parts();
            let mut cameras = parts.cameras.iter();
            let found = cameras.find(|one| one.camera.name == camera);
            found.map(|one| (Arc::clone(&one.lane), Arc::clone(&one.state)))
        };
        let Some((lane, state)) = found else {
            return false;
        };
        state.change(|state| state.counts.sampled += 1);
        let ticket = lane.admit().ticket;
        lane.submit(ticket, Arrival::now(seen), || {});
        true
    }
}
