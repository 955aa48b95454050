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
    for (name, content) in generated(generator, resolve, world)?.iter() {
        let path = into.join(name);
        match std::str::from_utf8(content) {
            Ok(text) if name.ends_with(".cpp") => {
                write_file(&path, with_lists_freed(text).as_bytes())?;
            }
            _ => write_file(&path, content)?,
        }
    }
    Ok(())
}

/// The bindings in C++ copy a list of records or strings element by element into a vector of
/// their own, and wit-bindgen-cpp 0.63.0 never frees the memory that it came in. So that is
/// done here, after each of these loops:
///
/// ```text
///   for (unsigned i=0; i<_len3; ++i) {
///     …
///     _result3.initialize(i, std::move(_e3));
///   }
/// ```
fn with_lists_freed(text: &str) -> String {
    let mut freed = String::with_capacity(text.len() + text.len() / 16);
    let mut ended = None;
    for line in text.lines() {
        freed.push_str(line);
        freed.push('\n');
        if let Some(list) = ended.take().filter(|_| line.trim() == "}") {
            freed.push_str(&format!("if (_len{list} > 0) free((void*) _base{list});\n"));
        }
        ended = line
            .trim()
            .strip_prefix("_result")
            .and_then(|rest| rest.split_once(".initialize(i, "))
            .map(|(list, _)| list);
    }
    freed
}

/// Go: paths and texts of the package `main` with the exports, and of one package for each
/// interface.
pub(super) fn go(wit: &Path) -> Result<Vec<(String, String)>> {
    let (resolve, world) = world(wit)?;
    let generator = wit_bindgen_go::Opts::default().build();
    let files = generated(generator, resolve, world)?;
    let texts = files.iter().map(|(path, content)| {
        let text = String::from_utf8_lossy(content).into_owned();
        (path.to_owned(), text)
    });
    Ok(texts.collect())
}

/// Puts the world into a module whose compiler did not.
pub(super) fn embed(wit: &Path, module: &mut Vec<u8>) -> Result<()> {
    let (resolve, world) = world(wit)?;
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(module, &resolve, world, encoding, false)
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
    generator: Box<dyn WorldGenerator>,
    resolve: Resolve,
    world: WorldId,
    into: &Path,
) -> Result<()> {
    for (name, content) in generated(generator, resolve, world)?.iter() {
        write_file(&into.join(name), content)?;
    }
    Ok(())
}

fn generated(
    mut generator: Box<dyn WorldGenerator>,
    mut resolve: Resolve,
    world: WorldId,
) -> Result<Files> {
    let mut files = Files::default();
    generator
        .generate(&mut resolve, world, &mut files)
        .context("cannot write the contract in this language")?;
    Ok(files)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_was_copied_is_freed() {
        let copied = "for (unsigned i=0; i<_len3; ++i) {\n  \
                      _result3.initialize(i, std::move(_e3));\n}\nrest();\n";
        let expected = copied.replace("}\n", "}\nif (_len3 > 0) free((void*) _base3);\n");
        assert_eq!(with_lists_freed(copied), expected);
        let other = "for (;;) {\n}\n";
        assert_eq!(with_lists_freed(other), other);
    }
}
