//! A new project from the templates.

use std::path::{Path, PathBuf};

use agave_core::Role;
use anyhow::{Context, Result, bail};

use super::{Language, templates};

/// Writes a project called `name` below `parent`. Gives its folder.
pub(crate) fn create(parent: &Path, name: &str, role: Role, language: Language) -> Result<PathBuf> {
    check_name(name, language)?;
    if !templates::exist(language) {
        bail!("there is no template in {language} yet");
    }
    let folder = parent.join(name);
    let is_free = match std::fs::read_dir(&folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => {
            return Err(error).with_context(|| format!("cannot use {}", folder.display()));
        }
    };
    if !is_free {
        bail!(
            "{} is there already and not empty; choose another name",
            folder.display()
        );
    }
    for (path, text) in templates::files(name, role, language) {
        let file = folder.join(path);
        let parent = file.parent().unwrap_or(&folder);
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&file, text))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(folder)
}

fn check_name(name: &str, language: Language) -> Result<()> {
    let begins_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    let plain = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
    };
    if !begins_well || name.len() > 64 || !name.chars().all(plain) {
        bail!(
            "'{name}' cannot be the name of a plugin: it begins with a letter and is of lower case \
             letters, digits and -, at most 64 of them; for example my-adapter"
        );
    }
    // Cargo would say so too, but about a project that is there already.
    let taken_by_rust = [
        "core",
        "std",
        "alloc",
        "test",
        "proc-macro",
        "agave-vision-sdk",
    ];
    if language == Language::Rust && taken_by_rust.contains(&name) {
        bail!("'{name}' is the name of another crate; choose another name");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        let check = |name: &str| check_name(name, Language::Python).is_ok();
        assert!(check("door-chime2"));
        for wrong in [
            "",
            "2door",
            "Door",
            "door chime",
            "../door",
            "door.py",
            "-door",
        ] {
            assert!(!check(wrong), "{wrong}");
        }
        assert!(check_name("core", Language::Rust).is_err());
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        create(place.path(), "chime", Role::Adapter, Language::Python).unwrap();
        let again = create(place.path(), "chime", Role::Adapter, Language::Python);
        assert!(again.unwrap_err().to_string().contains("not empty"));
    }
}
