//! What a template makes of its parameters. They are put into single texts and nowhere else, so no
//! value can change what the file means; one that is a whole text stays what it is, so a number
//! stays a number.

use std::collections::BTreeMap;

use super::definition::Sound;
use crate::interpolate::{self, Piece};
use crate::report::Report;
use crate::tree::{Content, Tree};
use crate::{Code, Place};

/// Values by parameter.
pub(super) type Arguments = BTreeMap<String, Tree>;

/// The body of the template, with its parameters replaced. `user` is where it is used.
pub(super) fn body(
    template: &Sound,
    arguments: &Arguments,
    user: &Place,
    report: &mut Report,
) -> Option<Tree> {
    let mut made = template.body.clone();
    let mut good = true;
    replace(&mut made, arguments, user, report, &mut good);
    good.then_some(made)
}

fn replace(
    tree: &mut Tree,
    arguments: &Arguments,
    user: &Place,
    report: &mut Report,
    good: &mut bool,
) {
    match &mut tree.content {
        Content::Text(text) => match replaced(text, arguments, report) {
            Replaced::Whole(argument) => {
                *tree = argument;
                return;
            }
            Replaced::Text(new) => *text = new,
            Replaced::Broken => *good = false,
        },
        Content::List(items) => {
            for item in items {
                replace(item, arguments, user, report, good);
            }
        }
        Content::Map(members) => {
            for member in members {
                member.key_place = member.key_place.used_at(user);
                replace(&mut member.value, arguments, user, report, good);
            }
        }
        Content::Null | Content::Bool(_) | Content::Number(_) => {}
    }
    tree.place = tree.place.used_at(user);
}

enum Replaced {
    /// The text was one parameter and nothing else.
    Whole(Tree),
    Text(String),
    /// It has been reported.
    Broken,
}

fn replaced(text: &str, arguments: &Arguments, report: &mut Report) -> Replaced {
    let pieces = interpolate::pieces(text);
    let mut solid = pieces.iter().filter(|piece| **piece != Piece::Plain(""));
    if let (Some(Piece::Parameter(name)), None) = (solid.next(), solid.next())
        && let Some(argument) = arguments.get(*name)
    {
        return Replaced::Whole(argument.clone());
    }
    let mut new = String::new();
    for piece in pieces {
        match piece {
            // Whatever else refers to something is replaced later, in its place in the flow.
            Piece::Plain("${") => new.push_str("$${"),
            Piece::Plain(plain) => new.push_str(plain),
            Piece::Environment(name) => new.push_str(&format!("${{env:{name}}}")),
            Piece::Secret(name) => new.push_str(&format!("${{secret:{name}}}")),
            Piece::Bad(reference) => new.push_str(reference),
            Piece::Parameter(name) => match arguments.get(name) {
                Some(argument) => match written(argument, report) {
                    Some(text) => new.push_str(&text),
                    None => {
                        let message =
                            format!("'{name}' is put into a text, and must be a single value");
                        let help = "give it a text or a number";
                        report.add(Code::BadUse, &argument.place, message, [help]);
                        return Replaced::Broken;
                    }
                },
                None => return Replaced::Broken,
            },
        }
    }
    Replaced::Text(new)
}

/// A single value as it was written: `0102` is a number, and in an address its zero counts.
fn written(argument: &Tree, report: &Report) -> Option<String> {
    let as_written = || match &argument.place {
        Place::At(_, span) => report.sources().text(&argument.place).slice(*span),
        _ => None,
    };
    match &argument.content {
        Content::Text(text) => Some(text.clone()),
        Content::Number(number) => Some(as_written().unwrap_or_else(|| number.to_string())),
        Content::Bool(value) => Some(as_written().unwrap_or_else(|| value.to_string())),
        Content::Null | Content::List(_) | Content::Map(_) => None,
    }
}

/// Puts what the use itself says over what the template made: mappings are merged, and everything
/// else takes the place of what was there.
pub(super) fn overlay(made: &mut Tree, own: Content) {
    match (&mut made.content, own) {
        (Content::Map(into), Content::Map(members)) => {
            for member in members {
                match into.iter_mut().find(|one| one.key == member.key) {
                    Some(there) => {
                        there.key_place = member.key_place;
                        let is_map = matches!(there.value.content, Content::Map(_))
                            && matches!(member.value.content, Content::Map(_));
                        if is_map {
                            there.value.place = member.value.place;
                            overlay(&mut there.value, member.value.content);
                        } else {
                            there.value = member.value;
                        }
                    }
                    None => into.push(member),
                }
            }
        }
        (content, own) => *content = own,
    }
}
