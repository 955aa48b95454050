//! Compiled plugins are found again, and what is not exactly what was written is never loaded.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use agave_plugin::{Engine, Instance, Plugin};
use support::{hungry, setup};

/// A cache with one compiled plugin in it.
struct World {
    folder: tempfile::TempDir,
    engine: Engine,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path());
        let world = Self { folder, engine };
        assert!(!world.load(1).is_from_cache());
        assert!(world.load(1).is_from_cache());
        world
    }

    fn load(&self, version: u32) -> Plugin {
        load(&self.engine, self.folder.path(), version)
    }

    /// The only compiled file.
    fn compiled(&self) -> PathBuf {
        let mut files = compiled(self.folder.path());
        assert_eq!(files.len(), 1);
        files.remove(0)
    }

    /// It is compiled anew, works, and is found the next time.
    fn is_made_again(&self) {
        let plugin = self.load(1);
        assert!(!plugin.is_from_cache());
        Instance::start(&plugin, &setup()).unwrap();
        assert!(self.load(1).is_from_cache());
    }
}

fn engine(folder: &Path) -> Engine {
    Engine::new()
        .unwrap()
        .with_cache(&folder.join("compiled"))
        .unwrap()
}

fn load(engine: &Engine, folder: &Path, version: u32) -> Plugin {
    let path = folder.join(format!("{version}.wasm"));
    fs::write(&path, hungry(version)).unwrap();
    Plugin::load(engine, &path).unwrap()
}

fn compiled(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder.join("compiled"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

#[test]
fn another_process_finds_what_one_has_compiled() {
    let world = World::new();
    let other = engine(world.folder.path());
    let plugin = load(&other, world.folder.path(), 1);
    assert!(plugin.is_from_cache());
    Instance::start(&plugin, &setup()).unwrap();
    assert_eq!(plugin.fingerprint(), world.load(1).fingerprint());
}

#[test]
fn every_changed_byte_is_noticed() {
    let world = World::new();
    let sound = fs::read(world.compiled()).unwrap();
    // Header, both hashes, and places all over the machine code.
    let step = sound.len() / 40;
    for at in (0..80).chain((80..sound.len()).step_by(step)) {
        let mut spoilt = sound.clone();
        spoilt[at] ^= 1;
        fs::write(world.compiled(), spoilt).unwrap();
        assert!(!world.load(1).is_from_cache(), "byte {at}");
    }
    world.load(1);
    assert_eq!(fs::read(world.compiled()).unwrap().len(), sound.len());
}

#[test]
fn half_a_file_is_made_again() {
    let world = World::new();
    let sound = fs::read(world.compiled()).unwrap();
    for length in [0, 1, 79, 80, sound.len() / 2, sound.len() - 1] {
        fs::write(world.compiled(), &sound[..length]).unwrap();
        world.is_made_again();
    }
}

#[test]
fn the_file_of_another_plugin_is_not_taken_for_it() {
    let world = World::new();
    let first = world.compiled();
    world.load(2);
    let second = compiled(world.folder.path())
        .into_iter()
        .find(|path| *path != first)
        .unwrap();
    fs::copy(second, first).unwrap();
    world.is_made_again();
}

#[test]
fn what_others_could_have_written_is_not_trusted() {
    let world = World::new();
    let writable = fs::Permissions::from_mode(0o666);
    fs::set_permissions(world.compiled(), writable).unwrap();
    world.is_made_again();
    let mode = fs::metadata(world.compiled()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_cache_that_cannot_be_written_costs_only_time() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path());
    fs::remove_dir_all(folder.path().join("compiled")).unwrap();
    fs::write(folder.path().join("compiled"), "in the way").unwrap();
    assert!(!load(&engine, folder.path(), 1).is_from_cache());
}
