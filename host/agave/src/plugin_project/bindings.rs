//! What the contract is in C, C++ and Go: generated for the plugin's own world each time that it
//! is built, so that nobody writes the canonical ABI by hand and no generated code is kept.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wit_bindgen_core::wit_parser::{Resolve, WorldId, WorldKey};
use wit_bindgen_core::{Files, WorldGenerator};

use super::world::WORLD;

/// The prefix of what the contract's bindings in C are made of: `agave.h`, `agave_string_t`.
const C_NAME: &str = "agave";

/// C, in the folder `into`: `agave.h`, `agave.c` and `agave_component_type.o`, which carries the
/// world. Interfaces are called by their plain names: `log_write`, `types_detection_t`.
pub(super) fn c(wit: &Path, into: &Path) -> Result<()> {
    let (resolve, world) = world(wit)?;
    let options = wit_bindgen_c::Opts {
        rename: plain_names(&resolve, world),
        rename_world: Some(C_NAME.to_owned()),
        ..wit_bindgen_c::Opts::default()
    };
    write(options.build(), resolve, world, into)
}

/// C++, in the folder `into`: `component_cpp.h`, `component.cpp`, `wit.h`, and
/// `component_component_type.o`, which carries the world.
pub(super) fn cpp(wit: &Path, into: &Path) -> Result<()> {
    let (resolve, world) = world(wit)?;
    let generator = wit_bindgen_cpp::Opts::default().build(None);
    write(generator, resolve, world, into)
}

/// Go, in the folder `into`: the package `main` with the exports, and one package for each
/// interface.
pub(super) fn go(wit: &Path, into: &Path) -> Result<()> {
    let (resolve, world) = world(wit)?;
    let generator = wit_bindgen_go::Opts::default().build();
    write(generator, resolve, world, into)
}

/// The world in the folder `wit`.
fn world(wit: &Path) -> Result<(Resolve, WorldId)> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit)?;
    let world = resolve.select_world(&[package], Some(WORLD))?;
    Ok((resolve, world))
}

/// `agave:plugin/log@0.1.0` is called `log`.
fn plain_names(resolve: &Resolve, world: WorldId) -> Vec<(String, String)> {
    let Some(world) = resolve.worlds.get(world) else {
        return Vec::new();
    };
    let mut names: Vec<(String, String)> = world
        .imports
        .keys()
        .chain(world.exports.keys())
        .filter_map(|key| match key {
            WorldKey::Interface(id) => {
                let plain = resolve.interfaces.get(*id)?.name.clone()?;
                Some((resolve.name_world_key(key), plain))
            }
            WorldKey::Name(_) => None,
        })
        .collect();
    names.dedup();
    names
}

fn write(
    mut generator: Box<dyn WorldGenerator>,
    mut resolve: Resolve,
    world: WorldId,
    into: &Path,
) -> Result<()> {
    let mut files = Files::default();
    generator
        .generate(&mut resolve, world, &mut files)
        .context("cannot write the contract in this language")?;
    for (name, content) in files.iter() {
        write_file(&into.join(name), content)?;
    }
    Ok(())
}

/// Writes a generated file, with the folders above it; one that is the same already stays.
pub(super) fn write_file(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(path, content))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The files with the extension `extension` in `folder`, by name.
pub(super) fn sources(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut sources: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    sources.sort();
    Ok(sources)
}
