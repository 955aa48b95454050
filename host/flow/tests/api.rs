//! What programs see that use this crate: files, overrides and diagnostics as JSON.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod world;

use std::path::Path;

use agave_flow::{Code, FlowText, Override, Part, load, load_file, schema};
use serde_json::{Value, json};
use world::World;

fn text(yaml: &str) -> FlowText {
    FlowText::from_bytes(Path::new("flows/yard.yaml"), yaml.as_bytes().to_vec()).unwrap()
}

#[test]
fn files_that_are_none_are_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let missing = FlowText::read(&folder.join("no-such-flow.yaml")).unwrap_err();
    assert!(
        missing
            .to_string()
            .ends_with("no-such-flow.yaml: error[E001]: there is no such file\n")
    );
    assert!(FlowText::read(folder).unwrap_err().has_errors());
    let large = vec![b'#'; (1 << 20) + 1];
    let large = FlowText::from_bytes(Path::new("flow.yaml"), large).unwrap_err();
    assert_eq!(large.iter().next().unwrap().code(), Code::TooLarge);
}

#[test]
fn an_invisible_mark_and_windows_lines_do_not_matter() {
    let yaml = "\u{feff}version: 1\r\nname: yard\r\nbrokers: { farm: {} }\r\n";
    let (_, diagnostics) = load(&text(yaml), &[], &World);
    let printed = diagnostics.to_string();
    assert!(
        printed.contains("flows/yard.yaml:3:12: error[E014]"),
        "{printed}"
    );
    assert!(!printed.contains('\r'));
}

#[test]
fn diagnostics_are_json_too() {
    let yaml = "version: 1\nname: yard\ncameras: { gate: { url: clip.mp4, fsp: 5 } }\nnodes: {}\n";
    let overrides = ["cameras.gate.pace=fats".parse().unwrap()];
    let (flow, diagnostics) = load(&text(yaml), &overrides, &World);
    assert!(flow.is_none());
    let json = serde_json::to_value(&diagnostics).unwrap();
    assert_eq!(
        json[0],
        json!({
            "code": "E016",
            "severity": "error",
            "message": "`pace` of camera 'gate' must be 'fast' or 'realtime', and is 'fats'",
            "help": ["did you mean 'fast'?"],
            "file": "flows/yard.yaml",
            "override": "cameras.gate.pace",
        })
    );
    assert_eq!(
        json[1],
        json!({
            "code": "E013",
            "severity": "error",
            "message": "camera 'gate' has no key 'fsp'",
            "help": ["did you mean 'fps'?"],
            "file": "flows/yard.yaml",
            "line": 3,
            "column": 35,
            "end_line": 3,
            "end_column": 38,
        })
    );
}

/// One long line with a thousand mistakes in it is not printed a thousand times.
#[test]
fn a_hopeless_file_gets_a_bearable_answer() {
    let cameras: String = (0..1000)
        .map(|number| format!("c{number}: {{ url: clip.mp4, fsp: 5 }}, "))
        .collect();
    let yaml = format!("version: 1\nname: yard\ncameras: {{ {cameras} }}\n");
    let (flow, diagnostics) = load(&text(&yaml), &[], &World);
    assert!(flow.is_none());
    let printed = diagnostics.to_string();
    assert!(printed.contains("more problems are not shown"));
    assert!(printed.len() < 300_000, "{} bytes", printed.len());
}

#[test]
fn overrides_are_a_path_and_a_value() {
    assert!(
        "cameras.gate.url=rtsp://10.0.0.5/a=b"
            .parse::<Override>()
            .is_ok()
    );
    for wrong in ["", "cameras", "=5", "cameras..fps=5"] {
        assert!(wrong.parse::<Override>().is_err(), "{wrong}");
    }
    let hidden: Override = "cameras.gate.url=rtsp://me:hunter2@10.0.0.5"
        .parse()
        .unwrap();
    assert!(!format!("{hidden:?}").contains("hunter2"));
}

