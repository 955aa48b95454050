//! Diagnostics end up in terminals, logs and bug reports, so nothing that they quote may show a
//! password: neither one inside an address nor one that stands after a key like `password`.
//!
//! What is hidden is decided in `hidden`.

use std::ops::Range;

use serde_json::Value;

use crate::hidden::{hidden_below, hides, in_addresses, key_above};
use crate::{FlowText, Span};

const HIDDEN: &str = "***";

/// A source line that can be shown, and where its carets go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MaskedLine {
    pub(crate) text: String,
    /// Characters before the first caret.
    pub(crate) caret_start: usize,
    /// At least 1.
    pub(crate) caret_length: usize,
}

/// `text` without the credentials of the addresses in it, and short enough to be read.
pub(crate) fn text(text: &str) -> String {
    const LONGEST: usize = 2000;
    let characters: Vec<char> = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let text = replace(&characters, &in_addresses(&characters)).0;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// A line of `text` without passwords, and the part of `span` that is on it.
pub(crate) fn line(text: &FlowText, number: usize, span: Span) -> Option<MaskedLine> {
    let before: Vec<&str> = text.lines().take(number).collect();
    let (line, before) = before.split_last().filter(|_| number == before.len())?;
    Some(masked_line(line, key_above(before, line), span))
}

fn masked_line(line: &str, above: Option<&str>, span: Span) -> MaskedLine {
    let characters: Vec<char> = line
        .trim_end()
        .chars()
        // A tab is as wide as the terminal likes, and a control character could do anything.
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let hidden = hidden_below(above, &characters);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Position;

    fn masked(source: &str, start: usize, end: usize) -> MaskedLine {
        let at = |column| Position { line: 1, column };
        let span = Span {
            start: at(start),
            end: at(end),
        };
        masked_line(source, None, span)
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
