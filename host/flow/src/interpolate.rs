//! `${env:NAME}` and `${secret:NAME}`. They are replaced in single texts after the YAML has been
//! read, so that no value from outside can change what the file means, and a value from outside
//! is not searched for references again.
//!
//! Secrets are not put into the tree at all: they stay references until the one place that makes
//! a [`Secret`] of them, so that no message, schema error or debug print can come across one.

use agave_core::{Secret, without_credentials};

use crate::report::Report;
use crate::sources::Sources;
use crate::surroundings::{Surroundings, secret_variable};
use crate::tree::{self, Tree};
use crate::{Code, Place, Position, Span};

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Plain(&'t str),
    Environment(&'t str),
    Secret(&'t str),
    /// `${name}`, which means something in a template.
    Parameter(&'t str),
    /// Looks like a reference and is none.
    Bad(&'t str),
}

/// Replaces `${env:NAME}` in every text of the tree and reports what cannot be replaced. Returns
/// the pointers of the texts that are of no use because of that.
pub(crate) fn environment(
    tree: &mut Tree,
    surroundings: &dyn Surroundings,
    report: &mut Report,
) -> Vec<String> {
    let mut broken = Vec::new();
    tree.for_each_text(&mut |pointer, place, text| {
        // What a template says means something where it is used.
        if !text.contains("${") || pointer.starts_with("/templates/") {
            return;
        }
        let mut good = true;
        for piece in pieces(text) {
            good &= check(&piece, pointer, place, surroundings, report);
        }
        if !good {
            broken.push(pointer.to_owned());
        } else if !may_have_secrets(pointer) {
            *text = resolved(text, surroundings, &mut |_| None).unwrap_or_default();
        }
    });
    broken
}

/// Where a text ends in a [`Secret`]. Such a text is replaced as a whole by [`secret_text`].
fn may_have_secrets(pointer: &str) -> bool {
    let steps: Vec<String> = tree::steps(pointer).collect();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    matches!(
        steps.as_slice(),
        ["cameras", _, "url"]
            | ["brokers", _, "mqtt" | "password"]
            | ["nodes", _, "database", "url" | "password"]
            | ["nodes", _, "device", "password"]
    )
}

fn check(
    piece: &Piece<'_>,
    pointer: &str,
    place: &Place,
    surroundings: &dyn Surroundings,
    report: &mut Report,
) -> bool {
    let (code, name, message, help) = match *piece {
        Piece::Plain(_) => return true,
        Piece::Environment(name) => {
            if surroundings.environment(name).is_some() {
                return true;
            }
            (
                Code::MissingVariable,
                format!("${{env:{name}}}"),
                format!("the environment variable `{name}` is not set"),
                format!("set it before Agave starts: `export {name}=…`"),
            )
        }
        Piece::Secret(name) if !may_have_secrets(pointer) => (
            Code::SecretMisplaced,
            format!("${{secret:{name}}}"),
            format!("the secret '{name}' may not be used here: this value could be shown"),
            secret_place_help(pointer, name),
        ),
        Piece::Secret(name) => {
            if surroundings.secret(name).is_some() {
                return true;
            }
            (
                Code::MissingSecret,
                format!("${{secret:{name}}}"),
                format!("the secret '{name}' cannot be found"),
                missing_secret_help(name),
            )
        }
        Piece::Parameter(name) => (
            Code::BadReference,
            format!("${{{name}}}"),
            format!("`${{{name}}}` does not refer to anything"),
            format!(
                "write `${{env:{name}}}` for an environment variable and `${{secret:{name}}}` for a \
                 secret; only templates have parameters"
            ),
        ),
        Piece::Bad(reference) => (
            Code::BadReference,
            reference.to_owned(),
            format!("`{reference}` does not refer to anything"),
            "references are ${env:NAME} and ${secret:NAME}; for the characters `${` themselves \
             write `$${`"
                .to_owned(),
        ),
    };
    let place = narrowed(place, &name, report.sources());
    report.add(code, &place, message, [help]);
    false
}

/// What to do about a secret that is not there.
pub(crate) fn missing_secret_help(name: &str) -> String {
    format!(
        "set the environment variable `{}`, or put the secret into a file named '{name}' in the \
         folder that `AGAVE_SECRETS_DIR` names",
        secret_variable(name)
    )
}

fn secret_place_help(pointer: &str, name: &str) -> String {
    let steps: Vec<String> = tree::steps(pointer).collect();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    match steps.as_slice() {
        ["nodes", _, "allow", "secrets", _] => format!("write the name alone: `{name}`"),
        ["nodes", _, "config", ..] => format!(
            "a plugin uses a secret without seeing it: grant it with `allow: {{ secrets: [{name}] }}` \
             and give the plugin its name"
        ),
        _ => "secrets can be used in the `url` of a camera and in the `mqtt` and `password` of a broker"
            .to_owned(),
    }
}

/// A text that is kept secret from now on, and how it may be shown.
pub(crate) struct SecretText {
    pub(crate) full: Secret,
    pub(crate) shown: String,
}

/// Replaces everything in an address. A secret that stands where an address has its login is
/// percent-encoded as far as it must be, so that a password may have any character.
pub(crate) fn secret_address(text: &str, surroundings: &dyn Surroundings) -> Option<SecretText> {
    let login_ends = text.rfind('@').unwrap_or(0);
    let mut position = 0;
    let mut full = String::new();
    let mut shown = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Plain(plain) => {
                full.push_str(plain);
                shown.push_str(plain);
                position += plain.len();
            }
            Piece::Environment(name) => {
                let value = surroundings.environment(name)?;
                full.push_str(&value);
                shown.push_str(&value);
                position += "${env:}".len() + name.len();
            }
            Piece::Secret(name) => {
                let secret = surroundings.secret(name)?;
                if position < login_ends && text.contains("://") {
                    full.push_str(&encoded_for_login(secret.reveal()));
                } else {
                    full.push_str(secret.reveal());
                }
                shown.push_str(&format!("${{secret:{name}}}"));
                position += "${secret:}".len() + name.len();
            }
            Piece::Bad(_) | Piece::Parameter(_) => return None,
        }
    }
    Some(SecretText {
        full: Secret::new(full),
        shown: without_credentials(&shown),
    })
}

/// Replaces everything in a text that is a secret as it stands.
pub(crate) fn secret_text(text: &str, surroundings: &dyn Surroundings) -> Option<Secret> {
    resolved(text, surroundings, &mut |name| surroundings.secret(name)).map(Secret::new)
}

fn resolved(
    text: &str,
    surroundings: &dyn Surroundings,
    secret: &mut dyn FnMut(&str) -> Option<Secret>,
) -> Option<String> {
    let mut result = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Plain(plain) => result.push_str(plain),
            Piece::Environment(name) => result.push_str(&surroundings.environment(name)?),
            Piece::Secret(name) => result.push_str(secret(name)?.reveal()),
            Piece::Bad(_) | Piece::Parameter(_) => return None,
        }
    }
    Some(result)
}

