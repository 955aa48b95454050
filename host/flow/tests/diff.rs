//! What is different between two flows: exactly what changed by meaning, and what that does to
//! what runs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod world;

use std::path::Path;

use agave_core::{Fingerprint, Secret};
use agave_flow::diff::{Instances, Source, State};
use agave_flow::{
    Changes, Flow, FlowText, PluginCatalog, PluginFacts, PluginProblem, Surroundings, diff, load,
};
use world::World;

const YARD: &str = "
version: 1
name: yard
time-zone: Europe/Berlin
models:
  yolo: { path: ../models/yolov8n.onnx, confidence: 0.4 }
brokers:
  farm: { mqtt: \"mqtt://broker.local\", username: agave, password: \"${secret:broker}\" }
cameras:
  gate:
    url: \"rtsp://${secret:gate-login}@10.0.0.5/stream\"
    zones:
      yard: [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]
      door: [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]]
  back: { url: clip.mp4 }
nodes:
  detect: { infer: yolo, from: cameras }
  zoned: { plugin: roi, from: detect, config: { anchor: center } }
  alert: { plugin: forbidden-object, from: zoned, config: { zone: yard, after: 1s } }
  calm: { plugin: debounce, from: alert }
  bus: { plugin: mqtt, from: calm, config: { topic: alerts }, allow: { mqtt: [farm] } }
";

/// The world in which some files have been replaced.
struct Replaced<'a>(&'a [&'a str]);

impl Replaced<'_> {
    fn of(&self, name: &str, fingerprint: Fingerprint) -> Fingerprint {
        match self.0.iter().any(|replaced| name.ends_with(replaced)) {
            true => Fingerprint::of(format!("new {fingerprint}").as_bytes()),
            false => fingerprint,
        }
    }
}

impl PluginCatalog for Replaced<'_> {
    fn plugin(&self, reference: &str, folder: &Path) -> Result<PluginFacts, PluginProblem> {
        let facts = World.plugin(reference, folder)?;
        Ok(PluginFacts {
            fingerprint: self.of(reference, facts.fingerprint),
            ..facts
        })
    }
}

impl Surroundings for Replaced<'_> {
    fn environment(&self, name: &str) -> Option<String> {
        World.environment(name)
    }

    /// A secret that is replaced, too.
    fn secret(&self, name: &str) -> Option<Secret> {
        let secret = World.secret(name)?;
        Some(match self.0.contains(&name) {
            true => Secret::new(format!("{}2", secret.reveal())),
            false => secret,
        })
    }

    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        World.read(path)
    }

    fn files_in(&self, folder: &Path) -> std::io::Result<Vec<String>> {
        World.files_in(folder)
    }

    fn file_exists(&self, path: &Path) -> bool {
        World.file_exists(path)
    }

    fn fingerprint(&self, path: &Path) -> Option<Fingerprint> {
        let fingerprint = World.fingerprint(path)?;
        Some(self.of(path.to_str()?, fingerprint))
    }
}

fn flow(yaml: &str, replaced: &[&str]) -> Flow {
    let text = FlowText::from_bytes(Path::new("flows/yard.yaml"), yaml.into()).unwrap();
    let (flow, diagnostics) = load(&text, &[], &Replaced(replaced));
    flow.unwrap_or_else(|| panic!("{diagnostics}{yaml}"))
}

/// The change from the yard to the yard with `old` written as `new`.
fn edited(old: &str, new: &str) -> Changes {
    assert!(YARD.contains(old), "{old}");
    changes(&YARD.replace(old, new), &[])
}

