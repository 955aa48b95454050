//! One flow as the control API sees it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use agave_inspector::system::{
    AlertQuery, Feed, FlowEvent, FlowFile, Image, IncidentQuery, Jpeg, Letters, Passed,
    PictureWanted, Remedy, VideoItem, ZoneChange,
};
use agave_inspector::view::{
    Alert, AlertDetails, CameraView, DeadLetterView, Done, GraphView, Incident, Inferred,
    ModelView, NodeView, ReportView, Status, TestAlertView, TriedNow, VersionView,
};
use agave_inspector::{Refusal, RunningFlow};
use tokio::sync::{broadcast, mpsc};
use tokio::time::interval;

use super::incidents::{self, Incidents};
use super::outcomes::Outcomes;
use super::pictures::Pictures;
use super::{Evidence, alerts, camera, graph, infer, node, video};
use crate::control::{Choice, Controlled, NotTested, Remedy as Cure, Trigger};
use crate::keeper::{Allowance, Keeper};
use crate::surroundings::Machine;

/// So many wait for a page that is slow.
const MOST_WAITING: usize = 64;
/// A tap shows as many frames as a person can follow: in so much time
const WINDOW: Duration = Duration::from_millis(250);
/// so many.
const MOST_IN_WINDOW: u32 = 8;

pub(crate) struct InspectedFlow {
    pub(super) keeper: Arc<Keeper>,
    pub(super) evidence: Arc<Evidence>,
    pub(super) incidents: Incidents,
    pub(super) pictures: Pictures,
    pub(super) outcomes: Arc<Outcomes>,
    pub(super) machine: Arc<Machine>,
    pub(super) runtime: tokio::runtime::Handle,
}

impl InspectedFlow {
    pub(crate) fn new(
        keeper: Arc<Keeper>,
        evidence: Arc<Evidence>,
        machine: Arc<Machine>,
        runtime: tokio::runtime::Handle,
    ) -> Arc<Self> {
        let outcomes = Arc::new(Outcomes::of(keeper.live()));
        evidence.attach_outcomes(&outcomes);
        Arc::new(Self {
            evidence,
            incidents: Incidents::default(),
            pictures: Pictures::default(),
            outcomes,
            machine,
            runtime,
            keeper,
        })
    }
}

impl RunningFlow for InspectedFlow {
    fn name(&self) -> &str {
        self.keeper.name()
    }

    fn has_ended(&self) -> bool {
        self.keeper.is_ending()
    }

    fn status(&self) -> Status {
        self.keeper.status()
    }

    fn graph(&self) -> GraphView {
        graph::graph(&self.keeper.live().flow())
    }

    fn node(&self, name: &str) -> Option<NodeView> {
        node::node(self, name)
    }

    fn cameras(&self) -> Vec<CameraView> {
        camera::cameras(self)
    }

    fn models(&self) -> Vec<ModelView> {
        node::models(self, &self.keeper.live().flow())
    }

    fn infer(&self, model: Option<&str>, image: &Image) -> Result<Inferred, Refusal> {
        infer::infer(self, model, image)
    }

    fn events(&self) -> broadcast::Receiver<FlowEvent> {
        self.keeper.events()
    }

    fn tap(&self, node: &str) -> Result<Feed<Passed>, Refusal> {
        let allowance = Allowance::default();
        let tapped = self.keeper.tap_some(node, &allowance);
        let mut tapped = tapped.map_err(Refusal::NotFound)?;
        let (sender, items) = mpsc::channel(MOST_WAITING);
        let left_out = Arc::clone(&tapped.left_out);
        let guard = tapped.guard;
        self.runtime.spawn(async move {
            let mut window = interval(WINDOW);
            loop {
                let passed = tokio::select! {
                    () = sender.closed() => return,
                    _ = window.tick() => {
                        allowance.fill(MOST_IN_WINDOW);
                        continue;
                    }
                    passed = tapped.waiting.recv() => passed,
                };
                let Some(passed) = passed else {
                    return;
                };
                // What is written cannot fail to be written.
                let passed = serde_json::to_value(passed).unwrap_or_default();
                if sender.send(passed).await.is_err() {
                    return;
                }
            }
        });
        Ok(Feed {
            items,
            left_out: Box::new(move || left_out.swap(0, Ordering::Relaxed)),
            guard,
        })
    }

    fn video(&self, camera: &str) -> Result<Feed<VideoItem>, Refusal> {
        video::video(self, camera)
    }

    fn try_now(&self, camera: &str) -> Result<TriedNow, Refusal> {
        camera::try_now(self, camera)
    }

    fn picture(&self, camera: &str, wanted: PictureWanted) -> Result<Jpeg, Refusal> {
        camera::picture(self, camera, wanted)
    }

    fn alerts(&self, query: &AlertQuery) -> Result<Vec<Alert>, Refusal> {
        alerts::alerts(self, query)
    }

    fn alert(&self, sequence: u64) -> Result<Option<AlertDetails>, Refusal> {
        alerts::alert(self, sequence)
    }

    fn alert_picture(&self, sequence: u64) -> Result<Jpeg, Refusal> {
        alerts::picture(self, sequence)
    }

    fn incidents(&self, query: &IncidentQuery) -> Result<Vec<Incident>, Refusal> {
        incidents::incidents(self, query)
    }

    fn dead_letters(
        &self,
        before: Option<u64>,
        most: usize,
    ) -> Result<Vec<DeadLetterView>, Refusal> {
        alerts::dead_letters(self, before, most)
    }

    fn remedy(&self, remedy: Remedy, letters: &Letters) -> Result<Done, Refusal> {
        let choice = Choice {
            adapter: letters.adapter.clone(),
            sequence: letters.sequence,
        };
        let remedy = match remedy {
            Remedy::Retry => Cure::Retry,
            Remedy::Drop => Cure::Drop,
        };
        let done = self.keeper.remedy(remedy, &choice);
        done.map(|done| Done { done }).map_err(Refusal::Unavailable)
    }

    fn file(&self) -> Result<FlowFile, Refusal> {
        self.keeper.veiled_file()
    }

    fn write_file(&self, text: &str, expected: &str, who: &str) -> Result<ReportView, Refusal> {
        self.keeper.write_veiled(text, expected, who)
    }

    fn plan(&self, text: &str) -> Result<ReportView, Refusal> {
        self.keeper.plan_veiled(text)
    }

    fn reload(&self, who: &str) -> ReportView {
        self.keeper.reload(&Trigger::Page(who.to_owned()))
    }

    fn write_zone(&self, change: &ZoneChange<'_>) -> Result<ReportView, Refusal> {
        self.keeper.write_zone(change)
    }

    fn versions(&self) -> Vec<VersionView> {
        self.keeper.version_list()
    }

    fn restore(&self, version: u64, expected: &str, who: &str) -> Result<ReportView, Refusal> {
        self.keeper.restore(version, expected, who)
    }

    fn version(&self, version: u64) -> Option<String> {
        self.keeper.version(version)
    }

    fn test_alert(&self, node: &str) -> Result<TestAlertView, Refusal> {
        self.keeper.test_alert(node).map_err(|reason| match reason {
            NotTested::NoNode(_) => Refusal::NotFound(reason.to_string()),
            NotTested::NoReceiver(_) | NotTested::NotNow(_) => {
                Refusal::Conflict(reason.to_string())
            }
        })
    }

    fn revive(&self, node: &str) -> Result<Done, Refusal> {
        let revived = self.keeper.live().revive(node);
        let revived =
            revived.ok_or_else(|| Refusal::NotFound(format!("there is no node '{node}'")));
        Ok(Done { done: revived? })
    }
}
