//! Builds the program and the plugins that it runs. Dependencies are compiled once: one profile,
//! and always the whole workspace's features, whichever program is asked for, since cargo would
//! otherwise build wasmtime again for each selection of packages.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::arguments::Arguments;
use crate::paths::Paths;
use crate::{setup, shell};

/// What the shipped flows use.
const PLUGINS: [&str; 13] = [
    "plugins/roi",
    "plugins/track",
    "plugins/forbidden-object",
    "plugins/crowd",
    "plugins/debounce",
    "plugins/rate-limit",
    "plugins/escalate",
    "plugins/schedule",
    "plugins/dedupe",
    "plugins/webhook",
    "plugins/hikvision",
    "plugins/mqtt",
    "plugins/tcp",
];

/// For the tests: those that misbehave on request, one in each role, and one that makes the calls
/// it is told to.
const TEST_PLUGINS: [&str; 8] = [
    "plugins/chaos",
    "plugins/chaos-rule",
    "plugins/chaos-site",
    "plugins/chaos-gate",
    "plugins/chaos-adapter",
    "plugins/probe",
    "plugins/sequence",
    "plugins/ballast",
];

/// `cargo xtask plugins`
pub(crate) fn command(arguments: Arguments) -> Result<()> {
    arguments.finish()?;
    let paths = Paths::find()?;
    setup::install(&paths, setup::Purpose::Demo)?;
    for_running(&paths)?;
    eprintln!("plugins: {}", paths.plugins().display());
    Ok(())
}

/// The model that a flow can begin with. It lies beside the program, and not in it: its weights have
/// a licence of their own.
const MODEL: &str = "yolov8n_pina/1";

/// Builds what a user runs.
pub(crate) fn for_running(paths: &Paths) -> Result<()> {
    program(paths, "agave")?;
    model(paths)?;
    plugins(paths, &PLUGINS, &paths.plugins())
}

/// Builds what only tests and benches run.
pub(crate) fn test_plugins(paths: &Paths) -> Result<()> {
    plugins(paths, &TEST_PLUGINS, &paths.test_plugins())
}

/// Builds one program of the workspace.
pub(crate) fn program(paths: &Paths, name: &str) -> Result<()> {
    eprintln!("build: {name} (the first time takes some minutes)");
    shell::run(shell::cargo(paths).args(["build", "--release", "--workspace", "--bin", name]))
}

/// Builds what the tests run. All targets at once, so that `cargo test` finds the same
/// features already built.
pub(crate) fn for_testing(paths: &Paths) -> Result<()> {
    eprintln!("build: everything (the first time takes some minutes)");
    shell::run(shell::cargo(paths).args(["build", "--release", "--workspace", "--all-targets"]))?;
    model(paths)?;
    plugins(paths, &PLUGINS, &paths.plugins())?;
    test_plugins(paths)
}

/// Puts the model with its licence where the program finds it.
fn model(paths: &Paths) -> Result<()> {
    let shipped = paths.root.join("models").join(MODEL);
    let beside = paths.release().join("models").join(MODEL);
    fs::create_dir_all(&beside).with_context(|| beside.display().to_string())?;
    for file in ["model.onnx", "LICENSE.md"] {
        let to = beside.join(file);
        fs::copy(shipped.join(file), &to).with_context(|| to.display().to_string())?;
    }
    Ok(())
}

fn plugins(paths: &Paths, folders: &[&str], out: &Path) -> Result<()> {
    eprintln!("build: plugins");
    let mut command = Command::new(paths.agave());
    command
        .args(["plugin", "build"])
        .args(folders)
        .arg("--out")
        .arg(out)
        .current_dir(&paths.root)
        .env("CARGO_TARGET_DIR", &paths.target);
    shell::run(&mut command)
}
