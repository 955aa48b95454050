//! From the checked flow to everything that it takes to run it: models loaded, sessions warmed
//! up, plugins started and configured. Nothing runs yet, so `agave check` builds as well and
//! finds what only a built flow can show, such as a class that the model does not have. A change
//! of a running flow is built here too, beside what runs, and only what changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use agave_core::{Secret, StreamInfo};
use agave_flow::{Camera, CameraIndex, CameraKind, Flow, Surroundings};
use agave_media::{Nudge, Pace, RecentPictures, SourceConfig, Transport};
use agave_plugin::{Grants, Network};
use agave_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use super::adapters::{AdapterPlan, Adapters, build_adapters};
use super::exchange::ChainPlan;
use super::intake::Terms;
use super::journal::Journal;
use super::look::Look;
use super::models::{LoadedModel, load_models};
use super::nodes::{ChainBuilder, Purpose};
use super::outbox::Outbox;
use super::recorded::Recordings;
use super::remembered::Remembered;
use super::site::{self, Site, SitePlan};
use super::taps::Taps;
use crate::catalog::FetchError;
use crate::recording::{PlayError, RecordedCamera};
use crate::surroundings::Machine;

/// Why a flow that is right on paper cannot be built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    #[error("model '{model}': {reason}")]
    Model {
        model: String,
        reason: agave_media::ModelError,
    },
    #[error("node '{node}'{}: the plugin '{plugin}' {failure}", for_camera(.camera))]
    Plugin {
        node: String,
        camera: String,
        plugin: String,
        failure: agave_plugin::Failure,
    },
    #[error("node '{node}': {reason}")]
    Load { node: String, reason: FetchError },
    #[error("node '{node}': {reason}")]
    Grant { node: String, reason: String },
    #[error("broker '{broker}': {reason}")]
    Broker { broker: String, reason: String },
    #[error("node '{node}': {reason}")]
    Sink { node: String, reason: String },
    #[error("what was kept before the last end cannot be read: {0}")]
    Journal(#[from] StoreError),
    #[error("there is no way to the network: {0}")]
    Network(String),
    #[error("camera '{camera}': {file}: {reason}")]
    Recording {
        camera: String,
        file: String,
        reason: Box<PlayError>,
    },
    #[error(
        "camera '{camera}': when it was recorded, the model '{model}' saw other classes than for \
         the flow's other cameras; record it again with the same model, or give the one that was \
         used then a name of its own"
    )]
    SeenClasses { camera: String, model: String },
    #[error("camera '{camera}' has more classes than fit: its models name {count} different ones")]
    Classes { camera: String, count: usize },
}

fn for_camera(camera: &str) -> String {
    if camera.is_empty() {
        String::new()
    } else {
        format!(", camera '{camera}'")
    }
}

/// What building needs beside the flow.
#[derive(Clone)]
pub(crate) struct Workshop {
    pub(crate) machine: Arc<Machine>,
    pub(crate) runtime: tokio::runtime::Handle,
    /// Ends the requests of adapters that are under way.
    pub(crate) hang_up: CancellationToken,
    /// Where alerts go.
    pub(crate) journal: Arc<Journal>,
    /// What plugins keep, or why they cannot.
    pub(crate) store: Result<Store, String>,
    /// Who looks on from the first frame.
    pub(crate) taps: Arc<Taps>,
    /// Nothing of it will run: what a running flow may have open is left alone.
    pub(crate) only_checked: bool,
    /// Whether people look at pictures of all cameras.
    pub(crate) shows_pictures: bool,
    /// How many frames are looked at in parallel.
    pub(crate) workers: usize,
}

impl Workshop {
    pub(super) fn secret(&self, name: &str) -> Option<Secret> {
        self.machine.secret(name)
    }
}

