//! The programs that make components of the other languages: those of the system where they
//! will do, and for the rest versions that are known to, in a folder of Agave's own. Packages of
//! the system are never installed from here; that a program is missing says how to get it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Written when a tool was installed to its end.
const COMPLETE: &str = "complete";
/// How many of a failed command's last lines are shown.
const TAIL: usize = 40;

/// The file of the program `name` on PATH.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// What `program` prints with `arguments`, or nothing when it is not there or fails.
pub(super) fn answer(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let printed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(printed)
}

/// Runs a compiler, which is quiet where it has nothing to say.
pub(super) fn compile(command: &mut Command) -> Result<()> {
    let program = Path::new(command.get_program()).to_owned();
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    if !status.success() {
        let name = program.file_name().unwrap_or_default().display();
        bail!("{name} failed ({status}); it says why above");
    }
    Ok(())
}

/// Runs a program whose chatter is shown only where it fails.
pub(super) fn run(command: &mut Command) -> Result<()> {
    printed_by(command).map(drop)
}

/// What a program prints. What it says beside that is shown only where it fails.
pub(super) fn printed_by(command: &mut Command) -> Result<Vec<u8>> {
    let program = Path::new(command.get_program()).to_owned();
    let name = program.file_name().unwrap_or_default().display();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", program.display()))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().collect();
    let last = lines.get(lines.len().saturating_sub(TAIL)..);
    bail!(
        "{name} failed ({}):\n{}",
        output.status,
        last.unwrap_or_default().join("\n")
    )
}

/// A tool from PyPI, in a Python environment of its own.
pub(super) struct PythonTool {
    /// What it is called.
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    /// The lines of a `requirements.txt` with the hash of every file that may be installed.
    pub(super) requirements: &'static str,
}

impl PythonTool {
    /// The Python of its environment, which it is installed into where it was not.
    pub(super) fn python(&self) -> Result<PathBuf> {
        let folder = installed(self.name, self.version, "PyPI", |folder| {
            self.install(folder)
        })?;
        Ok(folder.join("bin/python"))
    }

    fn install(&self, folder: &Path) -> Result<()> {
        let python = ["python3", "/usr/bin/python3"]
            .into_iter()
            .find(|python| answer(python, &["-c", "import venv, ensurepip"]).is_some())
            .context(
                "a Python with venv is missing; on Debian: apt-get install python3 python3-venv",
            )?;
        run(Command::new(python).args(["-m", "venv"]).arg(folder))?;
        let requirements = folder.join("requirements.txt");
        fs::write(&requirements, self.requirements)
            .with_context(|| format!("cannot write {}", requirements.display()))?;
        run(Command::new(folder.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--no-deps"])
            .args(["--require-hashes", "--only-binary=:all:", "--requirement"])
            .arg(&requirements)
            .env_remove("PIP_REQUIRE_VIRTUALENV"))
    }

    /// The folder of the Python package `name` in its environment.
    pub(super) fn package(&self, name: &str) -> Result<PathBuf> {
        let find = format!("import {name}; print({name}.__path__[0])");
        let folder = answer(self.python()?, &["-c", &find]);
        folder.map(PathBuf::from).with_context(|| {
            let place = place(self.name, self.version).unwrap_or_default();
            format!(
                "{} is damaged; delete it, and it is installed again",
                place.display()
            )
        })
    }
}

/// The folder of version `version` of `tool`, which `install` fills where it is not there yet.
/// One process at a time does; half an installation counts as none.
pub(super) fn installed(
    tool: &str,
    version: &str,
    from: &str,
    install: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    installed_in(&place(tool, version)?, tool, version, from, install)
}

fn installed_in(
    folder: &Path,
    tool: &str,
    version: &str,
    from: &str,
    install: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let complete = folder.join(COMPLETE);
    if complete.is_file() {
        return Ok(folder.to_owned());
    }
    let cannot = || format!("cannot write {}", folder.display());
    let parent = folder.parent().unwrap_or(folder);
    fs::create_dir_all(parent).with_context(cannot)?;
    let lock = File::create(parent.join(format!("{tool}-{version}.lock"))).with_context(cannot)?;
    lock.lock().with_context(cannot)?;
    // Another process may have been first.
    if complete.is_file() {
        return Ok(folder.to_owned());
    }
    eprintln!(
        "installing {tool} {version} from {from} into {}",
        folder.display()
    );
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(cannot)?;
    }
    install(folder).with_context(|| format!("cannot install {tool} {version} from {from}"))?;
    fs::write(&complete, "").with_context(cannot)?;
    Ok(folder.to_owned())
}

/// Where a tool of Agave's own belongs.
fn place(tool: &str, version: &str) -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let cache = if let Some(cache) = set("AGAVE_CACHE") {
        PathBuf::from(cache)
    } else if let Some(cache) = set("XDG_CACHE_HOME").filter(|path| Path::new(path).is_absolute()) {
        Path::new(&cache).join("agave")
    } else {
        let home = set("HOME").context("neither AGAVE_CACHE nor HOME says where caches belong")?;
        Path::new(&home).join(".cache/agave")
    };
    Ok(cache.join("tools").join(format!("{tool}-{version}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_compilers_complaint_is_shown() {
        let error = run(Command::new("sh").args(["-c", "echo plugin.c:3: no >&2; exit 1"]));
        let error = error.unwrap_err().to_string();
        assert!(
            error.starts_with("sh failed") && error.ends_with("plugin.c:3: no"),
            "{error}"
        );
    }

    #[test]
    fn a_program_is_found_on_the_path() {
        assert!(on_path("sh").unwrap().ends_with("sh"));
        assert!(on_path("no-such-program").is_none());
    }

    #[test]
    fn half_an_installation_counts_as_none() {
        let cache = tempfile::tempdir().unwrap();
        let mut runs = 0;
        let mut install = |fails: bool| {
            installed_in(
                &cache.path().join("tool-1"),
                "tool",
                "1",
                "here",
                |folder| {
                    runs += 1;
                    fs::create_dir(folder).unwrap();
                    if fails { bail!("no network") } else { Ok(()) }
                },
            )
        };
        assert!(install(true).is_err());
        assert!(install(false).is_ok());
        assert!(install(true).is_ok(), "it is there");
        assert_eq!(runs, 2);
    }
}
