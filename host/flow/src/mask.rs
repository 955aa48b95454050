//! Diagnostics end up in terminals, logs and bug reports, so nothing that they quote may show a
//! password: neither one inside an address nor one that stands after a key like `password`.
//!
//! This looks at plain text and not at the parsed file, because a file that does not parse has
//! passwords in it too. In doubt it hides too much.

use std::ops::Range;

use serde_json::Value;

use crate::Span;

const HIDDEN: &str = "***";

/// Keys whose values are not shown.
const SECRET_KEYS: [&str; 8] = [
    "password",
    "passwd",
    "passphrase",
    "token",
    "api-key",
    "api_key",
    "apikey",
    "authorization",
];

/// A source line that can be shown, and where its carets go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MaskedLine {
    pub(crate) text: String,
    /// Characters before the first caret.
    pub(crate) caret_start: usize,
    /// At least 1.
    pub(crate) caret_length: usize,
}

/// Whether the value at this JSON pointer is one that is not shown.
pub(crate) fn hides(pointer: &str) -> bool {
    let key = pointer.rsplit('/').next().unwrap_or_default();
    let key = key.to_ascii_lowercase();
    SECRET_KEYS.iter().any(|secret| key.ends_with(secret))
}

/// `text` without the credentials of the addresses in it, and short enough to be read.
pub(crate) fn text(text: &str) -> String {
    const LONGEST: usize = 2000;
    let characters: Vec<char> = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let text = replace(&characters, &credentials(&characters)).0;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// A source line without passwords, and the part of `span` that is on it.
pub(crate) fn line(line: &str, span: Span) -> MaskedLine {
    let characters: Vec<char> = line
        .trim_end()
        .chars()
        // A tab is as wide as the terminal likes, and a control character could do anything.
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let hidden = hidden(&characters);
    let (text, column) = replace(&characters, &hidden);
    let start = span.start.column.saturating_sub(1).min(characters.len());
    let end = if span.end.line == span.start.line {
        span.end.column.saturating_sub(1).min(characters.len())
    } else {
        characters.len()
    };
    let caret_start = column(start);
    cropped(MaskedLine {
        text,
        caret_start,
        caret_length: column(end).saturating_sub(caret_start).max(1),
    })
}

/// `value` without passwords: those in addresses, and what stands behind keys like `password`.
pub fn masked(value: &Value) -> Value {
    match value {
        Value::String(shown) => Value::String(text(shown)),
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::Object(members) => {
            let shown = |(key, value): (&String, &Value)| {
                let hidden = hides(key) && !value.is_object();
                let value = if hidden { HIDDEN.into() } else { masked(value) };
                (key.clone(), value)
            };
            members.iter().map(shown).collect()
        }
        other => other.clone(),
    }
}

/// What must not be shown of a line, in its order.
pub(crate) fn hidden(characters: &[char]) -> Vec<Range<usize>> {
    let mut hidden = credentials(characters);
    for range in secret_values(characters) {
        if !hidden
            .iter()
            .any(|one| one.start < range.end && range.start < one.end)
        {
            hidden.push(range);
        } else {
            // A password that contains an address: hide both as one.
            hidden.retain(|one| one.end <= range.start || one.start >= range.end);
            hidden.push(range);
        }
    }
    hidden.sort_by_key(|range| range.start);
    hidden
}

/// The part of a very long line that the carets are about.
fn cropped(line: MaskedLine) -> MaskedLine {
    const WIDEST: usize = 200;
    const BEFORE: usize = 60;
    let length = line.text.chars().count();
    if length <= WIDEST {
        return line;
    }
    let from = line.caret_start.saturating_sub(BEFORE);
    let shown: String = line.text.chars().skip(from).take(WIDEST).collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if from + WIDEST < length { "…" } else { "" };
    let caret_start = line.caret_start - from;
    MaskedLine {
        text: format!("{before}{shown}{after}"),
        caret_start: caret_start + before.chars().count(),
        caret_length: line
            .caret_length
            .min(WIDEST.saturating_sub(caret_start).max(1)),
    }
}

/// Replaces `hidden` (in order, not overlapping) and says where a column has gone.
fn replace(characters: &[char], hidden: &[Range<usize>]) -> (String, impl Fn(usize) -> usize) {
    let mut text = String::new();
    let mut from = 0;
    for range in hidden {
        text.extend(characters.get(from..range.start).unwrap_or_default());
        text.push_str(HIDDEN);
        from = range.end;
    }
    text.extend(characters.get(from..).unwrap_or_default());
    let hidden = hidden.to_vec();
    let column = move |old: usize| {
        let mut new = old;
        for range in &hidden {
            if old >= range.end {
                new = new + HIDDEN.len() - range.len();
            } else if old > range.start {
                return new - (old - range.start);
            }
        }
        new
    };
    (text, column)
}

/// What stands between `://` and the last `@` of each address.
fn credentials(characters: &[char]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (index, window) in characters.windows(3).enumerate() {
        if window != [':', '/', '/'] || found.last().is_some_and(|last| index < last.end) {
            continue;
        }
        let start = index + 3;
        // An address in quotes goes to the closing quote, whatever is in its password.
        let quote = characters
            .get(..index)
            .unwrap_or_default()
            .iter()
            .rposition(|c| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
            .and_then(|before| characters.get(before))
            .copied()
            .filter(|c| matches!(c, '"' | '\'' | '`'));
        let rest = characters.get(start..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|&c| match quote {
                Some(quote) => c == quote,
                None => c.is_whitespace(),
            })
            .unwrap_or(rest.len());
        let address = rest.get(..length).unwrap_or_default();
        let Some(at) = address.iter().rposition(|&c| c == '@') else {
            continue;
        };
        let user_info: String = address.get(..at).unwrap_or_default().iter().collect();
        if !only_references(&user_info) {
            found.push(start..start + at);
        }
    }
    found
}

/// `${secret:login}` and `${env:USER}:${env:PASS}` show nothing and help to understand.
fn only_references(user_info: &str) -> bool {
    let mut rest = user_info;
    while !rest.is_empty() {
        rest = rest.strip_prefix(':').unwrap_or(rest);
        let Some((_, after)) = rest
            .strip_prefix("${")
            .and_then(|inner| inner.split_once('}'))
        else {
            return false;
        };
        rest = after;
    }
    true
}

/// The values after keys like `password`.
fn secret_values(characters: &[char]) -> Vec<Range<usize>> {
    let lower: Vec<char> = characters.iter().map(char::to_ascii_lowercase).collect();
    let at = |index: usize| characters.get(index).copied();
    let mut found = Vec::new();
    for key in SECRET_KEYS {
        let key: Vec<char> = key.chars().collect();
        for (index, window) in lower.windows(key.len()).enumerate() {
            if window != key {
                continue;
            }
            let mut start = index + key.len();
            while matches!(at(start), Some('"' | '\'' | ' ')) {
                start += 1;
            }
            if at(start) != Some(':') {
                continue;
            }
            start += 1;
            while at(start) == Some(' ') {
                start += 1;
            }
            let quote = at(start).filter(|c| matches!(c, '"' | '\''));
            let mut end = start + usize::from(quote.is_some());
            while let Some(c) = at(end) {
                if quote.map_or(matches!(c, ',' | '}' | '#'), |quote| c == quote) {
                    break;
                }
                end += 1;
            }
            end += usize::from(quote.is_some());
            end = end.min(characters.len());
            while quote.is_none() && end > start && at(end - 1) == Some(' ') {
                end -= 1;
            }
            let value: String = characters
                .get(start..end)
                .unwrap_or_default()
                .iter()
                .filter(|c| !matches!(c, '"' | '\''))
                .collect();
            if end > start && !only_references(&value) {
                found.push(start..end);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Position;

    fn masked(source: &str, start: usize, end: usize) -> MaskedLine {
        let at = |column| Position { line: 1, column };
        line(
            source,
            Span {
                start: at(start),
                end: at(end),
            },
        )
    }

    #[test]
    fn passwords_are_hidden_and_carets_keep_their_place() {
        let shown = masked(
            "a: { url: \"rtsp://me:se/cr@t@10.0.0.5/x\", fsp: 5 }",
            43,
            46,
        );
        assert_eq!(shown.text, "a: { url: \"rtsp://***@10.0.0.5/x\", fsp: 5 }");
        assert_eq!(shown.text.find("fsp"), Some(shown.caret_start));
        assert_eq!(shown.caret_length, 3);
        let shown = masked("b: { password: hunter2, usr: me }", 25, 28);
        assert_eq!(shown.text, "b: { password: ***, usr: me }");
        assert_eq!(shown.text.find("usr"), Some(shown.caret_start));
    }

    #[test]
    fn the_rest_is_shown() {
        for shown in [
            "url: \"rtsp://${secret:login}@10.0.0.5/x\"",
            "password: \"${secret:broker}\"",
            "url: rtsp://10.0.0.5/x # mail me@example.com",
        ] {
            assert_eq!(masked(shown, 1, 4).text, shown);
        }
    }

    #[test]
    fn messages_are_masked_too() {
        assert_eq!(
            text("`http://me:secret@host/x` has a path"),
            "`http://***@host/x` has a path"
        );
    }
}
