//! Where a bracket was opened that nothing closes. YAML notices it lines later, where something
//! stands that cannot be in a list.

use crate::Position;

/// The last bracket before line `end` that is opened and not closed, if a quote, a comment or a
/// word does not have it.
pub(crate) fn unclosed(text: &str, end: usize) -> Option<(char, Position)> {
    let mut open: Vec<(char, Position)> = Vec::new();
    for (index, line) in text.lines().enumerate().take(end.saturating_sub(1)) {
        let mut quote = None;
        let mut before = ' ';
        for (column, c) in line.chars().enumerate() {
            let begins = before.is_whitespace() || "[{,:(".contains(before);
            match (quote, c) {
                (Some(open), _) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') if begins => quote = Some(c),
                (None, '#') if before.is_whitespace() => break,
                (None, '[' | '{') if begins => {
                    let (line, column) = (index + 1, column + 1);
                    open.push((c, Position { line, column }));
                }
                (None, ']' | '}') => {
                    open.pop();
                }
                _ => {}
            }
            before = c;
        }
    }
    open.pop()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bracket_is_open_until_it_is_closed() {
        let at = |text: &str| {
            let found = unclosed(text, usize::MAX);
            found.map(|(c, at)| (c, at.line, at.column))
        };
        assert_eq!(at("a: 1\nbla bla: [\nnodes:"), Some(('[', 2, 10)));
        assert_eq!(at("a: { b: [1, 2] }\nc: {d: 1"), Some(('{', 2, 4)));
        assert_eq!(at("a: \"[\"\nb: x[1\n# [\nc: '{' # {"), None);
        assert_eq!(unclosed("a: [\nb: 1", 1), None);
    }
}
