//! The YAML of a flow file as a tree that knows where each key and value was written. The plain
//! types of the next stage do not carry places; whoever has something to say about a value
//! comes back here with its JSON pointer and asks.

use serde_json::{Map, Number, Value};

use crate::{Place, Span};

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tree {
    pub(crate) place: Place,
    pub(crate) content: Content,
    /// Where an alias stands for it, if one does: its place is then that of the anchor.
    pub(crate) alias: Option<Span>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<Member>),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) value: Tree,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            place: Place::File,
            content: Content::Null,
            alias: None,
        }
    }
}

impl Tree {
    /// The stretch of its file that stands for it: itself, or the alias.
    pub(crate) fn written(&self) -> Option<Span> {
        self.alias.or(self.place.span().map(|(_, span)| span))
    }

    /// The members of a mapping; nothing else has any.
    pub(crate) fn members(&self) -> &[Member] {
        match &self.content {
            Content::Map(members) => members,
            _ => &[],
        }
    }

    /// The keys of the mapping at `pointer`, in the order of the file.
    pub(crate) fn keys(&self, pointer: &str) -> Vec<&str> {
        self.at(pointer)
            .map(Self::members)
            .unwrap_or_default()
            .iter()
            .map(|member| member.key.as_str())
            .collect()
    }

    /// What is at `pointer`.
    pub(crate) fn at(&self, pointer: &str) -> Option<&Self> {
        steps(pointer).try_fold(self, |tree, step| match &tree.content {
            Content::Map(members) => members
                .iter()
                .find(|member| member.key == step)
                .map(|member| &member.value),
            Content::List(items) => items.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// Where the value at `pointer` was written, or the innermost thing around it that exists.
    pub(crate) fn place(&self, pointer: &str) -> &Place {
        let mut pointer = pointer;
        loop {
            if let Some(tree) = self.at(pointer) {
                return &tree.place;
            }
            pointer = parent(pointer);
        }
    }

    /// Where the key of the value at `pointer` was written; the value itself where there is no
    /// key, as in a list.
    pub(crate) fn key_place(&self, pointer: &str) -> &Place {
        let last = steps(pointer).last();
        self.at(parent(pointer))
            .map(Self::members)
            .unwrap_or_default()
            .iter()
            .find(|member| Some(&member.key) == last.as_ref())
            .map_or_else(|| self.place(pointer), |member| &member.key_place)
    }

    /// Takes out what is at `pointer`.
    pub(crate) fn remove(&mut self, pointer: &str) {
        let Some(last) = steps(pointer).last() else {
            return;
        };
        let Some(around) = self.at_mut(parent(pointer)) else {
            return;
        };
        match &mut around.content {
            Content::Map(members) => members.retain(|member| member.key != last),
            Content::List(items) => {
                if let Ok(index) = last.parse::<usize>()
                    && index < items.len()
                {
                    items.remove(index);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn at_mut(&mut self, pointer: &str) -> Option<&mut Self> {
        steps(pointer).try_fold(self, |tree, step| match &mut tree.content {
            Content::Map(members) => members
                .iter_mut()
                .find(|member| member.key == step)
                .map(|member| &mut member.value),
            Content::List(items) => items.get_mut(step.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The values alone.
    pub(crate) fn to_value(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(value) => Value::Number(value.clone()),
            Content::Text(value) => Value::String(value.clone()),
            Content::List(items) => items.iter().map(Self::to_value).collect(),
            Content::Map(members) => Value::Object(
                members
                    .iter()
                    .map(|member| (member.key.clone(), member.value.to_value()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// Puts the members of every mapping in the order of their keys: the order in which they were
    /// written means nothing, so nothing that is made of them may depend on it.
    pub(crate) fn sort(&mut self) {
        match &mut self.content {
            Content::List(items) => items.iter_mut().for_each(Self::sort),
            Content::Map(members) => {
                members.sort_by(|a, b| a.key.cmp(&b.key));
                members.iter_mut().for_each(|member| member.value.sort());
            }
            _ => {}
        }
    }

    /// How many values there are in it, itself included.
    pub(crate) fn count(&self) -> usize {
        1 + match &self.content {
            Content::List(items) => items.iter().map(Self::count).sum(),
            Content::Map(members) => members.iter().map(|member| member.value.count()).sum(),
            _ => 0,
        }
    }

    /// Calls `visit` with every text in it and that text's pointer.
    pub(crate) fn for_each_text(&mut self, visit: &mut dyn FnMut(&str, &Place, &mut String)) {
        self.walk_texts(String::new(), visit);
    }

    fn walk_texts(&mut self, pointer: String, visit: &mut dyn FnMut(&str, &Place, &mut String)) {
        match &mut self.content {
            Content::Text(text) => visit(&pointer, &self.place, text),
            Content::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    item.walk_texts(join(&pointer, &index.to_string()), visit);
                }
            }
            Content::Map(members) => {
                for member in members {
                    member.value.walk_texts(join(&pointer, &member.key), visit);
                }
            }
            _ => {}
        }
    }
}

/// `pointer` one step further in.
pub(crate) fn join(pointer: &str, step: &str) -> String {
    format!("{pointer}/{}", step.replace('~', "~0").replace('/', "~1"))
}

/// `pointer` one step less far in; the root is its own parent.
pub(crate) fn parent(pointer: &str) -> &str {
    pointer.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The steps of a JSON pointer, unescaped.
pub(crate) fn steps(pointer: &str) -> impl Iterator<Item = String> {
    pointer
        .split('/')
        .skip(1)
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
}
