//! A plugin that misbehaves for one camera changes nothing for the other, and its node says
//! what it did.

use std::fs;
use std::path::Path;
use std::time::Duration;

use agave_tests::{Agave, Outcome, repository};
use anyhow::{Context, Result};
use serde_json::Value;

/// Two cameras on the demo clip.
const LIMIT: Duration = Duration::from_secs(240);

/// The demo flow for two cameras, with `extra` nodes and the rule reading from `source`.
fn write_flow(folder: &Path, extra: &str, source: &str) -> Result<()> {
    let demo = repository().join("models/yolov8n_pina").canonicalize()?;
    let demo = demo.to_str().context("the repository's path is not text")?;
    let zone = "[[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98]]";
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

/// The alerts of one camera, without what differs from run to run.
fn alerts_of(outcome: &Outcome, camera: &str) -> Vec<Value> {
    let alerts = outcome.alerts.iter();
    alerts
        .filter(|alert| alert.camera() == camera)
        .map(agave_tests::Alert::without_wall_clock)
        .collect()
}

/// One camera's plugin misbehaves as `mode` says, and its node must count `reason`.
fn contained(mode: &str, reason: &str) -> Result<()> {
    let quiet = run("", "zoned")?;
    let expected = alerts_of(&quiet, "good");
    assert!(!expected.is_empty(), "there is nothing to compare");
    assert!(
        !alerts_of(&quiet, "bad").is_empty(),
        "the camera would have had alerts"
    );

    let node = format!(
        "  chaos: {{ plugin: chaos, from: zoned, config: {{ mode: {mode}, camera: bad }} }}\n"
    );
    let outcome = run(&node, "chaos")?;
    assert_eq!(alerts_of(&outcome, "good"), expected);
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
