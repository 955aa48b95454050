//! A plugin that misbehaves for one camera changes nothing for the other, and its node says
//! what it did.

use std::fs;
use std::path::Path;
use std::time::Duration;

use agave_tests::{Agave, Outcome, repository, without_wall_clock};
use anyhow::{Context, Result};

/// Two cameras on the demo clip.
const LIMIT: Duration = Duration::from_secs(240);

/// The demo flow for two cameras, with `extra` nodes and the rule reading from `source`.
fn write_flow(folder: &Path, extra: &str, source: &str) -> Result<()> {
    let demo = repository().join("models/yolov8n_pina").canonicalize()?;
    let demo = demo.to_str().context("the repository's path is not text")?;
    let zone = "[[0.205, 0.925], [0.795, 0.925], [0.715, 0.623], [0.285, 0.623]]";
    let camera = format!("{{ url: \"{demo}/demo/demo.mp4\", fps: 5, zones: {{ yard: {zone} }} }}");
    let flow = format!(
        "version: 1
name: hostile
models:
  pina: {{ path: \"{demo}/1/model.onnx\" }}
cameras:
  good: {camera}
  bad: {camera}
nodes:
  detect: {{ infer: pina, from: cameras }}
  zoned: {{ plugin: roi, from: detect }}
{extra}  forbidden: {{ plugin: forbidden-object, from: {source}, config: {{ zone: yard, alert: [object], allow: [pina, worker], after: 1s }} }}
"
    );
    fs::write(folder.join("flow.yaml"), flow)?;
    Ok(())
}

fn run(extra: &str, source: &str) -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    write_flow(folder.path(), extra, source)?;
    Agave::run(&folder.path().join("flow.yaml"), &[])?.finish(LIMIT)
}

/// One camera's plugin misbehaves as `mode` says, and its node must count `reason`.
fn contained(mode: &str, reason: &str) -> Result<()> {
    let quiet = run("", "zoned")?;
    let expected = without_wall_clock(&quiet.alerts, "good");
    assert!(expected.len() > 1, "there is next to nothing to compare");
    assert_eq!(
        without_wall_clock(&quiet.alerts, "bad").len(),
        expected.len()
    );

    // More than the default deadline, so that taking memory on a busy machine is not late first.
    let node = format!(
        "  chaos: {{ plugin: chaos, from: zoned, config: {{ mode: {mode}, camera: bad }}, limits: {{ deadline: 250ms }} }}\n"
    );
    let outcome = run(&node, "chaos")?;
    assert_eq!(without_wall_clock(&outcome.alerts, "good"), expected);
    assert!(
        outcome.summary.dropped("chaos", reason)? > 0,
        "the failure is not counted"
    );
    for other in ["deadline", "memory", "trap"] {
        if other != reason {
            assert_eq!(
                outcome.summary.dropped("chaos", other)?,
                0,
                "it is called {other}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_plugin_that_loops_is_stopped_at_its_deadline() -> Result<()> {
    contained("loop", "deadline")
}

#[test]
fn a_plugin_that_takes_memory_without_end_is_stopped() -> Result<()> {
    contained("allocate", "memory")
}

#[test]
fn a_plugin_that_traps_is_contained() -> Result<()> {
    contained("trap", "trap")
}
