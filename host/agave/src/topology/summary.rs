//! What became of everything: each camera's frames, each node's ledger, how long things took.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use agave_core::{DropReason, Ledger, Timestamp};
use serde_json::{Map, Value, json};

use super::account::Account;
use super::camera::RunningCamera;
use super::chain::{Chain, Stages};
use super::exchange::Retired;
use super::lane::Lane;
use super::latency::Latency;
use super::outbox::Outbox;
use super::running::Live;
use super::source::{Health, State};
use super::step::Step;

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
    pub(crate) since: Option<Timestamp>,
    pub(crate) read: u64,
    pub(crate) sampled: u64,
    pub(crate) inferred: u64,
    pub(crate) detections: u64,
    pub(crate) alerts: u64,
    pub(crate) dropped: BTreeMap<DropReason, u64>,
    /// Damaged packets of the stream; what was in them is not among the frames.
    damaged_packets: u64,
    pub(super) reconnects: u64,
}

impl CameraCounts {
    /// Adds what a camera of the same name did before.
    fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.sampled += other.sampled;
        self.inferred += other.inferred;
        self.detections += other.detections;
        self.alerts += other.alerts;
        self.damaged_packets += other.damaged_packets;
        self.reconnects += other.reconnects;
        for (&reason, count) in &other.dropped {
            *self.dropped.entry(reason).or_default() += count;
        }
    }

    /// sampled = inferred + dropped, once nothing waits any more.
    fn balances(&self) -> bool {
        self.sampled == self.inferred + self.dropped.values().sum::<u64>()
    }
}

/// What cameras and nodes that were taken out of the running flow have done.
#[derive(Default)]
pub(super) struct Departed {
    cameras: BTreeMap<String, CameraCounts>,
    nodes: BTreeMap<String, NodeAccount>,
}

impl Departed {
    /// A camera is no more. Its chain does nothing any more, and `dropped` is what the intake
    /// dropped.
    pub(super) fn camera(
        &mut self,
        name: &str,
        state: &State,
        lane: &Lane,
        dropped: BTreeMap<DropReason, u64>,
    ) {
        let mut counts = camera_counts(state, lane, dropped);
        counts.health = Health::Removed;
        let retired = lane.with_chain(Chain::retire);
        match self.cameras.get_mut(name) {
            Some(before) => before.add(&counts),
            None => {
                self.cameras.insert(name.to_owned(), counts);
            }
        }
        self.nodes(retired);
    }

    /// Nodes are no more, for one camera.
    pub(super) fn nodes(&mut self, retired: impl IntoIterator<Item = Retired>) {
        for Retired {
            node,
            account,
            failures,
        } in retired
        {
            let sum = self.nodes.entry(node).or_default();
            sum.account.add(&account);
            sum.failures += failures;
        }
    }

    /// An adapter has delivered what it had.
    pub(super) fn adapter(&mut self, outbox: &Outbox) {
        let node = outbox.node().to_owned();
        outbox.report(self.nodes.entry(node).or_default());
    }
}

impl Live {
    /// The numbers of all cameras now, in the order of the flow.
    pub(crate) fn counts(&self) -> Vec<(String, CameraCounts)> {
        let here = |camera: &RunningCamera| {
            let state = Arc::clone(&camera.state);
            let lane = Arc::clone(&camera.lane);
            (camera.camera.name.clone(), camera.id, state, lane)
        };
        let cameras: Vec<_> = self.parts().cameras.iter().map(here).collect();
        let counts = cameras.into_iter().map(|(name, id, state, lane)| {
            let dropped = self.post.intake.dropped(id);
            (name, camera_counts(&state.get(), &lane, dropped))
        });
        counts.collect()
    }

    /// Each camera's way through the flow. A chain is looked at when nobody is at it, which may
    /// take as long as a plugin computes: no other look at the flow, and no change of it, is to
    /// wait for that as well.
    pub(super) fn lanes(&self) -> Vec<(String, Arc<Lane>)> {
        let parts = self.parts();
        let cameras = parts.cameras.iter();
        cameras
            .map(|camera| (camera.camera.name.clone(), Arc::clone(&camera.lane)))
            .collect()
    }

