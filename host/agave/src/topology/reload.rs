//! A running flow becomes another one. What the two have in common goes on untouched: instances
//! of plugins, connections to cameras, models. Everything that can fail happens beside the
//! running flow; then each camera's chain changes between two of its frames. Where even that
//! fails, the cameras that had changed go back.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use agave_flow::{CameraIndex, Flow};

use super::adapters::AdapterPlan;
use super::build::{BuildError, CameraPlan, Standing, Topology};
use super::chain::Chain;
use super::exchange::{ChainPlan, Refused, Retired};
use super::lane::Lane;
use super::look::Look;
use super::nodes::{ChainBuilder, Purpose};
use super::preflight::{self, Preflight};
use super::remembered::Remembered;
use super::running::{Live, RunningAdapter, thread};
use super::site::{self, Site, SitePlan, SitePlugin};

/// How long a camera's chain may take until it is between two frames: a plugin may use its whole
/// deadline for each of those that are on their way.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Why the flow goes on as it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReloadError {
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Preflight(#[from] Preflight),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("camera '{camera}': its frames did not stop for {LONGEST_WAIT:?}")]
    Busy { camera: String },
    #[error("the system gives no more threads: {0}")]
    Threads(#[from] io::Error),
    #[error("the flow is stopping")]
    Stopping,
}

/// What a change has done to the chains.
#[derive(Default)]
struct Changed {
    /// The cameras whose chains are the new ones.
    cameras: Vec<String>,
    /// The accounts of nodes that are no more.
    retired: Vec<Retired>,
    /// What ran in the nodes that look at several cameras.
    sites: Vec<(Arc<Site>, SitePlugin)>,
}

impl Live {
    /// The flow that runs.
    pub(crate) fn flow(&self) -> Flow {
        self.parts().version.flow.clone()
    }

    /// Makes the running flow into `flow`. It may take as long as compiling its plugins; the
    /// cameras' frames wait only while their own chain changes.
    ///
    /// # Errors
    /// Why it cannot be; then the flow goes on as it was.
    pub(crate) fn reload(&self, flow: Flow) -> Result<(), ReloadError> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.post.shutdown.is_cancelled() {
            return Err(ReloadError::Stopping);
        }
        self.end_those_who_come_back(&flow);
        let standing = self.standing();
        let topology = Topology::build_beside(flow, &self.workshop, Some(&standing))?;
        self.fly(&topology, &standing)?;
        let Topology {
            version,
            cameras,
            adapters,
            sites,
            ..
        } = topology;
        let (going_on, new): (Vec<_>, Vec<_>) =
            cameras.into_iter().partition(|camera| camera.goes_on);
        let described = going_on.iter().map(|plan| plan.camera.clone()).collect();
        // New adapters first: a changed chain finds its outboxes attended.
        let (known, unknown): (Vec<_>, Vec<_>) = adapters
            .into_iter()
            .partition(|adapter| standing.outboxes.contains_key(&adapter.name));
        let mut started = start_adapters(unknown)?;
        let newest = self.newest_alert();
        for adapter in &mut started {
            adapter.came_after = newest;
        }
        let nodes = site::nodes(&sites);
        let mut changed = Changed::default();
        let outcome = change_sites(sites, &mut changed)
            .and_then(|()| self.change_chains(going_on, &mut changed));
        if let Err(error) = outcome {
            self.go_back(&standing, changed);
            let now = Instant::now();
            started.iter().for_each(|adapter| adapter.outbox.close(now));
            self.parts().leaving.extend(started);
            return Err(error);
        }
        self.parts().departed.nodes(changed.retired);
        self.parts().sites = nodes;
        self.parts().version = Arc::new(version);
        self.settle_cameras(described, new);
        // What cameras that are gone have said last is for adapters that are gone, too.
        self.workshop.journal.flush();
        self.settle_adapters(known, started);
        Ok(())
    }

    /// An adapter that is still leaving and is in the flow again: two of it would deliver the
    /// same alerts twice.
    fn end_those_who_come_back(&self, flow: &Flow) {
        let comes_back =
            |adapter: &mut RunningAdapter| flow.nodes.iter().any(|node| node.name == adapter.name);
        let back: Vec<RunningAdapter> = {
            let mut parts = self.parts();
            parts.leaving.extract_if(.., comes_back).collect()
        };
        if back.is_empty() {
            return;
        }
        let now = Instant::now();
        back.iter().for_each(|adapter| adapter.outbox.close(now));
        for mut adapter in back {
            adapter.wait();
            self.parts().departed.adapter(&adapter.outbox);
        }
        self.workshop.journal.flush();
    }

    pub(super) fn standing(&self) -> Standing {
        let parts = self.parts();
        let stream = |lane: &Lane| lane.with_chain(|chain| chain.stream.clone());
        let cameras = parts.cameras.iter();
        let adapters = parts.adapters.iter();
        Standing {
            version: Arc::clone(&parts.version),
            streams: cameras
                .map(|camera| (camera.camera.name.clone(), stream(&camera.lane)))
                .collect(),
            outboxes: adapters
                .clone()
                .map(|adapter| (adapter.name.clone(), Arc::clone(&adapter.outbox)))
                .collect(),
            sites: parts.sites.clone(),
            afresh: false,
            grants: adapters
                .map(|adapter| (adapter.name.clone(), adapter.grants.clone()))
                .collect(),
        }
    }

    /// Tries the new plugins on what the cameras have seen last.
    fn fly(&self, topology: &Topology, standing: &Standing) -> Result<(), ReloadError> {
        let classes: Vec<Arc<[String]>> = topology
            .version
            .models
            .iter()
            .map(|model| Arc::clone(&model.classes))
            .collect();
        let builder = ChainBuilder {
            flow: &topology.version.flow,
            classes: &classes,
            outboxes: &BTreeMap::new(),
            remembered: &Remembered::default(),
            standing: Some(standing),
            catalog: &self.workshop.machine.catalog,
            sites: &BTreeMap::new(),
            purpose: Purpose::Trial,
        };
        for (index, plan) in topology.cameras.iter().enumerate() {
            let changed = plan.chain.new_plugins();
            if changed.is_empty() || !plan.goes_on {
                continue;
            }
            let Some(lane) = self.lane(&plan.camera.name) else {
                continue;
            };
            // What other models have seen says nothing about these.
            if !lane.look().is_same(&plan.look) {
                continue;
            }
            let (trial, _) = builder.chain(CameraIndex(index), &plan.camera)?;
            preflight::fly(&lane, trial, &changed)?;
        }
        Ok(())
    }

    pub(super) fn lane(&self, camera: &str) -> Option<Arc<Lane>> {
        let parts = self.parts();
        let mut cameras = parts.cameras.iter();
        let found = cameras.find(|one| one.camera.name == camera)?;
        Some(Arc::clone(&found.lane))
    }

    /// Changes the chain of each camera between two of its frames.
    fn change_chains(
        &self,
        plans: Vec<CameraPlan>,
        changed: &mut Changed,
    ) -> Result<(), ReloadError> {
        for CameraPlan {
            camera,
            look,
            chain,
            ..
        } in plans
        {
            if self.post.shutdown.is_cancelled() {
                return Err(ReloadError::Stopping);
            }
            let Some(lane) = self.lane(&camera.name) else {
                continue;
            };
            if lane.look().is_same(&look) && lane.with_chain(|running| running.is_as(&chain)) {
                continue;
            }
            let retired = self.change_chain(&camera.name, &lane, look, chain)?;
            changed.cameras.push(camera.name);
            changed.retired.extend(retired);
        }
        Ok(())
    }

    fn change_chain(
        &self,
        camera: &str,
        lane: &Arc<Lane>,
        look: Look,
        plan: ChainPlan,
    ) -> Result<Vec<Retired>, ReloadError> {
        let (told, outcome) = channel();
        // Whoever turns it decides: the change happens, or nobody waits for it any more.
        let open = Arc::new(AtomicBool::new(true));
        let mine = Arc::clone(&open);
        self.change_lane(camera, lane, look, move |chain| {
            if !mine.swap(false, Ordering::AcqRel) {
                return false;
            }
            let outcome = chain.exchange(plan);
            let is_taken = outcome.is_ok();
            // Who asked waits for it now.
            let _ = told.send(outcome);
            is_taken
        })?;
        let mut answer = outcome.recv_timeout(LONGEST_WAIT);
        if answer.is_err() && !open.swap(false, Ordering::AcqRel) {
            // It has begun: the plugins' deadlines bound it.
            answer = outcome.recv().map_err(|_| RecvTimeoutError::Disconnected);
        }
        match answer {
            Ok(Ok(retired)) => Ok(retired),
            Ok(Err(refused)) => Err(ReloadError::Refused(refused)),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                lane.withdraw();
                Err(ReloadError::Busy {
                    camera: camera.to_owned(),
                })
            }
        }
    }

    /// On a thread of its own: whoever does a change may have to take the frames behind it
    /// through the chain as well, as long as they come.
    fn change_lane(
        &self,
        camera: &str,
        lane: &Arc<Lane>,
        look: Look,
        change: impl FnOnce(&mut Chain) -> bool + Send + 'static,
    ) -> Result<(), ReloadError> {
        let (lane, done) = (Arc::clone(lane), self.done(camera));
        thread("change".to_owned(), move || lane.change(look, done, change))?;
        Ok(())
    }

    /// What is to be done for each frame that is through.
    fn done(&self, camera: &str) -> impl Fn() + use<> {
        let parts = self.parts();
        let mut cameras = parts.cameras.iter();
        let id = cameras
            .find(|one| one.camera.name == camera)
            .map(|one| one.id);
        let intake = Arc::clone(&self.post.intake);
        move || {
            if let Some(id) = id {
                intake.done(id);
            }
        }
    }

    /// The cameras that have changed already become what they were, keeping what their plugins
    /// know by now.
    fn go_back(&self, standing: &Standing, changed: Changed) {
        self.parts().departed.nodes(changed.retired);
        for (site, before) in changed.sites {
            if let Err(failure) = site.exchange(before) {
                tracing::error!("a rule could not go back to the flow before: it {failure}");
            }
        }
        if changed.cameras.is_empty() {
            return;
        }
        let here = Standing {
            afresh: true,
            ..self.standing()
        };
        let flow = standing.version.flow.clone();
        let back = Topology::build_beside(flow, &self.workshop, Some(&here))
            .map_err(ReloadError::from)
            .and_then(|topology| {
                let plans = topology.cameras.into_iter();
                let plans = plans.filter(|plan| changed.cameras.contains(&plan.camera.name));
                let mut again = Changed::default();
                let result = self.change_chains(plans.collect(), &mut again);
                self.parts().departed.nodes(again.retired);
                result
            });
        if let Err(error) = back {
            tracing::error!(
                cameras = changed.cameras.join(", "),
                "these cameras could not go back to the flow before: {error}; restart the flow"
            );
        }
    }
}

/// All cameras of a rule see the new one from the same moment on.
fn change_sites(
    sites: BTreeMap<String, SitePlan>,
    changed: &mut Changed,
) -> Result<(), ReloadError> {
    for (node, SitePlan { site, successor }) in sites {
        let Some(successor) = successor else { continue };
        let before = site
            .exchange(successor)
            .map_err(|failure| Refused::Site { node, failure })?;
        changed.sites.push((site, before));
    }
    Ok(())
}

fn start_adapters(plans: Vec<AdapterPlan>) -> io::Result<Vec<RunningAdapter>> {
    let started = plans.into_iter().map(RunningAdapter::start);
    started.filter_map(Result::transpose).collect()
}
