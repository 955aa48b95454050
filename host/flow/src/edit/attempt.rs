//! Makes an edit, and looks whether it does what it must and nothing else.

use super::Edited;
use super::error::EditError;
use super::files::{self, Files};
use super::lines::Lines;
use super::mapping::Mapping;
use super::patch::{self, Replacement};
use crate::tree::{self, Content, Tree};
use crate::{
    Code, Diagnostic, Diagnostics, FileIndex, FlowText, Place, Severity, Surroundings, load,
};

/// A flow that is to be edited.
pub(super) struct Attempt<'a> {
    text: &'a FlowText,
    surroundings: &'a dyn Surroundings,
    pub(super) files: Files,
}

/// What must be different afterwards, and all that may be.
pub(super) struct Goal<'a> {
    /// What an edit may change, as JSON pointers.
    pub(super) pointers: &'a [&'a str],
    /// Whether a flow says what it must.
    pub(super) is_met: &'a dyn Fn(&Tree) -> bool,
    /// The zone that is drawn, as problems call it: what is wrong with it counts, even if that was
    /// wrong before.
    pub(super) drawn: Option<&'a str>,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(
        text: &'a FlowText,
        surroundings: &'a dyn Surroundings,
    ) -> Result<Self, EditError> {
        let files = Files::read(text, surroundings)?;
        Ok(Self {
            text,
            surroundings,
            files,
        })
    }

    /// An edit of one of the files. `None` when it is not possible or does not do what it must.
    pub(super) fn edit(
        &self,
        file: FileIndex,
        replacements: Option<Vec<Replacement>>,
        goal: &Goal<'_>,
    ) -> Option<Result<Edited, EditError>> {
        let before = self.files.sources.file(file);
        let new = patch::apply(before.as_str(), replacements?)?;
        let edited = Edited {
            file: before.file().to_owned(),
            changed_lines: patch::changed_lines(before.as_str(), &new),
            text: before.rewritten(&new),
        };
        let path = before.file();
        let after = match FlowText::from_bytes(path, edited.text.clone().into_bytes()) {
            Ok(after) => after,
            Err(problems) => return Some(Err(EditError::Refused(problems))),
        };
        let surroundings = files::Revised {
            around: self.surroundings,
            file: path.to_owned(),
            text: edited.text.clone(),
        };
        let main = match file == FileIndex::default() {
            true => &after,
            false => self.text,
        };
        let files = Files::read(main, &surroundings).ok()?;
        if !(goal.is_met)(&files.meant) || !files.differs_only_at(&self.files, goal.pointers) {
            return None;
        }
        let (_, problems) = load(main, &[], &surroundings);
        let new: Vec<Diagnostic> = self.only_new(&problems, goal.drawn);
        Some(match new.is_empty() {
            true => Ok(edited),
            false => Err(EditError::Refused(Diagnostics::new(new))),
        })
    }

    /// The errors that the flow has not had: it may well have some, and is edited to mend them.
    fn only_new(&self, problems: &Diagnostics, drawn: Option<&str>) -> Vec<Diagnostic> {
        if !problems.has_errors() {
            return Vec::new();
        }
        let (_, old) = load(self.text, &[], self.surroundings);
        let is_new = |one: &&Diagnostic| {
            let is_it = |old: &Diagnostic| {
                (old.code(), old.file(), old.message()) == (one.code(), one.file(), one.message())
            };
            let is_drawn = |zone: &str| {
                one.code() == Code::BadPolygon && one.message().starts_with(&format!("{zone}:"))
            };
            one.severity() == Severity::Error
                && (!old.iter().any(is_it) || drawn.is_some_and(is_drawn))
        };
        problems.iter().filter(is_new).cloned().collect()
    }

    /// Whatever `make` makes of the mapping at `pointer`, as it is written in `file`.
    pub(super) fn in_mapping(
        &self,
        pointer: &str,
        file: FileIndex,
        make: impl FnOnce(&Mapping<'_>) -> Option<Vec<Replacement>>,
    ) -> Option<Vec<Replacement>> {
        let lines = Lines::new(self.files.sources.file(file).as_str());
        let tree = self.files.written.at(pointer)?;
        let step = " ".repeat(self.step(pointer, file));
        make(&Mapping::new(tree, file, &lines, &step)?)
    }

    /// By how many characters what is inside of something is indented: as in the mapping at
    /// `pointer`, or as anywhere in the file.
    fn step(&self, pointer: &str, file: FileIndex) -> usize {
        let column = |place: &Place| match place.span() {
            Some((at, span)) if at == file => {
                let line = self.files.sources.file(file).line(span.start.line)?;
                let indent = line.len() - line.trim_start_matches(' ').len();
                (indent + 1 == span.start.column).then_some(indent)
            }
            _ => None,
        };
        let steps = |pointer: &str| -> Option<usize> {
            let outer = column(self.files.written.key_place(pointer))?;
            let inner = self.files.written.at(pointer)?.members();
            let inner = inner.iter().find_map(|member| column(&member.key_place))?;
            inner.checked_sub(outer).filter(|step| *step > 0)
        };
        let sections = self.files.written.keys("");
        let mut all = sections.iter().map(|section| tree::join("", section));
        steps(pointer)
            .or_else(|| steps(tree::parent(pointer)))
            .or_else(|| all.find_map(|section| steps(&section)))
            .unwrap_or(2)
    }

    /// Why what is at `pointer` could not be edited.
    pub(super) fn not_plain(&self, subject: &str, pointer: &str) -> EditError {
        let mut at = pointer;
        // The innermost thing around it that is an alias says most.
        while !at.is_empty() {
            if let Some(alias) = self.files.written.at(at).and_then(|tree| tree.alias) {
                let tree = self.files.written.at(at);
                let place = self.files.written.key_place(at).with_span(alias);
                let anchor = tree.map_or(String::new(), |tree| self.files.words(&tree.place));
                return EditError::NotPlain {
                    place: self.files.words(&place),
                    message: format!("{subject} is written through an alias of {anchor}"),
                    help: "write the value out in place of the alias".to_owned(),
                };
            }
            at = tree::parent(at);
        }
        let place = self.files.meant.key_place(pointer);
        let (message, help) = match place.user() {
            Some(user) => (
                format!(
                    "{subject} is written in a template, which is used at {}",
                    self.files.words(&user)
                ),
                "change it in the template for all that use it, or take it out there and write \
                 it where it is wanted",
            ),
            None => (
                format!("{subject} cannot be changed here without changing something else"),
                "write it out in a form of its own, without anchors and aliases, and try again; \
                 or edit the file by hand",
            ),
        };
        EditError::NotPlain {
            place: self.files.words(place),
            message,
            help: help.to_owned(),
        }
    }

    /// Whether there is a key at `pointer`, and no value.
    pub(super) fn is_nothing(&self, pointer: &str) -> bool {
        let tree = self.files.written.at(pointer);
        tree.is_some_and(|tree| tree.content == Content::Null && tree.alias.is_none())
    }
}
