//! A text as lines: from places, which count lines and characters, to bytes, which an edit needs.

use std::ops::Range;

use crate::tree::{Content, Tree};
use crate::{Position, Span};

const BLANKS: [char; 2] = [' ', '\t'];

/// A text, and where its lines begin.
pub(super) struct Lines<'t> {
    pub(super) text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut starts = vec![0];
        let mut before = None;
        // YAML has three ways to end a line.
        for (at, character) in text.char_indices() {
            match (before, character) {
                (Some('\r'), '\n') => {
                    starts.pop();
                    starts.push(at + 1);
                }
                (_, '\r' | '\n') => starts.push(at + 1),
                _ => {}
            }
            before = Some(character);
        }
        Self { text, starts }
    }

    /// The bytes of a stretch.
    pub(super) fn range(&self, span: Span) -> Range<usize> {
        let start = self.offset(span.start);
        let end = self.offset(span.end);
        // What goes over lines to its end, as a text behind `|` does, ends with a line.
        let end = start + self.text(start..end).trim_end_matches(is_space).len();
        start..end
    }

    /// All that is written for a value, an anchor included. Where the parser says that something in
    /// brackets ends is not where its bracket is when a comment stands before that.
    pub(super) fn value(&self, tree: &Tree) -> Option<Range<usize>> {
        let range = self.range(tree.written()?);
        let last = match (&tree.content, tree.alias) {
            (Content::List(items), None) => items.last(),
            (Content::Map(members), None) => members.last().map(|member| &member.value),
            _ => None,
        };
        let Some(last) = last else {
            return Some(range);
        };
        let last = self.value(last)?.end;
        let end = match self.bracket(&range) {
            Some(_) => self.closing(last).map_or(range.end, |close| close + 1),
            None => last,
        };
        Some(range.start..end)
    }

    /// Where the bracket is that what is written in `range` begins with, if it does.
    pub(super) fn bracket(&self, range: &Range<usize>) -> Option<usize> {
        let text = self.text(range.start..self.text.len());
        // An anchor stands before it.
        let anchor = match text.starts_with('&') {
            true => text.find(is_space)?,
            false => 0,
        };
        let rest = text.get(anchor..)?.trim_start_matches(is_space);
        let at = range.start + text.len() - rest.len();
        rest.starts_with(['[', '{']).then_some(at)
    }

    /// The bracket that comes next, with nothing before it but commas and comments, or the colon
    /// of a key without a value.
    fn closing(&self, offset: usize) -> Option<usize> {
        let mut rest = self.text.get(offset..)?;
        loop {
            rest = rest.trim_start_matches(|c| is_space(c) || matches!(c, ',' | ':'));
            if !rest.starts_with('#') {
                break;
            }
            rest = rest.trim_start_matches(|c| !matches!(c, '\r' | '\n'));
        }
        rest.starts_with([']', '}'])
            .then_some(self.text.len() - rest.len())
    }

    fn offset(&self, position: Position) -> usize {
        let line = position.line.saturating_sub(1);
        let Some(&start) = self.starts.get(line) else {
            return self.text.len();
        };
        let rest = self.text.get(start..).unwrap_or_default();
        rest.char_indices()
            .nth(position.column.saturating_sub(1))
            .map_or(self.text.len(), |(at, _)| start + at)
    }

    /// What stands in `range`.
    pub(super) fn text(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or_default()
    }

    /// Where the line begins in which `offset` is.
    pub(super) fn start(&self, offset: usize) -> usize {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|line| self.starts.get(line));
        start.copied().unwrap_or_default()
    }

    /// Where the next line begins.
    pub(super) fn next(&self, offset: usize) -> usize {
        let line = self.starts.partition_point(|start| *start <= offset);
        self.starts.get(line).copied().unwrap_or(self.text.len())
    }

    /// Where the line ends, without its line break.
    pub(super) fn end(&self, offset: usize) -> usize {
        let line = self.text(offset..self.next(offset));
        offset + line.trim_end_matches(['\r', '\n']).len()
    }

    /// The line up to `offset`.
    pub(super) fn before(&self, offset: usize) -> &'t str {
        self.text(self.start(offset)..offset)
    }

    /// The line from `offset` on.
    pub(super) fn after(&self, offset: usize) -> &'t str {
        self.text(offset..self.end(offset))
    }

    /// Whether nothing stands before `offset` on its line.
    pub(super) fn is_first(&self, offset: usize) -> bool {
        self.before(offset).trim_start_matches(BLANKS).is_empty()
    }

    /// Whether `range` has its lines for itself, but for a comma and a comment.
    pub(super) fn is_alone(&self, range: &Range<usize>) -> bool {
        let after = self.after(range.end).trim_start_matches(BLANKS);
        let after = after.strip_prefix(',').unwrap_or(after);
        let after = after.trim_start_matches(BLANKS);
        self.is_first(range.start) && (after.is_empty() || after.starts_with('#'))
    }

    /// Whether a comma follows on the line.
    pub(super) fn has_comma(&self, offset: usize) -> bool {
        let after = self.after(offset).trim_start_matches(BLANKS);
        after.starts_with(',')
    }

    /// Behind the comma that follows on the line, and behind the blanks after it, if one does.
    pub(super) fn past_comma(&self, offset: usize) -> usize {
        let after = self.after(offset);
        match after.trim_start_matches(BLANKS).strip_prefix(',') {
            Some(rest) => {
                let rest = rest.trim_start_matches(BLANKS);
                offset + after.len() - rest.len()
            }
            None => offset,
        }
    }

    /// How lines of this text end.
    pub(super) fn line_break(&self) -> &'t str {
        let end = self.end(0);
        match self.text(end..self.next(0)) {
            "" => "\n",
            line_break => line_break,
        }
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bytes() {
        let lines = Lines::new("é: 1\r\nb: ü😀\rc: 2\nd");
        let at = |line, column| lines.offset(Position { line, column });
        assert_eq!([at(1, 1), at(1, 2), at(2, 1)], [0, 2, 7]);
        assert_eq!(lines.text(at(2, 4)..at(2, 6)), "ü😀");
        assert_eq!(lines.text(at(3, 1)..at(4, 2)), "c: 2\nd");
        assert_eq!(at(9, 9), lines.text.len());
        assert_eq!(lines.after(at(2, 1)), "b: ü😀");
        assert_eq!(lines.line_break(), "\r\n");
    }
}
