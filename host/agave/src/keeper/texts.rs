//! What a flow is written in, as it was read at one moment: its file, and the parts that it
//! includes. Whoever edits a flow says by its tag which texts were seen.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use agave_core::{Fingerprint, Secret};
use agave_flow::{PluginCatalog, PluginFacts, PluginProblem, Surroundings};

use crate::watch::Asked;

/// All texts of one flow.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    file: PathBuf,
    /// By the path under which it was read; the flow file among them.
    texts: BTreeMap<PathBuf, String>,
}

/// Some of them, by path, as they are to be.
pub(super) type Edits = BTreeMap<PathBuf, String>;

impl Texts {
    /// Of the flow in `file`.
    pub(super) fn new(file: &Path, texts: BTreeMap<PathBuf, String>) -> Self {
        Self {
            file: file.to_owned(),
            texts,
        }
    }

    /// The flow file.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// What stands in the flow file.
    pub(super) fn main(&self) -> &str {
        self.texts.get(&self.file).map_or("", String::as_str)
    }

    /// All of them, by path.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Path, &str)> {
        let all = self.texts.iter();
        all.map(|(path, text)| (path.as_path(), text.as_str()))
    }

    pub(super) fn get(&self, path: &Path) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Changes with any of them.
    pub(super) fn tag(&self) -> String {
        let lines = self.texts.iter().map(|(path, text)| {
            let content = Fingerprint::of(text.as_bytes());
            format!("{content} {}\n", path.display())
        });
        Fingerprint::of(lines.collect::<String>().as_bytes()).to_string()
    }

    /// What has to be written so that a flow which says `now` says this.
    pub(super) fn instead_of(&self, now: &Self) -> Edits {
        let differs = |(path, text): &(&PathBuf, &String)| now.texts.get(*path) != Some(*text);
        let edits = self.texts.iter().filter(differs);
        edits
            .map(|(path, text)| (path.clone(), text.clone()))
            .collect()
    }

    /// The files in which they differ from `before`, in the order of their paths.
    pub(super) fn changed_since(&self, before: Option<&Self>) -> Vec<String> {
        let Some(before) = before else {
            return Vec::new();
        };
        let both: BTreeSet<&PathBuf> = self.texts.keys().chain(before.texts.keys()).collect();
        let differs = |path: &&PathBuf| self.texts.get(*path) != before.texts.get(*path);
        let paths = both.into_iter().filter(differs);
        paths.map(|path| path.display().to_string()).collect()
    }

    pub(super) fn bytes(&self) -> usize {
        self.texts.values().map(String::len).sum()
    }
}

/// The surroundings of a flow of which some files say something else, with a note of what was
/// read.
pub(super) struct Reader<'a> {
    asked: &'a Asked<'a>,
    edits: &'a Edits,
    read: Mutex<BTreeMap<PathBuf, String>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(asked: &'a Asked<'a>, edits: &'a Edits) -> Self {
        Self {
            asked,
            edits,
            read: Mutex::default(),
        }
    }

    /// What was read, of the flow in `file`.
    pub(super) fn texts(self, file: &Path) -> Texts {
        let read = self.read.into_inner();
        Texts::new(file, read.unwrap_or_else(PoisonError::into_inner))
    }
}

impl PluginCatalog for Reader<'_> {
    fn plugin(&self, reference: &str, flow_folder: &Path) -> Result<PluginFacts, PluginProblem> {
        self.asked.plugin(reference, flow_folder)
    }
}

impl Surroundings for Reader<'_> {
    fn environment(&self, name: &str) -> Option<String> {
        self.asked.environment(name)
    }

    fn secret(&self, name: &str) -> Option<Secret> {
        self.asked.secret(name)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        // It is asked in any case: the file is part of the flow, and watched.
        let there = self.asked.read(path);
        let bytes = match self.edits.get(path) {
            Some(text) => text.clone().into_bytes(),
            None => there?,
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.insert(path.to_owned(), text);
        Ok(bytes)
    }

    fn files_in(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut files = self.asked.files_in(folder)?;
        // A part that is to be there again is not there yet.
        let new = self.edits.keys();
        let new = new.filter(|path| path.parent() == Some(folder));
        let new = new.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
        let new: Vec<String> = new.filter(|name| !files.contains(name)).collect();
        files.extend(new);
        Ok(files)
    }

    fn file_exists(&self, path: &Path) -> bool {
        self.asked.file_exists(path)
    }

    fn fingerprint(&self, path: &Path) -> Option<Fingerprint> {
        self.asked.fingerprint(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[(&str, &str)]) -> Texts {
        let all = all.iter();
        let all = all.map(|(path, text)| (PathBuf::from(path), (*text).to_owned()));
        Texts::new(Path::new("flow.yaml"), all.collect())
    }

    #[test]
    fn the_tag_is_that_of_all_of_them() {
        let before = texts(&[("flow.yaml", "a"), ("parts/gate.yaml", "b")]);
        assert_eq!(before.tag(), before.clone().tag());
        for other in [
            texts(&[("flow.yaml", "A"), ("parts/gate.yaml", "b")]),
            texts(&[("flow.yaml", "a"), ("parts/gate.yaml", "B")]),
            texts(&[("flow.yaml", "a"), ("parts/door.yaml", "b")]),
            texts(&[("flow.yaml", "a")]),
            texts(&[("flow.yaml", "b"), ("parts/gate.yaml", "a")]),
        ] {
            assert_ne!(before.tag(), other.tag());
        }
    }

    #[test]
    fn only_what_differs_is_written() {
        let before = texts(&[("flow.yaml", "a"), ("gate.yaml", "b"), ("door.yaml", "c")]);
        let now = texts(&[("flow.yaml", "a"), ("gate.yaml", "B"), ("new.yaml", "d")]);
        let edits: Vec<_> = before.instead_of(&now).into_iter().collect();
        assert_eq!(
            edits,
            [
                (PathBuf::from("door.yaml"), "c".to_owned()),
                (PathBuf::from("gate.yaml"), "b".to_owned())
            ]
        );
        assert_eq!(
            now.changed_since(Some(&before)),
            ["door.yaml", "gate.yaml", "new.yaml"]
        );
    }
}
