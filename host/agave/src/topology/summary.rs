//! What became of everything: each camera's frames, each node's ledger, how long things took.

use std::collections::BTreeMap;
use std::time::Duration;

use agave_core::{DropReason, Ledger};
use serde_json::{Map, Value, json};

use super::chain::{Account, Stages, Step};
use super::lane::Lane;
use super::latency::Latency;
use super::running::Running;
use super::source::{Health, State};

/// The end of a run.
#[derive(Clone, Debug)]
pub(crate) struct Summary {
    /// As `agave run --json` prints it.
    pub(crate) json: Value,
    /// Cameras that could not be read at all, with the reason.
    pub(crate) failed_cameras: Vec<(String, String)>,
    /// Nodes and cameras whose ledger does not balance, which is a bug in Agave.
    pub(crate) unbalanced: Vec<String>,
}

/// A camera's numbers at one moment.
#[derive(Clone, Debug)]
pub(crate) struct CameraCounts {
    pub(crate) health: Health,
    pub(crate) read: u64,
    pub(crate) sampled: u64,
    pub(crate) inferred: u64,
    pub(crate) detections: u64,
    pub(crate) alerts: u64,
    pub(crate) dropped: BTreeMap<DropReason, u64>,
    /// Damaged packets of the stream; what was in them is not among the frames.
    damaged_packets: u64,
    reconnects: u64,
}

impl CameraCounts {
    /// sampled = inferred + dropped, once nothing waits any more.
    fn balances(&self) -> bool {
        self.sampled == self.inferred + self.dropped.values().sum::<u64>()
    }
}

impl Running {
    /// The numbers of all cameras now.
    pub(crate) fn counts(&self) -> Vec<(&str, CameraCounts)> {
        self.camera_names
            .iter()
            .zip(&self.states)
            .zip(self.lanes.iter())
            .enumerate()
            .map(|(index, ((name, state), lane))| {
                let dropped = self.intake.dropped(index);
                (name.as_str(), camera_counts(&state.get(), lane, dropped))
            })
            .collect()
    }
}

fn camera_counts(
    state: &State,
    lane: &Lane,
    mut dropped: BTreeMap<DropReason, u64>,
) -> CameraCounts {
    lane.with_chain(|chain| {
        if chain.unreadable > 0 {
            dropped.insert(DropReason::Unreadable, chain.unreadable);
        }
        CameraCounts {
            health: state.health.clone(),
            read: state.counts.read,
            sampled: state.counts.sampled,
            inferred: chain.frames,
            detections: chain.detections,
            alerts: chain.alerts,
            dropped,
            damaged_packets: state.counts.unreadable,
            reconnects: state.reconnects,
        }
    })
}

/// Call it when nothing runs any more: then the numbers belong together.
///
/// `looked` is how long the sources and the flow took, without the deliveries after them.
pub(super) fn summarise(running: &Running, looked: Duration) -> Summary {
    let counts = running.counts();
    let nodes = node_accounts(running);
    let nodes_off = nodes
        .iter()
        .filter(|(_, node)| !node.account.ledger.balances())
        .map(|(name, _)| name.clone());
    let cameras_off = counts
        .iter()
        .filter(|(_, counts)| !counts.balances())
        .map(|(name, _)| (*name).to_owned());
    let unbalanced: Vec<String> = nodes_off.chain(cameras_off).collect();
    for name in &unbalanced {
        tracing::error!(name, "the ledger does not balance; please report this");
    }
    let cameras: Map<String, Value> = counts
        .iter()
        .map(|(name, counts)| ((*name).to_owned(), camera_json(counts)))
        .collect();
    let sum = |number: fn(&CameraCounts) -> u64| -> u64 {
        counts.iter().map(|(_, counts)| number(counts)).sum()
    };
    let mut dropped: BTreeMap<DropReason, u64> = BTreeMap::new();
    for (reason, count) in counts.iter().flat_map(|(_, counts)| &counts.dropped) {
        *dropped.entry(*reason).or_default() += count;
    }
    let json = json!({
        "flow": running.flow_name,
        "seconds": (looked.as_secs_f64() * 1000.0).round() / 1000.0,
        "frames": {
            "read": sum(|counts| counts.read),
            "sampled": sum(|counts| counts.sampled),
            "inferred": sum(|counts| counts.inferred),
            "dropped": dropped,
        },
        "detections": sum(|counts| counts.detections),
        "alerts": sum(|counts| counts.alerts),
        "cameras": cameras,
        "nodes": nodes
            .iter()
            .map(|(name, node)| (name.clone(), node.json()))
            .collect::<Map<_, _>>(),
        "latencies_ms": latencies(running),
    });
    Summary {
        json,
        failed_cameras: counts
            .iter()
            .filter_map(|(name, counts)| match &counts.health {
                Health::Failed(reason) => Some(((*name).to_owned(), reason.clone())),
                _ => None,
            })
            .collect(),
        unbalanced,
    }
}

