//! Finds plugins by the names that flow files use, and compiles each once. A file that was
//! replaced is another plugin: what counts is its bytes, not its name.

mod installed;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use agave_core::Fingerprint;
use agave_flow::{PluginFacts, PluginProblem};
use agave_plugin::{Engine, LoadError, Plugin};

use crate::fingerprints::Fingerprints;
use installed::Told;

/// Where plugins are, and those that were loaded.
pub(crate) struct Catalog {
    engine: Engine,
    folders: Vec<PathBuf>,
    fingerprints: Fingerprints,
    loaded: Mutex<BTreeMap<(PathBuf, Fingerprint), Plugin>>,
    told: Mutex<Told>,
}

/// Why the plugin that a flow was checked with is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("{} was replaced while the flow was being built; try again", .0.display())]
    Replaced(PathBuf),
}

impl Catalog {
    /// Looks in the folders of `AGAVE_PLUGINS`, which are written as those of `PATH` are, then in
    /// the folder `plugins` beside the program.
    pub(crate) fn new(engine: Engine) -> Self {
        let named = std::env::var_os("AGAVE_PLUGINS").unwrap_or_default();
        let named = std::env::split_paths(&named).filter(|folder| !folder.as_os_str().is_empty());
        let beside_program = std::env::current_exe()
            .ok()
            .and_then(|program| Some(program.parent()?.join("plugins")));
        Self::in_folders(engine, named.chain(beside_program).collect())
    }

    /// Looks in `folders`, in their order.
    pub(crate) fn in_folders(engine: Engine, folders: Vec<PathBuf>) -> Self {
        Self {
            engine,
            folders,
            fingerprints: Fingerprints::default(),
            loaded: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// What is in files, told by their bytes.
    pub(crate) fn fingerprints(&self) -> &Fingerprints {
        &self.fingerprints
    }

    /// The file that `reference` stands for: a name, or a path relative to `folder`.
    pub(crate) fn find(&self, reference: &str, folder: &Path) -> Result<PathBuf, PluginProblem> {
        let candidates = self.candidates(reference, folder);
        if let Some(path) = candidates.iter().find(|path| path.is_file()) {
            return Ok(path.clone());
        }
        match candidates.as_slice() {
            [path] if is_path(reference) => Err(PluginProblem::CannotBeLoaded {
                reason: format!("there is no file {}", path.display()),
            }),
            _ => Err(PluginProblem::NotFound {
                known: self.names(folder),
            }),
        }
    }

    /// Every file that `reference` can stand for, the first that is there before the others.
    pub(crate) fn candidates(&self, reference: &str, folder: &Path) -> Vec<PathBuf> {
        if is_path(reference) {
            return vec![folder.join(reference)];
        }
        self.folders_for(folder)
            .map(|folder| folder.join(format!("{reference}.wasm")))
            .collect()
    }

    /// The plugin that is in the file `path` now, compiled when it is seen for the first time.
    pub(crate) fn load(&self, path: &Path) -> Result<Plugin, LoadError> {
        let unreadable = |reason| LoadError::Read {
            path: path.to_owned(),
            reason,
        };
        let fingerprint = self.fingerprints.of(path).map_err(unreadable)?;
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plugin) = loaded.get(&(path.to_owned(), fingerprint)) {
            return Ok(plugin.clone());
        }
        let bytes = std::fs::read(path).map_err(unreadable)?;
        let plugin = Plugin::from_bytes(&self.engine, path, &bytes)?;
        let current = (path.to_owned(), plugin.fingerprint());
        // What nobody runs any more and was replaced, here or by taking its file away.
        loaded.retain(|(file, _), plugin| plugin.is_shared() || (file != path && file.is_file()));
        loaded.insert(current, plugin.clone());
        Ok(plugin)
    }

    /// The plugin that was in the file `path` when it had this fingerprint.
    pub(crate) fn fetch(
        &self,
        path: &Path,
        fingerprint: Fingerprint,
    ) -> Result<Plugin, FetchError> {
        let known = {
            let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
            loaded.get(&(path.to_owned(), fingerprint)).cloned()
        };
        if let Some(plugin) = known {
            return Ok(plugin);
        }
        let plugin = self.load(path)?;
        if plugin.fingerprint() == fingerprint {
            Ok(plugin)
        } else {
            Err(FetchError::Replaced(path.to_owned()))
        }
    }

    /// What a flow file is checked against.
    pub(crate) fn facts(
        &self,
        reference: &str,
        folder: &Path,
    ) -> Result<PluginFacts, PluginProblem> {
        let file = self.find(reference, folder)?;
        let plugin = self
            .load(&file)
            .map_err(|error| PluginProblem::CannotBeLoaded {
                reason: error.to_string(),
            })?;
        let description = plugin.description();
        Ok(PluginFacts {
            file,
            fingerprint: plugin.fingerprint(),
            name: description.name.clone(),
            version: description.version.clone(),
            role: plugin.role(),
            config_schema: description.config_schema.clone(),
            imports: plugin.imports().to_vec(),
            several_cameras: plugin.looks_at_several_cameras(),
        })
    }

    /// A flow may bring its own plugins along, in a folder beside it.
    fn folders_for(&self, flow_folder: &Path) -> impl Iterator<Item = PathBuf> {
        std::iter::once(flow_folder.join("plugins")).chain(self.folders.clone())
    }

    fn names(&self, flow_folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = self
            .folders_for(flow_folder)
            .filter_map(|folder| std::fs::read_dir(folder).ok())
            .flatten()
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                path.extension().filter(|extension| *extension == "wasm")?;
                Some(path.file_stem()?.to_str()?.to_owned())
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

/// Everything else is a name.
fn is_path(reference: &str) -> bool {
    reference.contains(['/', '\\']) || reference.ends_with(".wasm")
}

#[cfg(test)]
mod tests;
