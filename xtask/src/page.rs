//! The inspector's page: built with npm from `host/inspector/ui` and kept in the repository, so
//! that neither building nor running agave needs npm. The tests build it anew beside the clone
//! and compare, so that what is kept cannot fall behind its sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::arguments::Arguments;
use crate::paths::Paths;
use crate::shell;

const SOURCES: &str = "host/inspector/ui";
const PAGE: &str = "host/inspector/page";
/// Never copied: what npm installs is installed anew.
const INSTALLED: &str = "node_modules";
/// Differing files that are named before it says "and others".
const MOST_NAMED: usize = 5;

/// Whether the page could be looked at.
pub(crate) enum Checked {
    /// It is that of its sources, and its tests pass.
    UpToDate,
    /// Nothing could be said, and why.
    Skipped(String),
}

/// `cargo xtask page [--check]`
pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    let only_check = arguments.flag("--check");
    arguments.finish()?;
    let paths = Paths::find()?;
    if only_check {
        match check(&paths)? {
            Checked::UpToDate => eprintln!("page: it is up to date"),
            Checked::Skipped(why) => bail!("{why}"),
        }
        return Ok(());
    }
    let bench = workbench(&paths)?;
    if let Some(why) = install(&bench)? {
        bail!("{why}");
    }
    npm(&bench, &["run", "build"])?;
    let kept = paths.root.join(PAGE);
    if kept.exists() {
        fs::remove_dir_all(&kept).with_context(|| format!("cannot empty {}", kept.display()))?;
    }
    copy(&built(&bench), &kept)?;
    eprintln!("page: wrote {PAGE}");
    Ok(())
}

/// Fails when the page that is kept is not what its sources give, or when its own tests fail.
pub(crate) fn check(paths: &Paths) -> Result<Checked> {
    let bench = workbench(paths)?;
    if let Some(why) = install(&bench)? {
        return Ok(Checked::Skipped(why));
    }
    for script in ["check", "test", "build"] {
        npm(&bench, &["run", script])?;
    }
    let differing = differences(&files(&paths.root.join(PAGE))?, &files(&built(&bench))?);
    if !differing.is_empty() {
        let others = differing.len().saturating_sub(MOST_NAMED);
        let mut named: Vec<String> = differing.into_iter().take(MOST_NAMED).collect();
        if others > 0 {
            named.push(format!("and {others} others"));
        }
        bail!(
            "{PAGE} is not what {SOURCES} gives ({}): run `cargo xtask page` and commit it",
            named.join(", ")
        );
    }
    Ok(Checked::UpToDate)
}

/// A copy of the sources outside of the clone, where npm may write.
fn workbench(paths: &Paths) -> Result<PathBuf> {
    let bench = paths.target.join("page/ui");
    if bench.exists() {
        fs::remove_dir_all(&bench).with_context(|| format!("cannot empty {}", bench.display()))?;
    }
    copy(&paths.root.join(SOURCES), &bench)?;
    Ok(bench)
}

/// Where the build writes, seen from the sources.
fn built(bench: &Path) -> PathBuf {
    bench.with_file_name("page")
}

/// Installs what the lock file names; says why where that cannot be had.
fn install(bench: &Path) -> Result<Option<String>> {
    if !shell::succeeds(&["npm", "--version"]) {
        return Ok(Some("npm is not there".to_owned()));
    }
    let log = bench.with_file_name("npm.log");
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund"])
        .current_dir(bench);
    match shell::run_quietly(&mut npm, &log) {
        Ok(()) => Ok(None),
        Err(error) => Ok(Some(format!(
            "what it is built with cannot be installed: {error:#}"
        ))),
    }
}

fn npm(bench: &Path, arguments: &[&str]) -> Result<()> {
    let log = bench.with_file_name("npm.log");
    let mut npm = Command::new("npm");
    npm.args(arguments).current_dir(bench);
    shell::run_quietly(&mut npm, &log)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    for (name, content) in files(from)? {
        let path = to.join(&name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// All files below `folder` but what was installed, by their path in it.
fn files(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let entries =
            fs::read_dir(&next).with_context(|| format!("cannot read {}", next.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                if !path.ends_with(INSTALLED) {
                    folders.push(path);
                }
            } else {
                let name = path.strip_prefix(folder)?.to_owned();
                let content =
                    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                found.insert(name, content);
            }
        }
    }
    Ok(found)
}

/// The names of what is only in one of them, or not the same in both.
fn differences(
    one: &BTreeMap<PathBuf, Vec<u8>>,
    other: &BTreeMap<PathBuf, Vec<u8>>,
) -> Vec<String> {
    let names = one.keys().chain(other.keys());
    let differing = names.filter(|name| one.get(*name) != other.get(*name));
    let mut named: Vec<String> = differing.map(|name| name.display().to_string()).collect();
    named.sort();
    named.dedup();
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_differs_is_named_once() {
        let files = |pairs: &[(&str, &str)]| -> BTreeMap<PathBuf, Vec<u8>> {
            let pairs = pairs.iter();
            pairs
                .map(|(name, content)| (PathBuf::from(name), content.as_bytes().to_vec()))
                .collect()
        };
        let one = files(&[("a.js", "1"), ("b.js", "2"), ("c.css", "3")]);
        let other = files(&[("a.js", "1"), ("b.js", "4"), ("d.js", "5")]);
        assert_eq!(differences(&one, &other), ["b.js", "c.css", "d.js"]);
        assert!(differences(&one, &one).is_empty());
    }
}
