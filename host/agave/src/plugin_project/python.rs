//! Builds plugins that are written in Python: componentize-py makes a component of the modules
//! and CPython.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use agave_core::Role;
use anyhow::{Context, Result, bail};

use super::tools::{self, PythonTool};
use super::{Project, unchanged, world};

const SOURCE: &str = "plugin.py";
const ENTRY: &str = include_str!("python/entry.py");
/// What the plugin imports the contract from: `from agave.imports import log`.
const MODULE: &str = "agave";

const COMPONENTIZE: PythonTool = PythonTool {
    name: "componentize-py",
    version: "0.25.1",
    requirements: "componentize-py==0.25.1 \
        --hash=sha256:8623cd8cab8453cb0cd8bf03f3c7103420d06f2f3d360186a280a70a1ca5e89f \
        --hash=sha256:7b6a87c520358166843af0daa86d2312d7af4cbcbbf1e598951085cf7f2991ca \
        --hash=sha256:65fbc4a94df1de8acf7da50a1f5ed1711230188844e53e6332d99029be4e0afa \
        --hash=sha256:a556991534cc496207a9d2ca733c4b0f17ed38ef56a8d6b5f1847fdf1225dd1b\n",
};

/// The component of `project`, whose world is in `wit`.
pub(super) fn build(project: &Project, wit: &Path) -> Result<Vec<u8>> {
    if !project.folder.join(SOURCE).is_file() {
        bail!("there is no {SOURCE} in {}", project.folder.display());
    }
    let build = project.build_folder();
    let modules = build.join("python");
    fs::create_dir_all(&modules)
        .and_then(|()| fs::write(modules.join("entry.py"), entry(project.manifest.role)))
        .with_context(|| format!("cannot write to {}", modules.display()))?;
    let python = COMPONENTIZE.python()?;
    let packages = packages(project, &python)?;

    // For editors and unit tests; the component gets its own.
    let bindings = build.join("bindings");
    if bindings.exists() {
        fs::remove_dir_all(&bindings)
            .with_context(|| format!("cannot write to {}", bindings.display()))?;
    }
    tools::run(componentize(&python, wit).arg("bindings").arg(&bindings))?;

    unchanged::component(&build, sources(project, wit)?, |component| {
        eprintln!("building {SOURCE}; the interpreter goes in too, which takes a while");
        let mut command = componentize(&python, wit);
        command
            .args(["componentize", "--stub-wasi", "--python-path"])
            .arg(&modules)
            .arg("--python-path")
            .arg(&project.folder);
        if let Some(packages) = &packages {
            command.arg("--python-path").arg(packages);
        }
        tools::run(command.arg("--output").arg(component).arg("entry"))
    })
}

/// Whether nothing in this folder is imported. Deeper in the project, a package may be called
/// `tests` or `build`.
fn has_no_sources(folder: &Path, project: &Path) -> bool {
    const IN_PROJECT: [&str; 4] = ["build", "plugins", "tests", "venv"];
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let at_root = folder.parent() == Some(project);
    name.starts_with('.') || name == "__pycache__" || (at_root && IN_PROJECT.contains(&&*name))
}

/// All that goes into the component. Modules are imported from nowhere but the project's folder.
fn sources(project: &Project, wit: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let entry = entry(project.manifest.role).into_bytes();
    let mut sources = vec![(PathBuf::from(COMPONENTIZE.version), entry)];
    let mut folders = vec![project.folder.clone(), wit.to_owned()];
    while let Some(folder) = folders.pop() {
        let cannot = || format!("cannot read {}", folder.display());
        let entries: io::Result<Vec<_>> = fs::read_dir(&folder).with_context(cannot)?.collect();
        for path in entries.with_context(cannot)?.iter().map(fs::DirEntry::path) {
            if path.is_dir() {
                if !has_no_sources(&path, &project.folder) {
                    folders.push(path);
                }
            } else if path.is_file() {
                let bytes =
                    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                sources.push((path, bytes));
            }
        }
    }
    sources.sort();
    Ok(sources)
}

fn componentize(python: &Path, wit: &Path) -> Command {
    // It builds in what it finds beside the first Python on PATH, and what is installed on this
    // machine is no part of the project.
    let tools = python.parent().map(Path::to_owned);
    let others = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(tools.into_iter().chain(std::env::split_paths(&others)));
    let mut command = Command::new(python.with_file_name("componentize-py"));
    command
        .args([
            "--quiet",
            "--world",
            world::WORLD,
            "--world-module",
            MODULE,
            "--wit-path",
        ])
        .arg(wit)
        // What is wrong is in the plugin, not in the tool.
        .env("RUST_BACKTRACE", "0")
        .env("PATH", path.unwrap_or(others))
        .env_remove("PYTHONPATH")
        .env_remove("PYTHONHOME")
        .env_remove("VIRTUAL_ENV");
    command
}

fn entry(role: Role) -> String {
    let (may_fail, cannot_fail) = match role {
        Role::Filter => (r#"["process"]"#, "[]"),
        Role::Rule => (r#"["evaluate"]"#, "[]"),
        Role::Gate => (r#"["pass_", "tick"]"#, "[]"),
        Role::Adapter => ("[]", r#"["deliver"]"#),
    };
    let role = match role {
        Role::Filter => "Filter",
        Role::Rule => "Rule",
        Role::Gate => "Gate",
        Role::Adapter => "Adapter",
    };
    ENTRY
        .replace("{{Role}}", role)
        .replace("{{may_fail}}", may_fail)
        .replace("{{cannot_fail}}", cannot_fail)
}

/// The folder with what `requirements.txt` asks for, if it asks for anything. Only packages of
/// pure Python can be in a component.
fn packages(project: &Project, python: &Path) -> Result<Option<PathBuf>> {
    let requirements = project.folder.join("requirements.txt");
    let Ok(wanted) = fs::read_to_string(&requirements) else {
        return Ok(None);
    };
    let folder = project.build_folder().join("packages");
    let note = folder.join("requirements.txt");
    if fs::read_to_string(&note).is_ok_and(|there| there == wanted) {
        return Ok(Some(folder));
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot write to {}", folder.display()))?;
    }
    eprintln!("installing what {} asks for", requirements.display());
    tools::run(
        Command::new(python)
            .args(["-m", "pip", "install", "--quiet", "--only-binary=:all:"])
            .args([
                "--platform=any",
                "--implementation=py",
                "--abi=none",
                "--target",
            ])
            .arg(&folder)
            .arg("--requirement")
            .arg(&requirements),
    )
    .context("only packages of pure Python can be part of a plugin")?;
    fs::write(&note, wanted).with_context(|| format!("cannot write {}", note.display()))?;
    Ok(Some(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_projects_own_folders_have_no_sources() {
        let project = Path::new("/my/plugins/steady");
        let skipped = |folder: &str| has_no_sources(&project.join(folder), project);
        for folder in ["build", "tests", "venv", ".git", "logic/__pycache__"] {
            assert!(skipped(folder), "{folder}");
        }
        for folder in ["logic", "logic/build", "logic/tests", "logic/plugins"] {
            assert!(!skipped(folder), "{folder}");
        }
    }
}
