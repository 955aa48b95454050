//! `agave test`: the tests of flow files, in virtual time.

use std::fs;
use std::path::PathBuf;

use agave_tests::{Finished, agave, repository};
use anyhow::{Context, Result};
use serde_json::Value;

/// Someone at the gate for a second is an incident; the model is nowhere.
const FLOW: &str = r#"
version: 1
name: gate
models:
  people: { path: model.onnx }
cameras:
  gate:
    url: "rtsp://${secret:gate-login}@10.0.0.5/stream"
    fps: 4
    zones: { door: [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]] }
nodes:
  detect: { infer: people, from: cameras }
  zoned: { plugin: roi, from: detect }
  rule:
    plugin: forbidden-object
    from: zoned
    config: { zone: door, alert: [person], after: 1s, gap: 500ms }
  calm: { plugin: debounce, from: rule, config: { hold: 1s } }
  hook:
    plugin: webhook
    from: calm
    config: { url: "https://example.org/alerts" }
    allow: { http: ["https://example.org"] }
"#;

const PERSON: &str = "{ class: person, bbox: [0.4, 0.4, 0.2, 0.2] }";

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Result<Self> {
        Ok(Self {
            folder: tempfile::tempdir()?,
        })
    }

    /// A flow with `tests`.
    fn flow(&self, name: &str, tests: &str) -> Result<PathBuf> {
        let file = self.folder.path().join(name);
        fs::write(&file, format!("{FLOW}\ntests:\n{tests}"))?;
        Ok(file)
    }

    fn run(&self, arguments: &[&str]) -> Result<Finished> {
        let folder = self.folder.path().as_os_str();
        let arguments = arguments.iter().map(|&one| one.as_ref());
        agave(["test".as_ref(), folder].into_iter().chain(arguments))
    }
}

fn lines(finished: &Finished) -> Result<Vec<Value>> {
    let lines = finished.stdout.lines();
    lines.map(|line| Ok(serde_json::from_str(line)?)).collect()
}

#[test]
fn the_shipped_flows_do_what_their_tests_say() -> Result<()> {
    let folder = repository().join("flows");
    let tested = agave(["test".as_ref(), folder.as_os_str()])?;
    assert!(
        tested.status.success(),
        "{}{}",
        tested.stdout,
        tested.stderr
    );
    for flow in ["demo.yaml", "bottle.yaml", "person.yaml"] {
        assert!(tested.stdout.contains(flow), "{}", tested.stdout);
    }
    Ok(())
}

#[test]
fn a_test_passes_without_camera_model_secret_and_receiver() -> Result<()> {
    let files = Files::new()?;
    files.flow(
        "gate.yaml",
        &format!(
            "  - name: one second\n    camera: gate\n    given: [{{ at: 1s, for: 2s, detections: \
             [{PERSON}] }}]\n    expect: {{ calm: [{{ phase: begin, class: person, zone: door, \
             at: 2s }}] }}\n"
        ),
    )?;
    let tested = files.run(&[])?;
    assert!(
        tested.status.success(),
        "{}{}",
        tested.stdout,
        tested.stderr
    );
    assert!(
        tested.stdout.contains("passed  one second"),
        "{}",
        tested.stdout
    );
    assert!(tested.stdout.contains("1 test in 1 flow, passed"));
    Ok(())
}

