use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use agave_core::Secret;
use agave_flow::{
    CameraIndex, CameraKind, Grants, Limits, Model, ModelIndex, NodeIndex, OnFailure, Pace,
    PluginNode, Transport,
};

use super::*;

fn camera(name: &str) -> Camera {
    Camera {
        name: name.to_owned(),
        url: Secret::new("clip.mp4"),
        shown_url: "clip.mp4".to_owned(),
        kind: CameraKind::File,
        fps: 5.0,
        max_age: Duration::from_millis(500),
        transport: Transport::Tcp,
        pace: Pace::Fast,
        repeat: false,
        recorded: None,
        zones: Vec::new(),
    }
}

fn plugin(name: &str, role: Role) -> Work {
    Work::Plugin(PluginNode {
        reference: name.to_owned(),
        file: Path::new(name).to_owned(),
        fingerprint: agave_core::Fingerprint::of(name.as_bytes()),
        plugin_name: name.to_owned(),
        plugin_version: "1.0.0".to_owned(),
        role,
        config: "{}".to_owned(),
        grants: Grants::default(),
        limits: Limits {
            deadline: Duration::from_millis(50),
            memory_bytes: 0,
            recycle_bytes: 0,
            output_bytes: 0,
            http_body_bytes: 0,
            log_lines_per_second: 0,
        },
        on_failure: OnFailure::Restart,
    })
}

/// Two cameras, and two rules behind one filter, of which one goes through a gate.
fn flow() -> Flow {
    let node = |name: &str, work: Work, inputs: &[usize]| Node {
        name: name.to_owned(),
        work,
        inputs: inputs.iter().copied().map(NodeIndex).collect(),
        reads_all_alerts: false,
        cameras: vec![CameraIndex(0), CameraIndex(1)],
        active: None,
        partition: agave_flow::Partition::Camera,
        order: agave_flow::Order::Incident,
    };
    Flow {
        places: agave_flow::Places::default(),
        name: "yard".to_owned(),
        file: "yard.yaml".into(),
        models: vec![Model {
            name: "pina".to_owned(),
            path: "model.onnx".into(),
            fingerprint: agave_core::Fingerprint::of(b"pina"),
            confidence: 0.4,
            iou: 0.7,
        }],
        brokers: Vec::new(),
        cameras: vec![camera("gate"), camera("field")],
        nodes: vec![
            node(
                "detect",
                Work::Infer {
                    model: ModelIndex(0),
                },
                &[],
            ),
            node("zoned", plugin("roi", Role::Filter), &[0]),
            node("rule", plugin("forbidden-object", Role::Rule), &[1]),
            node("calm", plugin("debounce", Role::Gate), &[2]),
            node("odd", plugin("\"]; <b>\\N", Role::Rule), &[1]),
            node("post", plugin("webhook", Role::Adapter), &[3, 4]),
        ],
        tests: Vec::new(),
    }
}

#[test]
fn mermaid_draws_every_node_by_its_role_and_what_goes_between() {
    let drawn = Graph::of(&flow()).written(Format::Mermaid);
    let expected = r##"flowchart LR
    c0[/"gate<br/>field"/]:::cameras
    n0[["detect<br/>infer: pina"]]:::infer
    n1["zoned<br/>filter: roi 1.0.0"]:::filter
    n2{{"rule<br/>rule: forbidden-object 1.0.0"}}:::rule
    n3("calm<br/>gate: debounce 1.0.0"):::gate
    n4{{"odd<br/>rule: #34;#93;#59; #60;b#62;#92;N 1.0.0"}}:::rule
    n5[\"post<br/>adapter: webhook 1.0.0"\]:::adapter
    a0(("alerts")):::alerts
    c0 -- frames --> n0
    n0 -- detections --> n1
    n1 -- detections --> n2
    n2 -- alerts --> n3
    n1 -- detections --> n4
    n3 -- alerts --> n5
    n4 -- alerts --> n5
    n3 -- alerts --> a0
    n4 -- alerts --> a0
"##;
    let (drawing, colours) = drawn.split_once("    classDef").unwrap();
    assert_eq!(drawing, expected);
    assert_eq!(colours.matches("classDef").count(), 6);
}

#[test]
fn many_cameras_share_a_box() {
    let mut flow = flow();
    flow.cameras = (0..200)
        .map(|number| camera(&format!("c{number}")))
        .collect();
    flow.nodes[0].cameras = (0..200).map(CameraIndex).collect();
    let graph = Graph::of(&flow);
    let lines = &graph.boxes[0].lines;
    assert_eq!(*lines, ["c0", "c1", "c2", "c3", "and 196 more cameras"]);
    // One that nobody reads is there, too.
    flow.nodes[0].cameras.pop();
    let graph = Graph::of(&flow);
    assert_eq!(graph.boxes[0].lines, ["c199"]);
}

/// The statements of a graph, in the small part of the language that is used here.
fn dot_statements(text: &str) -> Vec<&str> {
    let body = text.strip_prefix("digraph \"yard\" {\n").unwrap();
    let body = body.strip_suffix("}\n").unwrap();
    body.lines()
        .map(|line| {
            let statement = line.strip_suffix(';').expect("every line is a statement");
            // Quotes come in pairs, apart from those that are escaped.
            let bare = statement.replace("\\\\", "").replace("\\\"", "");
            assert_eq!(bare.matches('"').count() % 2, 0, "{line}");
            statement.trim()
        })
        .collect()
}

#[test]
fn dot_draws_the_same() {
    let drawn = Graph::of(&flow()).written(Format::Dot);
    let statements = dot_statements(&drawn);
    assert!(statements.contains(
        &r##"n4 [label="odd\nrule: \"]; <b>\\N 1.0.0", shape=hexagon, fillcolor="#fff3cd"]"##
    ));
    assert!(statements.contains(&r#"n3 -> a0 [label="alerts"]"#));
    assert_eq!(statements.iter().filter(|s| s.contains(" -> ")).count(), 9);
}

/// Graphviz itself reads it, where it is installed; the test before says what it looks like.
#[test]
fn graphviz_reads_it_where_it_is_installed() {
    let drawn = Graph::of(&flow()).written(Format::Dot);
    let started = Command::new("dot")
        .args(["-Tplain"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut dot) = started else {
        return;
    };
    std::io::Write::write_all(&mut dot.stdin.take().unwrap(), drawn.as_bytes()).unwrap();
    let output = dot.wait_with_output().unwrap();
    assert!(output.status.success());
    let plain = String::from_utf8(output.stdout).unwrap();
    let count = |beginning: &str| {
        let lines = plain.lines();
        lines.filter(|line| line.starts_with(beginning)).count()
    };
    assert_eq!((count("node "), count("edge ")), (8, 9), "{plain}");
}
