//! A flow without its cameras, models and adapters: what was seen is handed in, and the nodes
//! are called one after the other on the caller's thread. Replays and tests run in it, so it is
//! made of the same chains as the running flow.

use std::collections::BTreeMap;
use std::sync::Arc;

use agave_core::{DropReason, Ledger};
use agave_flow::{CameraIndex, Flow};
use serde_json::{Map, Value, json};

use super::build::BuildError;
use super::chain::{AlertSink, Chain, Seen};
use super::journal::{Journal, Outlet, Told};
use super::nodes::{ChainBuilder, Purpose};
use super::remembered::Remembered;
use super::site;
use super::summary::NodeAccount;
use super::taps::Taps;
use crate::catalog::Catalog;

/// What a rehearsal is made with.
pub(crate) struct Cast<'c> {
    pub(crate) catalog: &'c Catalog,
    /// For each model of the flow, what it can see; empty for one that no camera needs.
    pub(crate) classes: &'c [Arc<[String]>],
    /// Which cameras of the flow take part.
    pub(crate) cameras: &'c [CameraIndex],
    pub(crate) sink: Arc<dyn AlertSink>,
    pub(crate) taps: Arc<Taps>,
    /// What happens is written down, and goes on where it was. Without one, alerts go straight to
    /// `sink`.
    pub(crate) journal: Option<Arc<Journal>>,
}

/// A flow that is handed what was seen.
pub(crate) struct Rehearsal {
    flow_name: String,
    node_names: Vec<String>,
    adapters: Vec<String>,
    outlet: Arc<dyn Outlet>,
    journal: Option<Arc<Journal>>,
    remembered: Remembered,
    /// By the index of the camera in the flow.
    chains: BTreeMap<usize, (String, Chain)>,
}

impl Rehearsal {
    /// Starts the plugins of `flow` for the cameras that take part.
    ///
    /// # Errors
    /// The first plugin that cannot be used, with the node it is for.
    pub(crate) fn build(flow: &Flow, cast: &Cast<'_>) -> Result<Self, BuildError> {
        let remembered = match &cast.journal {
            Some(journal) => Remembered::of_replay(flow, cast.classes, journal)?,
            None => Remembered::default(),
        };
        let mut builder = ChainBuilder {
            flow,
            classes: cast.classes,
            outboxes: &BTreeMap::new(),
            sites: &BTreeMap::new(),
            remembered: &remembered,
            standing: None,
            catalog: cast.catalog,
            purpose: Purpose::Trial,
        };
        let sites = site::nodes(&builder.sites()?);
        builder.sites = &sites;
        let mut chains = BTreeMap::new();
        for &index in cast.cameras {
            if let Some(camera) = flow.cameras.get(index.0) {
                let (plan, _) = builder.chain(index, camera)?;
                let mut chain = Chain::new(plan, Arc::clone(&cast.taps));
                chain.is_final = true;
                if cast.journal.is_some() {
                    chain = chain.with_checkpoints();
                }
                chains.insert(index.0, (camera.name.clone(), chain));
            }
        }
        let adapters = flow.nodes.iter();
        let adapters = adapters.filter(|node| node.work.takes_alerts_out());
        Ok(Self {
            flow_name: flow.name.clone(),
            node_names: flow.nodes.iter().map(|node| node.name.clone()).collect(),
            adapters: adapters.map(|node| node.name.clone()).collect(),
            outlet: match &cast.journal {
                Some(journal) => Arc::clone(journal) as Arc<dyn Outlet>,
                None => Arc::new(Told(Arc::clone(&cast.sink))),
            },
            journal: cast.journal.clone(),
            remembered,
            chains,
        })
    }

    /// Takes what `camera` saw all the way; frames of a camera that takes no part go nowhere.
    pub(crate) fn run(&mut self, camera: CameraIndex, seen: Seen) {
        if let Some((_, chain)) = self.chains.get_mut(&camera.0)
            && let Some(entry) = chain.run(seen)
        {
            self.outlet.keep(entry);
        }
    }

