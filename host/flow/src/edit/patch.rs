//! Pieces of a text that are replaced by others, and the lines that this changes.

use std::ops::Range;

/// A stretch of a text, and what will stand there instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replacement {
    pub(super) bytes: Range<usize>,
    pub(super) text: String,
}

impl Replacement {
    pub(super) fn new(bytes: Range<usize>, text: impl Into<String>) -> Self {
        Self {
            bytes,
            text: text.into(),
        }
    }

    pub(super) fn insertion(at: usize, text: impl Into<String>) -> Self {
        Self::new(at..at, text)
    }

    pub(super) fn removal(bytes: Range<usize>) -> Self {
        Self::new(bytes, "")
    }
}

/// `text` with everything replaced. `None` when two of them want the same place.
pub(super) fn apply(text: &str, mut replacements: Vec<Replacement>) -> Option<String> {
    // Stable, so that what is inserted at one place stays in order.
    replacements.sort_by_key(|one| one.bytes.start);
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for one in replacements {
        result.push_str(text.get(done..one.bytes.start)?);
        result.push_str(&one.text);
        done = one.bytes.end;
    }
    result.push_str(text.get(done..)?);
    Some(result)
}

/// The lines of `new`, from 1, that are not as they were in `old`: everything between the first
/// and the last of them. Empty when nothing was added.
pub(super) fn changed_lines(old: &str, new: &str) -> Range<usize> {
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let same = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| {
        pairs.take_while(|(one, other)| one == other).count()
    };
    let before = same(&mut old.iter().zip(&new));
    let left = old.len().min(new.len()) - before;
    let after = same(&mut old.iter().rev().zip(new.iter().rev()).take(left));
    before + 1..new.len() - after + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_replaced_and_lines_counted() {
        let text = "a\nb\nc\n";
        let edit = vec![
            Replacement::insertion(4, "x"),
            Replacement::new(2..3, "y"),
            Replacement::insertion(4, "z"),
        ];
        let edited = apply(text, edit).unwrap();
        assert_eq!(edited, "a\ny\nxzc\n");
        assert_eq!(changed_lines(text, &edited), 2..4);
        assert_eq!(changed_lines(text, "a\nc\n"), 2..2);
        assert_eq!(changed_lines(text, "a\nb\nb\nc\n"), 3..4);
        assert_eq!(changed_lines(text, text), 4..4);
        let twice = vec![Replacement::removal(0..3), Replacement::removal(2..4)];
        assert_eq!(apply(text, twice), None);
    }
}
