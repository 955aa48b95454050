//! Two things of one name, aspect by aspect. Whatever makes two of them unequal has an aspect.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use agave_core::Zone;
use serde_json::Value;

use super::aspect::{BrokerAspect, CameraAspect, Difference, ModelAspect, NodeAspect};
use super::named::{NamedNode, NamedWork};
use crate::{Broker, Camera, Database, Device, Grants, Limits, Model, PluginNode, hidden, mask};

/// Collects differences. Every value goes through the mask that diagnostics go through.
struct Differences<A>(Vec<Difference<A>>);

impl<A> Differences<A> {
    fn new() -> Self {
        Self(Vec::new())
    }

    /// Compares two values and shows them.
    fn shown<T: PartialEq + Display>(&mut self, aspect: A, was: &T, now: &T) {
        self.add(was != now, aspect, was, now);
    }

    fn add(&mut self, differ: bool, aspect: A, was: impl Display, now: impl Display) {
        if differ {
            self.0.push(Difference {
                aspect,
                was: mask::text(&was.to_string()),
                now: mask::text(&now.to_string()),
            });
        }
    }
}

pub(super) fn models(was: &Model, now: &Model) -> Vec<Difference<ModelAspect>> {
    let mut found = Differences::new();
    found.add(
        was.path != now.path,
        ModelAspect::Path,
        was.path.display(),
        now.path.display(),
    );
    found.add(
        was.fingerprint != now.fingerprint,
        ModelAspect::Content,
        was.fingerprint.short(),
        now.fingerprint.short(),
    );
    found.shown(ModelAspect::Confidence, &was.confidence, &now.confidence);
    found.shown(ModelAspect::Iou, &was.iou, &now.iou);
    found.0
}

pub(super) fn brokers(was: &Broker, now: &Broker) -> Vec<Difference<BrokerAspect>> {
    let mut found = Differences::new();
    let address_differs = was.shown_url != now.shown_url;
    found.add(
        address_differs,
        BrokerAspect::Address,
        &was.shown_url,
        &now.shown_url,
    );
    let login_differs = was.username != now.username
        || was.password != now.password
        || (was.url != now.url && !address_differs);
    let shown = |broker: &Broker| broker.username.clone().unwrap_or_default();
    found.add(login_differs, BrokerAspect::Login, shown(was), shown(now));
    let authority = |broker: &Broker| {
        let file = broker.ca.as_ref();
        file.map(|file| file.display().to_string())
            .unwrap_or_default()
    };
    found.add(
        was.ca != now.ca,
        BrokerAspect::Authority,
        authority(was),
        authority(now),
    );
    found.0
}

pub(super) fn cameras(was: &Camera, now: &Camera) -> Vec<Difference<CameraAspect>> {
    let mut found = Differences::new();
    let address_differs = was.shown_url != now.shown_url || was.kind != now.kind;
    found.add(
        address_differs,
        CameraAspect::Address,
        &was.shown_url,
        &now.shown_url,
    );
    found.add(
        was.url != now.url && !address_differs,
        CameraAspect::Login,
        "",
        "",
    );
    let differ = was.transport != now.transport;
    found.add(
        differ,
        CameraAspect::Transport,
        lower(was.transport),
        lower(now.transport),
    );
    found.add(
        was.pace != now.pace,
        CameraAspect::Pace,
        lower(was.pace),
        lower(now.pace),
    );
    found.shown(CameraAspect::Repeat, &was.repeat, &now.repeat);
    let recorded = |camera: &Camera| camera.recorded.clone().unwrap_or_default();
    let differ = was.recorded != now.recorded;
    found.add(differ, CameraAspect::Recorded, recorded(was), recorded(now));
    found.shown(CameraAspect::Fps, &was.fps, &now.fps);
    let differ = was.max_age != now.max_age;
    found.add(
        differ,
        CameraAspect::MaxAge,
        format!("{:?}", was.max_age),
        format!("{:?}", now.max_age),
    );
    let zones = |camera: &Camera| listed(camera.zones.iter().map(|zone| zone.name.as_str()));
    let differ = was.zones != now.zones;
    found.add(
        differ,
        CameraAspect::Zones,
        zones(was),
        zones_now(&was.zones, &now.zones),
    );
    found.0
}

