//! What a plain word of YAML means: the core schema of YAML 1.2, where `no` and `on` are texts
//! and only `true` and `false` are not.

use serde_json::Number;

use crate::tree::Content;

/// The value of a scalar without quotes.
pub(crate) fn plain(text: &str) -> Content {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" => Content::Bool(true),
        "false" | "False" | "FALSE" => Content::Bool(false),
        _ => number(text).map_or_else(|| Content::Text(text.to_owned()), Content::Number),
    }
}

/// JSON knows neither infinity nor NaN; they stay texts, and whoever wants a number refuses them.
fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0o") {
        return u64::from_str_radix(unsigned(digits)?, 8)
            .ok()
            .map(Number::from);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(unsigned(digits)?, 16)
            .ok()
            .map(Number::from);
    }
    let magnitude = text.strip_prefix(['-', '+']).unwrap_or(text);
    let looks_like_one = magnitude
        .trim_start_matches('.')
        .starts_with(|c: char| c.is_ascii_digit())
        && magnitude
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    if !looks_like_one {
        return None;
    }
    if let Ok(integer) = text.parse::<i64>() {
        return Some(integer.into());
    }
    if let Ok(integer) = text.parse::<u64>() {
        return Some(integer.into());
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}

/// Rust reads a sign after the prefix, YAML does not.
fn unsigned(digits: &str) -> Option<&str> {
    (!digits.starts_with(['+', '-'])).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_what_the_core_schema_says() {
        for text in [
            "no", "on", "yes", "1.2.3", "1s", "10.0.0.5", ".inf", "0x", "-", "e5", "0x+1",
        ] {
            assert_eq!(plain(text), Content::Text(text.to_owned()), "{text}");
        }
        for (text, value) in [
            ("8", 8.0),
            ("+8", 8.0),
            (".5", 0.5),
            ("1e3", 1000.0),
            ("0x10", 16.0),
        ] {
            let Content::Number(number) = plain(text) else {
                panic!("{text} is a number");
            };
            assert_eq!(number.as_f64(), Some(value));
        }
        assert_eq!(plain("True"), Content::Bool(true));
        assert_eq!(plain("~"), Content::Null);
    }
}
