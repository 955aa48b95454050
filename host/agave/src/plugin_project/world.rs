//! The world of one plugin: the contract, narrowed to the plugin's role and to what it uses, in
//! the form that the tools of every language read. What is not in it cannot be imported, and so
//! what a component imports is what its author meant.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::Project;

/// The contract as it was frozen.
pub(crate) const CONTRACT: &str = include_str!("../../../../wit/0.1.0/plugin.wit");
/// What a plugin may import by its contract.
pub(crate) const INTERFACES: [&str; 8] = [
    "log", "clock", "secrets", "http", "mqtt", "tcp", "frames", "keyvalue",
];
/// The name of the world that is written.
pub(crate) const WORLD: &str = "component";

/// Writes the world of `project` into its build folder. Gives the folder of the WIT package.
pub(crate) fn write(project: &Project) -> Result<PathBuf> {
    let wit = project.build_folder().join("wit");
    let contract = wit.join("deps/agave-plugin");
    std::fs::create_dir_all(&contract)
        .and_then(|()| std::fs::write(contract.join("plugin.wit"), CONTRACT))
        .and_then(|()| std::fs::write(wit.join("world.wit"), text(project)))
        .with_context(|| format!("cannot write {}", wit.display()))?;
    Ok(wit)
}

fn text(project: &Project) -> String {
    let mut text = format!("package agave:project;\n\nworld {WORLD} {{\n");
    let uses = project.manifest.uses.iter().map(|used| used.interface());
    for interface in std::iter::once("log").chain(uses) {
        // Writing to a text does not fail.
        let _ = writeln!(text, "    import agave:plugin/{interface}@0.1.0;");
    }
    let role = project.manifest.role;
    for interface in ["lifecycle".to_owned(), role.to_string()] {
        let _ = writeln!(text, "    export agave:plugin/{interface}@0.1.0;");
    }
    text.push_str("}\n");
    text
}
