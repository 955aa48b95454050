//! What changing a running flow costs its frames: 500 changes in a row under 10 000 frames a
//! second through four plugins, edits, replaced plugins and broken candidates among them. The
//! program does it itself (`drill`), because it looks at a frame's way from inside; the other
//! side is the same flow in the same run before the first change.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::figure::Figure;

const CHANGES: &str = "500";

pub(crate) fn run(report: &mut dyn FnMut(Figure)) -> Result<()> {
    let model = std::env::current_dir()?.join("models/yolov8n_pina/1/model.onnx");
    let mut drill = Command::new(program()?);
    drill
        .args(["drill", "--changes", CHANGES])
        .env("AGAVE_DRILL_MODEL", model)
        // It breaks plugins on purpose, and each says so.
        .env("AGAVE_LOG", "off")
        .stderr(Stdio::inherit());
    let output = drill.output().context("cannot start agave")?;
    if !output.status.success() {
        bail!("the drill failed ({})", output.status);
    }
    let told: Value = serde_json::from_slice(&output.stdout).context("the drill said nothing")?;
    let number = |name: &str| {
        let value = told.get(name).and_then(Value::as_f64);
        value.with_context(|| format!("the drill did not say `{name}`: {told}"))
    };
    let unbalanced = told.get("unbalanced").and_then(Value::as_array);
    if unbalanced.is_none_or(|nodes| !nodes.is_empty()) {
        bail!("the ledger does not balance: {told}");
    }
    let mut figure = |metric: &str, unit, baseline, beside| {
        report(Figure {
            bench: "reload",
            metric: metric.to_owned(),
            value: number(metric)?,
            unit,
            baseline,
            beside,
        });
        anyhow::Ok(())
    };
    let quiet = number("quiet_delay_p99_ms")?;
    let quiet_longest = number("quiet_delay_max_ms")?;
    figure("lost_or_doubled", "frames", number("frames")?, "all frames")?;
    figure(
        "pause_p99_ms",
        "ms",
        quiet_longest,
        "the longest delay before",
    )?;
    figure("delay_p99_ms", "ms", quiet, "the same before")?;
    figure("held_p99_ms", "ms", quiet, "the delay before")?;
    figure(
        "memory_growth_mib",
        "MiB",
        number("memory_mib")?,
        "all of it",
    )?;
    figure("reload_p50_ms", "ms", quiet, "a frame's delay before")?;
    Ok(())
}

/// `cargo xtask bench` builds it beside this one.
pub(crate) fn program() -> Result<PathBuf> {
    let own = std::env::current_exe().context("this program does not know where it is")?;
    let folder = own.parent().context("this program is at the root")?;
    Ok(folder.join("agave"))
}
