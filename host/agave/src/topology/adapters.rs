//! From the adapters of the flow to started plugins, each with what it was granted and the way
//! there. One network for all of them: limits for a server are limits for a server.

use std::collections::BTreeSet;
use std::sync::Arc;

use agave_core::{Role, StreamInfo};
use agave_flow::{Broker, Flow, Node, PluginNode, Work};
use agave_media::RecentPictures;
use agave_plugin::{
    BrokerSettings, Grants, Network, NetworkSettings, Origin, Outside, Pictures, Supervised,
};

use super::build::{BuildError, Workshop};
use super::nodes::start;
use super::outbox::Outbox;
use super::outside::{LazyStore, NodeMap, Recent};

/// An adapter with its outbox.
pub(super) struct AdapterPlan {
    pub(super) node: usize,
    pub(super) outbox: Arc<Outbox>,
    pub(super) adapter: Supervised,
}

/// All of a flow's adapters.
#[derive(Default)]
pub(super) struct Adapters {
    pub(super) plans: Vec<AdapterPlan>,
    /// Where frames are kept, if one of them asks for pictures.
    pub(super) recent: Option<Arc<RecentPictures>>,
}

/// Starts the adapters of `flow`.
pub(super) fn build_adapters(flow: &Flow, workshop: &Workshop<'_>) -> Result<Adapters, BuildError> {
    let adapters: Vec<(usize, &Node, &PluginNode)> = flow
        .nodes
        .iter()
        .enumerate()
        .filter_map(|(index, node)| match &node.work {
            Work::Plugin(plugin) if plugin.role == Role::Adapter => Some((index, node, plugin)),
            Work::Plugin(_) | Work::Infer { .. } => None,
        })
        .collect();
    if adapters.is_empty() {
        return Ok(Adapters::default());
    }
    let network = network(flow, workshop)?;
    let store = LazyStore::new(workshop.state.clone());
    let recent = recent_pictures(flow, workshop, &adapters);
    let plans = adapters
        .into_iter()
        .map(|(index, node, plugin)| {
            let grants = grants(node, plugin, workshop)?;
            let pictures = recent
                .clone()
                .map(|all| Arc::new(Recent(all)) as Arc<dyn Pictures>);
            let outside = Outside {
                network: Some(network.clone()),
                pictures: pictures.filter(|_| grants.frames),
                map: Some(Arc::new(NodeMap {
                    store: Arc::clone(&store),
                    node: node.name.clone(),
                })),
            };
            let stream = StreamInfo::default();
            let adapter = start(node, plugin, stream, grants, outside, workshop.catalog)?;
            Ok(AdapterPlan {
                node: index,
                outbox: Arc::new(Outbox::new(&node.name)),
                adapter,
            })
        })
        .collect::<Result<_, BuildError>>()?;
    Ok(Adapters { plans, recent })
}

/// Frames are kept for the cameras of those adapters that can ask for them and may.
fn recent_pictures(
    flow: &Flow,
    workshop: &Workshop<'_>,
    adapters: &[(usize, &Node, &PluginNode)],
) -> Option<Arc<RecentPictures>> {
    let asks = |plugin: &PluginNode| {
        let loaded = workshop.catalog.load(&plugin.file);
        loaded.is_ok_and(|loaded| {
            let mut imports = loaded.imports().iter();
            imports.any(|import| import.starts_with("agave:plugin/frames@"))
        })
    };
    let cameras: BTreeSet<String> = adapters
        .iter()
        .filter(|(_, _, plugin)| plugin.grants.frames && asks(plugin))
        .flat_map(|(_, node, _)| &node.cameras)
        .filter_map(|index| Some(flow.cameras.get(index.0)?.name.clone()))
        .collect();
    (!cameras.is_empty()).then(|| Arc::new(RecentPictures::of(cameras)))
}

fn network(flow: &Flow, workshop: &Workshop<'_>) -> Result<Network, BuildError> {
    let brokers = flow.brokers.iter().map(broker_settings);
    let brokers = brokers.collect::<Result<_, _>>()?;
    let settings = NetworkSettings {
        brokers,
        ..NetworkSettings::new(workshop.runtime.clone(), workshop.hang_up.clone())
    };
    Network::new(settings).map_err(BuildError::Network)
}

fn broker_settings(broker: &Broker) -> Result<BrokerSettings, BuildError> {
    let refused = |reason: String| BuildError::Broker {
        broker: broker.name.clone(),
        reason,
    };
    let login = broker.username.clone().map(|user| {
        let password = broker.password.clone().unwrap_or_default();
        (user, password)
    });
    let mut settings = BrokerSettings::at(&broker.name, &broker.url, login)
        .map_err(|error| refused(error.to_string()))?;
    if let Some(file) = &broker.ca {
        settings.certificates = std::fs::read(file)
            .map_err(|error| refused(format!("cannot read {}: {error}", file.display())))?;
    }
    Ok(settings)
}

fn grants(node: &Node, plugin: &PluginNode, workshop: &Workshop<'_>) -> Result<Grants, BuildError> {
    let refused = |reason: String| BuildError::Grant {
        node: node.name.clone(),
        reason,
    };
    let granted = &plugin.grants;
    let http = granted
        .http
        .iter()
        .map(|origin| Origin::parse(&origin.to_string()).map_err(|e| refused(e.to_string())))
        .collect::<Result<_, _>>()?;
    let secrets = granted
        .secrets
        .iter()
        .map(|name| {
            let secret = (workshop.secret)(name)
                .ok_or_else(|| refused(format!("the secret '{name}' is gone")))?;
            Ok((name.clone(), secret))
        })
        .collect::<Result<_, _>>()?;
    let grants = Grants {
        http,
        secrets,
        mqtt: granted.mqtt.clone(),
        tcp: granted.tcp.clone(),
        frames: granted.frames,
    };
    if let Some(wanted) = ungranted_url(&plugin.config, &grants) {
        return Err(refused(format!(
            "its `url` is at {wanted}, which `allow.http` does not grant; write \
             `allow: {{ http: [\"{wanted}\"] }}`"
        )));
    }
    Ok(grants)
}

/// The origin of the configuration's `url`, if it is one that is not granted. Adapters are free
/// to name their settings otherwise; where they use the usual name, a mistake shows before the
/// first alert.
fn ungranted_url(config: &str, grants: &Grants) -> Option<Origin> {
    let config: serde_json::Value = serde_json::from_str(config).ok()?;
    let origin = Origin::of_url(config.get("url")?.as_str()?)?;
    (!grants.http.contains(&origin)).then_some(origin)
}
