//! Where edits of flow files belong when there are templates and parts, which edits are refused,
//! and edits of other things than zones.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod editing;
mod memory;
mod world;

use std::collections::BTreeMap;
use std::path::PathBuf;

use agave_flow::Code;
use agave_flow::edit::{self, EditError, Scalar, Section};
use editing::{TRIANGLE, check, flow, points, set};
use memory::{Memory, text};

#[test]
fn what_is_no_zone_is_refused_as_in_a_file() {
    let cameras = "cameras:\n  gate: { url: clip.mp4, zones: { a: [[0, 0], [1, 0], [1, 1]] } }\n";
    for (zone, corners, code, message) in [
        (
            "a",
            &[(0.1, 0.1), (0.9, 0.1)][..],
            Code::BadPolygon,
            "a polygon needs at least 3 corners, this one has 2",
        ),
        ("a", &[], Code::BadPolygon, "this one has 0"),
        (
            "b",
            &[(0.1, 0.1), (640.0, 0.1), (0.5, 0.9)],
            Code::BadPolygon,
            "corner 2 is outside of the frame",
        ),
        (
            "b",
            &[(0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)],
            Code::BadPolygon,
            "crosses the one",
        ),
        (
            "b",
            &[(0.1, 0.1), (0.2, 0.2), (0.3, 0.3)],
            Code::BadPolygon,
            "all corners are on one line",
        ),
        (
            "a",
            &[(f32::NAN, 0.1), (0.9, 0.1), (0.5, 0.9)],
            Code::WrongType,
            "must be a number",
        ),
        (
            "a",
            &[(f32::INFINITY, 0.1), (0.9, 0.1), (0.5, 0.9)],
            Code::WrongType,
            "must be a number",
        ),
        ("a b", &TRIANGLE, Code::BadName, "has a space in its name"),
    ] {
        let Err(EditError::Refused(problems)) = set(cameras, zone, corners) else {
            panic!("{zone} {corners:?}");
        };
        let problem = problems.iter().next().unwrap();
        assert_eq!(problem.code(), code, "{problems}");
        assert!(problem.message().contains(message), "{problems}");
        assert_eq!(problems.len(), 1, "{problems}");
    }
    let Err(EditError::NotFound { help, .. }) = edit::set_zone(
        &flow(cameras),
        &Memory::default(),
        "gaet",
        "a",
        &points(&TRIANGLE),
    ) else {
        panic!("there is no such camera");
    };
    assert_eq!(help, "did you mean 'gate'?");
}

/// What was wrong before does not stand in the way of mending it.
#[test]
fn a_flow_with_mistakes_can_be_edited() {
    let before = "cameras:\n  gate: { url: clip.mp4, fsp: 3, zones: { a: [[0, 0], [1, 0]] } }\n";
    let after = before
        .replace("[1, 0]]", "[0.9, 0.1], [0.5, 0.9]]")
        .replace("[[0, 0]", "[[0.1, 0.1]");
    check(before, set(before, "a", &TRIANGLE), &after);
    // No better than it was.
    let error = set(before, "a", &[(0.2, 0.2), (0.3, 0.3)]).unwrap_err();
    assert!(error.to_string().contains("E021"), "{error}");
    let broken = text("version: 1\ncameras: [");
    let error = edit::set_zone(&broken, &Memory::default(), "gate", "a", &points(&TRIANGLE));
    assert!(matches!(error, Err(EditError::Unreadable(_))));
}

