//! Plugins that misbehave in the real program: a camera whose plugins do not notices nothing,
//! each failure is in the ledger under its name, and the ledger balances.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use agave_tests::{Agave, Alert, Outcome, RtspServer, repository, without_wall_clock};
use anyhow::{Context, Result, ensure};

/// Many cameras on the demo clip.
const LIMIT: Duration = Duration::from_secs(240);
/// Of a run on live cameras, with its start.
const LIVE_LIMIT: Duration = Duration::from_secs(90);

/// The demo's model, what every flow here begins with, and `cameras`, each with its address.
fn begin_flow(cameras: &[(&str, String)], settings: &str) -> Result<String> {
    let mut flow = format!(
        "version: 1\nname: hostile\nmodels:\n  pina: {{ path: \"{}/1/model.onnx\" }}\ncameras:\n",
        demo()?
    );
    for (name, url) in cameras {
        let zone = "[[0.205, 0.925], [0.795, 0.925], [0.715, 0.623], [0.285, 0.623]]";
        writeln!(
            flow,
            "  {name}: {{ url: \"{url}\", {settings}, zones: {{ yard: {zone} }} }}"
        )?;
    }
    flow.push_str(
        "nodes:
  detect: { infer: pina, from: cameras }
  zoned: { plugin: roi, from: detect }
",
    );
    Ok(flow)
}

fn demo() -> Result<String> {
    let demo = repository().join("models/yolov8n_pina").canonicalize()?;
    let demo = demo.to_str().context("the repository's path is not text")?;
    Ok(demo.to_owned())
}

/// The rule whose alerts are compared, reading from `source`.
fn rule(source: &str) -> String {
    format!(
        "  forbidden: {{ plugin: forbidden-object, from: {source}, config: {{ zone: yard, alert: [object], allow: [pina, worker], after: 1s }} }}\n"
    )
}

fn start(folder: &Path, flow: &str, arguments: &[&str]) -> Result<Agave> {
    let file = folder.join("flow.yaml");
    fs::write(&file, flow)?;
    Agave::run(&file, arguments)
}

fn run(cameras: &[&str], nodes: &str) -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let clip = format!("{}/demo/demo.mp4", demo()?);
    let cameras: Vec<_> = cameras.iter().map(|&name| (name, clip.clone())).collect();
    let flow = begin_flow(&cameras, "fps: 3")? + nodes;
    start(folder.path(), &flow, &[])?.finish(LIMIT)
}

/// One camera's alerts behind one node, without what differs from run to run.
fn told(outcome: &Outcome, camera: &str, node: &str) -> Vec<serde_json::Value> {
    let of_node = |alert: &&Alert| alert.line.get("node").is_some_and(|name| name == node);
    let alerts: Vec<Alert> = outcome.alerts.iter().filter(of_node).cloned().collect();
    let mut told = without_wall_clock(&alerts, camera);
    for alert in &mut told {
        if let Some(fields) = alert.as_object_mut() {
            fields.remove("node");
            fields.remove("camera_id");
        }
    }
    told
}

/// What the demo's rule says when nobody misbehaves.
fn expected() -> Result<Vec<serde_json::Value>> {
    let quiet = run(&["good"], &rule("zoned"))?;
    let expected = told(&quiet, "good", "forbidden");
    ensure!(expected.len() > 1, "there is next to nothing to compare");
    Ok(expected)
}

/// The node has dropped something for `reason`, and nothing for another.
fn has_only(outcome: &Outcome, node: &str, reasons: &[&str]) -> Result<()> {
    for reason in ["trap", "deadline", "memory", "plugin_error", "bad_output"] {
        let dropped = outcome.summary.dropped(node, reason)?;
        let right = (dropped > 0) == reasons.contains(&reason);
        ensure!(right, "'{node}' has dropped {dropped} for {reason}");
    }
    Ok(())
}

/// A log in which nobody but the host has written a line.
fn log_is_the_hosts(outcome: &Outcome) -> Result<()> {
    for line in outcome.output.stderr.lines() {
        ensure!(!line.contains(char::is_control), "{line:?}");
        ensure!(!line.starts_with("2026-01-01"), "forged: {line}");
    }
    Ok(())
}

#[test]
fn filters_that_misbehave_cost_their_own_camera_only() -> Result<()> {
    // One after the other, each on a camera of its own. More than the default deadline, so that
    // taking memory on a busy machine is not late first.
    let modes = [
        ("loop", "deadline"),
        ("allocate", "memory"),
        ("trap", "trap"),
        ("forged-error", "plugin_error"),
        ("not-a-number", "bad_output"),
        ("log-flood", ""),
    ];
    let (mut nodes, mut source) = (String::new(), "zoned");
    for (mode, _) in modes {
        writeln!(
            nodes,
            "  {mode}: {{ plugin: chaos, from: {source}, config: {{ mode: {mode}, camera: on-{mode} }}, limits: {{ deadline: 250ms }} }}"
        )?;
        source = mode;
    }
    let cameras: Vec<String> = modes.iter().map(|(mode, _)| format!("on-{mode}")).collect();
    let mut names: Vec<&str> = cameras.iter().map(String::as_str).collect();
    names.push("good");
    let outcome = run(&names, &(nodes + &rule(source)))?;

    assert_eq!(told(&outcome, "good", "forbidden"), expected()?);
    // One that only talks too much does its work.
    assert_eq!(told(&outcome, "on-log-flood", "forbidden"), expected()?);
    for (mode, reason) in modes {
        has_only(&outcome, mode, &[reason])?;
    }
    log_is_the_hosts(&outcome)?;
    let lines = outcome.output.stderr.lines().count();
    ensure!(lines < 5000, "{lines} lines of log");
    Ok(())
}

