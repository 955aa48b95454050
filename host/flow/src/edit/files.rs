//! A flow as its files say it, with all that an edit asks: what is written where, and what it
//! means once templates are replaced.

use std::io;
use std::path::{Path, PathBuf};

use agave_core::{Fingerprint, Secret};

use super::error::EditError;
use crate::report::Report;
use crate::sources::Sources;
use crate::tree::{self, Content, Tree};
use crate::{
    Diagnostics, FileIndex, FlowText, Inputs, Place, PluginCatalog, PluginFacts, PluginProblem,
    Surroundings, include, template,
};

/// The files of a flow, read.
pub(super) struct Files {
    pub(super) sources: Sources,
    /// All files, as they are written.
    pub(super) written: Tree,
    /// The same with every use of a template replaced.
    pub(super) meant: Tree,
    /// Cameras and nodes of templates that cannot be used.
    broken: Vec<String>,
    problems: Diagnostics,
}

impl Files {
    pub(super) fn read(
        text: &FlowText,
        surroundings: &dyn Surroundings,
    ) -> Result<Self, EditError> {
        let mut report = Report::new(text);
        let gathered = include::gather(surroundings, &mut report, &mut Inputs::default());
        let mut meant = gathered.clone().unwrap_or_default();
        let broken = template::expand(&mut meant, &mut report);
        let sources = report.sources().clone();
        let problems = report.finish();
        match (gathered, broken) {
            (Some(written), Some(broken)) => Ok(Self {
                sources,
                written,
                meant,
                broken,
                problems,
            }),
            _ => Err(EditError::Unreadable(problems)),
        }
    }

    /// Nobody knows what a camera means whose template cannot be used.
    pub(super) fn require_sound(&self, camera: &str) -> Result<(), EditError> {
        match self.broken.iter().any(|broken| broken == camera) {
            true => Err(EditError::Unreadable(self.problems.clone())),
            false => Ok(()),
        }
    }

    /// Whether this flow is `before` but for what is at `pointers`. Templates count by what they
    /// make.
    pub(super) fn differs_only_at(&self, before: &Self, pointers: &[&str]) -> bool {
        let rest = |files: &Self| {
            let mut rest = files.meant.clone();
            rest.remove("/templates");
            for pointer in pointers {
                rest.remove(pointer);
                // To have no zones can be said in several ways.
                let around = tree::parent(pointer);
                let is_nothing = |tree: &Tree| match &tree.content {
                    Content::Map(members) => members.is_empty(),
                    content => *content == Content::Null,
                };
                if rest.at(around).is_some_and(is_nothing) {
                    rest.remove(around);
                }
            }
            rest.to_value()
        };
        rest(self) == rest(before)
    }

    /// Where the member of a mapping is written whose key is at `place`.
    pub(super) fn pointer_of(&self, place: &Place) -> Option<String> {
        find(&self.written, place, "")
    }

    /// Where the camera is written that the template of `camera` makes.
    pub(super) fn template_of(&self, camera: &str) -> Option<String> {
        let name = self.written.at(&tree::join(camera, "use"))?;
        let Content::Text(name) = &name.content else {
            return None;
        };
        Some(tree::join(&tree::join("/templates", name), "camera"))
    }

    /// `gate.yaml:3:5`
    pub(super) fn words(&self, place: &Place) -> String {
        self.sources.words(place)
    }

    /// The file that a value is written in.
    pub(super) fn file_of(&self, pointer: &str) -> FileIndex {
        let place = self.written.key_place(pointer);
        place.span().map(|(file, _)| file).unwrap_or_default()
    }
}

fn find(tree: &Tree, place: &Place, at: &str) -> Option<String> {
    let inner: Vec<(String, &Tree)> = match &tree.content {
        Content::Map(members) => {
            if let Some(found) = members
                .iter()
                .find(|member| member.key_place.span() == place.span())
            {
                return Some(tree::join(at, &found.key));
            }
            let inner = members.iter();
            inner
                .map(|member| (tree::join(at, &member.key), &member.value))
                .collect()
        }
        Content::List(items) => {
            let inner = items.iter().enumerate();
            inner
                .map(|(index, item)| (tree::join(at, &index.to_string()), item))
                .collect()
        }
        _ => return None,
    };
    inner
        .iter()
        // What an alias stands for is found in its own place.
        .filter(|(_, tree)| tree.alias.is_none())
        .find_map(|(at, tree)| find(tree, place, at))
}

/// The surroundings with something else in one file.
pub(super) struct Revised<'a> {
    pub(super) around: &'a dyn Surroundings,
    pub(super) file: PathBuf,
    pub(super) text: String,
}

impl Surroundings for Revised<'_> {
    fn environment(&self, name: &str) -> Option<String> {
        self.around.environment(name)
    }

    fn secret(&self, name: &str) -> Option<Secret> {
        self.around.secret(name)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match path == self.file {
            true => Ok(self.text.clone().into_bytes()),
            false => self.around.read(path),
        }
    }

    fn files_in(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.around.files_in(folder)
    }

    fn file_exists(&self, path: &Path) -> bool {
        self.around.file_exists(path)
    }

    fn fingerprint(&self, path: &Path) -> Option<Fingerprint> {
        self.around.fingerprint(path)
    }
}

impl PluginCatalog for Revised<'_> {
    fn plugin(&self, reference: &str, flow_folder: &Path) -> Result<PluginFacts, PluginProblem> {
        self.around.plugin(reference, flow_folder)
    }
}
