//! Where things are: the repository, the programs under test, the real clips, free ports.

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The repository's root.
#[must_use]
pub fn repository() -> PathBuf {
    // Of the package whose test it is, which may be one that only borrows this.
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let package = package.unwrap_or_default();
    let root = package
        .ancestors()
        .find(|folder| folder.join("Cargo.lock").is_file());
    root.map(Path::to_path_buf).unwrap_or_default()
}

/// One of the shipped flows, by its file name.
#[must_use]
pub fn flow(name: &str) -> PathBuf {
    repository().join("flows").join(name)
}

/// The folder with the real clips, or nothing, said aloud, where it is not named.
#[must_use]
pub fn test_data() -> Option<PathBuf> {
    let named = env::var_os("AGAVE_TEST_DATA").filter(|value| !value.is_empty());
    if named.is_none() {
        // Not through a macro, which the harness would keep back, and as one piece, since tests
        // run beside each other.
        let who = std::thread::current().name().unwrap_or("a test").to_owned();
        let line = format!("skipped: AGAVE_TEST_DATA is not set ({who})\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    named.map(PathBuf::from)
}

/// A port that nobody listened on a moment ago.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no port is free")?;
    Ok(listener.local_addr()?.port())
}

/// PATH, with the programs that `agave plugin build` installed for itself in front.
///
/// # Errors
/// When nothing says where they would be.
pub fn tool_path() -> Result<OsString> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let cache = match (set("AGAVE_CACHE"), set("XDG_CACHE_HOME"), set("HOME")) {
        (Some(cache), _, _) => PathBuf::from(cache),
        (None, Some(cache), _) => Path::new(&cache).join("agave"),
        (None, None, Some(home)) => Path::new(&home).join(".cache/agave"),
        (None, None, None) => bail!("neither AGAVE_CACHE nor HOME says where caches belong"),
    };
    let mut folders = Vec::new();
    for environment in entries(&cache.join("tools")) {
        for python in entries(&environment.join("lib")) {
            let packages = python.join("site-packages");
            folders.extend([packages.join("go/bin"), packages.join("ziglang")]);
        }
    }
    folders.retain(|folder| folder.is_dir());
    folders.extend(env::split_paths(&set("PATH").unwrap_or_default()));
    Ok(env::join_paths(folders)?)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// The program under test, which `cargo xtask test` builds beside the tests.
///
/// # Errors
/// When it is not built.
pub fn program() -> Result<PathBuf> {
    built("agave")
}

/// Where tests compile crates that are none of this workspace's, once for all of them.
///
/// # Errors
/// When this test does not know where it is.
pub fn crates() -> Result<PathBuf> {
    let program = program()?;
    let folder = program.parent().context("the program is at the root")?;
    Ok(folder.join("crates"))
}

/// The folders of the built plugins, those of tests behind the others, as `AGAVE_PLUGINS` has
/// them.
///
/// # Errors
/// When they are not built.
pub fn plugin_folders() -> Result<OsString> {
    match env::var_os("AGAVE_PLUGINS") {
        Some(folders) => Ok(folders),
        None => Ok(env::join_paths([
            built("plugins")?,
            built("test-plugins")?,
        ])?),
    }
}

/// The file of a built plugin.
///
/// # Errors
/// When it is not built.
pub fn plugin(name: &str) -> Result<PathBuf> {
    let folders = plugin_folders()?;
    let mut files = env::split_paths(&folders).map(|folder| folder.join(format!("{name}.wasm")));
    let found = files.find(|file| file.is_file());
    found.with_context(|| format!("there is no plugin '{name}'; run cargo xtask test"))
}

/// A server of `tests/servers`.
pub(crate) fn server(name: &str) -> PathBuf {
    repository().join("tests/servers").join(name)
}

/// Something in the folder above that of the test's own executable.
fn built(name: &str) -> Result<PathBuf> {
    let test = env::current_exe().context("this test does not know where it is")?;
    let folder = test.parent().and_then(Path::parent);
    let wanted = folder.context("this test is at the root")?.join(name);
    if !wanted.exists() {
        bail!(
            "{} is missing; run cargo xtask test, which builds it",
            wanted.display()
        );
    }
    Ok(wanted)
}
