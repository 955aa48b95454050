//! Finds plugins by the names that flow files use, and compiles each file once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use agave_flow::{PluginFacts, PluginProblem};
use agave_plugin::{Engine, LoadError, Plugin};

/// Where plugins are, and those that were loaded.
pub(crate) struct Catalog {
    engine: Engine,
    folders: Vec<PathBuf>,
    loaded: Mutex<BTreeMap<PathBuf, Plugin>>,
}

impl Catalog {
    /// Looks in `AGAVE_PLUGINS`, then in the folder `plugins` beside the program.
    pub(crate) fn new(engine: Engine) -> Self {
        let named = std::env::var_os("AGAVE_PLUGINS").map(PathBuf::from);
        let beside_program = std::env::current_exe()
            .ok()
            .and_then(|program| Some(program.parent()?.join("plugins")));
        Self::in_folders(engine, named.into_iter().chain(beside_program).collect())
    }

    /// Looks in `folders`, in their order.
    pub(crate) fn in_folders(engine: Engine, folders: Vec<PathBuf>) -> Self {
        Self {
            engine,
            folders,
            loaded: Mutex::default(),
        }
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

    /// The plugin in the file `path`, compiled the first time.
    pub(crate) fn load(&self, path: &Path) -> Result<Plugin, LoadError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plugin) = loaded.get(path) {
            return Ok(plugin.clone());
        }
        let plugin = Plugin::load(&self.engine, path)?;
        loaded.insert(path.to_owned(), plugin.clone());
        Ok(plugin)
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
            name: description.name.clone(),
            version: description.version.clone(),
            role: plugin.role(),
            config_schema: description.config_schema.clone(),
            imports: plugin.imports().to_vec(),
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