/// The zones that there are, saying which of them have other corners.
fn zones_now(was: &[Zone], now: &[Zone]) -> String {
    let names: Vec<String> = now
        .iter()
        .map(|zone| {
            let before = was.iter().find(|before| before.name == zone.name);
            match before {
                Some(before) if before != zone => format!("{} (moved)", zone.name),
                _ => zone.name.clone(),
            }
        })
        .collect();
    listed(names.iter().map(String::as_str))
}

pub(super) fn nodes(was: &NamedNode, now: &NamedNode) -> Vec<Difference<NodeAspect>> {
    let mut found = Differences::new();
    let differ = role(was) != role(now);
    found.add(differ, NodeAspect::Role, role(was), role(now));
    match (&was.work, &now.work) {
        (NamedWork::Infer { model: was }, NamedWork::Infer { model: now }) => {
            found.shown(NodeAspect::Model, was, now);
        }
        (NamedWork::Plugin(was), NamedWork::Plugin(now)) => plugins(&mut found, was, now),
        // Addresses and names, and nothing that is secret.
        (NamedWork::Store(was), NamedWork::Store(now)) => {
            let shown = |database: &Option<Database>| match database {
                Some(database) => database.shown_url.clone(),
                None => "a file".to_owned(),
            };
            found.add(was != now, NodeAspect::Config, shown(was), shown(now));
        }
        (NamedWork::Serve(was), NamedWork::Serve(now)) => {
            let shown = |device: &Device| format!("{} for {}", device.listen, device.username);
            found.add(was != now, NodeAspect::Config, shown(was), shown(now));
        }
        // Nothing of the one can be compared with anything of the other.
        _ => {}
    }
    let differ = was.inputs != now.inputs || was.reads_all_alerts != now.reads_all_alerts;
    let inputs = |node: &NamedNode| match node.reads_all_alerts {
        true if node.inputs.is_empty() => "alerts".to_owned(),
        true => format!("alerts, of {}", names(&node.inputs)),
        false => names(&node.inputs),
    };
    found.add(differ, NodeAspect::Inputs, inputs(was), inputs(now));
    let differ = was.cameras != now.cameras;
    found.add(
        differ,
        NodeAspect::Cameras,
        names(&was.cameras),
        names(&now.cameras),
    );
    let hours = |node: &NamedNode| match &node.active {
        Some(schedule) => schedule.to_string(),
        None => "always".to_owned(),
    };
    found.add(
        was.active != now.active,
        NodeAspect::Active,
        hours(was),
        hours(now),
    );
    let differ = was.partition != now.partition;
    found.add(
        differ,
        NodeAspect::Partition,
        lower(was.partition),
        lower(now.partition),
    );
    let differ = was.order != now.order;
    found.add(
        differ,
        NodeAspect::Order,
        lower(was.order),
        lower(now.order),
    );
    found.0
}

fn plugins(found: &mut Differences<NodeAspect>, was: &PluginNode, now: &PluginNode) {
    let differ = was.reference != now.reference
        || was.file != now.file
        || was.plugin_name != now.plugin_name;
    found.add(differ, NodeAspect::Plugin, &was.reference, &now.reference);
    let code =
        |plugin: &PluginNode| format!("{} ({})", plugin.plugin_version, plugin.fingerprint.short());
    let differ = was.fingerprint != now.fingerprint || was.plugin_version != now.plugin_version;
    found.add(differ, NodeAspect::Code, code(was), code(now));
    if was.config != now.config {
        let (before, after) = settings(&was.config, &now.config);
        found.add(true, NodeAspect::Config, before, after);
    }
    let differ = was.grants != now.grants;
    found.add(
        differ,
        NodeAspect::Grants,
        grants(&was.grants),
        grants(&now.grants),
    );
    if was.limits != now.limits {
        let (before, after) = limits(&was.limits, &now.limits);
        found.add(true, NodeAspect::Limits, before, after);
    }
    let differ = was.on_failure != now.on_failure;
    found.add(
        differ,
        NodeAspect::OnFailure,
        lower(was.on_failure),
        lower(now.on_failure),
    );
}

