//! What the nodes of live cameras knew when the flow last stopped, however it did.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use agave_core::Timestamp;
use agave_flow::{Camera, CameraIndex, Flow, Node, Work};
use agave_plugin::Snapshot;
use agave_store::{KeptState, StoreError};

use super::build::goes_on_after_restart;
use super::journal::{Journal, class_list};
use super::nodes::class_names;

/// A camera's clock may be ahead of ours by so much.
const AHEAD: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct Remembered {
    /// By camera and node.
    nodes: BTreeMap<(String, String), Known>,
    /// By camera, the number of the first frame that its nodes have not seen.
    next_frames: BTreeMap<String, u64>,
    /// Nodes whose state has numbers of classes in it that mean something else by now.
    misnumbered: BTreeSet<String>,
}

struct Known {
    at: Timestamp,
    snapshot: Arc<Snapshot>,
    holds: u64,
}

impl Remembered {
    /// What `journal` has of the nodes of `flow` behind live cameras.
    /// `classes` is what each model of the flow can see.
    pub(super) fn of(
        flow: &Flow,
        classes: &[Arc<[String]>],
        journal: &Journal,
    ) -> Result<Self, StoreError> {
        Self::read(flow, classes, journal, |camera, at| {
            let is_ahead = at > Timestamp::now() + AHEAD;
            if goes_on_after_restart(camera) && is_ahead {
                tracing::warn!(
                    camera = camera.name,
                    "the clock was set back over the restart; what its nodes knew is forgotten"
                );
            }
            goes_on_after_restart(camera) && !is_ahead
        })
    }

    /// What `journal` has of the nodes of `flow` when it is run on the recording that it was run
    /// on before: that goes on for every camera.
    pub(super) fn of_replay(
        flow: &Flow,
        classes: &[Arc<[String]>],
        journal: &Journal,
    ) -> Result<Self, StoreError> {
        Self::read(flow, classes, journal, |_, _| true)
    }

    /// What `journal` has of the cameras that go on. What does not fit is said and left out.
    fn read(
        flow: &Flow,
        classes: &[Arc<[String]>],
        journal: &Journal,
        goes_on: impl Fn(&Camera, Timestamp) -> bool,
    ) -> Result<Self, StoreError> {
        let mut remembered = Self::default();
        for checkpoint in journal.checkpoints()? {
            let mut cameras = flow.cameras.iter().enumerate();
            let found = cameras.find(|(_, camera)| camera.name == checkpoint.camera);
            let Some((index, camera)) = found else {
                // One that comes back after weeks is another one.
                journal.forget(&checkpoint.camera)?;
                continue;
            };
            if !goes_on(camera, Timestamp(checkpoint.at)) {
                continue;
            }
            // An alert may be about a frame from before the restart, and none about a later one.
            let next_frame = checkpoint.frame.saturating_add(1);
            remembered
                .next_frames
                .insert(camera.name.clone(), next_frame);
            let names = class_list(&class_names(flow, classes, CameraIndex(index)));
            if !checkpoint.classes.is_empty() && checkpoint.classes != names {
                let nodes = checkpoint.nodes.into_iter();
                remembered.misnumbered.extend(nodes.map(|state| state.node));
                tracing::warn!(
                    camera = camera.name,
                    "its models see other classes than before the restart; what its nodes knew is forgotten"
                );
                continue;
            }
            for state in checkpoint.nodes {
                let Some(node) = flow.nodes.iter().find(|node| node.name == state.node) else {
                    continue;
                };
                if is_of_this_plugin(node, &state) {
                    let key = (camera.name.clone(), state.node);
                    let snapshot = Arc::new(Snapshot {
                        version: state.version,
                        data: state.data,
                    });
                    let known = Known {
                        at: Timestamp(checkpoint.at),
                        snapshot,
                        holds: state.holds,
                    };
                    remembered.nodes.insert(key, known);
                } else {
                    tracing::warn!(
                        node = node.name,
                        camera = camera.name,
                        "what it knew before the restart is forgotten: it was the plugin '{}'",
                        state.plugin
                    );
                }
            }
        }
        Ok(remembered)
    }

    fn get(&self, camera: &str, node: &str) -> Option<&Known> {
        self.nodes.get(&(camera.to_owned(), node.to_owned()))
    }

    pub(super) fn snapshot(&self, camera: &str, node: &str) -> Option<Arc<Snapshot>> {
        Some(Arc::clone(&self.get(camera, node)?.snapshot))
    }

    /// What a node that looks at several cameras knew last: each of them kept it.
    pub(super) fn latest(&self, node: &str) -> Option<Arc<Snapshot>> {
        if self.misnumbered.contains(node) {
            return None;
        }
        let nodes = self.nodes.iter().filter(|((_, name), _)| name == node);
        let latest = nodes.map(|(_, known)| known).max_by_key(|known| known.at)?;
        Some(Arc::clone(&latest.snapshot))
    }

    /// The number of the camera's first frame.
    pub(super) fn next_frame(&self, camera: &str) -> u64 {
        self.next_frames.get(camera).copied().unwrap_or(0)
    }

    /// How much the node held back.
    pub(super) fn holds(&self, camera: &str, node: &str) -> u64 {
        self.get(camera, node).map_or(0, |known| known.holds)
    }
}

fn is_of_this_plugin(node: &Node, state: &KeptState) -> bool {
    matches!(&node.work, Work::Plugin(plugin) if plugin.plugin_name == state.plugin)
}
