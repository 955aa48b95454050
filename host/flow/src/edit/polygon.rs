//! The corners of a zone: those that stay are not touched, in whatever form they are written.

use std::ops::Range;

use agave_core::Point;

use super::bracketed;
use super::lines::Lines;
use super::patch::Replacement;
use super::written;
use crate::FileIndex;
use crate::tree::{Content, Tree};

/// Whether `tree` says `points`, as exactly as they are written.
pub(super) fn says(tree: &Tree, points: &[Point]) -> bool {
    match &tree.content {
        Content::List(items) => {
            items.len() == points.len() && items.iter().zip(points).all(|(a, b)| is(a, b))
        }
        _ => false,
    }
}

/// Writes `points` over the polygon that is `tree`. `None` when it has no place of its own in
/// `file`.
pub(super) fn replace(
    tree: &Tree,
    points: &[Point],
    file: FileIndex,
    lines: &Lines<'_>,
) -> Option<Vec<Replacement>> {
    if tree.place.span()?.0 != file {
        return None;
    }
    let polygon = Polygon { lines };
    let mut bytes = polygon.value(tree)?;
    if let (Content::List(items), None) = (&tree.content, tree.alias)
        && let Some(first) = items.first()
        && let first = lines.value(first)?
        && let Some(dash) = polygon.dash(&first)
    {
        // The parser has some of these begin behind the dash.
        bytes.start = first.start - dash.trim_start().len();
    }
    match &tree.content {
        Content::List(items) if !items.is_empty() && tree.alias.is_none() && !points.is_empty() => {
            polygon.corners(&bytes, items, points)
        }
        Content::Null => None,
        _ => Some(vec![Replacement::new(bytes, written::polygon(points))]),
    }
}

fn is(item: &Tree, point: &Point) -> bool {
    let said = |tree: &Tree| match &tree.content {
        Content::Number(number) => number.as_f64().map(written::fraction),
        // What is no number at all, as in a file: the checks have words for it.
        Content::Text(text) => Some(text.clone()),
        _ => None,
    };
    let (Content::List(numbers), [x, y]) = (&item.content, written::coordinates(point)) else {
        return false;
    };
    matches!(numbers.as_slice(), [a, b] if said(a) == Some(x) && said(b) == Some(y))
}

/// The two numbers of a corner that is written out.
fn numbers(item: &Tree) -> Option<[&Tree; 2]> {
    let is_number =
        |tree: &Tree| tree.alias.is_none() && matches!(tree.content, Content::Number(_));
    match (&item.content, item.alias) {
        (Content::List(numbers), None) => match numbers.as_slice() {
            [x, y] if is_number(x) && is_number(y) => Some([x, y]),
            _ => None,
        },
        _ => None,
    }
}

struct Polygon<'a> {
    lines: &'a Lines<'a>,
}

