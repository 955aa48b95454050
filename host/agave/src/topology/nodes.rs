//! From the nodes of the flow to started plugins, once for each camera that reaches them.
//! Adapters, which are there once, are `adapters`'.

use std::collections::BTreeMap;
use std::sync::Arc;

use agave_core::{Role, Schedule, StreamInfo};
use agave_flow::{
    Camera, CameraIndex, CameraKind, Flow, Node, Partition, PluginNode, Work as FlowWork,
};
use agave_plugin::{Grants, Limits, NodeSetup, OnFailure, Outside, Snapshot, Supervised};

use super::build::{BuildError, Standing, same_source};
use super::exchange::{ChainPlan, Part, StepPlan};
use super::outbox::Outbox;
use super::remembered::Remembered;
use super::site::Site;
use super::step::Work;
use crate::catalog::Catalog;

/// What an instance of a plugin has to do with.
pub(super) enum Looks {
    AtOne(StreamInfo),
    AtSeveral(Vec<StreamInfo>),
    /// At nothing: it delivers.
    Outside(Grants, Outside),
}

/// Starts the plugin of a node. It goes on from `remembered`, or begins anew, and says so, when
/// it cannot read that.
pub(super) fn start(
    node: &Node,
    plugin: &PluginNode,
    looks: Looks,
    remembered: Option<Arc<Snapshot>>,
    catalog: &Catalog,
) -> Result<Supervised, BuildError> {
    let loaded = catalog
        .fetch(&plugin.file, plugin.fingerprint)
        .map_err(|reason| BuildError::Load {
            node: node.name.clone(),
            reason,
        })?;
    let mut setup = NodeSetup {
        node: node.name.clone(),
        stream: StreamInfo::default(),
        cameras: Vec::new(),
        config: plugin.config.clone(),
        limits: limits(&plugin.limits),
        grants: Grants::default(),
        outside: Outside::default(),
    };
    match looks {
        Looks::AtOne(stream) => setup.stream = stream,
        Looks::AtSeveral(cameras) => setup.cameras = cameras,
        Looks::Outside(grants, outside) => (setup.grants, setup.outside) = (grants, outside),
    }
    let camera = setup.stream.camera.clone();
    let on_failure = match plugin.on_failure {
        agave_flow::OnFailure::Restart => OnFailure::Restart,
        agave_flow::OnFailure::Open => OnFailure::Open,
        agave_flow::OnFailure::Closed => OnFailure::Closed,
    };
    if remembered.is_some() {
        let (loaded, setup) = (loaded.clone(), setup.clone());
        match Supervised::start_from(loaded, setup, on_failure, remembered) {
            Ok(started) => return Ok(started),
            Err(failure) => tracing::warn!(
                node = node.name,
                camera,
                "what it knew before the restart is forgotten: the plugin {failure}"
            ),
        }
    }
    Supervised::start(loaded, setup, on_failure).map_err(|failure| BuildError::Plugin {
        node: node.name.clone(),
        camera,
        plugin: plugin.plugin_name.clone(),
        failure,
    })
}

fn limits(limits: &agave_flow::Limits) -> Limits {
    let bytes = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    Limits {
        deadline: limits.deadline,
        memory_bytes: bytes(limits.memory_bytes),
        recycle_bytes: bytes(limits.recycle_bytes),
        output_bytes: bytes(limits.output_bytes),
        http_body_bytes: bytes(limits.http_body_bytes),
        log_lines_per_second: limits.log_lines_per_second,
    }
}

/// A model that looks at a camera, by its index, and at which hours; none means always.
pub(super) type Wanted = (usize, Option<Schedule>);

/// What a chain is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It runs; what runs already is used.
    Running,
    /// It is tried out on instances of its own.
    Trial,
}

/// Plans each camera's chain.
pub(super) struct ChainBuilder<'b> {
    pub(super) flow: &'b Flow,
    /// What each model of the flow can see.
    pub(super) classes: &'b [Arc<[String]>],
    /// By the adapter's name. An adapter without one gets nothing.
    pub(super) outboxes: &'b BTreeMap<String, Arc<Outbox>>,
    /// The nodes that look at several cameras. One that is not among them is left out.
    pub(super) sites: &'b BTreeMap<String, Arc<Site>>,
    /// What nodes knew when the flow last stopped.
    pub(super) remembered: &'b Remembered,
    pub(super) standing: Option<&'b Standing>,
    pub(super) catalog: &'b Catalog,
    pub(super) purpose: Purpose,
}

