//! From the adapters of the flow to started plugins, each with what it was granted and the way
//! there. One network for all of them: limits for a server are limits for a server.

use std::collections::BTreeSet;
use std::sync::Arc;

use agave_core::StreamInfo;
use agave_flow::{Broker, Database, Flow, Node, Order, PluginNode, Work};
use agave_media::RecentPictures;
use agave_plugin::{BrokerSettings, Grants, Network, NetworkSettings, Origin, Outside, Pictures};
use agave_store::Store;
use agave_store::trail::Trail;

use super::build::{BuildError, Standing, Version, Workshop};
use super::device::{self, DeviceReceiver};
use super::models::LoadedModel;
use super::nodes::{Looks, start};
use super::outbox::{Outbox, Receiver};
use super::outside::{NodeMap, Recent};
use super::trail::{self, TrailReceiver};

/// An adapter with its outbox.
pub(super) struct AdapterPlan {
    pub(super) name: String,
    pub(super) order: Order,
    /// Several nodes give it alerts, or may after the next change.
    pub(super) has_givers: bool,
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

/// Starts the adapters of `flow` that do not run already. `models` are those of the flow.
pub(super) fn build_adapters(
    flow: &Flow,
    models: &[Arc<LoadedModel>],
    workshop: &Workshop,
    standing: Option<&Standing>,
) -> Result<Adapters, BuildError> {
    let adapters = flow.nodes.iter();
    let adapters: Vec<&Node> = adapters
        .filter(|node| node.work.takes_alerts_out())
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
    let same_recent = before.is_some_and(|version| {
        let kept = |recent: &Option<Arc<RecentPictures>>| recent.as_ref().map(Arc::as_ptr);
        kept(&version.recent) == kept(&recent)
    });
    let bench = Bench {
        flow,
        models,
        workshop,
        standing,
        network: &network,
        recent: recent.as_ref(),
        same_outside: same_recent && same_brokers.is_some(),
        same_recent,
    };
    let plans = adapters.into_iter().map(|node| bench.plan(node));
    Ok(Adapters {
        plans: plans.collect::<Result<_, BuildError>>()?,
        recent,
        network: Some(network),
    })
}

/// Where adapters are put together.
struct Bench<'b> {
    flow: &'b Flow,
    models: &'b [Arc<LoadedModel>],
    workshop: &'b Workshop,
    standing: Option<&'b Standing>,
    network: &'b Network,
    recent: Option<&'b Arc<RecentPictures>>,
    /// The network and the pictures are those of the running adapters.
    same_outside: bool,
    same_recent: bool,
}

