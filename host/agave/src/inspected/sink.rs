//! Where alerts of an inspected flow go: they are printed, as ever, shown to whoever looks on,
//! and what led to them is kept.

use std::sync::Arc;

use agave_core::AlertReport;
use agave_inspector::system::FlowEvent;
use agave_inspector::view::Alert;
use serde_json::{Map, Value};
use tokio::sync::broadcast;

use super::Evidence;
use crate::report::FlowReporter;
use crate::topology::AlertSink;

/// So many events wait for a page that is slow.
const MOST_EVENTS: usize = 512;

pub(crate) struct Announcer {
    reporter: FlowReporter,
    evidence: Option<Arc<Evidence>>,
    events: broadcast::Sender<FlowEvent>,
}

impl Announcer {
    /// Prints through `reporter`, and keeps evidence if somebody can look at it.
    pub(crate) fn new(reporter: FlowReporter, evidence: Option<Arc<Evidence>>) -> Self {
        let (events, _) = broadcast::channel(MOST_EVENTS);
        Self {
            reporter,
            evidence,
            events,
        }
    }

    /// Where events go in.
    pub(crate) fn events(&self) -> broadcast::Sender<FlowEvent> {
        self.events.clone()
    }
}

impl AlertSink for Announcer {
    fn alert(&self, node: &str, report: &AlertReport) {
        self.reporter.alert(node, report);
    }

    fn kept(&self, sequence: u64, node: &str, report: &AlertReport) {
        self.reporter.alert(node, report);
        let Some(evidence) = &self.evidence else {
            return;
        };
        evidence.gather(sequence, report);
        if self.events.receiver_count() > 0 {
            let alert = shown(sequence, node, report, true);
            // Nobody may be looking any more.
            let _ = self.events.send(FlowEvent::Alert(alert.into()));
        }
    }
}

/// An alert as it is shown.
pub(super) fn shown(sequence: u64, node: &str, report: &AlertReport, has_picture: bool) -> Alert {
    let said = match serde_json::to_value(report) {
        Ok(Value::Object(said)) => said,
        _ => Map::new(),
    };
    Alert {
        sequence,
        node: node.to_owned(),
        said,
        has_picture,
    }
}