    /// Whether the nodes of `camera` have seen this frame before a restart.
    pub(crate) fn has_seen(&self, camera: CameraIndex, frame: u64) -> bool {
        let chain = self.chains.get(&camera.0);
        chain.is_some_and(|(name, _)| frame < self.remembered.next_frame(name))
    }

    /// Nothing more comes: what there is to keep is kept, and all alerts are told.
    pub(crate) fn end(&mut self) {
        let Some(journal) = &self.journal else {
            return;
        };
        let chains = self.chains.values_mut();
        chains
            .filter_map(|(_, chain)| chain.last_words())
            .for_each(|entry| journal.keep(entry));
        journal.flush();
    }

    /// What became of everything.
    pub(crate) fn accounts(&self) -> Accounts {
        let mut nodes: Vec<(String, NodeAccount)> = self
            .node_names
            .iter()
            .filter(|name| !self.adapters.contains(name))
            .map(|name| (name.clone(), NodeAccount::default()))
            .collect();
        for step in self.chains.values().flat_map(|(_, chain)| &chain.steps) {
            if let Some((_, node)) = nodes.iter_mut().find(|(name, _)| *name == step.name) {
                node.add_step(step);
            }
        }
        let unbalanced = nodes
            .iter()
            .filter(|(_, node)| !node.account.ledger.balances())
            .map(|(name, _)| name.clone())
            .collect();
        Accounts {
            json: self.json(&nodes),
            unbalanced,
            failures: nodes
                .iter()
                .filter(|(_, node)| node.failures > 0)
                .map(|(name, node)| (name.clone(), node.failures))
                .collect(),
        }
    }

    /// How much the gates hold.
    pub(crate) fn waiting(&self) -> u64 {
        let steps = self.chains.values().flat_map(|(_, chain)| &chain.steps);
        steps.map(|step| step.account.ledger.waiting).sum()
    }

    fn json(&self, nodes: &[(String, NodeAccount)]) -> Value {
        let sum = |number: fn(&Chain) -> u64| -> u64 {
            self.chains.values().map(|(_, chain)| number(chain)).sum()
        };
        let cameras: Map<String, Value> = self
            .chains
            .values()
            .map(|(name, chain)| (name.clone(), camera_json(chain)))
            .collect();
        let nodes: Map<String, Value> = nodes
            .iter()
            .map(|(name, node)| (name.clone(), node_json(node)))
            .collect();
        json!({
            "flow": self.flow_name,
            "frames": {
                "inferred": sum(|chain| chain.frames),
                "dropped": unreadable(sum(|chain| chain.unreadable)),
            },
            "detections": sum(|chain| chain.detections),
            "alerts": sum(|chain| chain.alerts),
            "cameras": cameras,
            "nodes": nodes,
            "not_run": self.adapters,
        })
    }
}

/// What became of everything that was handed to a rehearsal.
pub(crate) struct Accounts {
    /// The same every time: nothing that was measured is in it.
    pub(crate) json: Value,
    /// Nodes whose ledger does not balance, which is a bug in Agave.
    pub(crate) unbalanced: Vec<String>,
    /// Nodes whose plugin has failed, and how often.
    pub(crate) failures: Vec<(String, u64)>,
}

fn camera_json(chain: &Chain) -> Value {
    json!({
        "frames": { "inferred": chain.frames, "dropped": unreadable(chain.unreadable) },
        "detections": chain.detections,
        "alerts": chain.alerts,
    })
}

fn node_json(node: &NodeAccount) -> Value {
    let ledger: &Ledger = &node.account.ledger;
    json!({
        "in": ledger.received,
        "out": ledger.passed,
        "dropped": ledger.dropped,
        "waiting": ledger.waiting,
        "alerts": node.account.alerts,
        "failures": node.failures,
        "quarantined": node.quarantined,
    })
}

fn unreadable(frames: u64) -> BTreeMap<DropReason, u64> {
    let counted = (frames > 0).then_some((DropReason::Unreadable, frames));
    counted.into_iter().collect()
}