#[test]
fn rules_gates_and_adapters_that_misbehave_cost_their_own_camera_only() -> Result<()> {
    let gates = [
        ("double", "bad_output"),
        ("multiply", "bad_output"),
        ("trap", "trap"),
        ("loop", "deadline"),
    ];
    let mut nodes = rule("zoned");
    for (mode, _) in gates {
        writeln!(
            nodes,
            "  {mode}: {{ plugin: chaos-gate, from: forbidden, config: {{ mode: {mode}, camera: bad }} }}"
        )?;
    }
    nodes.push_str(
        "  invents: { plugin: chaos-gate, from: forbidden, config: { mode: invent, camera: bad } }
  swallows: { plugin: chaos-gate, from: forbidden, config: { mode: swallow, camera: bad } }
  floods: { plugin: chaos-rule, from: zoned, config: { mode: flood, camera: bad }, limits: { memory: 128MiB, deadline: 1s } }
  floods-on: { plugin: chaos-rule, from: zoned, config: { mode: steady-flood, camera: bad }, limits: { deadline: 1s } }
  once: { plugin: chaos-rule, from: zoned, config: { mode: once, camera: bad } }
  hangs: { plugin: chaos-adapter, from: once, config: { mode: loop, camera: bad }, limits: { deadline: 100ms } }
  rejects: { plugin: chaos-adapter, from: once, config: { mode: forged-reason, camera: bad } }
",
    );
    let outcome = run(&["good", "bad"], &nodes)?;
    let expected = expected()?;
    for (gate, reason) in gates {
        assert_eq!(told(&outcome, "good", gate), expected, "{gate}");
        assert_eq!(told(&outcome, "bad", gate).len(), 0, "{gate}");
        has_only(&outcome, gate, &[reason])?;
    }
    let invents = told(&outcome, "bad", "invents");
    assert_eq!(invents, expected, "what it invents is refused");
    ensure!(outcome.summary.failures("invents")? > 0);
    assert_eq!(told(&outcome, "bad", "swallows").len(), 0);
    let swallowed = outcome.summary.waiting("swallows")?;
    assert_eq!(swallowed, expected.len() as u64);
    has_only(&outcome, "floods", &["bad_output"])?;
    has_only(&outcome, "floods-on", &["bad_output"])?;
    let good = told(&outcome, "good", "floods").len();
    assert_eq!(told(&outcome, "good", "floods-on").len(), good);
    ensure!(good > 10, "the same rule on the other camera raised {good}");
    // The alert over which the adapter hangs is given up, and the others are delivered.
    let once = told(&outcome, "good", "once").len() as u64;
    for (adapter, reason) in [("hangs", "deadline"), ("rejects", "rejected")] {
        assert_eq!(outcome.summary.passed(adapter)?, once, "{adapter}");
        assert_eq!(outcome.summary.dropped(adapter, reason)?, 1, "{adapter}");
    }
    log_is_the_hosts(&outcome)
}

#[test]
fn a_live_camera_is_not_starved_by_another_ones_plugins() -> Result<()> {
    let clip = repository().join("models/yolov8n_pina/demo/demo.mp4");
    let servers = [
        RtspServer::start(&clip, None, false)?,
        RtspServer::start(&clip, None, false)?,
    ];
    let cameras = [("good", servers[0].url()), ("bad", servers[1].url())];
    // What is older than this when its turn comes is dropped and counted.
    let mut flow = begin_flow(&cameras, "fps: 6, transport: tcp, max-age: 700ms")?;
    // Each of them ends a frame after 150 ms of computing, as often as restarts allow. A success
    // between two failures keeps them out of quarantine.
    for number in 1..=4 {
        writeln!(
            flow,
            "  loops-{number}: {{ plugin: chaos, from: zoned, config: {{ mode: loop, camera: bad, every: 2 }}, limits: {{ deadline: 150ms }} }}"
        )?;
    }
    flow.push_str(&rule("loops-1"));
    let folder = tempfile::tempdir()?;
    let agave = start(folder.path(), &flow, &["--for", "12s", "--workers", "2"])?;
    let outcome = agave.finish(LIVE_LIMIT)?;

    let summary = &outcome.summary;
    let pressure = summary.dropped("loops-1", "deadline")?;
    ensure!(pressure > 0, "the bad camera's plugins did not loop");
    let sampled = summary.frames("good", "sampled")?;
    let inferred = summary.frames("good", "inferred")?;
    ensure!(sampled > 30, "the good camera was hardly there: {sampled}");
    // The last frames are cut off by the end of the run.
    ensure!(
        inferred + 4 >= sampled,
        "of the good camera's {sampled} frames only {inferred} were looked at in time"
    );
    Ok(())
}
