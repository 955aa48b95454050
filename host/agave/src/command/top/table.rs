//! The table itself, from one status or two: what happened between two looks is a rate.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::control::{CameraStatus, NodeStatus, Status};

/// The lines for all flows in `now`. `before` has for a flow how it was, and how long ago.
pub(super) fn drawn(
    now: &[&Status],
    before: &BTreeMap<String, (Duration, &Status)>,
) -> Vec<String> {
    let mut lines = Vec::new();
    for status in now {
        let earlier = before
            .get(&status.flow)
            // Another process may have taken its name.
            .filter(|(_, earlier)| earlier.process == status.process);
        lines.extend(flow(status, earlier));
        lines.push(String::new());
    }
    lines
}

fn flow(now: &Status, before: Option<&(Duration, &Status)>) -> Vec<String> {
    let mut lines = vec![headline(now)];
    if let Some(reason) = &now.reloads.pending {
        let first = reason.lines().next().unwrap_or_default();
        lines.push(format!("  what runs is not what the files say: {first}"));
    }
    if let Some(reason) = &now.journal.trouble {
        let waiting = now.journal.waiting;
        lines.push(format!(
            "  THE JOURNAL CANNOT BE WRITTEN, {waiting} alerts wait: {reason}"
        ));
    }
    for outbox in &now.outboxes {
        if let Some(trouble) = &outbox.trouble {
            lines.push(format!(
                "  {}: {} alerts wait for its receiver: {trouble}",
                outbox.adapter, outbox.waiting
            ));
        }
    }
    let rate = Rate::between(now, before);
    lines.push(format!(
        "{:<16} {:>10} {:>8} {:>8} {:>9} {:>10}  dropped",
        "camera", "health", "read/s", "seen/s", "seen", "reconnects"
    ));
    for camera in &now.cameras {
        let earlier = before.and_then(|(_, status)| {
            let mut cameras = status.cameras.iter();
            cameras.find(|earlier| earlier.name == camera.name)
        });
        lines.push(camera_line(camera, earlier, &rate));
    }
    lines.push(format!(
        "{:<16} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9}  dropped",
        "node", "role", "in/s", "out/s", "waiting", "alerts", "p50 ms", "p99 ms", "failures"
    ));
    for node in &now.nodes {
        let earlier = before.and_then(|(_, status)| {
            let mut nodes = status.nodes.iter();
            nodes.find(|earlier| earlier.name == node.name)
        });
        lines.push(node_line(node, earlier, &rate));
    }
    lines
}

fn headline(now: &Status) -> String {
    let reloads = &now.reloads;
    let refused = match reloads.refused {
        0 => String::new(),
        refused => format!(", {refused} refused"),
    };
    let unbalanced = now.nodes.iter().filter(|node| !node.balances()).count();
    // While a flow runs, a look can fall between two sums of one frame.
    let ledger = if unbalanced == 0 {
        "balances"
    } else {
        "moving"
    };
    format!(
        "{}  {}  process {}  up {}  {} reloads{refused}  ledger {ledger}",
        now.flow,
        now.file.display(),
        now.process,
        time(now.seconds),
        reloads.applied,
    )
}

fn camera_line(now: &CameraStatus, before: Option<&CameraStatus>, rate: &Rate) -> String {
    let mut line = format!(
        "{:<16} {:>10} {:>8} {:>8} {:>9} {:>10}  {}",
        now.name,
        now.health,
        rate.of(now.read, before.map(|camera| camera.read)),
        rate.of(now.inferred, before.map(|camera| camera.inferred)),
        now.inferred,
        now.reconnects,
        counted(&now.dropped),
    );
    if let Some(reason) = &now.reason {
        line = format!("{}  {reason}", line.trim_end());
    }
    line.trim_end().to_owned()
}

fn node_line(now: &NodeStatus, before: Option<&NodeStatus>, rate: &Rate) -> String {
    let failures = match now.quarantined {
        0 => now.failures.to_string(),
        given_up => format!("{} ({given_up}!)", now.failures),
    };
    let line = format!(
        "{:<16} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8.3} {:>8.3} {:>9}  {}",
        now.name,
        now.role,
        rate.of(now.received, before.map(|node| node.received)),
        rate.of(now.passed, before.map(|node| node.passed)),
        now.waiting,
        now.alerts,
        now.p50_ms,
        now.p99_ms,
        failures,
        counted(&now.dropped),
    );
    line.trim_end().to_owned()
}

