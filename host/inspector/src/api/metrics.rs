//! Figures in the text format of Prometheus, named `agave_<what>_<unit>[_total]`.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::view::{CameraStatus, NodeStatus, OutboxStatus, Status};

const GAUGE: &str = "gauge";
const COUNTER: &str = "counter";

/// A family of figures: name, kind, help, and the figure of each.
type Figure<T> = (&'static str, &'static str, &'static str, fn(&T) -> f64);

const FLOW: [Figure<Status>; 6] = [
    (
        "agave_flow_running_seconds",
        GAUGE,
        "Since the flow's start.",
        |status| status.seconds,
    ),
    (
        "agave_flow_reloads_total",
        COUNTER,
        "Changes of the flow that were applied.",
        |status| status.reloads.applied as f64,
    ),
    (
        "agave_flow_reloads_refused_total",
        COUNTER,
        "Changes of the flow that were refused.",
        |status| status.reloads.refused as f64,
    ),
    (
        "agave_journal_waiting_alerts",
        GAUGE,
        "Alerts that are not written yet.",
        |status| status.journal.waiting as f64,
    ),
    (
        "agave_journal_commits_total",
        COUNTER,
        "Writes to the disk.",
        |status| status.journal.commits as f64,
    ),
    (
        "agave_journal_failing",
        GAUGE,
        "1 while nothing can be written.",
        |status| f64::from(u8::from(status.journal.trouble.is_some())),
    ),
];

const CAMERA: [Figure<CameraStatus>; 5] = [
    (
        "agave_camera_up",
        GAUGE,
        "1 while the camera is live.",
        |camera| f64::from(u8::from(camera.health == "live")),
    ),
    (
        "agave_camera_frames_read_total",
        COUNTER,
        "Frames that came.",
        |camera| camera.read as f64,
    ),
    (
        "agave_camera_frames_sampled_total",
        COUNTER,
        "Frames that were to be looked at.",
        |camera| camera.sampled as f64,
    ),
    (
        "agave_camera_frames_inferred_total",
        COUNTER,
        "Frames that were looked at.",
        |camera| camera.inferred as f64,
    ),
    (
        "agave_camera_reconnects_total",
        COUNTER,
        "How often the camera was lost, or an attempt to reach it failed.",
        |camera| camera.reconnects as f64,
    ),
];

const NODE: [Figure<NodeStatus>; 8] = [
    (
        "agave_node_in_total",
        COUNTER,
        "What came to the node, in its own unit.",
        |node| node.received as f64,
    ),
    ("agave_node_out_total", COUNTER, "What left it.", |node| {
        node.passed as f64
    }),
    ("agave_node_waiting", GAUGE, "What waits in it.", |node| {
        node.waiting as f64
    }),
    (
        "agave_node_alerts_total",
        COUNTER,
        "Alerts that it gave.",
        |node| node.alerts as f64,
    ),
    (
        "agave_node_failures_total",
        COUNTER,
        "Calls of its plugin that failed.",
        |node| node.failures as f64,
    ),
    (
        "agave_node_quarantined",
        GAUGE,
        "For how many cameras its plugin was given up.",
        |node| node.quarantined as f64,
    ),
    (
        "agave_node_call_p50_seconds",
        GAUGE,
        "Half of its calls took less.",
        |node| node.p50_ms / 1000.0,
    ),
    (
        "agave_node_call_p99_seconds",
        GAUGE,
        "99 of 100 of its calls took less.",
        |node| node.p99_ms / 1000.0,
    ),
];

const OUTBOX: [Figure<OutboxStatus>; 4] = [
    (
        "agave_outbox_waiting_alerts",
        GAUGE,
        "Alerts that are still to be delivered.",
        |outbox| outbox.waiting as f64,
    ),
    (
        "agave_outbox_delivered_total",
        COUNTER,
        "Alerts that were delivered.",
        |outbox| outbox.delivered as f64,
    ),
    (
        "agave_outbox_dead_letters",
        GAUGE,
        "Alerts that were given up and are kept.",
        |outbox| outbox.dead_letters as f64,
    ),
    (
        "agave_outbox_failing",
        GAUGE,
        "1 while nothing is delivered.",
        |outbox| f64::from(u8::from(outbox.trouble.is_some())),
    ),
];

const FRAMES_DROPPED: (&str, &str) = (
    "agave_camera_frames_dropped_total",
    "Frames that were not looked at, by reason.",
);

const NODE_DROPPED: (&str, &str) = (
    "agave_node_dropped_total",
    "What did not get any further, by reason.",
);

/// Something that has figures, under its labels.
type Labelled<'s, T> = (Vec<(&'static str, &'s str)>, &'s T);

/// All figures of these flows.
pub(super) fn written<'s>(statuses: impl Iterator<Item = &'s Status> + Clone) -> String {
    let flow = |status: &'s Status| ("flow", status.flow.as_str());
    let flows = statuses.clone().map(|status| (vec![flow(status)], status));
    let cameras = statuses.clone().flat_map(|status| {
        let cameras = status.cameras.iter();
        cameras.map(move |camera| (vec![flow(status), ("camera", &camera.name)], camera))
    });
    let nodes = statuses.clone().flat_map(|status| {
        let nodes = status.nodes.iter();
        nodes.map(move |node| (vec![flow(status), ("node", &node.name)], node))
    });
    let with_roles = nodes.clone().map(|(mut labels, node)| {
        labels.push(("role", &node.role));
        (labels, node)
    });
    let outboxes = statuses.clone().flat_map(|status| {
        let outboxes = status.outboxes.iter();
        outboxes.map(move |outbox| (vec![flow(status), ("adapter", &outbox.adapter)], outbox))
    });

    let mut text = Text::default();
    text.begin("agave_info", GAUGE, "The program.");
    text.line("agave_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    text.figures(&FLOW, flows);
    text.figures(&CAMERA, cameras.clone());
    let dropped = cameras.map(|(labels, camera)| (labels, &camera.dropped));
    text.by_reason(FRAMES_DROPPED, dropped);
    text.figures(&NODE, with_roles);
    text.by_reason(
        NODE_DROPPED,
        nodes.map(|(labels, node)| (labels, &node.dropped)),
    );
    text.figures(&OUTBOX, outboxes);
    text.0
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn figures<'s, T: 's>(
        &mut self,
        figures: &[Figure<T>],
        all: impl Iterator<Item = Labelled<'s, T>> + Clone,
    ) {
        for (name, kind, help, value) in figures {
            self.begin(name, kind, help);
            for (labels, one) in all.clone() {
                self.line(name, &labels, value(one));
            }
        }
    }

    fn by_reason<'s>(
        &mut self,
        (name, help): (&str, &str),
        all: impl Iterator<Item = Labelled<'s, BTreeMap<String, u64>>>,
    ) {
        self.begin(name, COUNTER, help);
        for (labels, dropped) in all {
            for (reason, count) in dropped {
                let labels = [labels.as_slice(), &[("reason", reason)]].concat();
                self.line(name, &labels, *count as f64);
            }
        }
    }

    fn begin(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
            .collect();
        let _ = writeln!(self.0, "{name}{{{}}} {value}", labels.join(","));
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
