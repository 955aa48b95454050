//! Finds the flow files of a folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Folders in folders are searched so deep.
const MOST_DEPTH: usize = 8;
/// More than this is not a flow file.
const MOST_BYTES: u64 = 1 << 20;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) flows: Vec<PathBuf>,
    /// How many other YAML files there are.
    pub(crate) others: usize,
}

/// The flow files among `places`: a file is taken for one, in a folder those that look like one.
///
/// # Errors
/// When there is nothing at one of them.
pub(crate) fn flows(places: &[PathBuf]) -> Result<Found> {
    let mut found = Found::default();
    for place in places {
        if place.is_dir() {
            search(place, 0, &mut found)?;
        } else if place.exists() {
            found.flows.push(place.clone());
        } else {
            bail!("there is no file or folder {}", place.display());
        }
    }
    Ok(found)
}

/// In the order of their names.
fn search(folder: &Path, depth: usize, found: &mut Found) -> Result<()> {
    let unreadable = || format!("cannot read the folder {}", folder.display());
    let mut paths = std::fs::read_dir(folder)
        .with_context(unreadable)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .with_context(unreadable)?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            if depth < MOST_DEPTH {
                search(&path, depth + 1, found)?;
            }
        } else if name.ends_with(".yaml") || name.ends_with(".yml") {
            if looks_like_a_flow(&path) {
                found.flows.push(path);
            } else {
                found.others += 1;
            }
        }
    }
    Ok(())
}

/// Whether it has the keys that every flow file begins with. One that is broken further down is
/// still a flow, with something to say about it.
fn looks_like_a_flow(path: &Path) -> bool {
    let small = path.metadata().is_ok_and(|file| file.len() <= MOST_BYTES);
    let text = match std::fs::read_to_string(path) {
        Ok(text) if small => text,
        _ => return false,
    };
    let has = |key: &str| {
        let mut lines = text.lines();
        lines.any(|line| {
            line.strip_prefix(key)
                .is_some_and(|rest| rest.trim_start().starts_with(':'))
        })
    };
    has("version") && (has("cameras") || has("nodes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_are_found_and_other_files_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            path
        };
        let second = write("b.yml", "version: 1\nname: b\nnodes: {");
        let first = write("a.yaml", "version: 1\nname: a\ncameras: {}\n");
        let deep = write("more/c.yaml", "version : 1\nnodes: {}\n");
        write("compose.yaml", "version: 3\nservices: {}\n");
        write(".hidden/d.yaml", "version: 1\nnodes: {}\n");
        write("notes.txt", "version: 1\nnodes: {}\n");
        let found = flows(&[folder.path().to_owned()]).unwrap();
        assert_eq!(found.flows, [first, second, deep]);
        assert_eq!(found.others, 1);
        let named = write("notes.txt", "anything");
        assert_eq!(flows(std::slice::from_ref(&named)).unwrap().flows, [named]);
        assert!(flows(&[folder.path().join("nothing")]).is_err());
    }
}
