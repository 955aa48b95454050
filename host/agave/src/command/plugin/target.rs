//! Which plugin is meant: the author of one has a folder, its user a name.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use agave_flow::PluginProblem;
use anyhow::{Result, anyhow, bail};

use crate::plugin_project;
use crate::surroundings::Machine;

/// The folder of the project that `reference` names, if it is one.
pub(super) fn project(reference: &str) -> Option<&Path> {
    let folder = Path::new(reference);
    let has = |file: &str| folder.join(file).is_file();
    let is_path = reference == "." || reference.contains(['/', '\\']);
    // A name that is also a folder here is the plugin's, unless the folder is a project.
    (folder.is_dir() && (is_path || has("plugin.yaml") || has("Cargo.toml"))).then_some(folder)
}

/// The built component that `reference` stands for: a project's folder, a file or a name.
pub(super) fn component(machine: &Machine, reference: &str) -> Result<PathBuf> {
    match project(reference) {
        Some(folder) => built(machine, folder),
        None => machine
            .catalog
            .find(reference, Path::new("."))
            .map_err(|problem| match problem {
                PluginProblem::NotFound { known } => {
                    let known: Vec<&str> = known.iter().map(String::as_str).collect();
                    let help = agave_flow::instead_of(reference, "plugins", &known);
                    anyhow!("there is no plugin '{reference}'; {help}")
                }
                other => anyhow!("there is no plugin '{reference}': {other}"),
            }),
    }
}

/// Builds the project in `folder` into its own build folder.
pub(super) fn build(folder: &Path) -> Result<PathBuf> {
    let built = plugin_project::build(&[folder.to_owned()], &folder.join("build"))?;
    match built.into_iter().next() {
        Some(component) => Ok(component),
        None => bail!("{} made no component", folder.display()),
    }
}

/// The component of a project that was built last, wherever it was put.
fn built(machine: &Machine, folder: &Path) -> Result<PathBuf> {
    let name = plugin_project::name(folder)?;
    let file = format!("{name}.wasm");
    let named = machine.catalog.find(&name, Path::new(".")).ok();
    let written = |path: &PathBuf| -> Option<SystemTime> { path.metadata().ok()?.modified().ok() };
    [folder.join("build"), folder.join("plugins")]
        .map(|folder| folder.join(&file))
        .into_iter()
        .chain(named)
        .filter(|path| path.is_file())
        .max_by_key(written)
        .ok_or_else(|| {
            anyhow!(
                "the plugin '{name}' of {0} has not been built; `agave plugin build {0}` builds it",
                folder.display()
            )
        })
}