    /// Each node's account over all cameras, in the order of the flow; then those of nodes that
    /// are no more.
    pub(super) fn node_accounts(&self) -> Vec<(String, NodeAccount)> {
        let parts = self.parts();
        let nodes = parts.version.flow.nodes.iter();
        let mut accounts: Vec<(String, NodeAccount)> = nodes
            .map(|node| (node.name.clone(), NodeAccount::default()))
            .collect();
        let mut add = |name: &str, add: &mut dyn FnMut(&mut NodeAccount)| match accounts
            .iter_mut()
            .find(|(node, _)| node == name)
        {
            Some((_, account)) => add(account),
            None => {
                let mut account = NodeAccount::default();
                add(&mut account);
                accounts.push((name.to_owned(), account));
            }
        };
        for (name, departed) in &parts.departed.nodes {
            add(name, &mut |node| node.add(departed));
        }
        let sites = parts.sites.clone();
        let adapters = parts.adapters.iter().chain(&parts.leaving);
        let outboxes = adapters.map(|adapter| Arc::clone(&adapter.outbox));
        let outboxes: Vec<Arc<Outbox>> = outboxes.collect();
        drop(parts);
        for (_, lane) in self.lanes() {
            lane.with_chain(|chain| {
                for step in &chain.steps {
                    add(&step.name, &mut |node| node.add_step(step));
                }
            });
        }
        for (name, site) in &sites {
            let (failures, quarantined) = site.failures();
            add(name, &mut |node| {
                node.failures += failures;
                node.quarantined += u64::from(quarantined);
            });
        }
        for outbox in &outboxes {
            add(outbox.node(), &mut |node| outbox.report(node));
        }
        accounts
    }

    fn latencies(&self) -> Value {
        let lanes = self.lanes();
        let sum = |stage: fn(&Stages) -> &Latency| {
            let mut sum = Latency::new();
            for (_, lane) in &lanes {
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
            "changes": sum(|stages| &stages.changes),
        })
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
            since: state.since,
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
pub(super) fn summarise(live: &Live, looked: Duration) -> Summary {
    let mut counts = live.counts();
    for (name, departed) in &live.parts().departed.cameras {
        match counts.iter_mut().find(|(camera, _)| camera == name) {
            Some((_, counts)) => counts.add(departed),
            None => counts.push((name.clone(), departed.clone())),
        }
    }
    let nodes = live.node_accounts();
    let nodes_off = nodes
        .iter()
        .filter(|(_, node)| !node.account.ledger.balances())
        .map(|(name, _)| name.clone());
    let cameras_off = counts
        .iter()
        .filter(|(_, counts)| !counts.balances())
        .map(|(name, _)| name.clone());
    let unbalanced: Vec<String> = nodes_off.chain(cameras_off).collect();
    for name in &unbalanced {
        tracing::error!(name, "the ledger does not balance; please report this");
    }
    let cameras: Map<String, Value> = counts
        .iter()
        .map(|(name, counts)| (name.clone(), camera_json(counts)))
        .collect();
    let sum = |number: fn(&CameraCounts) -> u64| -> u64 {
        counts.iter().map(|(_, counts)| number(counts)).sum()
    };
    let mut dropped: BTreeMap<DropReason, u64> = BTreeMap::new();
    for (reason, count) in counts.iter().flat_map(|(_, counts)| &counts.dropped) {
        *dropped.entry(*reason).or_default() += count;
    }
    let json = json!({
        "flow": live.parts().version.flow.name,
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
        "latencies_ms": live.latencies(),
    });
    Summary {
        json,
        failed_cameras: counts
            .iter()
            .filter_map(|(name, counts)| match &counts.health {
                Health::Failed(reason) => Some((name.clone(), reason.clone())),
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
#[derive(Default)]
pub(super) struct NodeAccount {
    pub(super) account: Account,
    pub(super) failures: u64,
    /// For how many cameras its plugin has been given up.
    pub(super) quarantined: u64,
}

impl NodeAccount {
    fn add(&mut self, other: &Self) {
        self.account.add(&other.account);
        self.failures += other.failures;
        self.quarantined += other.quarantined;
    }

    pub(super) fn add_step(&mut self, step: &Step) {
        self.account.add(&step.account);
        if let Some(plugin) = step.work.plugin() {
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