/// What the models that look at a camera can see, in the order of its infer nodes: each name
/// once. Its place is the number of the class for the camera's nodes.
pub(super) fn class_names(
    flow: &Flow,
    classes: &[Arc<[String]>],
    camera: CameraIndex,
) -> Vec<String> {
    let nodes = flow.nodes.iter();
    let looking = nodes.filter(|node| node.cameras.contains(&camera));
    let models = looking.filter_map(model_of);
    let mut names: Vec<String> = Vec::new();
    for name in models
        .filter_map(|model| classes.get(model))
        .flat_map(|classes| classes.iter())
    {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

impl ChainBuilder<'_> {
    /// The nodes that `camera` reaches, started for it where they do not run already, and the
    /// models that look at it.
    pub(super) fn chain(
        &self,
        index: CameraIndex,
        camera: &Camera,
    ) -> Result<(ChainPlan, Vec<Wanted>), BuildError> {
        let nodes: Vec<(usize, &Node)> = self
            .flow
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.cameras.contains(&index))
            .filter(|(_, node)| !is_adapter(node) || self.outboxes.contains_key(&node.name))
            .filter(|(_, node)| !is_site(node) || self.sites.contains_key(&node.name))
            .collect();
        let wanted: Vec<Wanted> = nodes
            .iter()
            .filter_map(|(_, node)| Some((model_of(node)?, node.active.clone())))
            .collect();
        let stream = self.stream(index, camera)?;
        let mut steps: Vec<StepPlan> = Vec::new();
        let mut step_of_node: BTreeMap<usize, usize> = BTreeMap::new();
        let mut infer_nodes = 0..;
        for (node_index, node) in nodes {
            let part = match &node.work {
                FlowWork::Infer { model } => Part::New(Work::Infer {
                    index: infer_nodes.next().unwrap_or_default(),
                    classes: self.class_numbers(model.0, &stream),
                }),
                FlowWork::Plugin(plugin) => self.plugin_part(node, plugin, &stream)?,
                // Those without an outbox were left out.
                FlowWork::Store(_) | FlowWork::Serve(_) => match self.outboxes.get(&node.name) {
                    Some(outbox) => Part::New(Work::Adapter(Arc::clone(outbox))),
                    None => continue,
                },
            };
            let holds = match &part {
                // One that begins anew holds nothing.
                Part::New(Work::Gate(gate)) if gate.snapshot().is_some() => {
                    self.remembered.holds(&camera.name, &node.name)
                }
                Part::New(Work::SiteGate(site)) if site.remembers() => {
                    self.remembered.holds(&camera.name, &node.name)
                }
                _ => 0,
            };
            step_of_node.insert(node_index, steps.len());
            let step_of = |input: &agave_flow::NodeIndex| step_of_node.get(&input.0).copied();
            steps.push(StepPlan {
                name: node.name.clone(),
                inputs: node.inputs.iter().filter_map(step_of).collect(),
                is_exit: self.is_exit(node_index, node),
                active: node.active.clone(),
                part,
                holds,
            });
        }
        Ok((ChainPlan { stream, steps }, wanted))
    }

    /// Whether the running chain of this camera goes on. A file that is another one starts over,
    /// and its time with it.
    pub(super) fn goes_on(&self, camera: &Camera) -> bool {
        self.standing_camera(camera).is_some()
    }

    fn standing_camera(&self, camera: &Camera) -> Option<&StreamInfo> {
        let standing = self.standing?;
        let before = standing.version.flow.cameras.iter();
        let before = before.into_iter().find(|one| one.name == camera.name)?;
        let live = |camera: &Camera| camera.kind == CameraKind::Rtsp;
        (same_source(before, camera) || (live(before) && live(camera)))
            .then(|| standing.streams.get(&camera.name))?
    }

    /// The camera with the classes of all its models.
    pub(super) fn stream(
        &self,
        index: CameraIndex,
        camera: &Camera,
    ) -> Result<StreamInfo, BuildError> {
        let classes = class_names(self.flow, self.classes, index);
        if u16::try_from(classes.len()).is_err() {
            return Err(BuildError::Classes {
                camera: camera.name.clone(),
                count: classes.len(),
            });
        }
        let (width, height) = self
            .standing_camera(camera)
            .map_or((0, 0), |stream| (stream.width, stream.height));
        Ok(StreamInfo {
            camera: camera.name.clone(),
            width,
            height,
            classes,
            zones: camera.zones.clone(),
        })
    }

    /// For each class of the model its number in the stream.
    fn class_numbers(&self, model: usize, stream: &StreamInfo) -> Vec<u16> {
        let number_of = |class: &String| {
            let position = stream.classes.iter().position(|known| known == class);
            position.and_then(|position| u16::try_from(position).ok())
        };
        self.classes
            .get(model)
            .map(|classes| classes.iter().filter_map(number_of).collect())
            .unwrap_or_default()
    }

    fn plugin_part(
        &self,
        node: &Node,
        plugin: &PluginNode,
        stream: &StreamInfo,
    ) -> Result<Part, BuildError> {
        if let Some(outbox) = self.outboxes.get(&node.name) {
            return Ok(Part::New(Work::Adapter(Arc::clone(outbox))));
        }
        if let Some(site) = self.sites.get(&node.name) {
            let site = Arc::clone(site);
            return Ok(Part::New(match plugin.role {
                Role::Gate => Work::SiteGate(site),
                Role::Filter | Role::Rule | Role::Adapter => Work::Site(site),
            }));
        }
        if self.purpose == Purpose::Running && self.stands(node, plugin, stream) {
            return Ok(Part::Kept);
        }
        let started = start(
            node,
            plugin,
            Looks::AtOne(stream.clone()),
            self.remembered.snapshot(&stream.camera, &node.name),
            self.catalog,
        )?;
        Ok(Part::New(match plugin.role {
            Role::Filter => Work::Filter(started),
            Role::Rule => Work::Rule(started),
            Role::Gate | Role::Adapter => Work::Gate(started),
        }))
    }

    /// Whether this plugin runs already as it is to run.
    fn stands(&self, node: &Node, plugin: &PluginNode, stream: &StreamInfo) -> bool {
        let Some(standing) = self.standing else {
            return false;
        };
        if standing.afresh {
            return false;
        }
        let same_stream = standing
            .streams
            .get(&stream.camera)
            .is_some_and(|running| running == stream);
        let flow = &standing.version.flow;
        let camera = flow
            .cameras
            .iter()
            .position(|one| one.name == stream.camera);
        let before = flow.nodes.iter().find(|one| one.name == node.name);
        let reaches = camera.is_some_and(|camera| {
            before.is_some_and(|before| before.cameras.contains(&CameraIndex(camera)))
        });
        same_stream && reaches && self.runs(node, plugin)
    }

    /// Whether the node runs this plugin already.
    pub(super) fn runs(&self, node: &Node, plugin: &PluginNode) -> bool {
        let Some(standing) = self.standing else {
            return false;
        };
        let mut nodes = standing.version.flow.nodes.iter();
        let before = nodes.find(|one| one.name == node.name);
        before.is_some_and(|before| {
            before.partition == node.partition
                && matches!(&before.work, FlowWork::Plugin(same) if same == plugin)
        })
    }

    /// Whether alerts leave the flow behind this node: no gate reads them.
    fn is_exit(&self, index: usize, node: &Node) -> bool {
        let gives_alerts = matches!(
            &node.work,
            FlowWork::Plugin(plugin)
                if matches!(plugin.role, Role::Rule | Role::Gate)
        );
        let read_by_gate = self.flow.nodes.iter().any(|reader| {
            matches!(&reader.work, FlowWork::Plugin(p) if p.role == Role::Gate)
                && reader.inputs.iter().any(|input| input.0 == index)
        });
        gives_alerts && !read_by_gate
    }
}

fn is_site(node: &Node) -> bool {
    node.partition == Partition::None
}

fn is_adapter(node: &Node) -> bool {
    node.work.takes_alerts_out()
}

fn model_of(node: &Node) -> Option<usize> {
    match &node.work {
        FlowWork::Infer { model } => Some(model.0),
        FlowWork::Plugin(_) | FlowWork::Store(_) | FlowWork::Serve(_) => None,
    }
}
