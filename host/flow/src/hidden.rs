//! What of a flow file must not be shown: what stands in addresses, and after keys like `password`.
//!
//! This looks at plain text and not at the parsed file, because a file that does not parse has
//! passwords in it too. In doubt it hides too much.

use std::ops::Range;

/// Keys whose values are not shown, and endings of such keys. `secret` alone is none: what stands
/// behind it is the name of one.
const HIDDEN_KEYS: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "token",
    "api-key",
    "api_key",
    "apikey",
    "authorization",
    "cookie",
    "credential",
    "credentials",
    "client-secret",
    "client_secret",
];

/// Whether the value at this JSON pointer is one that is not shown.
pub(crate) fn hides(pointer: &str) -> bool {
    let key = pointer.rsplit('/').next().unwrap_or_default();
    let key = key.to_ascii_lowercase();
    HIDDEN_KEYS.iter().any(|secret| key.ends_with(secret))
}

/// What must not be shown of a line, in its order.
fn hidden(characters: &[char]) -> Vec<Range<usize>> {
    let mut hidden = in_addresses(characters);
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

/// What must not be shown of a line that has a key like `password` above it, or has not.
pub(crate) fn hidden_below(above: Option<&str>, line: &[char]) -> Vec<Range<usize>> {
    let begin = line.iter().take_while(|&&c| c == ' ').count();
    match above {
        Some(_) => std::iter::once(begin..line.len()).collect(),
        None => hidden(line),
    }
}

/// The line of the key, without its indentation, for which `line` is the value or a part of it: one
/// like `password:` that stands alone, with this line below and behind it.
pub(crate) fn key_above<'l>(before: &[&'l str], line: &str) -> Option<&'l str> {
    let mut within = indentation(line);
    if line.trim().is_empty() {
        return None;
    }
    for above in before.iter().rev().filter(|above| !above.trim().is_empty()) {
        if within == 0 {
            break;
        }
        let indent = indentation(above);
        if indent >= within {
            continue;
        }
        if has_value_below(above) {
            return Some(above.trim());
        }
        within = indent;
    }
    None
}

/// How many characters stand before the first that is no space.
fn indentation(line: &str) -> usize {
    line.chars().take_while(|&c| c == ' ').count()
}

/// Whether the key of a line is one like `password`: whatever stands deeper below belongs to it.
fn has_value_below(line: &str) -> bool {
    let line = line.trim().trim_start_matches("- ");
    let key = line
        .match_indices(':')
        .find(|(at, _)| {
            line.get(at + 1..)
                .is_none_or(|rest| rest.is_empty() || rest.starts_with(' '))
        })
        .and_then(|(at, _)| line.get(..at));
    key.is_some_and(|key| hides(key.trim().trim_matches(['"', '\''])))
}

/// `|` and `>-`, behind which a text begins in the next line.
fn is_begun(value: &str) -> bool {
    let written = value.trim().strip_prefix(['|', '>']);
    let is_how = |c: char| matches!(c, '+' | '-') || c.is_ascii_digit();
    written.is_some_and(|how| how.chars().all(is_how))
}

/// What stands between `://` and the last `@` of each address, and behind names like `token` in
/// its query.
pub(crate) fn in_addresses(characters: &[char]) -> Vec<Range<usize>> {
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
        let mut path = 0;
        if let Some(at) = address.iter().rposition(|&c| c == '@') {
            let user_info: String = address.get(..at).unwrap_or_default().iter().collect();
            if !only_references(&user_info) {
                found.push(start..start + at);
            }
            path = at;
        }
        let path = address.get(path..).unwrap_or_default();
        let of_path = start + address.len() - path.len();
        found.extend(in_query(path).map(|range| of_path + range.start..of_path + range.end));
    }
    found
}

/// The values behind names like `token` in the query of an address.
fn in_query(path: &[char]) -> impl Iterator<Item = Range<usize>> + '_ {
    let begin = path
        .iter()
        .position(|&c| c == '?')
        .map_or(path.len(), |at| at + 1);
    let mut depth = 0_usize;
    let ends = move |&c: &char| match c {
        '{' => {
            depth += 1;
            false
        }
        // The end of `${env:NAME}` is not the end of what it stands in.
        '}' if depth > 0 => {
            depth -= 1;
            false
        }
        _ => matches!(c, '&' | ';' | '#' | ',' | '}'),
    };
    let mut from = begin;
    let pairs = path.get(begin..).unwrap_or_default().split(ends);
    pairs.filter_map(move |pair| {
        let start = from;
        from += pair.len() + 1;
        let equals = pair.iter().position(|&c| c == '=')?;
        let name: String = pair.get(..equals)?.iter().collect();
        let value: String = pair.get(equals + 1..)?.iter().collect();
        let is_hidden = hides(&name) && !value.is_empty() && !only_references(&value);
        is_hidden.then(|| start + equals + 1..start + pair.len())
    })
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
    for key in HIDDEN_KEYS {
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
            if end > start && !only_references(&value) && !(quote.is_none() && is_begun(&value)) {
                found.push(start..end);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> String {
        let characters: Vec<char> = line.chars().collect();
        let mut shown = characters.clone();
        for range in hidden(&characters).into_iter().rev() {
            shown.splice(range, ['*']);
        }
        shown.into_iter().collect()
    }

    #[test]
    fn what_is_behind_names_of_secrets_is_hidden() {
        for (line, expected) in [
            (
                "url: https://a.example/in?token=abc&kind=1",
                "url: https://a.example/in?token=*&kind=1",
            ),
            (
                "{ url: \"http://me:it@a/x?b=1&api_key=k\" }",
                "{ url: \"http://*@a/x?b=1&api_key=*\" }",
            ),
            (
                "url: http://a/in?token=${env:TOKEN}",
                "url: http://a/in?token=${env:TOKEN}",
            ),
            ("Set-Cookie: id=5", "Set-Cookie: *"),
            (
                "signature: { secret: hook-key }",
                "signature: { secret: hook-key }",
            ),
            ("password: |", "password: |"),
            ("password: >2-  # ours", "password: >2-  # ours"),
            ("password: \"|\"", "password: *"),
            ("password: \"!hunter2\"", "password: *"),
            ("password: !hunter2", "password: *"),
            ("password: '>x'", "password: *"),
        ] {
            assert_eq!(shown(line), expected);
        }
    }

    #[test]
    fn a_value_may_stand_below_its_key() {
        let text = [
            "headers:",
            "  X-Api-Key:",
            "    one",
            "  Other: two",
            "  Authorization: >-  # ours",
            "",
            "    Bearer",
            "      three",
            "  last: four",
            "  - password: # ours: all",
            "      five",
            "  \"token\": \"six",
            "    seven\"",
        ];
        let keys = |number: usize| key_above(&text[..number], text[number]);
        let found: Vec<Option<&str>> = (0..text.len()).map(keys).collect();
        let (key, more) = (Some("X-Api-Key:"), Some("Authorization: >-  # ours"));
        assert_eq!(
            found[..9],
            [None, None, key, None, None, None, more, more, None]
        );
        let (last, open) = (Some("- password: # ours: all"), Some("\"token\": \"six"));
        assert_eq!(found[9..], [None, last, None, open]);
    }
}
