//! `agave tap` inside of the running flow: looks at one node, with names instead of numbers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use agave_core::{Alert, AlertReport, Detection, FrameDetections, StreamInfo, Timestamp};
use agave_flow::{Flow, instead_of};

use crate::control::{Passed, PassedDetection, Subscription, TapSender, subscription};
use crate::topology::{Live, Tap};

/// Looks at what passes `node` from now on; at no more frames than `allowance` says, if there is
/// one.
pub(super) fn subscribe(
    live: &Live,
    node: &str,
    allowance: Option<Allowance>,
) -> Result<Subscription, String> {
    exists(&live.flow(), node)?;
    let node = node.to_owned();
    Ok(subscription(|sender| {
        live.taps().add(Arc::new(NodeTap {
            node,
            sender,
            allowance,
        }))
    }))
}

/// How many frames may still be shown at the moment. Words are made of each, on the flow's own
/// threads; 200 cameras have 2000 of them a second, and a page shows thirty. Whoever looks on
/// fills it again: the flow has no clock to look at.
#[derive(Clone, Default)]
pub(crate) struct Allowance(Arc<AtomicU32>);

impl Allowance {
    /// From now on so many may be shown.
    pub(crate) fn fill(&self, frames: u32) {
        self.0.store(frames, Ordering::Relaxed);
    }

    fn take(&self) -> bool {
        if self.0.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let one_less = |left: u32| left.checked_sub(1);
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        taken.is_ok()
    }
}

/// That there is such a node, and something passes it.
fn exists(flow: &Flow, wanted: &str) -> Result<(), String> {
    let Some(node) = flow.nodes.iter().find(|node| node.name == wanted) else {
        let names: Vec<&str> = flow.nodes.iter().map(|node| node.name.as_str()).collect();
        let help = instead_of(wanted, "nodes", &names);
        return Err(format!(
            "flow '{}' has no node '{wanted}'; {help}",
            flow.name
        ));
    };
    match &node.work {
        work if work.takes_alerts_out() => {
            let inputs = node.inputs.iter();
            let inputs = inputs.filter_map(|input| flow.nodes.get(input.0));
            let names: Vec<String> = inputs.map(|input| format!("'{}'", input.name)).collect();
            let what = match names.is_empty() {
                true => "it reads nothing yet".to_owned(),
                false => format!("tap what it reads: {}", names.join(", ")),
            };
            Err(format!(
                "'{wanted}' is an adapter, and what comes to it leaves the flow there; {what}"
            ))
        }
        _ => Ok(()),
    }
}

struct NodeTap {
    node: String,
    sender: TapSender,
    allowance: Option<Allowance>,
}

impl Tap for NodeTap {
    fn detections(&self, node: &str, stream: &StreamInfo, frame: &FrameDetections) {
        if node != self.node {
            return;
        }
        if self.allowance.as_ref().is_none_or(Allowance::take) {
            self.sender.offer(|| Passed::Detections {
                camera: stream.camera.clone(),
                frame: frame.frame,
                ts: frame.at.to_string(),
                detections: named(stream, &frame.detections),
            });
        } else {
            self.sender.leave_out();
        }
    }

    fn alerts(&self, node: &str, stream: &StreamInfo, _at: Timestamp, alerts: &[Alert]) {
        if node != self.node {
            return;
        }
        for alert in alerts {
            self.sender.offer(|| {
                let report = AlertReport::new(&stream.camera, alert.at, alert);
                let mut line = serde_json::to_value(report).unwrap_or_default();
                if let Some(fields) = line.as_object_mut() {
                    // Where the stream began is not known here.
                    fields.remove("media_time");
                }
                Passed::Alert(line)
            });
        }
    }
}

/// Detections with names instead of numbers.
pub(crate) fn named(stream: &StreamInfo, detections: &[Detection]) -> Vec<PassedDetection> {
    let named = |detection: &Detection| {
        let bbox = detection.bbox;
        let zones = stream.zones.iter().enumerate();
        PassedDetection {
            class: match stream.classes.get(usize::from(detection.class)) {
                Some(class) => class.clone(),
                None => detection.class.to_string(),
            },
            confidence: detection.confidence,
            bbox: [bbox.left, bbox.top, bbox.width, bbox.height],
            track: detection.track,
            zones: zones
                .filter(|(bit, _)| detection.zones >> bit & 1 == 1)
                .map(|(_, zone)| zone.name.clone())
                .collect(),
        }
    };
    detections.iter().map(named).collect()
}