#[test]
fn what_failed_is_shown_beside_what_was_expected() -> Result<()> {
    let files = Files::new()?;
    files.flow(
        "gate.yaml",
        &format!(
            "  - name: wrong time\n    camera: gate\n    given: [{{ at: 0s, for: 2s, detections: \
             [{PERSON}] }}, {{ at: 2s, for: 3s, detections: [] }}]\n    expect: {{ rule: [{{ \
             phase: begin, at: 1.5s }}], calm: [] }}\n"
        ),
    )?;
    let tested = files.run(&[])?;
    assert_eq!(tested.status.code(), Some(1));
    for wanted in [
        "FAILED  wrong time",
        "node 'rule', alert 1: expected at 1.5s, got 1s",
        "node 'rule': nothing expects end of forbidden-object: person in door",
        "expected of 'rule'",
        "≠ begin, at 1.5s",
        "+ nothing",
        "node 'calm': nothing expects begin",
        "1 test in 1 flow, FAILED: 1",
    ] {
        assert!(
            tested.stdout.contains(wanted),
            "{wanted}:\n{}",
            tested.stdout
        );
    }
    let tested = files.run(&["--json"])?;
    let lines = lines(&tested)?;
    let [test, summary] = lines.as_slice() else {
        anyhow::bail!("{}", tested.stdout);
    };
    assert_eq!(test.pointer("/passed"), Some(&Value::Bool(false)));
    assert_eq!(
        test.pointer("/nodes/rule/came/0/at")
            .and_then(Value::as_str),
        Some("1s")
    );
    let failed = summary.pointer("/summary/failed").and_then(Value::as_u64);
    assert_eq!(failed.context("no count")?, 1);
    Ok(())
}

#[test]
fn a_test_goes_on_while_a_gate_holds_something_back() -> Result<()> {
    let files = Files::new()?;
    files.flow(
        "gate.yaml",
        &format!(
            "  - name: the end is held\n    camera: gate\n    given: [{{ at: 0s, for: 2s, \
             detections: [{PERSON}] }}, {{ at: 2s, for: 750ms, detections: [] }}]\n    expect: {{ \
             calm: [{{ phase: begin }}, {{ phase: end }}] }}\n  - name: the end is waited for\n    \
             camera: gate\n    given: [{{ at: 0s, for: 2s, detections: [{PERSON}] }}]\n    \
             expect: {{ rule: [{{ phase: begin }}, {{ phase: end, at: 1750ms }}] }}\n"
        ),
    )?;
    let tested = files.run(&["--filter", "held"])?;
    assert!(
        tested.status.success(),
        "{}{}",
        tested.stdout,
        tested.stderr
    );
    Ok(())
}

#[test]
fn a_slip_of_the_finger_is_said_with_what_was_meant() -> Result<()> {
    let files = Files::new()?;
    files.flow(
        "gate.yaml",
        "  - name: a name\n    camera: gate\n    given: [{ at: 0s, detections: [{ class: person, \
         bbox: [0.4, 0.4, 0.2, 0.2] }] }]\n    expect: { calmer: [] }\n",
    )?;
    let tested = files.run(&[])?;
    assert_eq!(tested.status.code(), Some(1));
    assert!(
        tested.stderr.contains("did you mean 'calm'?"),
        "{}",
        tested.stderr
    );
    assert!(
        tested.stdout.contains("1 flow CANNOT BE RUN"),
        "{}",
        tested.stdout
    );
    Ok(())
}

#[test]
fn nothing_to_test_is_a_failure_that_says_why() -> Result<()> {
    let files = Files::new()?;
    let tested = files.run(&[])?;
    assert_eq!(tested.status.code(), Some(1));
    assert!(
        tested.stderr.contains("there is no flow file in"),
        "{}",
        tested.stderr
    );
    files.flow(
        "gate.yaml",
        "  - name: nobody\n    camera: gate\n    given: []\n    expect: { calm: [] }\n",
    )?;
    let tested = files.run(&["--filter", "somebody"])?;
    assert_eq!(tested.status.code(), Some(1));
    assert!(
        tested
            .stderr
            .contains("no test has 'somebody' in its name; there are 1"),
        "{}",
        tested.stderr
    );
    let broken = files.folder.path().join("gate.yaml");
    fs::write(broken, FLOW)?;
    let tested = files.run(&[])?;
    assert_eq!(tested.status.code(), Some(1));
    assert!(
        tested.stderr.contains("there is no test"),
        "{}",
        tested.stderr
    );
    Ok(())
}
