//! Packages of other people's registries that a test runs, installed once outside of the
//! repository. Where they cannot be had the test is skipped, and says so.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// So much of what a failed installation says is passed on.
const MOST_LINES: usize = 3;
/// Written when everything was installed.
const COMPLETE: &str = "complete";

/// A Python of its own with `requirements` from PyPI, or nothing, said aloud, where they cannot
/// be installed.
///
/// # Errors
/// When there is no room for them.
pub fn python_packages(name: &str, requirements: &[&str]) -> Result<Option<PathBuf>> {
    let folder = installed(name, requirements, |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        run(Command::new(folder.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet"])
            .args(requirements)
            .env_remove("PIP_REQUIRE_VIRTUALENV"))
    })?;
    Ok(folder.map(|folder| folder.join("bin/python")))
}

/// A folder with `packages` from the npm registry in its `node_modules`, or nothing, said aloud,
/// where they cannot be installed.
///
/// # Errors
/// When there is no room for them.
pub fn node_packages(name: &str, packages: &[&str]) -> Result<Option<PathBuf>> {
    installed(name, packages, |folder| {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("package.json"), "{ \"private\": true }\n")?;
        run(Command::new("npm")
            .args(["install", "--loglevel=error", "--no-audit", "--no-fund"])
            .args(["--ignore-scripts"])
            .args(packages)
            .current_dir(folder))
    })
}

/// The folder of `name` with exactly `packages`, which `install` fills where it is not there yet.
/// One process at a time does; half an installation counts as none.
fn installed(
    name: &str,
    packages: &[&str],
    install: impl FnOnce(&Path) -> Result<()>,
) -> Result<Option<PathBuf>> {
    let folder = cache()?.join("clients").join(name);
    let parent = folder.parent().unwrap_or(&folder).to_owned();
    fs::create_dir_all(&parent).with_context(|| parent.display().to_string())?;
    let lock = File::create(parent.join(format!("{name}.lock")))?;
    lock.lock()?;
    let complete = folder.join(COMPLETE);
    let wanted = packages.join("\n");
    if fs::read_to_string(&complete).is_ok_and(|there| there == wanted) {
        return Ok(Some(folder));
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    if let Err(error) = install(&folder) {
        skipped(&format!(
            "{} cannot be installed: {error:#}",
            packages.join(", ")
        ));
        return Ok(None);
    }
    fs::write(&complete, &wanted)?;
    Ok(Some(folder))
}

/// Says that this test, or a part of it, is not run. Not through a macro, which the harness would
/// keep back.
pub fn skipped(why: &str) {
    let who = std::thread::current().name().unwrap_or("a test").to_owned();
    let line = format!("skipped: {why} ({who})\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let first: Vec<&str> = said.trim().lines().take(MOST_LINES).collect();
        bail!("{}", first.join("; "));
    }
    Ok(())
}

/// Where what is fetched belongs.
fn cache() -> Result<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value: &OsString| !value.is_empty());
    match (set("AGAVE_CACHE"), set("XDG_CACHE_HOME"), set("HOME")) {
        (Some(cache), _, _) => Ok(PathBuf::from(cache)),
        (None, Some(cache), _) => Ok(Path::new(&cache).join("agave")),
        (None, None, Some(home)) => Ok(Path::new(&home).join(".cache/agave")),
        (None, None, None) => bail!("neither AGAVE_CACHE nor HOME says where caches belong"),
    }
}
