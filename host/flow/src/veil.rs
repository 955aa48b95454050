//! A flow file for those who edit it from elsewhere: where it has a password, they get a number
//! for it, and what they send back gets the password again. So nothing that must not be shown
//! leaves the machine, and an edit of anything else is no trouble.

use std::ops::Range;

use crate::hidden::{hidden_below, key_above};

/// A text without what is hidden in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Veiled {
    /// The text, with `<hidden-1>` and so on.
    pub text: String,
    /// What is behind the numbers, from 1.
    hidden: Vec<Hidden>,
}

#[derive(Clone, PartialEq, Eq)]
struct Hidden {
    /// The key that it is for, where that stands in a line above.
    above: Option<String>,
    /// What stands before it in its line, without the indentation: the key that it is for.
    before: String,
    value: String,
}

/// How a number begins.
const MARK: &str = "<hidden-";

/// Hides the passwords in `text`.
pub fn veil(text: &str) -> Veiled {
    let mut veiled = Veiled {
        text: String::with_capacity(text.len()),
        hidden: Vec::new(),
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for (number, line) in lines.iter().enumerate() {
        let written = line.trim_end_matches(['\r', '\n']);
        let characters: Vec<char> = written.chars().collect();
        let part = |range: Range<usize>| -> String {
            characters.get(range).unwrap_or_default().iter().collect()
        };
        let above = key_above(lines.get(..number).unwrap_or_default(), line);
        let (mut shown, mut from) = (String::new(), 0);
        for Range { start, end } in hidden_below(above, &characters) {
            shown.push_str(&part(from..start));
            veiled.hidden.push(Hidden {
                above: above.map(str::to_owned),
                before: shown.trim_start().to_owned(),
                value: part(start..end),
            });
            shown.push_str(&placeholder(veiled.hidden.len()));
            from = end;
        }
        shown.push_str(&part(from..characters.len()));
        veiled.text.push_str(&shown);
        veiled
            .text
            .push_str(line.get(written.len()..).unwrap_or_default());
    }
    veiled
}

impl Veiled {
    /// `text` with what was hidden in its place again.
    ///
    /// # Errors
    /// The number of the first line, from 1, in which a number stands where it does not belong:
    /// behind another key somebody could read the password of this one.
    pub fn unveil(&self, text: &str) -> Result<String, usize> {
        let mut unveiled = String::with_capacity(text.len());
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for (index, line) in lines.iter().enumerate() {
            let above = || key_above(lines.get(..index).unwrap_or_default(), line);
            unveiled.push_str(&self.line(line, above).ok_or(index + 1)?);
        }
        Ok(unveiled)
    }

    fn line<'l>(&self, line: &str, above: impl Fn() -> Option<&'l str>) -> Option<String> {
        let (mut unveiled, mut from) = (String::new(), 0);
        while let Some(at) = line.get(from..)?.find(MARK) {
            let start = from + at;
            let (number, _) = line.get(start + MARK.len()..)?.split_once('>')?;
            let index: usize = number.parse().ok()?;
            let hidden = self.hidden.get(index.checked_sub(1)?)?;
            if line.get(..start)?.trim_start() != hidden.before
                || above() != hidden.above.as_deref()
            {
                return None;
            }
            unveiled.push_str(line.get(from..start)?);
            unveiled.push_str(&hidden.value);
            from = start + MARK.len() + number.len() + 1;
        }
        unveiled.push_str(line.get(from..)?);
        Some(unveiled)
    }
}

fn placeholder(number: usize) -> String {
    format!("{MARK}{number}>")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "cameras:\r\n  gate:\r\n    url: rtsp://admin:hunter2@10.0.0.5/1 # ours\r\n\
        \x20 door: { url: \"rtsp://${secret:door}@10.0.0.6/1\" }\r\nbrokers:\r\n  home:\r\n\
        \x20   password: swordfish\r\n";

    #[test]
    fn passwords_are_numbers_and_come_back() {
        let veiled = veil(TEXT);
        for secret in ["hunter2", "admin", "swordfish"] {
            assert!(!veiled.text.contains(secret), "{}", veiled.text);
        }
        assert!(veiled.text.contains("rtsp://<hidden-1>@10.0.0.5/1 # ours"));
        assert!(veiled.text.contains("${secret:door}"));
        assert_eq!(veiled.unveil(&veiled.text).as_deref(), Ok(TEXT));
    }

    #[test]
    fn what_is_not_hidden_can_be_edited() {
        let veiled = veil(TEXT);
        let edited = veiled.text.replace("10.0.0.5", "10.0.0.7");
        let edited = edited.replace("<hidden-2>", "other");
        let text = veiled.unveil(&edited).unwrap();
        assert_eq!(
            text,
            TEXT.replace("10.0.0.5", "10.0.0.7")
                .replace("swordfish", "other")
        );
    }

    #[test]
    fn a_value_below_its_key_is_hidden_and_stays_there() {
        let text = "config:\n  X-Api-Key: |\n    one\n      two\n  name: three\n";
        let veiled = veil(text);
        let expected = "config:\n  X-Api-Key: |\n    <hidden-1>\n      <hidden-2>\n  name: three\n";
        assert_eq!(veiled.text, expected);
        assert_eq!(veiled.unveil(&veiled.text).as_deref(), Ok(text));
        let elsewhere = expected.replace("X-Api-Key: |", "note: |");
        assert_eq!(veiled.unveil(&elsewhere), Err(3));
    }

    #[test]
    fn the_eleventh_is_not_the_first() {
        let text: String = (0..12)
            .map(|number| format!("password: p{number}\n"))
            .collect();
        let veiled = veil(&text);
        assert_eq!(veiled.unveil(&veiled.text), Ok(text));
    }

    #[test]
    fn a_number_stands_for_nothing_anywhere_else() {
        let veiled = veil(TEXT);
        for elsewhere in [
            "name: <hidden-1>\n",
            "password: <hidden-1>\n",
            "url: <hidden-9>\n",
        ] {
            assert_eq!(veiled.unveil(elsewhere), Err(1), "{elsewhere}");
        }
    }
}
