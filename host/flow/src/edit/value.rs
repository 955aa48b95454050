//! Edits of single values.

use super::Edited;
use super::attempt::{Attempt, Goal};
use super::error::EditError;
use super::lines::Lines;
use super::patch::Replacement;
use super::written::{self, New};
use crate::tree::{self, Content, Tree};
use crate::{FileIndex, FlowText, Place, Surroundings, suggest};

/// A single value.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// A number, which must be finite.
    Number(f64),
    /// A text, in quotes where it needs them.
    Text(String),
}

impl Scalar {
    fn written(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
            Self::Text(text) => written::text(text),
        }
    }

    fn is(&self, tree: &Tree) -> bool {
        match (self, &tree.content) {
            (Self::Bool(value), Content::Bool(said)) => value == said,
            (Self::Number(value), Content::Number(said)) => said.as_f64() == Some(*value),
            (Self::Text(value), Content::Text(said)) => value == said,
            _ => false,
        }
    }
}

pub(super) fn set(
    text: &FlowText,
    surroundings: &dyn Surroundings,
    path: &str,
    value: &Scalar,
) -> Result<Edited, EditError> {
    let attempt = Attempt::new(text, surroundings)?;
    let steps: Vec<&str> = path.split('.').collect();
    let pointer = steps
        .iter()
        .fold(String::new(), |pointer, step| tree::join(&pointer, step));
    if let [section, name, _, ..] = steps.as_slice() {
        let section = tree::join("", section);
        attempt.files.require_sound(&tree::join(&section, name))?;
    }
    let around = tree::parent(&pointer);
    let files = &attempt.files;
    let is_there = |tree: &Tree| matches!(tree.content, Content::Map(_) | Content::List(_));
    if !files.meant.at(around).is_some_and(is_there) {
        let names = files.meant.keys(tree::parent(around));
        let step = steps.iter().rev().nth(1).copied().unwrap_or_default();
        return Err(EditError::NotFound {
            message: format!("`{path}` leads nowhere: there is no '{step}' to put it in"),
            help: suggest::instead_of(step, "names there", &names),
        });
    }
    let is_met = |flow: &Tree| flow.at(&pointer).is_some_and(|said| value.is(said));
    let goal = Goal {
        pointers: &[&pointer],
        is_met: &is_met,
        drawn: None,
    };
    let replaced = replaced(&attempt, &pointer, value);
    let replaced = replaced.and_then(|(file, edit)| attempt.edit(file, Some(vec![edit]), &goal));
    let new = New::Inline(value.written());
    let key = steps.last().copied().unwrap_or_default();
    replaced
        .or_else(|| {
            let file = files.file_of(around);
            let edit =
                attempt.in_mapping(around, file, |around| match attempt.is_nothing(&pointer) {
                    true => around.fill(key, &new),
                    false => around.insert(key, &new),
                });
            attempt.edit(file, edit, &goal)
        })
        .unwrap_or_else(|| Err(attempt.not_plain(&format!("`{path}`"), &pointer)))
}

/// Another value where one is written, in the quotes of the old one.
fn replaced(
    attempt: &Attempt<'_>,
    pointer: &str,
    value: &Scalar,
) -> Option<(FileIndex, Replacement)> {
    let tree = attempt.files.meant.at(pointer)?;
    let (&Place::At(file, _), true) = (&tree.place, is_single(tree)) else {
        return None;
    };
    let lines = Lines::new(attempt.files.sources.file(file).as_str());
    let bytes = lines.range(tree.written()?);
    let text = match (value, lines.text(bytes.clone()).chars().next()) {
        _ if value.is(tree) => lines.text(bytes.clone()).to_owned(),
        (Scalar::Text(text), Some('"')) => written::quoted(text),
        (Scalar::Text(text), Some('\'')) if !text.contains(['\r', '\n']) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        _ => value.written(),
    };
    Some((file, Replacement::new(bytes, text)))
}

fn is_single(tree: &Tree) -> bool {
    !matches!(
        tree.content,
        Content::Null | Content::List(_) | Content::Map(_)
    )
}
