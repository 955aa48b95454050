//! How the running flow is at this moment, for those who look on from outside.

use std::sync::Arc;
use std::time::Duration;

use agave_core::{Detection, DropReason};
use agave_flow::Work;
use agave_media::{Picture, RecentPictures};
use agave_plugin::LastFailure;
use agave_store::{AlertQuery, DeadLetterQuery, Store, StoreError};

use super::journal::WaitingOutcomes;
use super::models::LookError;
use super::outbox::{NoTest, Outbox, Tested};
use super::running::Live;
use super::source::Health;
use super::summary::{CameraCounts, NodeAccount};
use crate::control::{CameraStatus, Choice, JournalStatus, NodeStatus, OutboxStatus, Remedy};

/// No node is called like this.
const FOR_THE_PAGE: &str = "the page";
/// So long a person waits for what becomes of a test alert.
const LONGEST_TEST: Duration = Duration::from_secs(25);

/// What was seen, with the names of the classes.
type Look = Result<(Vec<Detection>, Arc<[String]>), LookError>;

impl Live {
    /// Each camera, in the order of the flow.
    pub(crate) fn camera_statuses(&self) -> Vec<CameraStatus> {
        let counts = self.counts().into_iter();
        let mut statuses: Vec<CameraStatus> =
            counts.map(|(name, counts)| camera(name, &counts)).collect();
        for running in &self.parts().cameras {
            let name = &running.camera.name;
            if let Some(status) = statuses.iter_mut().find(|status| status.name == *name) {
                status.video = running.video_status();
                status.trouble = running.trouble();
                status.tries_again_in_s = running.tries_again_in().map(|wait| wait.as_secs_f64());
            }
        }
        statuses
    }

    /// Each node over all cameras, in the order of the flow; then those that are no more.
    pub(crate) fn node_statuses(&self) -> Vec<NodeStatus> {
        let flow = self.flow();
        let role = |name: &str| {
            let node = flow.nodes.iter().find(|node| node.name == name);
            match node.map(|node| &node.work) {
                Some(Work::Infer { .. }) => "infer".to_owned(),
                Some(Work::Plugin(plugin)) => plugin.role.to_string(),
                Some(Work::Store(_)) => "store".to_owned(),
                Some(Work::Serve(_)) => "device".to_owned(),
                None => "removed".to_owned(),
            }
        };
        let accounts = self.node_accounts().into_iter();
        accounts
            .map(|(name, account)| node(role(&name), name, &account))
            .collect()
    }
}

/// So many dead letters are retried at once: new alerts need room in the outboxes.
pub(super) const MOST_RETRIED: usize = 10_000;

impl Live {
    /// Pictures of the cameras' last frames, where somebody wants some.
    pub(crate) fn recent(&self) -> Option<Arc<RecentPictures>> {
        self.parts().version.shown.clone()
    }

    /// What the models of the flow can see, in their order.
    pub(crate) fn classes(&self) -> Vec<Arc<[String]>> {
        let version = Arc::clone(&self.parts().version);
        let models = version.models.iter();
        models.map(|model| Arc::clone(&model.classes)).collect()
    }

    /// Width and height of the inputs of the models that are loaded, in their order.
    pub(crate) fn model_inputs(&self) -> Vec<Option<(u32, u32)>> {
        let version = Arc::clone(&self.parts().version);
        version.models.iter().map(|model| model.input).collect()
    }

    /// What `model` sees in a picture that is of no camera, and the names of its classes. None
    /// where there is no such model.
    pub(crate) fn look(&self, model: &str, picture: &Picture) -> Option<Look> {
        let version = Arc::clone(&self.parts().version);
        let mut models = version.models.iter();
        let model = models.find(|known| known.specification.name == model)?;
        let seen = model.look(picture);
        Some(seen.map(|seen| (seen, Arc::clone(&model.classes))))
    }

    /// What went wrong in `node` the last time that something did, with the camera that it was
    /// about; none for a node that looks at several.
    pub(crate) fn last_failure(&self, node: &str) -> Option<(Option<String>, LastFailure)> {
        let site = self.parts().sites.get(node).cloned();
        if let Some(failure) = site.and_then(|site| site.last_failure()) {
            return Some((None, failure));
        }
        let failures = self.lanes().into_iter().filter_map(|(camera, lane)| {
            lane.with_chain(|chain| {
                let step = chain.steps.iter().find(|step| step.name == node)?;
                let failure = step.work.plugin()?.last_failure()?;
                Some((Some(camera), failure.clone()))
            })
        });
        failures.max_by_key(|(_, failure)| failure.at)
    }

    /// Starts the plugin of `node` again where it was given up. Says for how many cameras; none
    /// where there is no such node.
    pub(crate) fn revive(&self, node: &str) -> Option<u64> {
        let parts = self.parts();
        let mut nodes = parts.version.flow.nodes.iter();
        nodes.find(|known| known.name == node)?;
        let site = parts.sites.get(node).cloned();
        drop(parts);
        let mut revived = u64::from(site.is_some_and(|site| site.revive()));
        for (_, lane) in self.lanes() {
            revived += lane.with_chain(|chain| {
                let mut steps = chain.steps.iter_mut();
                let step = steps.find(|step| step.name == node);
                let plugin = step.and_then(|step| step.work.plugin_mut());
                u64::from(plugin.is_some_and(agave_plugin::Supervised::revive))
            });
        }
        Some(revived)
    }

