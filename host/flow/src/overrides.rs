//! `--set cameras.gate.url=clip.mp4`: a change to what the file says, for one run. It is made on
//! the tree, so that it is checked exactly like the file, and its problems point at it.

use std::str::FromStr;

use crate::report::Report;
use crate::suggest;
use crate::tree::{Content, Member, Tree};
use crate::{Code, Place, scalar, yaml};

/// One `PATH=VALUE`.
#[derive(Clone, PartialEq, Eq)]
pub struct Override {
    path: String,
    value: String,
}

/// The value may be a password.
impl std::fmt::Debug for Override {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Override({}=…)", self.path)
    }
}

impl FromStr for Override {
    type Err = String;

    /// Reads `cameras.gate.fps=10`. What begins with a bracket or a quote is YAML; everything
    /// else is a plain word, as in the file.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((path, value)) if path.split('.').all(|step| !step.trim().is_empty()) => {
                Ok(Self {
                    path: path.trim().to_owned(),
                    value: value.to_owned(),
                })
            }
            _ => Err("expected PATH=VALUE, for example cameras.gate.url=clip.mp4".to_owned()),
        }
    }
}

/// Changes `tree`, one override after the other.
pub(crate) fn apply(tree: &mut Tree, overrides: &[Override], report: &mut Report) {
    for one in overrides {
        let place = Place::Override(one.path.clone());
        let result = value(&one.value, &place).and_then(|value| {
            let steps: Vec<&str> = one.path.split('.').collect();
            set(tree, &steps, 0, value, &place)
        });
        if let Err((message, help)) = result {
            report.add(Code::BadOverride, &place, message, help);
        }
    }
}

type Refusal = (String, Option<String>);

fn value(text: &str, place: &Place) -> Result<Tree, Refusal> {
    let mut value = if text.trim_start().starts_with(['[', '{', '"', '\'']) {
        yaml::parse_value(text).map_err(|problem| {
            let help = "a text that begins with a bracket or a quote needs quotes around it";
            (
                format!("the value cannot be read: {problem}"),
                Some(help.to_owned()),
            )
        })?
    } else {
        Tree {
            place: place.clone(),
            content: scalar::plain(text),
            alias: None,
        }
    };
    relocate(&mut value, place);
    Ok(value)
}

fn relocate(tree: &mut Tree, place: &Place) {
    tree.place = place.clone();
    match &mut tree.content {
        Content::List(items) => items.iter_mut().for_each(|item| relocate(item, place)),
        Content::Map(members) => {
            for member in members {
                member.key_place = place.clone();
                relocate(&mut member.value, place);
            }
        }
        _ => {}
    }
}

fn set(
    tree: &mut Tree,
    steps: &[&str],
    depth: usize,
    value: Tree,
    place: &Place,
) -> Result<(), Refusal> {
    let Some((step, rest)) = steps.split_first() else {
        *tree = value;
        return Ok(());
    };
    match &mut tree.content {
        Content::List(items) => {
            let count = items.len();
            let item = step
                .parse::<usize>()
                .ok()
                .and_then(|index| items.get_mut(index));
            match item {
                Some(item) => set(item, rest, depth + 1, value, place),
                None => Err((
                    format!("there is no item '{step}' in a list of {count}"),
                    Some("items are counted from 0".to_owned()),
                )),
            }
        }
        Content::Map(members) => {
            if let Some(member) = members.iter_mut().find(|member| member.key == *step) {
                return set(&mut member.value, rest, depth + 1, value, place);
            }
            // `cameras.gaet.url=…` would otherwise make a new camera out of a slip of the finger.
            if depth == 1 && !rest.is_empty() {
                let names: Vec<&str> = members.iter().map(|member| member.key.as_str()).collect();
                return Err((
                    format!("'{step}' is not in the file"),
                    Some(suggest::instead_of(step, "names there", &names)),
                ));
            }
            let mut created = Tree {
                place: place.clone(),
                content: Content::Map(Vec::new()),
                alias: None,
            };
            set(&mut created, rest, depth + 1, value, place)?;
            members.push(Member {
                key: (*step).to_owned(),
                key_place: place.clone(),
                value: created,
            });
            Ok(())
        }
        Content::Null => {
            tree.content = Content::Map(Vec::new());
            set(tree, steps, depth, value, place)
        }
        _ => Err((
            format!("'{step}' leads into a single value, which has nothing inside"),
            None,
        )),
    }
}
