//! Where the parts of a flow were written, for problems that show only when it is built: a class
//! that the model does not have, a zone that a camera does not have.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::mask;
use crate::sources::Sources;
use crate::tree::{self, Content, Tree};
use crate::{Code, Diagnostic, Flow, Place};

/// A part of a flow that a problem can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// The flow as a whole.
    Flow,
    /// A model: its file.
    Model(&'a str),
    /// A broker.
    Broker(&'a str),
    /// A camera.
    Camera(&'a str),
    /// Where a camera's frames come from.
    Source(&'a str),
    /// Which camera of a recording a camera plays.
    Recorded(&'a str),
    /// A node as a whole.
    Node(&'a str),
    /// What a node calls its plugin.
    Plugin(&'a str),
    /// The settings of a node's plugin.
    Settings(&'a str),
    /// What a node is granted.
    Grants(&'a str),
}

/// Where everything in a flow was written. It is no part of what the flow means: any two are
/// equal.
#[derive(Clone, Default)]
pub struct Places(Arc<Written>);

#[derive(Default)]
struct Written {
    tree: Tree,
    sources: Sources,
}

impl Places {
    pub(crate) fn new(tree: Tree, sources: Sources) -> Self {
        Self(Arc::new(Written { tree, sources }))
    }

    /// The place of `part`. When `message` begins with the path of something in it, that one's;
    /// when it quotes a text that stands there once, that text's.
    fn find(&self, part: Part<'_>, message: &str) -> Place {
        let tree = &self.0.tree;
        let (section, name, key) = match part {
            Part::Flow => return Place::File,
            Part::Model(name) => ("models", name, Some("path")),
            Part::Broker(name) => ("brokers", name, None),
            Part::Camera(name) => ("cameras", name, None),
            Part::Source(name) => ("cameras", name, Some("url")),
            Part::Recorded(name) => ("cameras", name, Some("recorded")),
            Part::Node(name) => ("nodes", name, None),
            Part::Plugin(name) => ("nodes", name, Some("plugin")),
            Part::Settings(name) => ("nodes", name, Some("config")),
            Part::Grants(name) => ("nodes", name, Some("allow")),
        };
        let around = tree::join(&tree::join("", section), name);
        let Some(key) = key else {
            return tree.key_place(&around).clone();
        };
        let within = named_in(message).map(|path| format!("{}{path}", tree::join(&around, key)));
        let at = within
            .filter(|path| tree.at(path).is_some())
            .unwrap_or_else(|| tree::join(&around, key));
        match tree.at(&at) {
            Some(found) => quoted_in(found, message).unwrap_or_else(|| match found.content {
                // The key of what goes over several lines says more than all of it.
                Content::Map(_) | Content::List(_) => tree.key_place(&at).clone(),
                _ => found.place.clone(),
            }),
            None => tree.key_place(&around).clone(),
        }
    }
}

/// What `message` quotes first, such as `rules[0].hours`, as the pointer that it may be.
fn named_in(message: &str) -> Option<String> {
    let path = message
        .split('`')
        .nth(1)?
        .replace('[', ".")
        .replace(']', "");
    let join = |at: String, step: &str| tree::join(&at, step);
    Some(path.split('.').fold(String::new(), join))
}

/// The place of a text in `tree` that `message` quotes, if it stands there once. What a message is
/// about tends to come last.
fn quoted_in(tree: &Tree, message: &str) -> Option<Place> {
    let quoted: Vec<&str> = ['\'', '"', '`']
        .into_iter()
        .flat_map(|mark| message.split(mark).skip(1).step_by(2))
        .collect();
    let mut texts: Vec<(String, Place)> = Vec::new();
    let mut tree = tree.clone();
    tree.for_each_text(&mut |_, place, text| texts.push((text.clone(), place.clone())));
    quoted.into_iter().rev().find_map(|quoted| {
        let mut found = texts.iter().filter(|(text, _)| text == quoted);
        let (_, place) = found.next()?;
        found.next().is_none().then(|| place.clone())
    })
}

impl Flow {
    /// A problem with a part of this flow that only shows when it is built, with the line that it
    /// is about.
    pub fn problem(&self, code: Code, part: Part<'_>, message: impl Into<String>) -> Diagnostic {
        let message = message.into();
        let place = self.places.find(part, &message);
        let sources = &self.places.0.sources;
        let text = sources.text(&place);
        let user = place.user();
        let diagnostic = Diagnostic::in_text(code, text, place, message);
        match user {
            Some(user) => diagnostic.with_help(sources.words_of_use(&user, 0)),
            None => diagnostic,
        }
    }
}

impl Flow {
    /// Where the node `name` was written: the file, the number of its first line, and its lines,
    /// with credentials masked.
    pub fn written_at(&self, name: &str) -> Option<(&Path, usize, String)> {
        let Written { tree, sources } = self.places.0.as_ref();
        let pointer = tree::join(&tree::join("", "nodes"), name);
        let (key, value) = (tree.key_place(&pointer), tree.at(&pointer)?);
        let ((file, key), (of_value, value)) = (key.span()?, value.place.span()?);
        let text = sources.file(file);
        // A template stands elsewhere.
        let last = if file == of_value {
            value.end.line
        } else {
            key.end.line
        };
        let lines = (key.start.line..=last).filter_map(|number| mask::line(text, number, value));
        let lines: Vec<String> = lines.map(|line| line.text).collect();
        let mut lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
        while lines.len() > 1 && lines.last().is_some_and(|line| line.is_empty()) {
            lines.pop();
        }
        Some((text.file(), key.start.line, lines.join("\n")))
    }
}

impl PartialEq for Places {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// There may be passwords in the file.
impl fmt::Debug for Places {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}