    /// Sends a test alert to the adapter `node`, and waits for what becomes of it. None where
    /// there is no such adapter that can be tested: what a trail keeps has happened.
    pub(crate) fn test_adapter(&self, node: &str) -> Option<Result<Tested, NoTest>> {
        let (outbox, recent) = {
            let parts = self.parts();
            let mut nodes = parts.version.flow.nodes.iter();
            nodes.find(|known| known.name == node && !matches!(known.work, Work::Store(_)))?;
            let mut adapters = parts.adapters.iter();
            let adapter = adapters.find(|adapter| adapter.name == node)?;
            (Arc::clone(&adapter.outbox), parts.version.recent.clone())
        };
        let newest = |camera: &str| recent.and_then(|recent| recent.newest(camera)).unwrap_or(0);
        Some(outbox.test(LONGEST_TEST, newest))
    }

    /// What becomes of deliveries from now on. As long as somebody has it, it is noted.
    pub(crate) fn outcomes(&self) -> Arc<WaitingOutcomes> {
        self.workshop.journal.outcomes_for(FOR_THE_PAGE)
    }

    /// The number of the newest alert that left the flow; 0 where there is none, or none is known.
    pub(super) fn newest_alert(&self) -> u64 {
        let query = AlertQuery {
            most: 1,
            ..AlertQuery::default()
        };
        let newest = self.store().alerts(&query).unwrap_or_default();
        newest.first().map_or(0, |alert| alert.sequence)
    }

    /// Whether `adapter` was in the flow when the alert with this number left it.
    pub(crate) fn had_adapter(&self, adapter: &str, sequence: u64) -> bool {
        let parts = self.parts();
        let known = parts.adapters.iter().find(|known| known.name == adapter);
        known.is_some_and(|known| known.came_after < sequence)
    }

    /// Where alerts are kept.
    pub(crate) fn store(&self) -> &Store {
        self.workshop.journal.store()
    }

    /// Whether what happens is kept.
    pub(crate) fn journal_status(&self) -> JournalStatus {
        self.workshop.journal.status()
    }

    /// What each adapter has still to deliver.
    pub(crate) fn outbox_statuses(&self) -> Vec<OutboxStatus> {
        let parts = self.parts();
        // One that has left is found with the next change.
        let leaving = parts.leaving.iter().filter(|one| !one.is_finished());
        let adapters = parts.adapters.iter().chain(leaving);
        adapters.map(|adapter| adapter.outbox.status()).collect()
    }

    /// Waits until nothing waits to be delivered, and for no adapter longer than `longest`.
    pub(crate) fn wait_until_delivered(&self, longest: Duration) {
        let outboxes: Vec<_> = {
            let parts = self.parts();
            let adapters = parts.adapters.iter().chain(&parts.leaving);
            adapters
                .map(|adapter| Arc::clone(&adapter.outbox))
                .collect()
        };
        let each = |outbox: &Arc<Outbox>| outbox.wait_until_empty(longest);
        outboxes.iter().for_each(each);
    }

    /// Does something about dead letters while their adapters run.
    pub(crate) fn remedy(&self, remedy: Remedy, choice: &Choice) -> Result<u64, String> {
        let journal = &self.workshop.journal;
        // Those of a moment ago are in the store then.
        journal.flush();
        let done = remedied(journal.store(), remedy, choice).map_err(|error| error.to_string())?;
        let parts = self.parts();
        let adapters = parts.adapters.iter().map(|adapter| &adapter.outbox);
        let meant = |name: &str| choice.adapter.as_ref().is_none_or(|wanted| wanted == name);
        adapters
            .filter(|outbox| meant(outbox.node()))
            .for_each(|outbox| outbox.look_again());
        Ok(done)
    }
}

/// Does something about the dead letters in `store`. Says how many they were.
pub(crate) fn remedied(store: &Store, remedy: Remedy, choice: &Choice) -> Result<u64, StoreError> {
    let query = DeadLetterQuery {
        adapter: choice.adapter.clone(),
        sequence: choice.sequence,
        most: MOST_RETRIED,
        ..DeadLetterQuery::default()
    };
    let done = match remedy {
        Remedy::Retry => store.retry_dead_letters(&query)?,
        Remedy::Drop => store.drop_dead_letters(&query)?,
    };
    Ok(u64::try_from(done).unwrap_or(u64::MAX))
}

fn camera(name: String, counts: &CameraCounts) -> CameraStatus {
    let reason = match &counts.health {
        Health::Lost(reason) | Health::Failed(reason) => Some(reason.clone()),
        Health::Connecting | Health::Live | Health::Ended | Health::Removed => None,
    };
    CameraStatus {
        name,
        health: counts.health.word().to_owned(),
        reason,
        trouble: None,
        tries_again_in_s: None,
        since: counts.since.map(|since| since.to_string()),
        read: counts.read,
        sampled: counts.sampled,
        inferred: counts.inferred,
        dropped: counts.dropped.iter().map(named).collect(),
        reconnects: counts.reconnects,
        video: None,
    }
}

fn node(role: String, name: String, node: &NodeAccount) -> NodeStatus {
    let ledger = &node.account.ledger;
    let calls = node.account.calls.milliseconds();
    let milliseconds = |quantile: &str| {
        let value = calls.get(quantile).and_then(serde_json::Value::as_f64);
        value.unwrap_or(0.0)
    };
    NodeStatus {
        name,
        role,
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
