//! A setting of a node's plugin: another value, one more, or none.

use serde_json::{Map, Value};

use super::Edited;
use super::attempt::{Attempt, Goal};
use super::error::EditError;
use super::lines::Lines;
use super::patch::Replacement;
use super::written::{self, New};
use crate::tree::{self, Content, Tree};
use crate::{FileIndex, FlowText, Place, Surroundings, suggest};

pub(super) fn set(
    text: &FlowText,
    surroundings: &dyn Surroundings,
    node: &str,
    setting: &str,
    value: Option<&Value>,
) -> Result<Edited, EditError> {
    let attempt = Attempt::new(text, surroundings)?;
    let around = tree::join("/nodes", node);
    let config = tree::join(&around, "config");
    let pointer = tree::join(&config, setting);
    let files = &attempt.files;
    if files.written.at(&around).is_none() {
        return Err(EditError::NotFound {
            message: format!("there is no node '{node}'"),
            help: suggest::instead_of(node, "nodes", &files.written.keys("/nodes")),
        });
    }
    files.require_sound(&around)?;
    let is_met = |flow: &Tree| flow.at(&pointer).map(Tree::to_value).as_ref() == value;
    let goal = Goal {
        pointers: &[&pointer],
        is_met: &is_met,
        drawn: None,
    };
    let edits = match value {
        Some(value) => vec![
            replaced(&attempt, &pointer, value),
            added(&attempt, &around, setting, value),
        ],
        None => vec![removed(&attempt, &around, setting)],
    };
    let made = edits
        .into_iter()
        .flatten()
        .find_map(|(file, edit)| attempt.edit(file, Some(edit), &goal));
    let subject = format!("`{setting}` of node '{node}'");
    made.unwrap_or_else(|| Err(attempt.not_plain(&subject, &pointer)))
}

type Edit = (FileIndex, Vec<Replacement>);

/// The value where one is written, in one line.
fn replaced(attempt: &Attempt<'_>, pointer: &str, value: &Value) -> Option<Edit> {
    let tree = attempt.files.meant.at(pointer)?;
    let (&Place::At(file, _), false) = (&tree.place, tree.content == Content::Null) else {
        return None;
    };
    let lines = Lines::new(attempt.files.sources.file(file).as_str());
    let bytes = lines.value(tree)?;
    let text = match tree.to_value() == *value {
        true => lines.text(bytes.clone()).to_owned(),
        false => written::value(value),
    };
    Some((file, vec![Replacement::new(bytes, text)]))
}

/// One setting more at the node, which may have none yet.
fn added(attempt: &Attempt<'_>, node: &str, setting: &str, value: &Value) -> Option<Edit> {
    let file = attempt.files.file_of(node);
    let config = tree::join(node, "config");
    let new = New::Inline(written::value(value));
    let edit = match attempt.files.written.at(&config) {
        Some(_) => {
            let pointer = tree::join(&config, setting);
            attempt.in_mapping(&config, file, |config| match attempt.is_nothing(&pointer) {
                true => config.fill(setting, &new),
                false => config.insert(setting, &new),
            })
        }
        None => {
            let alone = Map::from_iter([(setting.to_owned(), value.clone())]);
            let alone = New::Inline(written::value(&Value::Object(alone)));
            attempt.in_mapping(node, file, |node| node.insert("config", &alone))
        }
    };
    Some((file, edit?))
}

/// The setting goes, and with the last one the key `config`.
fn removed(attempt: &Attempt<'_>, node: &str, setting: &str) -> Option<Edit> {
    let file = attempt.files.file_of(node);
    let config = tree::join(node, "config");
    let edit = attempt.in_mapping(&config, file, |config| config.remove(setting));
    let edit = edit.or_else(|| attempt.in_mapping(node, file, |node| node.remove("config")));
    Some((file, edit?))
}
