//! Replaced plugins, in all the ways in which a build or a package replaces a file.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fs;

use agave_plugin::Instance;

use super::*;

#[path = "../../../plugin/tests/support/mod.rs"]
mod support;

struct World {
    folder: tempfile::TempDir,
    catalog: Catalog,
}

impl World {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            catalog: Catalog::new(Engine::new().unwrap()),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("hungry.wasm")
    }

    /// A gate that says `version` of its state, written over what is there.
    fn write(&self, version: u32) {
        fs::write(self.path(), support::hungry(version)).unwrap();
    }

    /// The version of the code that a flow would get now.
    fn version(&self) -> u32 {
        let facts = self.catalog.facts("./hungry.wasm", self.folder.path());
        let fetched = self.catalog.fetch(&self.path(), facts.unwrap().fingerprint);
        fetched.unwrap().description().state_version
    }

    fn kept(&self) -> usize {
        self.catalog.loaded.lock().unwrap().len()
    }
}

#[test]
fn a_replaced_file_is_never_stale_code() {
    let world = World::new();
    for version in 1..=6 {
        if version % 2 == 0 {
            world.write(version);
        } else {
            let beside = world.folder.path().join("hungry.wasm.new");
            fs::write(&beside, support::hungry(version)).unwrap();
            fs::rename(&beside, world.path()).unwrap();
        }
        assert_eq!(world.version(), version);
        assert_eq!(world.version(), version);
        assert_eq!(world.kept(), 1, "what was replaced is forgotten");
    }
    // A link to a folder that is exchanged, as Kubernetes mounts a ConfigMap.
    let link = world.folder.path().join("current");
    for version in [7, 8] {
        let folder = world.folder.path().join(version.to_string());
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("hungry.wasm"), support::hungry(version)).unwrap();
        let beside = world.folder.path().join("next");
        std::os::unix::fs::symlink(&folder, &beside).unwrap();
        fs::rename(&beside, &link).unwrap();
        let facts = world
            .catalog
            .facts("current/hungry.wasm", world.folder.path());
        assert_eq!(
            facts.unwrap().fingerprint,
            Fingerprint::of(&support::hungry(version))
        );
    }
}

#[test]
fn what_still_runs_stays_and_the_rest_is_forgotten() {
    let world = World::new();
    world.write(1);
    let first = world.catalog.load(&world.path()).unwrap();
    let old = first.fingerprint();
    let running = Instance::start(&first, &support::setup()).unwrap();
    drop(first);
    world.write(2);
    assert_eq!(world.version(), 2);
    // The old one runs, so the way back to it needs no file.
    assert!(world.catalog.fetch(&world.path(), old).is_ok());
    assert_eq!(world.kept(), 2);
    drop(running);
    world.write(3);
    assert_eq!(world.version(), 3);
    assert_eq!(world.kept(), 1);
    let gone = world.catalog.fetch(&world.path(), old);
    assert!(matches!(gone, Err(FetchError::Replaced(_))));
    // The file as it was before is the plugin as it was before.
    world.write(1);
    assert!(world.catalog.fetch(&world.path(), old).is_ok());
}

#[test]
fn a_half_written_file_is_refused_and_the_whole_one_taken() {
    let world = World::new();
    let whole = support::hungry(1);
    for length in [0, 4, whole.len() / 2, whole.len() - 1] {
        fs::write(world.path(), whole.get(..length).unwrap()).unwrap();
        let facts = world.catalog.facts("./hungry.wasm", world.folder.path());
        assert!(
            matches!(facts, Err(PluginProblem::CannotBeLoaded { .. })),
            "{length}"
        );
    }
    world.write(1);
    assert_eq!(world.version(), 1);
}

#[test]
fn whoever_looks_for_a_plugin_does_not_keep_it_in_memory() {
    let world = World::new();
    let plugins = world.folder.path().join("plugins");
    fs::create_dir(&plugins).unwrap();
    fs::write(plugins.join("hungry.wasm"), support::hungry(1)).unwrap();
    fs::write(plugins.join("broken.wasm"), b"none").unwrap();
    let here = || {
        let mut installed = world.catalog.installed(world.folder.path()).into_iter();
        installed.find(|plugin| plugin.file.starts_with(&plugins))
    };
    let first = here().unwrap();
    assert_eq!(first.fingerprint, Fingerprint::of(&support::hungry(1)));
    assert_eq!(here(), Some(first));
    fs::write(plugins.join("hungry.wasm"), support::hungry(2)).unwrap();
    let other = here().unwrap();
    assert_eq!(other.fingerprint, Fingerprint::of(&support::hungry(2)));
    assert_eq!(world.kept(), 0);
}
