//! What the control API sees of this process: the flows that run, in the shapes of the
//! inspector. Nothing here decides anything; what is changed is changed by the keeper.

mod additions;
mod alerts;
mod camera;
mod evidence;
mod flow;
mod graph;
mod incidents;
mod infer;
mod node;
mod outcomes;
mod pictures;
mod sink;
mod summary;
mod video;

use std::collections::BTreeMap;
use std::sync::Arc;

use agave_flow::Work;
use agave_inspector::view::{RecordingView, UsedPlugin};
use agave_inspector::{RunningFlow, System};

pub(crate) use evidence::Evidence;
pub(crate) use flow::InspectedFlow;
pub(crate) use sink::Announcer;

/// All flows of this process.
pub(crate) struct Inspected {
    flows: Vec<Arc<InspectedFlow>>,
}

impl Inspected {
    pub(crate) fn new(flows: Vec<Arc<InspectedFlow>>) -> Self {
        Self { flows }
    }
}

impl System for Inspected {
    fn flows(&self) -> Vec<Arc<dyn RunningFlow>> {
        let flows = self.flows.iter().filter(|flow| !flow.keeper.is_ending());
        flows
            .map(|flow| Arc::clone(flow) as Arc<dyn RunningFlow>)
            .collect()
    }

    fn plugins(&self) -> Vec<UsedPlugin> {
        let mut used: BTreeMap<(String, String), UsedPlugin> = BTreeMap::new();
        for flow in &self.flows {
            let running = flow.keeper.live().flow();
            for node in &running.nodes {
                let Work::Plugin(plugin) = &node.work else {
                    continue;
                };
                let sha256 = plugin.fingerprint.to_string();
                let entry = used.entry((plugin.plugin_name.clone(), sha256.clone()));
                let catalog = &flow.machine.catalog;
                let loaded = catalog.fetch(&plugin.file, plugin.fingerprint).ok();
                let description = loaded.as_ref().map(agave_plugin::Plugin::description);
                let entry = entry.or_insert_with(|| UsedPlugin {
                    description: description.map(|it| it.summary.clone()),
                    config_schema: description.map(|it| it.config_schema.clone()),
                    name: plugin.plugin_name.clone(),
                    version: plugin.plugin_version.clone(),
                    role: plugin.role.to_string(),
                    file: plugin.file.display().to_string(),
                    sha256,
                    used_by: Vec::new(),
                });
                let place = format!("{}/{}", running.name, node.name);
                entry.used_by.push(place);
            }
        }
        used.into_values().collect()
    }

    fn recordings(&self) -> Vec<RecordingView> {
        let mut found = BTreeMap::new();
        for flow in &self.flows {
            let running = flow.keeper.live().flow();
            let folder = running.file.parent().map(std::path::Path::to_owned);
            let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
            for entry in entries.into_iter().flatten().flatten() {
                let path = entry.path();
                let is_recording = path.extension().is_some_and(|it| it == "agrec");
                let (true, Ok(metadata)) = (is_recording, entry.metadata()) else {
                    continue;
                };
                let modified = metadata.modified().ok();
                let modified =
                    modified.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
                let nanoseconds = modified.map_or(0, |since| since.as_nanos());
                let at = agave_core::Timestamp(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
                found.insert(
                    path,
                    RecordingView {
                        name: entry.file_name().to_string_lossy().into_owned(),
                        bytes: metadata.len(),
                        modified: at.to_string(),
                    },
                );
            }
        }
        found.into_values().collect()
    }

    fn flow_schema(&self) -> serde_json::Value {
        agave_flow::schema()
    }
}
