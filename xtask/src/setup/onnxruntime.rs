//! ONNX Runtime from its wheel on PyPI, which is the one place that carries the same library
//! for every distribution. The wheel's hash is pinned and pip checks it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::paths::{Paths, set};
use crate::shell;

const VERSION: &str = "1.31.1";

/// The wheels of [`VERSION`] for CPython 3.12: the library inside does not depend on Python,
/// so any one tag does, but it must be the same one everywhere.
const WHEELS: [(&str, &str); 2] = [
    (
        "x86_64",
        "1f3dea47f2f0e5117c2404cea7d21fd253ae7836a3bf167a501cdfbb2600d536",
    ),
    (
        "aarch64",
        "0b9a492176886992e0e875f06bc0367e333f5fff11711a2d642e18b02f3009cc",
    ),
];

/// Whether the right version is installed, or the user brought another library.
pub(super) fn is_there(paths: &Paths) -> Result<bool> {
    if let Some(own) = set("ORT_DYLIB_PATH") {
        if !own.exists() {
            bail!(
                "ORT_DYLIB_PATH names {}, which does not exist",
                own.display()
            );
        }
        return Ok(true);
    }
    let link = paths.onnxruntime();
    Ok(link.exists() && fs::read_link(&link).is_ok_and(|file| file == versioned()))
}

/// A Python with pip.
pub(super) fn pip() -> Option<&'static str> {
    ["python3", "/usr/bin/python3"]
        .into_iter()
        .find(|python| shell::succeeds(&[python, "-m", "pip", "--version"]))
}

pub(super) fn install(paths: &Paths) -> Result<()> {
    let architecture = std::env::consts::ARCH;
    let Some((_, hash)) = WHEELS.iter().find(|(name, _)| *name == architecture) else {
        bail!(
            "there is no wheel of ONNX Runtime for {architecture}; build it and name the library in ORT_DYLIB_PATH"
        );
    };
    eprintln!("setup: downloading ONNX Runtime {VERSION} from PyPI (about 25 MB)");
    let link = paths.onnxruntime();
    let folder = link.parent().context("the cache has no parent")?;
    // Everything happens beside the final place and moves there at the end, so that a run that
    // is interrupted leaves nothing that looks finished.
    let staging = folder.join(format!("staging-{}", std::process::id()));
    fs::create_dir_all(&staging).with_context(|| format!("cannot create {}", staging.display()))?;
    let result = fetch(&staging, architecture, hash, &paths.cache.join("setup.log"))
        .and_then(|library| place(&library, folder, &staging));
    let _ = fs::remove_dir_all(&staging);
    result
}

fn fetch(staging: &Path, architecture: &str, hash: &str, log: &Path) -> Result<PathBuf> {
    let python = pip().context("neither `python3 -m pip` nor that of the system works")?;
    let requirements = staging.join("requirements.txt");
    fs::write(
        &requirements,
        format!("onnxruntime=={VERSION} --hash=sha256:{hash}\n"),
    )?;
    let mut download = Command::new(python);
    download
        .args(["-m", "pip", "download", "--no-deps", "--require-hashes"])
        .args(["--only-binary=:all:", "--implementation=cp"])
        .args(["--python-version=3.12", "--abi=cp312"])
        .arg(format!("--platform=manylinux_2_28_{architecture}"))
        .arg("--dest")
        .arg(staging)
        .arg("--requirement")
        .arg(&requirements)
        .env_remove("PIP_REQUIRE_VIRTUALENV");
    shell::run_quietly(&mut download, log).context("cannot download ONNX Runtime")?;

    let wheel = only_file(staging, |name| name.ends_with(".whl"))?;
    let unpacked = staging.join("wheel");
    let mut unpack = Command::new(python);
    unpack
        .args(["-m", "zipfile", "--extract"])
        .arg(&wheel)
        .arg(&unpacked);
    shell::run_quietly(&mut unpack, log)?;
    only_file(&unpacked.join("onnxruntime/capi"), |name| {
        name.starts_with("libonnxruntime.so")
    })
}

/// Moves the library to its version's place and points the link at it.
fn place(library: &Path, folder: &Path, staging: &Path) -> Result<()> {
    let kept = folder.join(versioned());
    fs::rename(library, &kept).with_context(|| format!("cannot write {}", kept.display()))?;
    let new_link = staging.join("link");
    symlink(versioned(), &new_link)?;
    fs::rename(&new_link, folder.join("libonnxruntime.so"))
        .with_context(|| format!("cannot link {}", kept.display()))
}

fn versioned() -> PathBuf {
    format!("libonnxruntime.so.{VERSION}").into()
}

fn only_file(folder: &Path, matches: impl Fn(&str) -> bool) -> Result<PathBuf> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(&matches) {
            return Ok(entry.path());
        }
    }
    bail!("what was expected is not in {}", folder.display())
}