const TEMPLATES: &str = "version: 1
name: plant
include: parts/*.yaml
models: { people: { path: ../models/yolov8n.onnx } }
nodes:
  detect: { infer: people, from: cameras }
  alert: { plugin: count, partition: none, from: detect }
templates:
  fixed: { camera: { url: clip.mp4, zones: { yard: [[0, 0], [1, 0], [1, 1]] } } }
  once: { camera: { url: clip.mp4, zones: { yard: [[0, 0], [1, 0], [1, 1]] } } }
  given: { parameters: [zone], camera: { url: clip.mp4, zones: { yard: \"${zone}\" } } }
  twice: { parameters: [zone], camera: { url: clip.mp4, zones: { yard: \"${zone}\", door: \"${zone}\" } } }
cameras:
  one: { use: fixed }
  uno: { use: fixed }
  two: { use: fixed, zones: { yard: [[0, 0], [0.5, 0], [1, 1]] } }
  three: { use: once }
  four: { use: given, with: { zone: [[0, 0], [1, 0], [1, 1]] } }
  five: { use: twice, with: { zone: [[0, 0], [1, 0], [1, 1]] } }
";

const PART: &str = "cameras:\r\n  six: { url: ../clip.mp4, zones: { yard: [[0, 0], [1, 0], [1, 1]] } } # \u{fc}\r\n";

fn with_part() -> Memory {
    let file = PathBuf::from("flows/parts/six.yaml");
    Memory(BTreeMap::from([(file, PART.to_owned())]))
}

#[test]
fn a_zone_is_edited_where_it_is_written() {
    let world = with_part();
    let flow = text(TEMPLATES);
    let set = |camera| edit::set_zone(&flow, &world, camera, "yard", &points(&TRIANGLE)).unwrap();
    const NEW: &str = "[[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]";
    for (camera, before, after) in [
        (
            "one",
            "{ use: fixed }",
            format!("{{ use: fixed, zones: {{ yard: {NEW} }} }}"),
        ),
        ("two", "[[0, 0], [0.5, 0], [1, 1]]", NEW.to_owned()),
        (
            "three",
            "{ use: once }",
            format!("{{ use: once, zones: {{ yard: {NEW} }} }}"),
        ),
        (
            "four",
            "given, with: { zone: [[0, 0], [1, 0], [1, 1]]",
            format!("given, with: {{ zone: {NEW}"),
        ),
        ("five", "[[0, 0], [1, 0], [1, 1]] } }\n", String::new()),
    ] {
        let edited = set(camera);
        assert_eq!(edited.file, flow.file());
        assert_eq!(edited.changed_lines.len(), 1);
        match camera {
            "five" => assert!(
                edited
                    .text
                    .ends_with(&format!("[1, 1]] }}, zones: {{ yard: {NEW} }} }}\n")),
                "{}",
                edited.text
            ),
            _ => assert_eq!(edited.text, TEMPLATES.replacen(before, &after, 1)),
        }
    }
    let edited = set("six");
    assert_eq!(edited.file.to_str(), Some("flows/parts/six.yaml"));
    assert_eq!(edited.text, PART.replace("[[0, 0], [1, 0], [1, 1]]", NEW));
    assert_eq!(edited.changed_lines, 2..3);
}

#[test]
fn what_a_template_gives_to_several_is_not_taken_away() {
    let world = with_part();
    let flow = text(TEMPLATES);
    for camera in ["one", "two"] {
        let error = edit::remove_zone(&flow, &world, camera, "yard")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("flows/yard.yaml:"), "{error}");
        let error = edit::rename_zone(&flow, &world, camera, "yard", "lawn")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("flows/yard.yaml:"), "{error}");
    }
    let gone = edit::remove_zone(&flow, &world, "three", "yard").unwrap();
    assert!(
        gone.text.contains("once: { camera: { url: clip.mp4 } }"),
        "{}",
        gone.text
    );
    let renamed = edit::rename_zone(&flow, &world, "four", "yard", "lawn").unwrap();
    assert!(
        renamed.text.contains("zones: { lawn: \"${zone}\" } }"),
        "{}",
        renamed.text
    );
    let taken = edit::rename_zone(&flow, &world, "five", "yard", "door").unwrap_err();
    assert!(matches!(taken, EditError::Taken { .. }), "{taken}");
    let gone = edit::remove_zone(&flow, &world, "five", "yard").unwrap();
    assert!(
        gone.text.contains("zones: { door: \"${zone}\" } }"),
        "{}",
        gone.text
    );
}

#[test]
fn a_camera_more_and_single_values() {
    let world = Memory::default();
    let before = "cameras:\n  # front\n  gate: { url: clip.mp4, fps: 4 } # gate\n";
    let add = |cameras: &str, name: &str, url: &str, fps| {
        edit::add_camera(&flow(cameras), &world, name, url, fps)
    };
    let url = "rtsp://${secret:gate-login}@10.0.0.5/a";
    let after = format!("{before}  yard:\n    url: \"{url}\"\n    fps: 0.1\n");
    check(before, add(before, "yard", url, Some(0.1)), &after);
    let added = add("", "yard", "clip.mp4", None).unwrap();
    let flow_alone = flow("");
    assert_eq!(
        added.text,
        format!(
            "{}\ncameras:\n  yard:\n    url: clip.mp4\n",
            flow_alone.as_str()
        )
    );
    // Written like the camera before it, and only once.
    let taken = add(before, "gate", "clip.mp4", None).unwrap_err();
    assert!(
        taken
            .to_string()
            .starts_with("flows/yard.yaml:6:3: there is a camera"),
        "{taken}"
    );
    let refused = add(before, "new", "ftp://a", None).unwrap_err();
    assert!(matches!(refused, EditError::Refused(_)), "{refused}");

    let set = |path: &str, value: Scalar| edit::set_value(&flow(before), &world, path, &value);
    let four = before.replace("fps: 4", "fps: 2.5");
    check(before, set("cameras.gate.fps", Scalar::Number(2.5)), &four);
    let paced = before.replace("fps: 4", "fps: 4, pace: realtime");
    let pace = Scalar::Text("realtime".to_owned());
    check(before, set("cameras.gate.pace", pace.clone()), &paced);
    for (path, value) in [
        ("cameras.gate.fps", Scalar::Number(-1.0)),
        ("cameras.gate.fsp", Scalar::Number(1.0)),
        (
            "cameras.gate.url",
            Scalar::Text("${secret:none}".to_owned()),
        ),
        ("cameras.gaet.fps", Scalar::Number(1.0)),
        ("cameras.gate", Scalar::Bool(true)),
        ("cameras", Scalar::Bool(true)),
    ] {
        assert!(set(path, value).is_err(), "{path}");
    }
    let yard = edit::set_value(&flow(before), &world, "nodes.alert.config.zone", &pace).unwrap();
    assert!(
        yard.text.contains("config: { zone: realtime } }"),
        "{}",
        yard.text
    );
}

/// What a page does with an empty flow: a model, a camera, a node.
#[test]
fn a_flow_grows_from_nothing() {
    let world = Memory::default();
    let add = |before: &str, section, name: &str, members: serde_json::Value| {
        let serde_json::Value::Object(members) = members else {
            panic!("{members}");
        };
        let added = edit::add_to_section(&text(before), &world, section, name, &members);
        added
            .unwrap_or_else(|error| panic!("{error}\n{before}"))
            .text
    };
    for start in [
        "# Ours.\nversion: 1\nname: yard\n",
        "# Ours.\nversion: 1\nname: yard\n\nmodels:\n\ncameras:\n\nnodes:\n",
    ] {
        let path = serde_json::json!({ "path": "../models/yolov8n.onnx" });
        let models = add(start, Section::Models, "people", path);
        let camera = serde_json::json!({ "url": "clip.mp4", "fps": 8, "repeat": true });
        let cameras = add(&models, Section::Cameras, "gate", camera);
        let detect = serde_json::json!({ "infer": "people", "from": "gate" });
        let nodes = add(&cameras, Section::Nodes, "detect", detect);
        let config = serde_json::json!({ "zone": "yard", "alert": ["person"] });
        let rule =
            serde_json::json!({ "plugin": "forbidden-object", "from": "detect", "config": config });
        let flow = add(&nodes, Section::Nodes, "person-in-yard", rule);
        let lines = [
            "# Ours.\nversion: 1\nname: yard\n",
            "models:\n  people: { path: ../models/yolov8n.onnx }\n",
            "cameras:\n  gate:\n    url: clip.mp4\n    fps: 8\n    repeat: true\n",
            "nodes:\n  detect: { infer: people, from: gate }\n  person-in-yard:\n    plugin: forbidden-object\n    from: detect\n    config: { zone: yard, alert: [person] }\n",
        ];
        assert_eq!(flow, lines.join("\n"));
    }
}

/// A setting in each way to write a node.
#[test]
fn settings_change_where_they_are_written() {
    let world = Memory::default();
    let before = |node: &str| {
        text(&format!(
            "version: 1\nname: yard\nmodels: {{ people: {{ path: ../models/yolov8n.onnx }} }}\ncameras: {{ gate: {{ url: clip.mp4 }} }}\nnodes:\n  detect: {{ infer: people, from: cameras }}\n{node}"
        ))
    };
    let inline =
        "  alert: { plugin: forbidden-object, from: detect, config: { zone: yard } } # ours\n";
    let lines = "  alert:\n    plugin: forbidden-object\n    from: detect\n    config:\n      # where\n      zone: yard\n      alert:\n        - person\n        - car\n";
    let classes = serde_json::json!(["car"]);
    let text = serde_json::json!("door");
    for (node, setting, value, after) in [
        (inline, "zone", Some(&text), inline.replace("yard", "door")),
        (
            inline,
            "alert",
            Some(&classes),
            inline.replace("zone: yard", "zone: yard, alert: [car]"),
        ),
        (
            lines,
            "zone",
            Some(&text),
            lines.replace("zone: yard", "zone: door"),
        ),
        (
            lines,
            "alert",
            Some(&classes),
            lines.replace("        - person\n        - car", "        [car]"),
        ),
        (
            lines,
            "alert",
            None,
            lines.replace("      alert:\n        - person\n        - car\n", ""),
        ),
    ] {
        let edited = edit::set_setting(&before(node), &world, "alert", setting, value);
        let edited = edited.unwrap_or_else(|error| panic!("{setting}: {error}\n{node}"));
        assert_eq!(edited.text, before(&after).as_str());
    }
    // What reads it has to go first.
    let read = edit::remove_from_section(&before(inline), &world, Section::Nodes, "detect");
    assert!(read.is_err());
    let gone = edit::remove_from_section(&before(lines), &world, Section::Nodes, "alert");
    assert_eq!(gone.unwrap().text, before("").as_str());
    for (node, setting, value) in [
        ("alert", "zone", None),
        ("alert", "zonee", Some(&text)),
        ("alert", "zone", Some(&classes)),
        ("alrt", "zone", Some(&text)),
    ] {
        let refused = edit::set_setting(&before(inline), &world, node, setting, value);
        assert!(refused.is_err(), "{node} {setting}");
    }
}
