//! Figures in the text format of Prometheus, named `agave_<what>_<unit>[_total]`.

use std::fmt::Write;

use crate::view::{CameraStatus, NodeStatus, OutboxStatus, Status};

/// A family of figures: name, kind and help.
struct Family(&'static str, &'static str, &'static str);

/// A family with the figure of each.
type Figure<T> = (Family, fn(&T) -> f64);

/// All figures of these flows.
pub(super) fn written<'s>(statuses: impl Iterator<Item = &'s Status> + Clone) -> String {
    let mut text = String::new();
    begin(&mut text, &Family("agave_info", "gauge", "The program."));
    let _ = writeln!(
        text,
        "agave_info{{version=\"{}\"}} 1",
        env!("CARGO_PKG_VERSION")
    );
    flows(&mut text, statuses.clone());
    cameras(&mut text, statuses.clone());
    nodes(&mut text, statuses.clone());
    outboxes(&mut text, statuses);
    text
}

fn flows<'s>(text: &mut String, statuses: impl Iterator<Item = &'s Status> + Clone) {
    let families: [Figure<Status>; 6] = [
        (
            Family(
                "agave_flow_running_seconds",
                "gauge",
                "Since the flow's start.",
            ),
            |status| status.seconds,
        ),
        (
            Family(
                "agave_flow_reloads_total",
                "counter",
                "Changes of the flow that were applied.",
            ),
            |status| status.reloads.applied as f64,
        ),
        (
            Family(
                "agave_flow_reloads_refused_total",
                "counter",
                "Changes of the flow that were refused.",
            ),
            |status| status.reloads.refused as f64,
        ),
        (
            Family(
                "agave_journal_waiting_alerts",
                "gauge",
                "Alerts that are not written yet.",
            ),
            |status| status.journal.waiting as f64,
        ),
        (
            Family(
                "agave_journal_commits_total",
                "counter",
                "Writes to the disk.",
            ),
            |status| status.journal.commits as f64,
        ),
        (
            Family(
                "agave_journal_failing",
                "gauge",
                "1 while nothing can be written.",
            ),
            |status| f64::from(u8::from(status.journal.trouble.is_some())),
        ),
    ];
    for (family, value) in &families {
        begin(text, family);
        for status in statuses.clone() {
            line(text, family, &[("flow", &status.flow)], value(status));
        }
    }
}

fn cameras<'s>(text: &mut String, statuses: impl Iterator<Item = &'s Status> + Clone) {
    let families: [Figure<CameraStatus>; 5] = [
        (
            Family("agave_camera_up", "gauge", "1 while the camera is live."),
            |camera| f64::from(u8::from(camera.health == "live")),
        ),
        (
            Family(
                "agave_camera_frames_read_total",
                "counter",
                "Frames that came.",
            ),
            |camera| camera.read as f64,
        ),
        (
            Family(
                "agave_camera_frames_sampled_total",
                "counter",
                "Frames that were to be looked at.",
            ),
            |camera| camera.sampled as f64,
        ),
        (
            Family(
                "agave_camera_frames_inferred_total",
                "counter",
                "Frames that were looked at.",
            ),
            |camera| camera.inferred as f64,
        ),
        (
            Family(
                "agave_camera_reconnects_total",
                "counter",
                "How often the camera was lost.",
            ),
            |camera| camera.reconnects as f64,
        ),
    ];
    for (family, value) in &families {
        begin(text, family);
        for status in statuses.clone() {
            for camera in &status.cameras {
                let labels = [("flow", status.flow.as_str()), ("camera", &camera.name)];
                line(text, family, &labels, value(camera));
            }
        }
    }
    let dropped = Family(
        "agave_camera_frames_dropped_total",
        "counter",
        "Frames that were not looked at, by reason.",
    );
    begin(text, &dropped);
    for status in statuses {
        for camera in &status.cameras {
            for (reason, count) in &camera.dropped {
                let labels = [
                    ("flow", status.flow.as_str()),
                    ("camera", &camera.name),
                    ("reason", reason),
                ];
                line(text, &dropped, &labels, *count as f64);
            }
        }
    }
}

