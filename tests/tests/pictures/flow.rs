//! The demo with adapters that show what they tell of.

use std::path::PathBuf;
use std::time::Duration;

use agave_tests::{Agave, Finished, Outcome, agave, repository};
use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// The demo clip as fast as possible, and the deliveries after it.
pub(crate) const LIMIT: Duration = Duration::from_secs(180);

/// Runs the demo with these lines of `nodes`, which read `forbidden`, to its end.
///
/// # Errors
/// When it cannot be run.
pub(crate) fn run(nodes: &str) -> Result<Outcome> {
    run_with(nodes, "")
}

/// The same with more lines above `nodes`.
///
/// # Errors
/// When it cannot be run.
pub(crate) fn run_with(nodes: &str, more: &str) -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let flow = write(&folder, nodes, more, "pace: fast")?;
    let outcome = Agave::run(&flow, &[])?.finish(LIMIT)?;
    ensure!(!outcome.alerts.is_empty(), "the demo has alerts");
    Ok(outcome)
}

/// The same while it runs, with this said of the camera, too. The flow is in the folder.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn start(nodes: &str, camera: &str) -> Result<(TempDir, Agave)> {
    let folder = tempfile::tempdir()?;
    let agave = Agave::run(&write(&folder, nodes, "", camera)?, &[])?;
    Ok((folder, agave))
}

/// What `agave check` says of it.
///
/// # Errors
/// When it cannot be run.
pub(crate) fn check(nodes: &str) -> Result<Finished> {
    let folder = tempfile::tempdir()?;
    let flow = write(&folder, nodes, "", "pace: fast")?;
    agave(["check".as_ref(), flow.as_os_str()])
}

fn write(folder: &TempDir, nodes: &str, more: &str, camera: &str) -> Result<PathBuf> {
    let demo = repository().join("models/yolov8n_pina").canonicalize()?;
    let demo = demo.to_str().context("the repository's path is not text")?;
    let zone = "[[0.205, 0.925], [0.795, 0.925], [0.715, 0.623], [0.285, 0.623]]";
    let flow = format!(
        "version: 1
name: pictures
models:
  pina: {{ path: \"{demo}/1/model.onnx\", confidence: 0.4 }}
{more}
cameras:
  field: {{ url: \"{demo}/demo/demo.mp4\", fps: 5, {camera}, zones: {{ yard: {zone} }} }}
nodes:
  detect: {{ infer: pina, from: cameras }}
  zoned: {{ plugin: roi, from: detect }}
  forbidden: {{ plugin: forbidden-object, from: zoned, config: {{ zone: yard, alert: [object], allow: [pina, worker], after: 500ms }} }}
{nodes}"
    );
    let file = folder.path().join("flow.yaml");
    std::fs::write(&file, flow)?;
    Ok(file)
}
