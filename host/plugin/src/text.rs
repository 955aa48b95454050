//! What a guest says is shown to people, and a guest may say anything: it is cut to a length and
//! kept on one line of characters that stand for themselves, so that it can neither flood a log,
//! nor forge a line of it, nor drive the terminal that shows it.

/// The most bytes of a sentence that a guest says.
pub(crate) const SENTENCE: usize = 1024;

/// Whether a character does something to a line instead of standing in it: control characters,
/// line separators, and what turns the direction of writing around.
pub(crate) fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `text` on one line of at most `most_bytes`, and `…` when that is not all. Line ends and tabs
/// become spaces, what else is unprintable is escaped.
pub(crate) fn shortened(text: &str, most_bytes: usize) -> String {
    let mut line = String::with_capacity(text.len().min(most_bytes));
    for character in text.chars() {
        let before = line.len();
        match character {
            '\n' | '\r' | '\t' => line.push(' '),
            _ if is_unprintable(character) => line.extend(character.escape_unicode()),
            _ => line.push(character),
        }
        if line.len() > most_bytes {
            line.truncate(before);
            line.push('…');
            break;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{is_unprintable, shortened};

    #[test]
    fn a_sentence_stays_a_sentence() {
        assert_eq!(shortened("all well", 100), "all well");
        assert_eq!(
            shortened("héllo wörld ✓ \u{1f33f}", 100),
            "héllo wörld ✓ \u{1f33f}"
        );
        assert_eq!(shortened("ééé", 3), "é…");
        assert_eq!(shortened("abc", 3), "abc");
        assert_eq!(shortened("", 0), "");
    }

    #[test]
    fn what_drives_a_terminal_is_escaped() {
        assert_eq!(shortened("a\nFAKE\r\tb", 100), "a FAKE  b");
        assert_eq!(
            shortened("\u{1b}[31m\u{9b}2J\u{7}\0", 100),
            "\\u{1b}[31m\\u{9b}2J\\u{7}\\u{0}"
        );
        assert_eq!(
            shortened("\u{202e}gnp\u{2028}", 100),
            "\\u{202e}gnp\\u{2028}"
        );
    }

    #[test]
    fn no_text_is_longer_than_it_may_be_or_leaves_its_line() {
        for code in 0..0x3000u32 {
            let Some(character) = char::from_u32(code) else {
                continue;
            };
            let text = character.to_string().repeat(20);
            let line = shortened(&text, 30);
            assert!(line.len() <= 30 + '…'.len_utf8(), "{line:?}");
            assert!(!line.contains(is_unprintable), "{line:?}");
        }
    }
}