fn changes(after: &str, replaced: &[&str]) -> Changes {
    let (before, after) = (flow(YARD, &[]), flow(after, replaced));
    let changes = diff(&before, &after);
    assert_eq!(changes.apply(&before), after);
    assert_eq!(changes.is_empty(), before == after);
    assert_eq!(diff(&after, &before).apply(&after), before);
    let printed = format!(
        "{changes}{changes:?}{}",
        serde_json::to_string(&changes).unwrap()
    );
    for secret in ["hunter2", "p@ss/word", "p%40ss"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    changes
}

#[test]
fn how_it_is_written_is_no_change() {
    assert_eq!(changes(YARD, &[]).to_string(), "nothing changes\n");
    let comment = YARD.replace("name: yard", "name: yard # on the hill\n\n# all of it");
    assert!(changes(&comment, &[]).is_empty());
    for (old, new) in [
        (
            "{ zone: yard, after: 1s }",
            "{ \"after\": '1s', zone: yard }",
        ),
        ("  detect: { infer: yolo, from: cameras }\n", ""),
        ("confidence: 0.4", "confidence: 0.40, iou: 0.7"),
        ("from: cameras", "from: [gate, back]"),
        ("from: zoned", "from: [zoned]"),
        (
            "from: alert }",
            "from: alert, limits: { deadline: 0.05s }, partition: camera }",
        ),
    ] {
        let mut after = YARD.replace(old, new);
        if new.is_empty() {
            // To the end.
            after.push_str(old);
        }
        assert!(changes(&after, &[]).is_empty(), "{new}");
    }
    let (cameras, nodes) = YARD.split_once("nodes:").unwrap();
    let (top, cameras) = cameras.split_once("cameras:").unwrap();
    let turned = format!("{top}nodes:{nodes}cameras:{cameras}");
    assert!(changes(&turned, &[]).is_empty());
}

#[test]
fn a_change_says_what_it_is_and_what_follows() {
    for (old, new, said) in [
        (
            "after: 1s",
            "after: 2s",
            "~ node 'alert': state kept, new instances\n    config: after: 1s → after: 2s\n",
        ),
        (
            "[0.5, 0.9]]",
            "[0.5, 0.8]]",
            "~ camera 'gate': stays connected\n    zones: door, yard → door, yard (moved)\n  \
             node 'alert': state kept, new instances for 'gate'\n  \
             node 'calm': state kept, new instances for 'gate'\n  \
             node 'zoned': state kept, new instances for 'gate'\n",
        ),
        (
            "clip.mp4",
            "clip.mp4, fps: 8, max-age: 1s",
            "~ camera 'back': reconnects\n    fps: 5 → 8\n    max-age: 500ms → 1s\n",
        ),
        (
            "clip.mp4",
            "clip.mp4, repeat: true",
            "~ camera 'back': reconnects\n    repeat: false → true\n",
        ),
        (
            "clip.mp4",
            "clip.mp4, max-age: 1s",
            "~ camera 'back': stays connected\n    max-age: 500ms → 1s\n",
        ),
        (
            "confidence: 0.4",
            "confidence: 0.5",
            "~ model 'yolo'\n    confidence: 0.4 → 0.5\n",
        ),
        (
            "from: alert }",
            "from: alert, active: Mon-Fri 06:00-22:00 }",
            "~ node 'calm': state kept\n    active: always → Mon-Fri 06:00-22:00 (Europe/Berlin)\n",
        ),
        (
            "plugin: debounce",
            "plugin: debounce, on-failure: open, limits: { memory: 64MiB }",
            "~ node 'calm': state kept, new instances\n    \
             limits: memory: 32MiB, recycle: 24MiB → memory: 64MiB, recycle: 48MiB\n    \
             on-failure: restart → open\n",
        ),
        (
            "username: agave",
            "username: other",
            "~ broker 'farm'\n    login: agave → other\n  node 'bus': state kept, new instances\n",
        ),
        (
            "name: yard\n",
            "name: farm\n",
            "~ the flow is called 'farm', and was 'yard'\n",
        ),
    ] {
        assert_eq!(edited(old, new).to_string(), said, "{new}");
    }
}

#[test]
fn replaced_files_are_changes() {
    let plugin = changes(YARD, &["debounce"]).to_string();
    assert!(plugin.starts_with("~ node 'calm': state kept, new instances\n    code: 0.1.0 ("));
    let model = changes(YARD, &["yolov8n.onnx"]);
    let printed = model.to_string();
    assert!(
        printed.starts_with("~ model 'yolo'\n    content: "),
        "{printed}"
    );
    let cameras = ["back", "gate"].map(str::to_owned);
    for node in ["alert", "calm", "zoned"] {
        let instances = &model.effects().node(node).unwrap().instances;
        assert_eq!(*instances, Instances::Of(cameras.clone().into()), "{node}");
    }
    let bus = model.effects().node("bus").unwrap();
    assert_eq!((bus.state, &bus.instances), (State::Kept, &Instances::None));
}

#[test]
fn a_changed_secret_reconnects_and_is_not_shown() {
    let changes = changes(YARD, &["gate-login", "broker"]);
    assert_eq!(
        changes.to_string(),
        "~ broker 'farm'\n    login\n~ camera 'gate': reconnects\n    login\n  \
         node 'bus': state kept, new instances\n"
    );
}

#[test]
fn a_name_is_an_identity() {
    let renamed = changes(
        &YARD
            .replace("calm: {", "quiet: {")
            .replace("from: calm", "from: quiet"),
        &[],
    );
    let state = |changes: &Changes, node: &str| changes.effects().node(node).unwrap().state;
    assert_eq!(state(&renamed, "calm"), State::Gone);
    assert_eq!(state(&renamed, "quiet"), State::New);
    assert_eq!(state(&renamed, "bus"), State::Kept);
    // Another plugin of the same role takes over; one of another role begins anew.
    let other = edited(
        "plugin: roi, from: detect, config: { anchor: center }",
        "plugin: track, from: detect",
    );
    assert_eq!(state(&other, "zoned"), State::Kept);
    assert_eq!(
        other.effects().node("zoned").unwrap().instances,
        Instances::All
    );
    let role = changes(
        &YARD
            .replace(
                "calm: { plugin: debounce, from: alert }",
                "calm: { plugin: album, from: alert }",
            )
            .replace("from: calm", "from: alert"),
        &[],
    );
    assert_eq!(state(&role, "calm"), State::Reset);
    let camera = changes(&YARD.replace("back: {", "side: {"), &[]);
    let source = |name: &str| camera.effects().camera(name).unwrap().source;
    assert_eq!(source("back"), Source::Gone);
    assert_eq!(source("side"), Source::New);
    assert_eq!(source("gate"), Source::Stays);
}

#[test]
fn programs_get_the_same() {
    let changes = edited("after: 1s", "after: 2s");
    let json = serde_json::to_value(&changes).unwrap();
    assert_eq!(json["changes"], true);
    assert_eq!(
        json["nodes"]["alert"],
        serde_json::json!({
            "change": "changed",
            "what": [{ "aspect": "config", "was": "after: 1s", "now": "after: 2s" }],
        })
    );
    let effects = json["effects"]["nodes"].as_array().unwrap();
    assert!(effects.contains(&serde_json::json!({
        "node": "alert", "state": "kept", "instances": { "replaced": "all" },
    })));
}