fn nodes<'s>(text: &mut String, statuses: impl Iterator<Item = &'s Status> + Clone) {
    let families: [Figure<NodeStatus>; 8] = [
        (
            Family(
                "agave_node_in_total",
                "counter",
                "What came to the node, in its own unit.",
            ),
            |node| node.received as f64,
        ),
        (
            Family("agave_node_out_total", "counter", "What left it."),
            |node| node.passed as f64,
        ),
        (
            Family("agave_node_waiting", "gauge", "What waits in it."),
            |node| node.waiting as f64,
        ),
        (
            Family("agave_node_alerts_total", "counter", "Alerts that it gave."),
            |node| node.alerts as f64,
        ),
        (
            Family(
                "agave_node_failures_total",
                "counter",
                "Calls of its plugin that failed.",
            ),
            |node| node.failures as f64,
        ),
        (
            Family(
                "agave_node_quarantined",
                "gauge",
                "For how many cameras its plugin was given up.",
            ),
            |node| node.quarantined as f64,
        ),
        (
            Family(
                "agave_node_call_p50_seconds",
                "gauge",
                "Half of its calls took less.",
            ),
            |node| node.p50_ms / 1000.0,
        ),
        (
            Family(
                "agave_node_call_p99_seconds",
                "gauge",
                "99 of 100 of its calls took less.",
            ),
            |node| node.p99_ms / 1000.0,
        ),
    ];
    for (family, value) in &families {
        begin(text, family);
        for status in statuses.clone() {
            for node in &status.nodes {
                let labels = [
                    ("flow", status.flow.as_str()),
                    ("node", &node.name),
                    ("role", &node.role),
                ];
                line(text, family, &labels, value(node));
            }
        }
    }
    let dropped = Family(
        "agave_node_dropped_total",
        "counter",
        "What did not get any further, by reason.",
    );
    begin(text, &dropped);
    for status in statuses {
        for node in &status.nodes {
            for (reason, count) in &node.dropped {
                let labels = [
                    ("flow", status.flow.as_str()),
                    ("node", &node.name),
                    ("reason", reason),
                ];
                line(text, &dropped, &labels, *count as f64);
            }
        }
    }
}

fn outboxes<'s>(text: &mut String, statuses: impl Iterator<Item = &'s Status> + Clone) {
    let families: [Figure<OutboxStatus>; 4] = [
        (
            Family(
                "agave_outbox_waiting_alerts",
                "gauge",
                "Alerts that are still to be delivered.",
            ),
            |outbox| outbox.waiting as f64,
        ),
        (
            Family(
                "agave_outbox_delivered_total",
                "counter",
                "Alerts that were delivered.",
            ),
            |outbox| outbox.delivered as f64,
        ),
        (
            Family(
                "agave_outbox_dead_letters",
                "gauge",
                "Alerts that were given up and are kept.",
            ),
            |outbox| outbox.dead_letters as f64,
        ),
        (
            Family(
                "agave_outbox_failing",
                "gauge",
                "1 while nothing is delivered.",
            ),
            |outbox| f64::from(u8::from(outbox.trouble.is_some())),
        ),
    ];
    for (family, value) in &families {
        begin(text, family);
        for status in statuses.clone() {
            for outbox in &status.outboxes {
                let labels = [("flow", status.flow.as_str()), ("adapter", &outbox.adapter)];
                line(text, family, &labels, value(outbox));
            }
        }
    }
}

fn begin(text: &mut String, Family(name, kind, help): &Family) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, Family(name, ..): &Family, labels: &[(&str, &str)], value: f64) {
    let labels: Vec<String> = labels
        .iter()
        .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
        .collect();
    let _ = writeln!(text, "{name}{{{}}} {value}", labels.join(","));
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
