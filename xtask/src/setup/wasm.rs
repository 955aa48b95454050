//! Rust's standard library for WebAssembly, for the plugins: from rustup, or where rustup is
//! not there or cannot reach its server, as the source that Debian packages, which
//! `agave plugin build` compiles by itself. `rust-toolchain.toml` must not ask for the target:
//! where it cannot be fetched, every cargo command would fail.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::packages;
use crate::paths::Paths;
use crate::shell;

const TARGET: &str = "wasm32-unknown-unknown";

/// rustup tries again and again when there is no network; this many seconds are enough.
const PATIENCE: &str = "180";

/// Installs it where it is missing, and says whether it was.
pub(super) fn install(paths: &Paths) -> Result<bool> {
    if is_there() || packages::is_there(packages::WASM) {
        return Ok(false);
    }
    if shell::succeeds(&["rustup", "--version"]) {
        eprintln!("setup: rustup target add {TARGET}");
        let mut rustup = Command::new("timeout");
        rustup.args([PATIENCE, "rustup", "target", "add", TARGET]);
        let added = shell::run_quietly(&mut rustup, &paths.cache.join("setup.log"));
        if added.is_ok() && is_there() {
            return Ok(true);
        }
        eprintln!("setup: rustup could not; trying the packages of the distribution");
    }
    packages::install(&[packages::WASM], paths).with_context(|| {
        format!("plugins need Rust's {TARGET} target, and nothing here provides it")
    })
}

/// A cargo command for the target that works with whichever of the two is there.
pub(crate) fn cargo_build(command: &mut Command) {
    command.args(["build", "--target", TARGET]);
    if !is_there() {
        command
            .arg("-Zbuild-std=std,panic_abort")
            .env("RUSTC", "/usr/bin/rustc")
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld");
    }
}

/// Whether the compiler in use has a core library for the target.
fn is_there() -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", TARGET]);
    shell::output(&mut rustc).is_some_and(|folder| has_core(Path::new(&folder)))
}

fn has_core(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
    })
}
