//! A flow file for those who edit it from elsewhere: where it has a password, they get a number
//! for it, and what they send back gets the password again. So nothing that must not be shown
//! leaves the machine, and an edit of anything else is no trouble.

use std::ops::Range;

use crate::mask;

/// A text without what is hidden in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Veiled {
    /// The text, with `<hidden-1>` and so on.
    pub text: String,
    /// What is behind the numbers, from 1.
    hidden: Vec<String>,
}

/// Hides the passwords in `text`.
pub fn veil(text: &str) -> Veiled {
    let mut veiled = Veiled {
        text: String::with_capacity(text.len()),
        hidden: Vec::new(),
    };
    for line in text.split_inclusive('\n') {
        let characters: Vec<char> = line.chars().collect();
        let mut from = 0;
        for Range { start, end } in mask::hidden(&characters) {
            veiled
                .text
                .extend(characters.get(from..start).unwrap_or_default());
            let hidden = characters.get(start..end).unwrap_or_default();
            veiled.hidden.push(hidden.iter().collect());
            veiled.text.push_str(&placeholder(veiled.hidden.len()));
            from = end;
        }
        veiled
            .text
            .extend(characters.get(from..).unwrap_or_default());
    }
    veiled
}

impl Veiled {
    /// `text` with what was hidden in its place again. A number that does not stand for anything
    /// stays.
    pub fn unveil(&self, text: &str) -> String {
        let mut text = text.to_owned();
        // From behind, so that the first is not found in the eleventh.
        for (index, hidden) in self.hidden.iter().enumerate().rev() {
            text = text.replace(&placeholder(index + 1), hidden);
        }
        text
    }
}

fn placeholder(number: usize) -> String {
    format!("<hidden-{number}>")
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
        assert_eq!(veiled.unveil(&veiled.text), TEXT);
    }

    #[test]
    fn what_is_not_hidden_can_be_edited() {
        let veiled = veil(TEXT);
        let edited = veiled.text.replace("10.0.0.5", "10.0.0.7");
        let edited = edited.replace("<hidden-2>", "other");
        let text = veiled.unveil(&edited);
        assert_eq!(
            text,
            TEXT.replace("10.0.0.5", "10.0.0.7")
                .replace("swordfish", "other")
        );
    }

    #[test]
    fn the_eleventh_is_not_the_first() {
        let text: String = (0..12)
            .map(|number| format!("password: p{number}\n"))
            .collect();
        let veiled = veil(&text);
        assert_eq!(veiled.unveil(&veiled.text), text);
    }
}
