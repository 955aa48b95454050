//! What was expected beside what came, so that one alert too many is one line and not a
//! difference in all that follow.

/// One line of the comparison: indices of what was expected and of what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// They fit.
    Same(usize, usize),
    /// They stand in the same place and do not fit.
    Different(usize, usize),
    Missing(usize),
    Unexpected(usize),
}

/// Beyond so many pairs, things are compared in their order.
const MOST_PAIRS: usize = 4_000_000;

/// Aligns `expected` things with those that `came`: as many as possible fit, in their order.
pub(crate) fn align(expected: usize, came: usize, fits: impl Fn(usize, usize) -> bool) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut done = (0, 0);
    for (wanted, got) in matches(expected, came, &fits) {
        between(done, (wanted, got), &mut rows);
        rows.push(Row::Same(wanted, got));
        done = (wanted + 1, got + 1);
    }
    between(done, (expected, came), &mut rows);
    rows
}

/// What does not fit, pair by pair, then what is left of either.
fn between(from: (usize, usize), to: (usize, usize), rows: &mut Vec<Row>) {
    let pairs = (to.0 - from.0).min(to.1 - from.1);
    rows.extend((0..pairs).map(|index| Row::Different(from.0 + index, from.1 + index)));
    rows.extend((from.0 + pairs..to.0).map(Row::Missing));
    rows.extend((from.1 + pairs..to.1).map(Row::Unexpected));
}

/// The longest list of pairs that fit, rising on both sides.
fn matches(
    expected: usize,
    came: usize,
    fits: &impl Fn(usize, usize) -> bool,
) -> Vec<(usize, usize)> {
    if expected.saturating_mul(came) > MOST_PAIRS {
        let both = 0..expected.min(came);
        return both.filter(|&at| fits(at, at)).map(|at| (at, at)).collect();
    }
    // longest[wanted][got]: how many fit in what is left from there.
    let width = came + 1;
    let mut longest = vec![0_u32; (expected + 1) * width];
    let at = |longest: &[u32], wanted: usize, got: usize| {
        longest.get(wanted * width + got).copied().unwrap_or(0)
    };
    for wanted in (0..expected).rev() {
        for got in (0..came).rev() {
            let best = if fits(wanted, got) {
                1 + at(&longest, wanted + 1, got + 1)
            } else {
                at(&longest, wanted + 1, got).max(at(&longest, wanted, got + 1))
            };
            if let Some(cell) = longest.get_mut(wanted * width + got) {
                *cell = best;
            }
        }
    }
    let (mut wanted, mut got) = (0, 0);
    let mut pairs = Vec::new();
    while wanted < expected && got < came {
        if fits(wanted, got) {
            pairs.push((wanted, got));
            wanted += 1;
            got += 1;
        } else if at(&longest, wanted + 1, got) >= at(&longest, wanted, got + 1) {
            wanted += 1;
        } else {
            got += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::Row::{Different, Missing, Same, Unexpected};
    use super::*;

    fn aligned(expected: &str, came: &str) -> Vec<Row> {
        let (expected, came) = (expected.as_bytes(), came.as_bytes());
        align(expected.len(), came.len(), |wanted, got| {
            expected[wanted] == came[got]
        })
    }

    #[test]
    fn one_too_many_is_one_line() {
        assert_eq!(aligned("", ""), []);
        assert_eq!(aligned("ab", "ab"), [Same(0, 0), Same(1, 1)]);
        assert_eq!(
            aligned("ab", "xab"),
            [Unexpected(0), Same(0, 1), Same(1, 2)]
        );
        assert_eq!(aligned("abc", "ac"), [Same(0, 0), Missing(1), Same(2, 1)]);
        assert_eq!(
            aligned("abc", "axc"),
            [Same(0, 0), Different(1, 1), Same(2, 2)]
        );
        assert_eq!(aligned("a", "xy"), [Different(0, 0), Unexpected(1)]);
    }

    #[test]
    fn very_long_lists_are_compared_in_their_order() {
        let rows = align(3000, 3001, |wanted, got| wanted == got);
        assert_eq!(rows.len(), 3001);
        assert_eq!(rows.last(), Some(&Unexpected(3000)));
    }
}
