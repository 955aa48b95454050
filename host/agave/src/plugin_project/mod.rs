//! A plugin's project: a folder with its source, from which a component is built. One file a
//! language says how; everything that languages have in common is here and in the manifest.

mod bindings;
mod c;
mod clang;
mod cpp;
mod go;
mod javascript;
mod manifest;
mod new;
mod python;
mod rust;
mod templates;
mod tools;
mod typings;
mod unchanged;
mod world;
mod zig;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

pub(crate) use manifest::{Language, Manifest};
pub(crate) use new::create;

/// The folder of a plugin with what it says about itself.
pub(crate) struct Project {
    pub(crate) folder: PathBuf,
    pub(crate) manifest: Manifest,
}

impl Project {
    /// Where whatever is generated or compiled on the way goes.
    fn build_folder(&self) -> PathBuf {
        self.folder.join("build")
    }
}

/// The name of the component that the project in `folder` makes.
pub(crate) fn name(folder: &Path) -> Result<String> {
    match Manifest::read(folder)? {
        Some(manifest) if manifest.language != Language::Rust => Ok(manifest.name),
        _ => rust::name(folder),
    }
}

/// Builds the projects in `folders` and writes their components to `out`. Gives the files that
/// were written.
pub(crate) fn build(folders: &[PathBuf], out: &Path) -> Result<Vec<PathBuf>> {
    // Cargo builds the crates of a workspace together.
    let mut crates = Vec::new();
    let mut projects = Vec::new();
    for folder in folders {
        match Manifest::read(folder)? {
            Some(manifest) if manifest.language != Language::Rust => projects.push(Project {
                folder: folder.clone(),
                manifest,
            }),
            _ => crates.push(folder.clone()),
        }
    }
    let mut written = Vec::new();
    if !crates.is_empty() {
        for (name, component) in rust::build(&crates)? {
            written.push(write(&name, &component, out)?);
        }
    }
    for project in &projects {
        let component =
            component(project).with_context(|| format!("plugin '{}'", project.manifest.name))?;
        written.push(write(&project.manifest.name, &component, out)?);
    }
    Ok(written)
}

/// The component of a project that is not cargo's to build.
fn component(project: &Project) -> Result<Vec<u8>> {
    let wit = world::write(project)?;
    match project.manifest.language {
        Language::Javascript | Language::Typescript => javascript::build(project, &wit),
        Language::Python => python::build(project, &wit),
        Language::Rust => bail!("a Rust project is built by cargo"),
        Language::C => c::build(project, &wit),
        Language::Cpp => cpp::build(project, &wit),
        Language::Go => go::build(project, &wit),
        Language::Zig => zig::build(project, &wit),
    }
}

/// Written beside it first: whoever reads the file sees the old component or the new one.
fn write(name: &str, component: &[u8], out: &Path) -> Result<PathBuf> {
    let path = out.join(format!("{name}.wasm"));
    let unfinished = path.with_extension("wasm.unfinished");
    std::fs::create_dir_all(out)
        .with_context(|| format!("cannot make the folder {}", out.display()))?;
    std::fs::write(&unfinished, component)
        .and_then(|()| std::fs::rename(&unfinished, &path))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
