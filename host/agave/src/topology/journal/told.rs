//! Alerts on their way to whoever runs the flow.

use std::sync::Arc;

use agave_core::AlertReport;

use super::{Entry, Happened, Outlet};
use crate::topology::chain::AlertSink;

/// Tells alerts and keeps nothing: for replays, which can be had again.
pub(crate) struct Told(pub(crate) Arc<dyn AlertSink>);

impl Outlet for Told {
    fn keep(&self, entry: Entry) {
        let left = entry.alerts.iter().filter(|happened| happened.leaves);
        left.for_each(|happened| happened.tell(None, &entry.camera, self.0.as_ref()));
    }

    fn wants_checkpoints(&self) -> bool {
        false
    }
}

impl Happened {
    pub(super) fn tell(&self, sequence: Option<u64>, camera: &str, sink: &dyn AlertSink) {
        let start = self.alert.at - self.media_time;
        let report = AlertReport::new(camera, start, &self.alert);
        match sequence {
            Some(sequence) => sink.kept(sequence, &self.node, &report),
            None => sink.alert(&self.node, &report),
        }
    }
}
