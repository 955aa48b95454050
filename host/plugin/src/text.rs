//! What a guest says is shown to people, and a guest may say anything: it is cut to a length and
//! kept on one line, so that it can neither flood a log nor forge a line of it.

/// The most bytes of a sentence that a guest says.
pub(crate) const SENTENCE: usize = 1024;

/// At most `most_bytes` of `text`, cut between two characters, without control characters.
pub(crate) fn shortened(text: &str, most_bytes: usize) -> String {
    let mut end = text.len().min(most_bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let (kept, left_out) = text.split_at(end);
    let mut line = kept.replace(|character: char| character.is_control(), " ");
    if !left_out.is_empty() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn a_sentence_stays_a_sentence() {
        assert_eq!(shortened("all well", 100), "all well");
        assert_eq!(shortened("a\nFAKE\u{1b}[31m", 100), "a FAKE [31m");
        assert_eq!(shortened("ééé", 3), "é…");
    }
}