/// A flow with what is loaded for it: what the next one is compared with.
pub(super) struct Version {
    pub(super) flow: Flow,
    /// In the order of the flow's models.
    pub(super) models: Vec<Arc<LoadedModel>>,
    pub(super) recordings: Recordings,
    pub(super) network: Option<Network>,
    /// Where frames are kept, if an adapter asks for pictures, and of which cameras.
    pub(super) recent: Option<Arc<RecentPictures>>,
    /// Where frames of all cameras are kept, if people look at them.
    pub(super) shown: Option<Arc<RecentPictures>>,
}

/// What runs while another version is built.
pub(super) struct Standing {
    pub(super) version: Arc<Version>,
    /// The streams of the cameras that go on.
    pub(super) streams: BTreeMap<String, StreamInfo>,
    pub(super) outboxes: BTreeMap<String, Arc<Outbox>>,
    /// What each adapter may reach.
    pub(super) grants: BTreeMap<String, Grants>,
    pub(super) sites: BTreeMap<String, Arc<Site>>,
    /// Nothing counts as running already, and only what is known of the cameras is used.
    pub(super) afresh: bool,
}

/// A camera with its source and its nodes.
pub(super) struct CameraPlan {
    pub(super) camera: Camera,
    pub(super) look: Look,
    pub(super) chain: ChainPlan,
    /// The number of its first frame: those before a restart count.
    pub(super) first_frame: u64,
    /// The running chain of this camera becomes this one.
    pub(super) goes_on: bool,
}

/// A built flow, nothing of which has started.
pub(crate) struct Topology {
    pub(super) version: Version,
    pub(super) cameras: Vec<CameraPlan>,
    pub(super) adapters: Vec<AdapterPlan>,
    /// By the node's name.
    pub(super) sites: BTreeMap<String, SitePlan>,
    pub(super) workshop: Workshop,
}

impl Topology {
    /// Builds `flow`.
    ///
    /// # Errors
    /// The first model or plugin that cannot be used, with the node it is for.
    pub(crate) fn build(flow: Flow, workshop: &Workshop) -> Result<Self, BuildError> {
        Self::build_beside(flow, workshop, None)
    }

    /// What is to run.
    pub(crate) fn flow(&self) -> &Flow {
        &self.version.flow
    }

    /// For each model of the flow, what it can see.
    pub(crate) fn classes(&self) -> Vec<Arc<[String]>> {
        let models = self.version.models.iter();
        models.map(|model| Arc::clone(&model.classes)).collect()
    }

    /// Builds what of `flow` is not standing yet.
    pub(super) fn build_beside(
        flow: Flow,
        workshop: &Workshop,
        standing: Option<&Standing>,
    ) -> Result<Self, BuildError> {
        let recordings = Recordings::open(&flow, standing, workshop.only_checked)?;
        let recorded = flow.cameras.iter();
        let recorded = recorded.map(|camera| recordings.of(&flow, camera));
        let recorded: Vec<Option<Arc<RecordedCamera>>> =
            recorded.collect::<Result<_, BuildError>>()?;
        let models = load_models(&flow, &recorded, workshop.workers, standing)?;
        let Adapters {
            plans: mut adapters,
            recent,
            network,
        } = build_adapters(&flow, &models, workshop, standing)?;
        let shown = shown_pictures(&flow, workshop, standing);
        let names: Vec<&str> = adapters
            .iter()
            .map(|adapter| adapter.name.as_str())
            .collect();
        if standing.is_none() {
            workshop.journal.look_after_absent(&names)?;
        }
        let outboxes = adapters
            .iter()
            .map(|adapter| (adapter.name.clone(), Arc::clone(&adapter.outbox)))
            .collect();
        let classes: Vec<Arc<[String]>> = models
            .iter()
            .map(|model| Arc::clone(&model.classes))
            .collect();
        // What runs knows better than what was written.
        let remembered = match standing {
            None => Remembered::of(&flow, &classes, &workshop.journal)?,
            Some(_) => Remembered::default(),
        };
        let mut builder = ChainBuilder {
            flow: &flow,
            classes: &classes,
            outboxes: &outboxes,
            sites: &BTreeMap::new(),
            remembered: &remembered,
            standing,
            catalog: &workshop.machine.catalog,
            purpose: Purpose::Running,
        };
        let sites = builder.sites()?;
        let nodes = site::nodes(&sites);
        builder.sites = &nodes;
        let cameras: Vec<CameraPlan> = flow
            .cameras
            .iter()
            .enumerate()
            .zip(recorded)
            .map(|((index, camera), recorded)| {
                let (chain, wanted) = builder.chain(CameraIndex(index), camera)?;
                let look = Look {
                    models: wanted
                        .into_iter()
                        .filter_map(|(model, hours)| Some((Arc::clone(models.get(model)?), hours)))
                        .collect(),
                    recorded,
                    recent: recent.clone(),
                    shown: shown.clone(),
                };
                Ok(CameraPlan {
                    camera: camera.clone(),
                    look,
                    first_frame: remembered.next_frame(&camera.name),
                    goes_on: builder.goes_on(camera),
                    chain,
                })
            })
            .collect::<Result<_, BuildError>>()?;
        introduce(&cameras, &flow, &mut adapters);
        Ok(Self {
            version: Version {
                models,
                recordings,
                network,
                recent,
                shown,
                flow,
            },
            cameras,
            adapters,
            sites,
            workshop: workshop.clone(),
        })
    }
}

