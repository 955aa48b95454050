//! Builds plugins that are written in Rust: cargo for the module, then the component.
//!
//! The wasm target comes from rustup where it is installed. Where it is not and cannot be had,
//! a compiler of the system with its library's source (Debian: `rustc-web`, `rust-web-src`,
//! `lld`) builds the standard library along with the plugin.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

const TARGET: &str = "wasm32-unknown-unknown";
const SYSTEM_COMPILER: &str = "/usr/bin/rustc";

enum Toolchain {
    /// The current one has the target.
    Current,
    /// The system's builds the standard library itself.
    System,
}

/// Builds the crates in the folders `crates`. Gives each crate's name with its component.
pub(super) fn build(crates: &[PathBuf]) -> Result<Vec<(String, Vec<u8>)>> {
    let toolchain = toolchain()?;
    let mut components = Vec::new();
    for (name, module) in core_modules(&toolchain, crates)? {
        let bytes =
            std::fs::read(&module).with_context(|| format!("cannot read {}", module.display()))?;
        let component = agave_plugin::encode(&bytes).with_context(|| format!("plugin '{name}'"))?;
        components.push((name, component));
    }
    Ok(components)
}

/// The name of the crate in `folder`, which is that of its component.
pub(super) fn name(folder: &Path) -> Result<String> {
    package(folder).map(|package| package.name)
}

fn toolchain() -> Result<Toolchain> {
    if has_target("rustc") {
        return Ok(Toolchain::Current);
    }
    let source = Command::new(SYSTEM_COMPILER)
        .args(["--print", "sysroot"])
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map(|sysroot| Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/std"));
    if source.is_some_and(|source| source.is_dir()) {
        return Ok(Toolchain::System);
    }
    bail!(
        "there is no Rust standard library for {TARGET}; get it with `rustup target add {TARGET}`, \
         or on Debian with `apt-get install rustc-web rust-web-src lld`"
    )
}

/// Whether `compiler` has a standard library for the target.
fn has_target(compiler: &str) -> bool {
    let printed = Command::new(compiler)
        .args(["--print", "target-libdir", "--target", TARGET])
        .stderr(Stdio::null())
        .output();
    printed.is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success()
            && std::fs::read_dir(folder).is_ok_and(|files| {
                files
                    .flatten()
                    .any(|file| file.file_name().to_string_lossy().starts_with("libcore-"))
            })
    })
}

/// Runs cargo; gives each crate's name with its module.
fn core_modules(toolchain: &Toolchain, crates: &[PathBuf]) -> Result<Vec<(String, PathBuf)>> {
    let mut by_workspace: Vec<(PathBuf, Vec<Package>)> = Vec::new();
    for folder in crates {
        let package = package(folder)?;
        match by_workspace
            .iter_mut()
            .find(|(root, _)| *root == package.workspace)
        {
            Some((_, packages)) => packages.push(package),
            None => by_workspace.push((package.workspace.clone(), vec![package])),
        }
    }
    let mut modules = Vec::new();
    for (root, packages) in by_workspace {
        modules.extend(cargo_build(toolchain, &root, &packages)?);
    }
    Ok(modules)
}

struct Package {
    name: String,
    workspace: PathBuf,
    target_folder: PathBuf,
    has_plugin_profile: bool,
}

fn package(folder: &Path) -> Result<Package> {
    let manifest = folder.join("Cargo.toml");
    let output = cargo()
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--manifest-path",
        ])
        .arg(&manifest)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!("{} is not the folder of a Rust crate", folder.display());
    }
    let metadata: Value =
        serde_json::from_slice(&output.stdout).context("cargo's metadata is not JSON")?;
    let text = |pointer: &str| metadata.pointer(pointer).and_then(Value::as_str);
    let manifest = manifest
        .canonicalize()
        .with_context(|| format!("cannot read {}", manifest.display()))?;
    let name = metadata
        .get("packages")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find(|package| {
            package
                .get("manifest_path")
                .and_then(Value::as_str)
                .map(Path::new)
                == Some(manifest.as_path())
        })
        .and_then(|package| package.get("name")?.as_str())
        .with_context(|| format!("{} has no package", manifest.display()))?;
    let workspace = PathBuf::from(text("/workspace_root").unwrap_or_default());
    let root_manifest = std::fs::read_to_string(workspace.join("Cargo.toml")).unwrap_or_default();
    Ok(Package {
        name: name.to_owned(),
        target_folder: PathBuf::from(text("/target_directory").unwrap_or_default()),
        has_plugin_profile: root_manifest.contains("[profile.plugin]"),
        workspace,
    })
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn cargo_build(
    toolchain: &Toolchain,
    workspace: &Path,
    packages: &[Package],
) -> Result<Vec<(String, PathBuf)>> {
    let Some(first) = packages.first() else {
        return Ok(Vec::new());
    };
    // A folder of its own: the system's compiler would throw out what the current one built.
    let target_folder = first.target_folder.join("wasm");
    let profile = if first.has_plugin_profile {
        "plugin"
    } else {
        "release"
    };
    let mut command = cargo();
    command
        .current_dir(workspace)
        .args([
            "build",
            "--target",
            TARGET,
            "--profile",
            profile,
            "--target-dir",
        ])
        .arg(&target_folder)
        // The flags of the host's build are not for this target.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    for package in packages {
        command.args(["--package", &package.name]);
    }
    if matches!(toolchain, Toolchain::System) {
        command
            .arg("-Zbuild-std=std,panic_abort")
            .env("RUSTC", SYSTEM_COMPILER)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld");
    }
    let status = command.status().context("cannot run cargo")?;
    if !status.success() {
        let names: Vec<&str> = packages
            .iter()
            .map(|package| package.name.as_str())
            .collect();
        bail!(
            "cargo could not build {}; it says why above",
            names.join(", ")
        );
    }
    let folder = target_folder.join(TARGET).join(profile);
    Ok(packages
        .iter()
        .map(|package| {
            let module = folder.join(format!("{}.wasm", package.name.replace('-', "_")));
            (package.name.clone(), module)
        })
        .collect())
}