/// What a plugin says of its settings is shown where they stand.
#[test]
fn a_refused_setting_is_marked_and_not_what_is_said_of_it() {
    let yaml = "version: 1
name: yard
models: { pina: { path: ../models/yolov8n_pina/1/model.onnx } }
cameras: { gate: { url: clip.mp4, zones: { door: [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]] } } }
nodes:
  detect: { infer: pina, from: cameras }
  zoned: { plugin: roi, from: detect }
  rule: { plugin: forbidden-object, from: zoned, config: { zone: door } }
  out:
    plugin: webhook
    from: rule
    config:
      headers: { content-type: \"x/{typ}\" }
      body: { text: \"{attempt}\", list: [{ hours: never }] }
";
    let (flow, diagnostics) = load(&text(yaml), &[], &World);
    let flow = flow.unwrap_or_else(|| panic!("{diagnostics}"));
    for (message, line, column) in [
        (
            "refused: `headers.content-type`: `{typ}` is none of `{attempt}`",
            13,
            32,
        ),
        ("refused: `body.list[0].hours`: 'none' are hours", 14, 50),
        // Another name for it, or none, and the text that is quoted tells.
        ("refused: `other`: `{attempt}`", 14, 21),
    ] {
        let found = flow.problem(Code::PluginRefused, Part::Settings("out"), message);
        let found = serde_json::to_value(&found).unwrap();
        assert_eq!(
            (&found["line"], &found["column"]),
            (&json!(line), &json!(column)),
            "{message}"
        );
    }
}

/// A secret goes where it belongs and nowhere else, in the form that a URL needs.
#[test]
fn secrets_arrive() {
    let yaml = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/accepted/field-watch.yaml"),
    )
    .unwrap();
    let (flow, diagnostics) = load(&text(&yaml), &[], &World);
    let flow = flow.unwrap_or_else(|| panic!("{diagnostics}"));
    assert_eq!(
        flow.cameras[0].url.reveal(),
        "rtsp://admin:p%40ss%2Fword@10.0.0.5:554/Streaming/Channels/102"
    );
    let password = flow.brokers[0].password.as_ref().unwrap();
    assert_eq!(password.reveal(), "hunter2");
}

#[test]
fn the_schema_is_one() {
    let schema = schema();
    assert!(jsonschema::meta::is_valid(&schema));
    assert_eq!(schema["title"], "Agave flow");
    assert_eq!(schema["properties"]["version"]["const"], 1);
    assert_eq!(schema.get("$id"), None::<&Value>);
    assert_eq!(schema["additionalProperties"], false);
}

/// What only a built flow shows has its place all the same, in the file where it stands.
#[test]
fn problems_of_a_built_flow_have_a_place() {
    let yaml = "version: 1
name: yard
include: parts/templates.yaml
models: { yolo: { path: ../models/yolov8n.onnx } }
cameras: { clip: { use: clip, with: { zone: [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]] } } }
nodes:
  detect: { infer: yolo, from: cameras }
  zoned: { plugin: roi, from: detect }
  alert: { plugin: forbidden-object, from: zoned, config: { zone: nope, alert: [car, yard] } }
  other: { use: watch, with: { from: zoned, zone: nope } }
";
    let (flow, diagnostics) = load(&text(yaml), &[], &World);
    let flow = flow.unwrap_or_else(|| panic!("{diagnostics}"));
    let printed = |code, part, message: &str| flow.problem(code, part, message).to_string();
    assert_eq!(
        printed(
            Code::PluginRefused,
            Part::Settings("alert"),
            "node 'alert', camera 'clip': the plugin refused its settings: there is no zone `nope`"
        ),
        "flows/yard.yaml:9:67: error[E045]: node 'alert', camera 'clip': the plugin refused its \
         settings: there is no zone `nope`
    9 |   alert: { plugin: forbidden-object, from: zoned, config: { zone: nope, alert: [car, yard] } }
      |                                                                   ^^^^\n"
    );
    for (part, begins) in [
        (Part::Model("yolo"), "flows/yard.yaml:4:25: "),
        (Part::Camera("clip"), "flows/yard.yaml:5:12: "),
        (Part::Node("detect"), "flows/yard.yaml:7:3: "),
        (Part::Plugin("zoned"), "flows/yard.yaml:8:20: "),
        // It has none.
        (Part::Settings("zoned"), "flows/yard.yaml:8:3: "),
        (Part::Settings("alert"), "flows/yard.yaml:9:51: "),
        (Part::Plugin("other"), "flows/parts/templates.yaml:14:21: "),
        (Part::Node("nobody"), "flows/yard.yaml:"),
    ] {
        let printed = printed(Code::NotBuilt, part, "it did not work");
        assert!(printed.starts_with(begins), "{part:?}: {printed}");
    }
    let printed = printed(Code::ModelRefused, Part::Plugin("other"), "it did not work");
    assert!(
        printed.contains("used at flows/yard.yaml:10:17"),
        "{printed}"
    );
}

/// Whoever wants to know of changes is told what to watch, of a broken flow too.
#[test]
fn what_was_read_is_told() {
    let read = |file: &str| load_file(Path::new(file), &[], &World);
    let good = read("flows/accepted/includes.yaml");
    // The parts of this one are somewhere else.
    assert!(good.flow.is_none());
    assert_eq!(good.inputs.folders.len(), 1);
    let parts = read("flows/diagnostics/includes-not-found.yaml");
    assert!(parts.flow.is_none());
    let missing = Path::new("flows/diagnostics/parts/no-such-file.yaml");
    assert_eq!(parts.inputs.files.get(missing), Some(&None));
    let itself = Path::new("flows/diagnostics/includes-not-found.yaml");
    assert!(matches!(parts.inputs.files.get(itself), Some(Some(_))));
    let nothing = read("flows/nowhere.yaml");
    assert_eq!(
        nothing.diagnostics.iter().next().unwrap().code(),
        Code::Unreadable
    );
    assert_eq!(nothing.inputs.files.len(), 1);
}
