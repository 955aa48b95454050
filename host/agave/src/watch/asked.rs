//! Which files a flow is made of: those that were asked for while it was read, whether they were
//! there or not. A plugin that appears nearer than the one that was found is found this way, and
//! so is a file whose absence is why a flow was refused.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use agave_core::{Fingerprint, Secret};
use agave_flow::{PluginCatalog, PluginFacts, PluginProblem, Surroundings};

use crate::surroundings::{Machine, secret_file};

/// This machine, with a note of what it was asked about.
pub(crate) struct Asked<'m> {
    machine: &'m Machine,
    files: Mutex<BTreeSet<PathBuf>>,
}

impl<'m> Asked<'m> {
    /// Nothing yet.
    pub(crate) fn of(machine: &'m Machine) -> Self {
        Self {
            machine,
            files: Mutex::default(),
        }
    }

    /// All files that were asked for.
    pub(crate) fn files(self) -> BTreeSet<PathBuf> {
        self.files
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, files: impl IntoIterator<Item = PathBuf>) {
        let mut noted = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        noted.extend(files);
    }
}

impl PluginCatalog for Asked<'_> {
    fn plugin(&self, reference: &str, flow_folder: &Path) -> Result<PluginFacts, PluginProblem> {
        let facts = self.machine.plugin(reference, flow_folder);
        let found = facts.as_ref().ok().map(|facts| facts.file.as_path());
        // What comes after the one that was found cannot take its place.
        let mut over = false;
        let candidates = self.machine.catalog.candidates(reference, flow_folder);
        self.note(candidates.into_iter().take_while(|path| {
            let take = !over;
            over = found == Some(path.as_path());
            take
        }));
        facts
    }
}

impl Surroundings for Asked<'_> {
    fn environment(&self, name: &str) -> Option<String> {
        self.machine.environment(name)
    }

    fn secret(&self, name: &str) -> Option<Secret> {
        self.note(secret_file(name));
        self.note(self.machine.kept_secrets.file(name));
        self.machine.secret(name)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.note([path.to_owned()]);
        self.machine.read(path)
    }

    fn files_in(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.note([folder.to_owned()]);
        self.machine.files_in(folder)
    }

    fn file_exists(&self, path: &Path) -> bool {
        self.note([path.to_owned()]);
        self.machine.file_exists(path)
    }

    fn fingerprint(&self, path: &Path) -> Option<Fingerprint> {
        self.note([path.to_owned()]);
        self.machine.fingerprint(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn the_places_before_the_one_where_a_plugin_is_are_watched_too() {
        let folder = tempfile::tempdir().unwrap();
        let plugins = folder.path().join("installed");
        std::fs::create_dir(&plugins).unwrap();
        std::fs::write(plugins.join("roi.wasm"), "no plugin").unwrap();
        let engine = agave_plugin::Engine::new().unwrap();
        let machine = Machine {
            catalog: Catalog::in_folders(engine, vec![plugins.clone(), folder.path().into()]),
            kept_secrets: Default::default(),
        };
        let asked = Asked::of(&machine);
        let yard = folder.path().join("yard");
        asked.plugin("roi", &yard).unwrap_err();
        asked.plugin("./other.wasm", &yard).unwrap_err();
        assert!(!asked.file_exists(&yard.join("model.onnx")));
        let expected = [
            yard.join("./other.wasm"),
            yard.join("model.onnx"),
            yard.join("plugins/roi.wasm"),
            plugins.join("roi.wasm"),
        ];
        // It is no plugin that can be used, so any other would do.
        let mut files: Vec<PathBuf> = asked.files().into_iter().collect();
        files.retain(|file| *file != folder.path().join("roi.wasm"));
        assert_eq!(files.len(), expected.len(), "{files:?}");
        assert!(
            expected.iter().all(|file| files.contains(file)),
            "{files:?}"
        );
    }
}
