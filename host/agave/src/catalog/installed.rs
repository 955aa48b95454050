//! Plugins that somebody could pick: what they are called and can do. None of them is kept in
//! memory for that; code is only of those that a flow runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use agave_core::{Fingerprint, Role};
use agave_plugin::{LoadError, Plugin};

use super::Catalog;

/// So many are shown to somebody who looks for one.
const MOST_INSTALLED: usize = 200;

/// A plugin as people are told of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Installed {
    pub(crate) file: PathBuf,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) role: Role,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) summary: String,
    pub(crate) config_schema: serde_json::Value,
}

impl Installed {
    fn of(file: PathBuf, plugin: &Plugin) -> Self {
        let description = plugin.description();
        Self {
            file,
            fingerprint: plugin.fingerprint(),
            role: plugin.role(),
            name: description.name.clone(),
            version: description.version.clone(),
            summary: description.summary.clone(),
            config_schema: description.config_schema.clone(),
        }
    }
}

/// Those that were told of last, so that they are not loaded again for it.
pub(super) type Told = BTreeMap<(PathBuf, Fingerprint), Installed>;

impl Catalog {
    /// Each plugin that a flow in `flow_folder` can call by its name, in the order of the names,
    /// at most 200. One that cannot be loaded cannot be picked; a flow that names it says why.
    pub(crate) fn installed(&self, flow_folder: &Path) -> Vec<Installed> {
        let told = self.told.lock();
        let told = told.unwrap_or_else(PoisonError::into_inner).clone();
        let names = self.names(flow_folder).into_iter().take(MOST_INSTALLED);
        let files = names.filter_map(|name| self.find(&name, flow_folder).ok());
        let installed: Vec<Installed> = files
            .filter_map(|file| {
                let fingerprint = self.fingerprints.of(&file).ok()?;
                let now = (file, fingerprint);
                let known = told.get(&now).cloned();
                known.or_else(|| self.describe(now.0).ok())
            })
            .collect();
        let keyed = |one: &Installed| ((one.file.clone(), one.fingerprint), one.clone());
        let told = installed.iter().map(keyed).collect();
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = told;
        installed
    }

    /// Compiled, if nobody has done so before, and let go again.
    fn describe(&self, file: PathBuf) -> Result<Installed, LoadError> {
        let plugin = Plugin::load(&self.engine, &file)?;
        Ok(Installed::of(file, &plugin))
    }
}
