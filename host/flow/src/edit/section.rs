//! An entry more in a section: a model, a camera, a node.

use serde_json::{Map, Value};

use super::attempt::{Attempt, Goal};
use super::error::EditError;
use super::patch::Replacement;
use super::written::{self, New};
use super::{Edited, Section};
use crate::tree::{self, Tree};
use crate::{FileIndex, FlowText, Surroundings, suggest};

/// An entry with more members than these has a line for each.
const MOST_ON_A_LINE: usize = 2;

impl Section {
    fn key(self) -> &'static str {
        match self {
            Self::Models => "models",
            Self::Cameras => "cameras",
            Self::Nodes => "nodes",
        }
    }

    fn entry(self) -> &'static str {
        match self {
            Self::Models => "model",
            Self::Cameras => "camera",
            Self::Nodes => "node",
        }
    }
}

pub(super) fn add(
    text: &FlowText,
    surroundings: &dyn Surroundings,
    section: Section,
    name: &str,
    members: &Map<String, Value>,
) -> Result<Edited, EditError> {
    let attempt = Attempt::new(text, surroundings)?;
    let (key, entry) = (section.key(), section.entry());
    let around = tree::join("", key);
    let pointer = tree::join(&around, name);
    let files = &attempt.files;
    if files.written.at(&pointer).is_some() {
        return Err(EditError::Taken {
            place: files.words(files.written.key_place(&pointer)),
            message: format!("there is a {entry} '{name}' already"),
        });
    }
    let wanted = Value::Object(members.clone());
    let is_met = |flow: &Tree| {
        let said = flow.at(&pointer);
        said.is_some_and(|said| said.to_value() == wanted)
    };
    let goal = Goal {
        pointers: &[&pointer],
        is_met: &is_met,
        drawn: None,
    };
    let file = FileIndex::default();
    let new = written(section, members);
    let alone = || New::Mapping(vec![(name.to_owned(), written(section, members))]);
    let edit = if attempt.is_nothing(&around) {
        attempt.in_mapping("", file, |flow| flow.fill(key, &alone()))
    } else if files.file_of(&around) == file && files.written.at(&around).is_some() {
        attempt.in_mapping(&around, file, |entries| entries.insert(name, &new))
    } else {
        attempt.in_mapping("", file, |flow| apart(flow.insert(key, &alone())?))
    };
    let edited = attempt.edit(file, edit, &goal);
    edited.unwrap_or_else(|| Err(attempt.not_plain(&format!("{entry} '{name}'"), &around)))
}

pub(super) fn remove(
    text: &FlowText,
    surroundings: &dyn Surroundings,
    section: Section,
    name: &str,
) -> Result<Edited, EditError> {
    let attempt = Attempt::new(text, surroundings)?;
    let (key, entry) = (section.key(), section.entry());
    let around = tree::join("", key);
    let pointer = tree::join(&around, name);
    let files = &attempt.files;
    if files.written.at(&pointer).is_none() {
        return Err(EditError::NotFound {
            message: format!("there is no {entry} '{name}'"),
            help: suggest::instead_of(name, key, &files.written.keys(&around)),
        });
    }
    let is_met = |flow: &Tree| flow.at(&pointer).is_none();
    let goal = Goal {
        pointers: &[&pointer],
        is_met: &is_met,
        drawn: None,
    };
    let file = files.file_of(&pointer);
    let edit = attempt.in_mapping(&around, file, |entries| entries.remove(name));
    let edited = attempt.edit(file, edit, &goal);
    edited.unwrap_or_else(|| Err(attempt.not_plain(&format!("{entry} '{name}'"), &pointer)))
}

/// With a line between the sections, as people have it.
fn apart(mut section: Vec<Replacement>) -> Option<Vec<Replacement>> {
    let first = section.first_mut()?;
    let line_break = match first.text.starts_with("\r\n") {
        true => "\r\n",
        false => "\n",
    };
    if first.text.starts_with(line_break) {
        first.text.insert_str(0, line_break);
    }
    Some(section)
}

/// As people write it: a camera in lines, to which its zones are added, and a short node in one.
fn written(section: Section, members: &Map<String, Value>) -> New {
    if section != Section::Cameras && members.len() <= MOST_ON_A_LINE {
        return New::Inline(written::value(&Value::Object(members.clone())));
    }
    let lines = members
        .iter()
        .map(|(key, value)| (key.clone(), New::Inline(written::value(value))));
    New::Mapping(lines.collect())
}