impl Bench<'_> {
    fn plan(&self, node: &Node) -> Result<AdapterPlan, BuildError> {
        let outbox = self
            .standing
            .and_then(|standing| standing.outboxes.get(&node.name));
        let runs = outbox.is_some_and(|outbox| !outbox.is_behind()) && self.runs(node);
        let journal = &self.workshop.journal;
        let (grants, adapter) = match &node.work {
            Work::Plugin(plugin) => self.plugin(node, plugin, runs)?,
            Work::Store(database) => (Grants::default(), self.trail(node, database, runs)?),
            Work::Serve(device) => (Grants::default(), self.device(node, device, runs)?),
            Work::Infer { .. } => (Grants::default(), None),
        };
        Ok(AdapterPlan {
            name: node.name.clone(),
            order: node.order,
            has_givers: node.inputs.len() > 1 || node.reads_all_alerts,
            cameras: Vec::new(),
            outbox: match outbox {
                Some(outbox) => Arc::clone(outbox),
                None => {
                    let opened = Outbox::open(&node.name, node.order, Arc::clone(journal));
                    Arc::new(opened?)
                }
            },
            grants,
            adapter,
        })
    }

    /// Whether the running flow has this node and it does the same there.
    fn runs(&self, node: &Node) -> bool {
        let before = self.standing.map(|standing| &standing.version.flow);
        let same = before.and_then(|flow| flow.nodes.iter().find(|one| one.name == node.name));
        same.is_some_and(|same| same.work == node.work)
    }

    fn plugin(
        &self,
        node: &Node,
        plugin: &PluginNode,
        runs: bool,
    ) -> Result<(Grants, Option<Receiver>), BuildError> {
        let grants = grants(node, plugin, self.workshop)?;
        let same_grants = self
            .standing
            .is_some_and(|standing| standing.grants.get(&node.name) == Some(&grants));
        if runs && same_grants && self.same_outside {
            return Ok((grants, None));
        }
        let store = &self.workshop.store;
        let outside = outside(node, &grants, self.network, self.recent, store);
        let looks = Looks::Outside(grants.clone(), outside);
        let catalog = &self.workshop.machine.catalog;
        let plugin = start(node, plugin, looks, None, catalog)?;
        Ok((grants, Some(Receiver::from(plugin))))
    }

    fn trail(
        &self,
        node: &Node,
        database: &Option<Database>,
        runs: bool,
    ) -> Result<Option<Receiver>, BuildError> {
        let before = self.standing.map(|standing| &standing.version);
        let same_surroundings = before.is_some_and(|version| {
            version.flow.cameras == self.flow.cameras && version.flow.models == self.flow.models
        });
        if runs && same_surroundings {
            return Ok(None);
        }
        // Beside the state of a flow, which may run.
        if self.workshop.only_checked && database.is_none() {
            return Ok(None);
        }
        let settings = trail::settings(database.as_ref(), &self.workshop.store);
        let opened = settings.and_then(|settings| {
            let opened = Trail::open(&settings, self.workshop.runtime.clone());
            opened.map_err(|error| error.to_string())
        });
        let trail = opened.map_err(|reason| BuildError::Sink {
            node: node.name.clone(),
            reason,
        })?;
        let surroundings = trail::surroundings(self.flow, self.models);
        let journal = Arc::clone(&self.workshop.journal);
        let receiver = TrailReceiver::new(&node.name, trail, surroundings, journal);
        Ok(Some(Receiver::Host(Box::new(receiver))))
    }

    fn device(
        &self,
        node: &Node,
        device: &agave_flow::Device,
        runs: bool,
    ) -> Result<Option<Receiver>, BuildError> {
        if runs && self.same_recent {
            return Ok(None);
        }
        let refused = |reason: String| BuildError::Sink {
            node: node.name.clone(),
            reason,
        };
        let map = NodeMap::new(&self.workshop.store, &node.name);
        let settings = device::settings(&self.flow.name, device, map).map_err(refused)?;
        let runtime = self.workshop.runtime.clone();
        let mut receiver =
            DeviceReceiver::new(settings, self.recent.cloned(), device.boxes, runtime);
        // In a running flow the one before may have the address until it has gone.
        if self.standing.is_none() && !self.workshop.only_checked {
            receiver = receiver.listening().map_err(refused)?;
        }
        Ok(Some(Receiver::Host(Box::new(receiver))))
    }
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
    adapters: &[&Node],
    before: Option<&Version>,
) -> Option<Arc<RecentPictures>> {
    let imports_frames = |plugin: &PluginNode| {
        let catalog = &workshop.machine.catalog;
        let loaded = catalog.fetch(&plugin.file, plugin.fingerprint);
        loaded.is_ok_and(|loaded| {
            let mut imports = loaded.imports().iter();
            imports.any(|import| import.starts_with("agave:plugin/frames@"))
        })
    };
    let asks = |node: &&&Node| match &node.work {
        Work::Plugin(plugin) => plugin.grants.frames && imports_frames(plugin),
        Work::Serve(_) => true,
        Work::Store(_) | Work::Infer { .. } => false,
    };
    let cameras: BTreeSet<&str> = adapters
        .iter()
        .filter(asks)
        .flat_map(|node| &node.cameras)
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
/// first alert. A server that a template names is nothing that could be granted; the adapter has
/// words of its own for that.
fn ungranted_url(config: &str, grants: &Grants) -> Option<Origin> {
    let config: serde_json::Value = serde_json::from_str(config).ok()?;
    let origin = Origin::of_url(config.get("url")?.as_str()?)?;
    let is_one = !origin.to_string().contains('{');
    (is_one && !grants.http.contains(&origin)).then_some(origin)
}
