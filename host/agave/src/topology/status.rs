//! How the running flow is at this moment, for those who look on from outside.

use agave_core::DropReason;

use super::chain::Work;
use super::running::Running;
use super::source::Health;
use super::summary::{CameraCounts, NodeAccount, node_accounts};
use crate::control::{CameraStatus, NodeStatus};

impl Running {
    /// Each camera, in the order of the flow.
    pub(crate) fn camera_statuses(&self) -> Vec<CameraStatus> {
        let counts = self.counts().into_iter();
        counts.map(|(name, counts)| camera(name, &counts)).collect()
    }

    /// Each node over all cameras, in the order of the flow.
    pub(crate) fn node_statuses(&self) -> Vec<NodeStatus> {
        let accounts = node_accounts(self).into_iter().enumerate();
        accounts
            .map(|(index, (name, account))| node(name, self.role(index), &account))
            .collect()
    }

    /// What the node with this number in the flow does.
    fn role(&self, node: usize) -> &'static str {
        let role = |work: &Work| match work {
            Work::Infer { .. } => "infer",
            Work::Filter(_) => "filter",
            Work::Rule(_) => "rule",
            Work::Gate(_) => "gate",
            Work::Adapter(_) => "adapter",
        };
        let of_lane = |lane: &super::lane::Lane| {
            lane.with_chain(|chain| {
                let step = chain.steps().iter().find(|step| step.node == node);
                step.map(|step| role(&step.work))
            })
        };
        self.lanes.iter().find_map(of_lane).unwrap_or_default()
    }
}

fn camera(name: &str, counts: &CameraCounts) -> CameraStatus {
    let reason = match &counts.health {
        Health::Lost(reason) | Health::Failed(reason) => Some(reason.clone()),
        Health::Connecting | Health::Live | Health::Ended => None,
    };
    CameraStatus {
        name: name.to_owned(),
        health: counts.health.word().to_owned(),
        reason,
        read: counts.read,
        sampled: counts.sampled,
        inferred: counts.inferred,
        dropped: counts.dropped.iter().map(named).collect(),
        reconnects: counts.reconnects,
    }
}

fn node(name: String, role: &str, node: &NodeAccount) -> NodeStatus {
    let ledger = &node.account.ledger;
    let calls = node.account.calls.milliseconds();
    let milliseconds = |quantile: &str| {
        let value = calls.get(quantile).and_then(serde_json::Value::as_f64);
        value.unwrap_or(0.0)
    };
    NodeStatus {
        name,
        role: role.to_owned(),
        received: ledger.received,
        passed: ledger.passed,
        dropped: ledger.dropped.iter().map(named).collect(),
        waiting: ledger.waiting,
        alerts: node.account.alerts,
        failures: node.failures,
        quarantined: node.quarantined,
        p50_ms: milliseconds("p50"),
        p99_ms: milliseconds("p99"),
    }
}

fn named((reason, count): (&DropReason, &u64)) -> (String, u64) {
    (reason.to_string(), *count)
}