/// What a node is. Whatever is of another role is another thing under an old name.
pub(super) fn role(node: &NamedNode) -> String {
    match &node.work {
        NamedWork::Infer { .. } => "model".to_owned(),
        NamedWork::Plugin(plugin) => plugin.role.to_string(),
        NamedWork::Store(_) => "store".to_owned(),
        NamedWork::Serve(_) => "device".to_owned(),
    }
}

/// Only the settings that differ, in both.
fn settings(was: &str, now: &str) -> (String, String) {
    let read =
        |json: &str| -> BTreeMap<String, Value> { serde_json::from_str(json).unwrap_or_default() };
    let (was, now) = (read(was), read(now));
    let differing = |one: &BTreeMap<String, Value>, other: &BTreeMap<String, Value>| {
        let pairs: Vec<String> = one
            .iter()
            .filter(|(key, value)| other.get(*key) != Some(value))
            .map(|(key, value)| match value {
                _ if hidden::hides(&format!("/{key}")) => format!("{key}: ***"),
                Value::String(text) => format!("{key}: {text}"),
                other => format!("{key}: {}", without_hidden(other)),
            })
            .collect();
        pairs.join(", ")
    };
    (differing(&was, &now), differing(&now, &was))
}

/// `value` without what stands under a key such as `password`, however deep.
fn without_hidden(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| match hidden::hides(&format!("/{key}")) {
                true => (key.clone(), Value::from("***")),
                false => (key.clone(), without_hidden(value)),
            })
            .collect(),
        Value::Array(items) => items.iter().map(without_hidden).collect(),
        other => other.clone(),
    }
}

fn grants(grants: &Grants) -> String {
    let http = grants.http.iter().map(|origin| format!("http {origin}"));
    let secrets = grants.secrets.iter().map(|name| format!("secret {name}"));
    let mqtt = grants.mqtt.iter().map(|name| format!("mqtt {name}"));
    let tcp = grants.tcp.iter().map(|address| format!("tcp {address}"));
    let frames = grants.frames.then(|| "frames".to_owned());
    let all: Vec<String> = http
        .chain(secrets)
        .chain(mqtt)
        .chain(tcp)
        .chain(frames)
        .collect();
    listed(all.iter().map(String::as_str))
}

/// Only the limits that differ, in both.
fn limits(was: &Limits, now: &Limits) -> (String, String) {
    let fields = |limits: &Limits| {
        [
            ("deadline", format!("{:?}", limits.deadline)),
            ("memory", bytes(limits.memory_bytes)),
            ("recycle", bytes(limits.recycle_bytes)),
            ("output", bytes(limits.output_bytes)),
            ("http-body", bytes(limits.http_body_bytes)),
            ("log-lines", limits.log_lines_per_second.to_string()),
        ]
    };
    let (was, now) = (fields(was), fields(now));
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for ((key, was), (_, now)) in was.into_iter().zip(now).filter(|(was, now)| was.1 != now.1) {
        before.push(format!("{key}: {was}"));
        after.push(format!("{key}: {now}"));
    }
    (before.join(", "), after.join(", "))
}

fn bytes(bytes: u64) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1 << 20) => format!("{}MiB", bytes >> 20),
        _ if bytes.is_multiple_of(1 << 10) => format!("{}KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}

fn names(names: &BTreeSet<String>) -> String {
    listed(names.iter().map(String::as_str))
}

fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// A word of the flow file.
fn lower(word: impl serde::Serialize) -> String {
    match serde_json::to_value(word) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}