impl Polygon<'_> {
    /// What is written for a value, without its anchor.
    fn value(&self, tree: &Tree) -> Option<Range<usize>> {
        let bytes = self.lines.value(tree)?;
        match (tree.alias, &tree.content) {
            (None, Content::List(_) | Content::Map(_)) => {
                let start = self.lines.bracket(&bytes).unwrap_or(bytes.start);
                Some(start..bytes.end)
            }
            _ => Some(bytes),
        }
    }

    fn corners(
        &self,
        list: &Range<usize>,
        items: &[Tree],
        points: &[Point],
    ) -> Option<Vec<Replacement>> {
        let entries: Vec<Range<usize>> = items
            .iter()
            .map(|item| self.lines.value(item))
            .collect::<Option<_>>()?;
        let pairs = || items.iter().zip(points);
        let before = pairs().take_while(|(item, point)| is(item, point)).count();
        let left = items.len().min(points.len()) - before;
        let backwards = items.iter().rev().zip(points.iter().rev());
        let mut after = backwards
            .take(left)
            .take_while(|(item, point)| is(item, point))
            .count();
        if before == 0 && after == items.len() {
            // What comes first is written over, so that there is something to write behind.
            after = after.saturating_sub(1);
        }
        let shared = items.len().min(points.len()).saturating_sub(after);
        let mut edit = Vec::new();
        for (item, point) in pairs().take(shared).skip(before) {
            edit.extend(self.corner(item, point)?);
        }
        if let Some(new) = points.get(shared..points.len() - after)
            && !new.is_empty()
        {
            let index = shared.checked_sub(1)?;
            edit.extend(self.insert(list, items.get(index)?, entries.get(index)?, new)?);
        }
        let gone = shared..items.len() - after;
        if !gone.is_empty() {
            edit.extend(self.remove(list, &entries, gone)?);
        }
        Some(edit)
    }

    /// Moves a corner.
    fn corner(&self, item: &Tree, point: &Point) -> Option<Vec<Replacement>> {
        let Some(numbers) = numbers(item) else {
            return Some(vec![Replacement::new(
                self.value(item)?,
                written::corner(point),
            )]);
        };
        let mut edit = Vec::new();
        for (number, new) in numbers.into_iter().zip(written::coordinates(point)) {
            let says_so = match &number.content {
                Content::Number(number) => number
                    .as_f64()
                    .is_some_and(|number| written::fraction(number) == new),
                _ => false,
            };
            if !says_so {
                edit.push(Replacement::new(self.lines.range(number.written()?), new));
            }
        }
        Some(edit)
    }

    /// Corners behind `item`, in its form.
    fn insert(
        &self,
        list: &Range<usize>,
        item: &Tree,
        entry: &Range<usize>,
        new: &[Point],
    ) -> Option<Vec<Replacement>> {
        let corners: Vec<String> = new.iter().map(|point| self.like(item, point)).collect();
        let lines = self.lines;
        if self.is_bracketed(list) {
            let close = list.end.saturating_sub(1);
            return Some(bracketed::insert(lines, entry, close, &corners));
        }
        let dash = self.dash(entry)?;
        let line_break = lines.line_break();
        let text: String = corners
            .iter()
            .map(|corner| format!("{line_break}{dash}{corner}"))
            .collect();
        Some(vec![Replacement::insertion(lines.end(entry.end), text)])
    }

    /// A corner that is written as `item` is.
    fn like(&self, item: &Tree, point: &Point) -> String {
        let same_form = || {
            let bytes = self.lines.value(item)?;
            let [x, y] = numbers(item)?.map(Tree::written);
            let (x, y) = (self.lines.range(x?), self.lines.range(y?));
            let [new_x, new_y] = written::coordinates(point);
            let pieces = [
                self.lines.text(bytes.start..x.start),
                &new_x,
                self.lines.text(x.end..y.start),
                &new_y,
                self.lines.text(y.end..bytes.end),
            ];
            let text = pieces.concat();
            // A comment is about that corner, and an anchor is its name.
            (!text.contains(['#', '&'])).then_some(text)
        };
        same_form().unwrap_or_else(|| written::corner(point))
    }

    fn remove(
        &self,
        list: &Range<usize>,
        entries: &[Range<usize>],
        gone: Range<usize>,
    ) -> Option<Vec<Replacement>> {
        let lines = self.lines;
        if self.is_bracketed(list) {
            return Some(bracketed::remove(lines, entries, gone));
        }
        entries
            .get(gone)?
            .iter()
            .map(|entry| {
                self.dash(entry)?;
                let bytes = lines.start(entry.start)..lines.next(entry.end);
                Some(Replacement::removal(bytes))
            })
            .collect()
    }

    fn is_bracketed(&self, list: &Range<usize>) -> bool {
        !self.lines.text(list.clone()).starts_with('-')
    }

    /// What stands before an item of a list without brackets.
    fn dash(&self, entry: &Range<usize>) -> Option<&str> {
        let before = self.lines.before(entry.start);
        let dash = before.trim_start_matches(' ').strip_prefix('-')?;
        dash.chars().all(|c| c == ' ').then_some(before)
    }
}