fn camera_json(counts: &CameraCounts) -> Value {
    json!({
        "health": counts.health.word(),
        "reconnects": counts.reconnects,
        "damaged_packets": counts.damaged_packets,
        "frames": {
            "read": counts.read,
            "sampled": counts.sampled,
            "inferred": counts.inferred,
            "dropped": counts.dropped,
        },
        "detections": counts.detections,
        "alerts": counts.alerts,
    })
}

/// What a node has done, over all cameras.
pub(super) struct NodeAccount {
    pub(super) account: Account,
    pub(super) failures: u64,
    /// For how many cameras its plugin has been given up.
    pub(super) quarantined: u64,
}

impl NodeAccount {
    pub(super) fn new() -> Self {
        Self {
            account: Account::new(),
            failures: 0,
            quarantined: 0,
        }
    }

    /// Adds what the node did for one camera.
    pub(super) fn add(&mut self, step: &Step) {
        self.account.ledger.add(&step.account.ledger);
        self.account.calls.add(&step.account.calls);
        self.account.alerts += step.account.alerts;
        if let Some(plugin) = step.plugin() {
            self.failures += plugin.failures();
            self.quarantined += u64::from(plugin.quarantined());
        }
    }

    fn json(&self) -> Value {
        let ledger: &Ledger = &self.account.ledger;
        json!({
            "in": ledger.received,
            "out": ledger.passed,
            "dropped": ledger.dropped,
            "waiting": ledger.waiting,
            "alerts": self.account.alerts,
            "failures": self.failures,
            "quarantined": self.quarantined,
            "call_ms": self.account.calls.milliseconds(),
        })
    }
}

/// Each node's account over all cameras, in the order of the flow.
fn node_accounts(running: &Running) -> Vec<(String, NodeAccount)> {
    let mut nodes: Vec<(String, NodeAccount)> = running
        .node_names
        .iter()
        .map(|name| (name.clone(), NodeAccount::new()))
        .collect();
    for lane in running.lanes.iter() {
        lane.with_chain(|chain| {
            for step in chain.steps() {
                let Some((_, node)) = nodes.get_mut(step.node) else {
                    continue;
                };
                node.add(step);
            }
        });
    }
    for (&index, outbox) in &running.outboxes {
        if let Some((_, node)) = nodes.get_mut(index) {
            outbox.report(node);
        }
    }
    nodes
}

fn latencies(running: &Running) -> Value {
    let sum = |stage: fn(&Stages) -> &Latency| {
        let mut sum = Latency::new();
        for lane in running.lanes.iter() {
            lane.with_chain(|chain| sum.add(stage(&chain.stages)));
        }
        sum.milliseconds()
    };
    json!({
        "waiting": sum(|stages| &stages.waiting),
        "preprocess": sum(|stages| &stages.preprocess),
        "inference": sum(|stages| &stages.inference),
        "postprocess": sum(|stages| &stages.postprocess),
        "flow": sum(|stages| &stages.flow),
        "total": sum(|stages| &stages.total),
    })
}
