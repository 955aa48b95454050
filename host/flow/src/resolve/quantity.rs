//! Texts that mean an amount: times and sizes.

use std::time::Duration;

use agave_core::parse_duration;

use super::Context;
use crate::{Code, conform, suggest};

const UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// The duration at `pointer`; zero is one.
pub(super) fn duration(cx: &mut Context<'_, '_>, pointer: &str, text: &str) -> Option<Duration> {
    match parse_duration(text) {
        Ok(duration) => Some(duration),
        Err(problem) => {
            let message = format!("{}: {problem}", conform::subject(pointer));
            let help = text
                .trim()
                .parse::<f64>()
                .is_ok()
                .then(|| format!("did you mean `{0}ms` or `{0}s`?", text.trim()));
            cx.problem(Code::BadDuration, pointer, message, help);
            None
        }
    }
}

/// The duration at `pointer`, which must be longer than nothing.
pub(super) fn positive_duration(
    cx: &mut Context<'_, '_>,
    pointer: &str,
    text: &str,
) -> Option<Duration> {
    let duration = duration(cx, pointer, text)?;
    if duration.is_zero() {
        let message = format!("{} must be longer than zero", conform::subject(pointer));
        cx.problem(Code::BadDuration, pointer, message, None);
        return None;
    }
    Some(duration)
}

/// The number of bytes at `pointer`, of which there may be `most`.
pub(super) fn size(cx: &mut Context<'_, '_>, pointer: &str, text: &str, most: u64) -> Option<u64> {
    const HELP: &str = "write a whole number with a unit, for example `32MiB`";
    let subject = conform::subject(pointer);
    let text = text.trim();
    let unit_at = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let unit = unit.trim();
    let factor = UNITS.iter().find(|(name, _)| *name == unit);
    let (message, help) = match (number.parse::<u64>(), factor) {
        (Ok(number), Some((_, factor))) => {
            let bytes = number.saturating_mul(*factor);
            if (1..=most).contains(&bytes) {
                return Some(bytes);
            }
            (
                format!(
                    "{subject} must be more than zero and at most {}",
                    shown(most)
                ),
                None,
            )
        }
        (Ok(_), None) if unit.is_empty() => (
            format!("{subject}: `{text}` has no unit"),
            Some(HELP.to_owned()),
        ),
        (Ok(number), None) => {
            let names = UNITS.map(|(name, _)| name);
            let help = match suggest::closest(unit, names) {
                Some(meant) => format!("did you mean `{number}{meant}`?"),
                None => format!("the units are {}", suggest::listed(&names)),
            };
            (
                format!("{subject}: `{text}` has the unknown unit `{unit}`"),
                Some(help),
            )
        }
        (Err(_), _) => (
            format!("{subject}: `{text}` is not an amount of memory"),
            Some(HELP.to_owned()),
        ),
    };
    cx.problem(Code::BadSize, pointer, message, help);
    None
}

/// As a user would write it.
fn shown(bytes: u64) -> String {
    UNITS
        .iter()
        .rev()
        .find(|(_, factor)| bytes.is_multiple_of(*factor))
        .map_or_else(
            || format!("{bytes} bytes"),
            |(unit, factor)| format!("{}{unit}", bytes / factor),
        )
}
