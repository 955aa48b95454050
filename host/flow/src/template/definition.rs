//! What is written under `templates`. Only what is needed to use one is looked at here: that it
//! has the right form is checked with everything else.

use crate::interpolate::{self, Piece};
use crate::report::Report;
use crate::suggest;
use crate::tree::{self, Content, Member, Tree};
use crate::{Code, Place};

/// What a template makes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Camera,
    Node,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Node => "node",
        }
    }
}

/// A template.
pub(super) struct Definition {
    pub(super) name: String,
    /// Of its name.
    pub(super) place: Place,
    /// `None` when it is wrong, which has been reported or will be.
    pub(super) sound: Option<Sound>,
}

/// A template that can be used.
pub(super) struct Sound {
    pub(super) kind: Kind,
    pub(super) parameters: Vec<String>,
    pub(super) defaults: Vec<Member>,
    pub(super) body: Tree,
}

/// All templates of the flow. They stay in `tree`.
pub(super) fn read(tree: &Tree, report: &mut Report) -> Vec<Definition> {
    let templates = tree.at("/templates").map(Tree::members).unwrap_or_default();
    templates
        .iter()
        .map(|member| Definition {
            name: member.key.clone(),
            place: member.key_place.clone(),
            sound: sound(member, report),
        })
        .collect()
}

fn sound(member: &Member, report: &mut Report) -> Option<Sound> {
    let Content::Map(_) = member.value.content else {
        return None;
    };
    let (kind, body) = body(member, report)?;
    let parameters = parameters(member, report)?;
    let defaults = match member
        .value
        .at("/defaults")
        .map(|defaults| &defaults.content)
    {
        Some(Content::Map(defaults)) => defaults.clone(),
        Some(_) => return None,
        None => Vec::new(),
    };
    let mut good = true;
    for default in &defaults {
        if !parameters.contains(&default.key) {
            let message = format!(
                "the template '{}' has no parameter '{}'",
                member.key, default.key
            );
            let help = instead_of(&default.key, &parameters);
            report.add(Code::BadTemplate, &default.key_place, message, [help]);
            good = false;
        }
    }
    good &= check_references(member, &body, &parameters, report);
    good.then_some(Sound {
        kind,
        parameters,
        defaults,
        body,
    })
}

fn body(member: &Member, report: &mut Report) -> Option<(Kind, Tree)> {
    let found = |kind: Kind| {
        let body = member.value.at(&tree::join("", kind.name()))?;
        Some((kind, body.clone()))
    };
    let problem = match (found(Kind::Camera), found(Kind::Node)) {
        (Some(body), None) | (None, Some(body)) => {
            // Anything else is told with what has the wrong form.
            return Some(body).filter(|(_, body)| matches!(body.content, Content::Map(_)));
        }
        (None, None) => "makes nothing",
        (Some(_), Some(_)) => "makes a camera and a node",
    };
    let message = format!("the template '{}' {problem}", member.key);
    let help = "give it either a `camera` or a `node`, with what all of them have in common";
    report.add(Code::BadTemplate, &member.key_place, message, [help]);
    None
}

fn parameters(member: &Member, report: &mut Report) -> Option<Vec<String>> {
    let items = match member
        .value
        .at("/parameters")
        .map(|parameters| &parameters.content)
    {
        Some(Content::List(items)) => items,
        Some(_) => return None,
        None => return Some(Vec::new()),
    };
    let mut parameters: Vec<String> = Vec::new();
    for item in items {
        let Content::Text(parameter) = &item.content else {
            return None;
        };
        let problem = if !interpolate::is_name(parameter) {
            "cannot be the name of a parameter"
        } else if parameters.contains(parameter) {
            "is there twice"
        } else {
            parameters.push(parameter.clone());
            continue;
        };
        let message = format!("`{parameter}` {problem}");
        let help = "names are made of letters from a to z, digits, `-` and `_`, each once";
        report.add(Code::BadTemplate, &item.place, message, [help]);
        return None;
    }
    Some(parameters)
}

/// Whether every `${…}` in the body that could be a parameter is one.
fn check_references(
    member: &Member,
    body: &Tree,
    parameters: &[String],
    report: &mut Report,
) -> bool {
    let mut good = true;
    body.clone().for_each_text(&mut |_, place, text| {
        for piece in interpolate::pieces(text) {
            let Piece::Parameter(name) = piece else {
                continue;
            };
            if !parameters.iter().any(|parameter| parameter == name) {
                let reference = format!("${{{name}}}");
                let place = interpolate::narrowed(place, &reference, report.sources());
                let message = format!("the template '{}' has no parameter '{name}'", member.key);
                let help = instead_of(name, parameters);
                report.add(Code::BadTemplate, &place, message, [help]);
                good = false;
            }
        }
    });
    good
}

pub(super) fn instead_of(name: &str, parameters: &[String]) -> String {
    let parameters: Vec<&str> = parameters.iter().map(String::as_str).collect();
    suggest::instead_of(name, "parameters", &parameters)
}
