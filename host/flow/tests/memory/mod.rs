//! The world with some files that only a test has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use agave_core::{Fingerprint, Secret};
use agave_flow::{FlowText, PluginCatalog, PluginFacts, PluginProblem, Surroundings};

use crate::world::World;

/// Files by their paths, and otherwise the world.
#[derive(Default)]
pub(crate) struct Memory(pub(crate) BTreeMap<PathBuf, String>);

/// The flow file of a test.
pub(crate) fn text(yaml: &str) -> FlowText {
    FlowText::from_bytes(Path::new("flows/yard.yaml"), yaml.into()).unwrap()
}

impl Surroundings for Memory {
    fn environment(&self, name: &str) -> Option<String> {
        World.environment(name)
    }

    fn secret(&self, name: &str) -> Option<Secret> {
        World.secret(name)
    }

    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        let text = self.0.get(path).ok_or(std::io::ErrorKind::NotFound)?;
        Ok(text.clone().into_bytes())
    }

    fn files_in(&self, folder: &Path) -> std::io::Result<Vec<String>> {
        let files = self.0.keys().filter(|path| path.parent() == Some(folder));
        let names = files.filter_map(|path| path.file_name()?.to_str());
        Ok(names.map(str::to_owned).collect())
    }

    fn file_exists(&self, path: &Path) -> bool {
        World.file_exists(path)
    }

    fn fingerprint(&self, path: &Path) -> Option<Fingerprint> {
        World.fingerprint(path)
    }
}

impl PluginCatalog for Memory {
    fn plugin(&self, reference: &str, folder: &Path) -> Result<PluginFacts, PluginProblem> {
        World.plugin(reference, folder)
    }
}