/// The first `:` is left alone, since a login is usually `user:password`, and so is what is
/// percent-encoded already.
fn encoded_for_login(secret: &str) -> String {
    let mut encoded = String::new();
    for (index, character) in secret.char_indices() {
        let after = secret.get(index + 1..).unwrap_or_default();
        let is_escape = after.len() >= 2 && after.bytes().take(2).all(|b| b.is_ascii_hexdigit());
        match character {
            '/' | '?' | '#' | '@' | '[' | ']' | '\\' | ' ' => {
                encoded.push_str(&format!("%{:02X}", u32::from(character)));
            }
            '%' if !is_escape => encoded.push_str("%25"),
            _ => encoded.push(character),
        }
    }
    encoded
}

/// The place of `needle` inside the text that was written at `place`, where it can be found.
pub(crate) fn narrowed(place: &Place, needle: &str, sources: &Sources) -> Place {
    let Some((_, span)) = place.span() else {
        return place.clone();
    };
    let Some(written) = sources.text(place).slice(span) else {
        return place.clone();
    };
    let Some((before, _)) = written.split_once(needle) else {
        return place.clone();
    };
    let at = |characters: usize| Position {
        line: span.start.line,
        column: span.start.column + characters,
    };
    let start = before.chars().count();
    let end = at(start + needle.chars().count());
    let start = at(start);
    place.with_span(Span { start, end })
}

/// How `text` is written so that it stands for itself, whatever it looks like.
pub fn literal(text: &str) -> String {
    text.replace("${", "$${")
}

/// A text as plain pieces and references.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, reference) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('$') {
            // `$${` is how one writes `${`.
            pieces.push(Piece::Plain(before));
            pieces.push(Piece::Plain("${"));
            rest = reference.strip_prefix("${").unwrap_or_default();
            continue;
        }
        pieces.push(Piece::Plain(before));
        let end = reference.find('}').map_or(reference.len(), |end| end + 1);
        let (reference, after) = reference.split_at(end);
        let inner = reference
            .strip_prefix("${")
            .and_then(|inner| inner.strip_suffix('}'));
        let parts = inner.map(|inner| inner.split_once(':').unwrap_or(("", inner)));
        pieces.push(match parts {
            Some(("env", name)) if is_name(name) => Piece::Environment(name),
            Some(("secret", name)) if is_name(name) => Piece::Secret(name),
            Some(("", name)) if is_name(name) && !reference.contains(':') => Piece::Parameter(name),
            _ => Piece::Bad(reference),
        });
        rest = after;
    }
    pieces.push(Piece::Plain(rest));
    pieces
}

/// Secrets can be files, so their names must not lead out of a folder.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_into_pieces() {
        assert_eq!(
            pieces("a${env:B}c$${d}${o ops}${secret:e"),
            [
                Piece::Plain("a"),
                Piece::Environment("B"),
                Piece::Plain("c"),
                Piece::Plain("${"),
                Piece::Plain("d}"),
                Piece::Bad("${o ops}"),
                Piece::Plain(""),
                Piece::Bad("${secret:e"),
                Piece::Plain(""),
            ]
            .into_iter()
            .collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_literal_stands_for_itself() {
        for text in [
            "",
            "a",
            "${env:HOME}",
            "?a=${secret:b}$",
            "$${env:A}",
            "$$$${{",
        ] {
            let written = literal(text);
            let read: String = pieces(&written)
                .iter()
                .map(|piece| match piece {
                    Piece::Plain(plain) => *plain,
                    other => panic!("{other:?} in {written}"),
                })
                .collect();
            assert_eq!(read, text);
        }
    }

    #[test]
    fn a_login_may_have_any_character() {
        assert_eq!(encoded_for_login("me:p@s/s%20%"), "me:p%40s%2Fs%20%25");
    }
}
