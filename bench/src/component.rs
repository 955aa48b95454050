//! Where the measured plugins are: as `cargo xtask` built them.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// The component of the plugin `name`.
pub(crate) fn component(name: &str) -> Result<PathBuf> {
    let folder = match std::env::var_os("AGAVE_PLUGINS") {
        Some(folder) => PathBuf::from(folder),
        None => std::env::current_exe()?
            .parent()
            .context("the program is in no folder")?
            .join("plugins"),
    };
    let path = folder.join(format!("{name}.wasm"));
    if !path.is_file() {
        bail!("there is no {}; run `cargo xtask bench`", path.display());
    }
    Ok(path)
}
