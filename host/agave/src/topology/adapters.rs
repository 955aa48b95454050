//! From the adapters of the flow to started plugins, each with what it was granted and the way
//! there. One network for all of them: limits for a server are limits for a server.

use std::collections::BTreeSet;
use std::sync::Arc;

use agave_core::{Role, StreamInfo};
use agave_flow::{Broker, Flow, Node, Order, PluginNode, Work};
use agave_media::RecentPictures;
use agave_plugin::{BrokerSettings, Grants, Network, NetworkSettings, Origin, Outside, Pictures};
use agave_store::Store;

use super::build::{BuildError, Standing, Version, Workshop};
use super::nodes::{Looks, start};
use super::outbox::{Outbox, Receiver};
use super::outside::{NodeMap, Recent};

/// An adapter with its outbox.
pub(super) struct AdapterPlan {
    pub(super) name: String,
    pub(super) order: Order,
    /// The cameras whose alerts come to it, once they are planned.
    pub(super) cameras: Vec<StreamInfo>,
    pub(super) outbox: Arc<Outbox>,
    /// What the adapter may reach, secrets included: another value is another adapter.
    pub(super) grants: Grants,
    /// None when the one that runs goes on as it is.
    pub(super) adapter: Option<Receiver>,
}

/// All of a flow's adapters.
#[derive(Default)]
pub(super) struct Adapters {
    pub(super) plans: Vec<AdapterPlan>,
    /// Where frames are kept, if one of them asks for pictures.
    pub(super) recent: Option<Arc<RecentPictures>>,
    pub(super) network: Option<Network>,
}

/// Starts the adapters of `flow` that do not run already.
pub(super) fn build_adapters(
    flow: &Flow,
    workshop: &Workshop,
    standing: Option<&Standing>,
) -> Result<Adapters, BuildError> {
    let adapters: Vec<(&Node, &PluginNode)> = flow
        .nodes
        .iter()
        .filter_map(|node| Some((node, adapter(node)?)))
        .collect();
    if adapters.is_empty() {
        return Ok(Adapters::default());
    }
    let before = standing.map(|standing| standing.version.as_ref());
    let same_brokers = before.filter(|version| version.flow.brokers == flow.brokers);
    let network = match same_brokers.and_then(|version| version.network.clone()) {
        Some(network) => network,
        None => network(flow, workshop)?,
    };
    let recent = recent_pictures(flow, workshop, &adapters, before);
    let same_outside = same_brokers.is_some_and(|version| {
        let kept = |recent: &Option<Arc<RecentPictures>>| recent.as_ref().map(Arc::as_ptr);
        kept(&version.recent) == kept(&recent)
    });
    let plans = adapters
        .into_iter()
        .map(|(node, plugin)| {
            let grants = grants(node, plugin, workshop)?;
            let outbox = standing.and_then(|standing| standing.outboxes.get(&node.name));
            let stands = same_outside
                && standing
                    .is_some_and(|standing| standing.grants.get(&node.name) == Some(&grants))
                && before.is_some_and(|version| runs_in(&version.flow, node, plugin));
            let outbox = match outbox {
                Some(outbox) => Arc::clone(outbox),
                None => Arc::new(Outbox::open(
                    &node.name,
                    node.order,
                    Arc::clone(&workshop.journal),
                )?),
            };
            let adapter = if stands {
                None
            } else {
                let outside = outside(node, &grants, &network, recent.as_ref(), &workshop.store);
                let looks = Looks::Outside(grants.clone(), outside);
                let plugin = start(node, plugin, looks, None, &workshop.machine.catalog)?;
                Some(Receiver::from(plugin))
            };
            Ok(AdapterPlan {
                name: node.name.clone(),
                order: node.order,
                cameras: Vec::new(),
                outbox,
                grants,
                adapter,
            })
        })
        .collect::<Result<_, BuildError>>()?;
    Ok(Adapters {
        plans,
        recent,
        network: Some(network),
    })
}

fn adapter(node: &Node) -> Option<&PluginNode> {
    match &node.work {
        Work::Plugin(plugin) if plugin.role == Role::Adapter => Some(plugin),
        Work::Plugin(_) | Work::Infer { .. } => None,
    }
}

fn runs_in(flow: &Flow, node: &Node, plugin: &PluginNode) -> bool {
    let same = flow.nodes.iter().find(|one| one.name == node.name);
    same.and_then(adapter).is_some_and(|same| same == plugin)
}

fn outside(
    node: &Node,
    grants: &Grants,
    network: &Network,
    recent: Option<&Arc<RecentPictures>>,
    store: &Result<Store, String>,
) -> Outside {
    let pictures = recent.map(|all| Arc::new(Recent(Arc::clone(all))) as Arc<dyn Pictures>);
    Outside {
        network: Some(network.clone()),
        pictures: pictures.filter(|_| grants.frames),
        map: Some(Arc::new(NodeMap::new(store, &node.name))),
    }
}

/// Frames are kept for the cameras of those adapters that can ask for them and may.
fn recent_pictures(
    flow: &Flow,
    workshop: &Workshop,
    adapters: &[(&Node, &PluginNode)],
    before: Option<&Version>,
) -> Option<Arc<RecentPictures>> {
    let asks = |plugin: &PluginNode| {
        let catalog = &workshop.machine.catalog;
        let loaded = catalog.fetch(&plugin.file, plugin.fingerprint);
        loaded.is_ok_and(|loaded| {
            let mut imports = loaded.imports().iter();
            imports.any(|import| import.starts_with("agave:plugin/frames@"))
        })
    };
    let cameras: BTreeSet<&str> = adapters
        .iter()
        .filter(|(_, plugin)| plugin.grants.frames && asks(plugin))
        .flat_map(|(node, _)| &node.cameras)
        .filter_map(|index| Some(flow.cameras.get(index.0)?.name.as_str()))
        .collect();
    let same = before.and_then(|version| version.recent.clone());
    match same {
        // What is on the shelf stays there.
        Some(same) if same.cameras().eq(cameras.iter().copied()) => Some(same),
        _ if cameras.is_empty() => None,
        _ => Some(Arc::new(RecentPictures::of(
            cameras.into_iter().map(str::to_owned),
        ))),
    }
}

fn network(flow: &Flow, workshop: &Workshop) -> Result<Network, BuildError> {
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

fn grants(node: &Node, plugin: &PluginNode, workshop: &Workshop) -> Result<Grants, BuildError> {
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
            let secret = workshop
                .secret(name)
                .ok_or_else(|| refused(format!("the secret '{name}' is gone")))?;
            Ok((name.clone(), secret))
        })
        .collect::<Result<_, BuildError>>()?;
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
