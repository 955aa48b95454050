//! Where the measured plugins are: as `cargo xtask` built them.

use std::path::PathBuf;

use anyhow::{Context, Result};

/// The component of the plugin `name`.
pub(crate) fn component(name: &str) -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let beside = program.parent().context("the program is in no folder")?;
    let named = std::env::var_os("AGAVE_PLUGINS").unwrap_or_default();
    let folders = std::env::split_paths(&named).chain([beside.join("plugins")]);
    let mut files = folders.map(|folder| folder.join(format!("{name}.wasm")));
    let found = files.find(|file| file.is_file());
    found.with_context(|| format!("there is no {name}.wasm; run `cargo xtask bench`"))
}