/// Frames of all cameras are kept for people, if some look.
fn shown_pictures(
    flow: &Flow,
    workshop: &Workshop,
    standing: Option<&Standing>,
) -> Option<Arc<RecentPictures>> {
    if !workshop.shows_pictures {
        return None;
    }
    let names = flow.cameras.iter().map(|camera| camera.name.as_str());
    let before = standing.and_then(|standing| standing.version.shown.clone());
    match before {
        // What is on the shelf stays there.
        Some(before) if before.cameras().eq(names.clone()) => Some(before),
        _ => Some(Arc::new(RecentPictures::for_people(
            names.map(str::to_owned),
        ))),
    }
}

/// Tells each adapter whose alerts come to it.
fn introduce(cameras: &[CameraPlan], flow: &Flow, adapters: &mut [AdapterPlan]) {
    for adapter in adapters {
        let node = flow.nodes.iter().find(|node| node.name == adapter.name);
        let reached = node.into_iter().flat_map(|node| &node.cameras);
        let plans = reached.filter_map(|index| cameras.get(index.0));
        adapter.cameras = plans.map(|plan| plan.chain.stream.clone()).collect();
    }
}

/// Whether a camera goes on where it was when the flow is started again. A file begins anew.
pub(super) fn goes_on_after_restart(camera: &Camera) -> bool {
    camera.kind == CameraKind::Rtsp
}

/// How the frames of a camera may wait.
pub(super) fn terms(camera: &Camera) -> Terms {
    Terms {
        live: camera.kind == CameraKind::Rtsp,
        max_age: camera.max_age,
    }
}

/// Where a camera's frames come from.
pub(super) fn source_config(camera: &Camera, nudge: Nudge) -> SourceConfig {
    SourceConfig {
        camera: camera.name.clone(),
        url: camera.url.clone(),
        shown_url: camera.shown_url.clone(),
        fps: camera.fps,
        transport: match camera.transport {
            agave_flow::Transport::Tcp => Transport::Tcp,
            agave_flow::Transport::Udp => Transport::Udp,
        },
        pace: match camera.pace {
            agave_flow::Pace::Fast => Pace::Fast,
            agave_flow::Pace::Realtime => Pace::Realtime,
        },
        repeat: camera.repeat,
        decoder_threads: 1,
        nudge,
    }
}

/// Whether frames go on coming from where they come from.
pub(super) fn same_source(one: &Camera, other: &Camera) -> bool {
    one.url == other.url
        && one.kind == other.kind
        && one.fps == other.fps
        && one.transport == other.transport
        && one.pace == other.pace
        && one.repeat == other.repeat
        && one.recorded == other.recorded
}
