//! What stands between brackets, with commas: the members of a mapping or the items of a list in
//! flow style.

use std::ops::Range;

use super::lines::Lines;
use super::patch::Replacement;

/// Puts `new` behind `entry`, in lines of their own where `entry` has its own. `close` is where
/// the bracket is.
pub(super) fn insert(
    lines: &Lines<'_>,
    entry: &Range<usize>,
    close: usize,
    new: &[String],
) -> Vec<Replacement> {
    if !lines.is_first(entry.start) {
        return vec![Replacement::insertion(
            entry.end,
            format!(", {}", new.join(", ")),
        )];
    }
    let between = format!(",{}{}", lines.line_break(), lines.before(entry.start));
    let end = lines.end(entry.end);
    let has_comma = lines.has_comma(entry.end);
    if close < end || !lines.is_alone(entry) {
        // Something else is on the line: the bracket, or the next entry.
        let text = new.join(&between);
        return vec![Replacement::insertion(
            entry.end,
            format!("{between}{text}"),
        )];
    }
    let mut text = new.join(&between);
    if has_comma {
        text.push(',');
    }
    let line = between.strip_prefix(',').unwrap_or_default();
    let mut edit = vec![Replacement::insertion(end, format!("{line}{text}"))];
    if !has_comma {
        edit.insert(0, Replacement::insertion(entry.end, ","));
    }
    edit
}

/// Takes out `gone` of the `entries`, of which others are left.
pub(super) fn remove(
    lines: &Lines<'_>,
    entries: &[Range<usize>],
    gone: Range<usize>,
) -> Vec<Replacement> {
    let out = entries.get(gone.clone()).unwrap_or_default();
    let (Some(first), Some(last)) = (out.first(), out.last()) else {
        return Vec::new();
    };
    if out.iter().all(|one| lines.is_alone(one)) {
        return out
            .iter()
            .map(|one| Replacement::removal(lines.start(one.start)..lines.next(one.end)))
            .collect();
    }
    let previous = gone.start.checked_sub(1).and_then(|at| entries.get(at));
    let bytes = match (previous, entries.get(gone.end)) {
        (Some(previous), _) if on_one_line(lines, previous, first) => previous.end..last.end,
        (_, Some(next)) if on_one_line(lines, last, next) => first.start..next.start,
        _ => first.start..lines.past_comma(last.end),
    };
    vec![Replacement::removal(bytes)]
}

fn on_one_line(lines: &Lines<'_>, one: &Range<usize>, next: &Range<usize>) -> bool {
    !lines.text(one.end..next.start).contains(['\r', '\n'])
}