fn counted(reasons: &BTreeMap<String, u64>) -> String {
    let counted: Vec<String> = reasons
        .iter()
        .map(|(reason, count)| format!("{count} {}", reason.replace('_', " ")))
        .collect();
    counted.join(", ")
}

/// How long the difference of two counts took.
struct Rate {
    seconds: f64,
    /// Without an earlier look it is since the start.
    since_start: bool,
}

impl Rate {
    fn between(now: &Status, before: Option<&(Duration, &Status)>) -> Self {
        match before {
            Some((apart, _)) => Self {
                seconds: apart.as_secs_f64(),
                since_start: false,
            },
            None => Self {
                seconds: now.seconds,
                since_start: true,
            },
        }
    }

    fn of(&self, now: u64, before: Option<u64>) -> String {
        let before = match before {
            Some(before) => before,
            None if self.since_start => 0,
            // It was not there a moment ago.
            None => return "new".to_owned(),
        };
        // A node that is built anew counts from the start.
        let count = now.saturating_sub(before) as f64;
        format!("{:.1}", count / self.seconds.max(0.001))
    }
}

/// `3 d 04:05:06`
fn time(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    let (days, hours) = (whole / 86_400, whole / 3600 % 24);
    let clock = format!("{hours:02}:{:02}:{:02}", whole / 60 % 60, whole % 60);
    match days {
        0 => clock,
        days => format!("{days} d {clock}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::{JournalStatus, Reloads};

    fn status(factor: u64) -> Status {
        Status {
            flow: "yard".to_owned(),
            file: "/flows/yard.yaml".into(),
            process: 7,
            seconds: 10.0,
            cameras: vec![CameraStatus {
                name: "gate".to_owned(),
                health: "live".to_owned(),
                read: 250 * factor,
                sampled: 80 * factor,
                inferred: 79 * factor,
                dropped: BTreeMap::from([("too_old".to_owned(), factor)]),
                ..CameraStatus::default()
            }],
            nodes: vec![NodeStatus {
                name: "zoned".to_owned(),
                role: "filter".to_owned(),
                received: 100 * factor,
                passed: 90 * factor,
                dropped: BTreeMap::from([("filtered".to_owned(), 10 * factor)]),
                failures: 3,
                quarantined: 1,
                p50_ms: 0.0415,
                p99_ms: 0.2,
                ..NodeStatus::default()
            }],
            journal: JournalStatus::default(),
            outboxes: Vec::new(),
            reloads: Reloads::default(),
        }
    }

    #[test]
    fn one_look_gives_rates_since_the_start() {
        let now = status(1);
        let lines = drawn(&[&now], &BTreeMap::new());
        assert_eq!(
            lines,
            [
                "yard  /flows/yard.yaml  process 7  up 00:00:10  0 reloads  ledger balances",
                "camera               health   read/s   seen/s      seen reconnects  dropped",
                "gate                   live     25.0      7.9        79          0  1 too old",
                "node                 role     in/s    out/s  waiting   alerts   p50 ms   p99 ms  failures  dropped",
                "zoned              filter     10.0      9.0        0        0    0.042    0.200    3 (1!)  10 filtered",
                "",
            ]
        );
    }

    #[test]
    fn two_looks_give_rates_between_them() {
        let (before, mut now) = (status(1), status(2));
        now.nodes.push(NodeStatus {
            name: "calm".to_owned(),
            ..NodeStatus::default()
        });
        now.reloads.refused = 2;
        now.reloads.pending = Some("yard.yaml:3:1: error\nmore".to_owned());
        let earlier = BTreeMap::from([("yard".to_owned(), (Duration::from_secs(2), &before))]);
        let lines = drawn(&[&now], &earlier);
        assert!(lines[0].contains("0 reloads, 2 refused"), "{}", lines[0]);
        assert!(lines[1].ends_with("yard.yaml:3:1: error"), "{}", lines[1]);
        assert!(lines[3].contains(" 125.0     39.5 "), "{}", lines[3]);
        assert!(lines[5].contains("  50.0     45.0 "), "{}", lines[5]);
        assert!(lines[6].contains(" new "), "{}", lines[6]);
        // Another process with the name of the flow starts at nothing.
        now.process = 8;
        let lines = drawn(&[&now], &earlier);
        assert!(lines[3].contains(" 50.0     15.8 "), "{}", lines[3]);
    }

    #[test]
    fn times_are_readable() {
        assert_eq!(time(59.9), "00:00:59");
        assert_eq!(time(3.0 * 86_400.0 + 14_706.0), "3 d 04:05:06");
    }
}
