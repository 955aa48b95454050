//! Where things are: the clone, and the folder outside it that outlives the clone, so that a
//! fresh clone builds neither Cranelift nor the rest again.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folders that every command works with, all absolute.
pub(crate) struct Paths {
    /// The repository's root.
    pub(crate) root: PathBuf,
    /// What is kept between clones; agave itself looks for ONNX Runtime here.
    pub(crate) cache: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) target: PathBuf,
}

impl Paths {
    pub(crate) fn find() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .context("run this as `cargo xtask`, which tells it where the repository is")?;
        let root = Path::new(&manifest)
            .parent()
            .context("xtask is not inside a repository")?
            .to_owned();
        let cache = cache()?;
        let target = match set("CARGO_TARGET_DIR") {
            Some(given) => env::current_dir()?.join(given),
            None => cache.join("target"),
        };
        Ok(Self {
            root,
            cache,
            target,
        })
    }

    /// The folder of what is built, in the one profile that is used.
    pub(crate) fn release(&self) -> PathBuf {
        self.target.join("release")
    }

    /// The program that users run.
    pub(crate) fn agave(&self) -> PathBuf {
        self.release().join("agave")
    }

    /// The built plugins; agave looks for this folder beside itself.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.release().join("plugins")
    }

    /// Those that only tests and benches run. They are nobody's to pick, and so lie elsewhere.
    pub(crate) fn test_plugins(&self) -> PathBuf {
        self.release().join("test-plugins")
    }

    /// ONNX Runtime as `cargo xtask setup` installs it.
    pub(crate) fn onnxruntime(&self) -> PathBuf {
        self.cache.join("onnxruntime/libonnxruntime.so")
    }
}

/// An environment variable, where an empty one counts as not set.
pub(crate) fn set(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

fn cache() -> Result<PathBuf> {
    let user = match set("XDG_CACHE_HOME").filter(|folder| folder.is_absolute()) {
        Some(folder) => folder,
        None => set("HOME")
            .context("neither XDG_CACHE_HOME nor HOME says where caches belong")?
            .join(".cache"),
    };
    Ok(user.join("agave"))
}
