//! How values are written: numbers, names, texts, and the few shapes that an edit adds.

use agave_core::Point;
use serde_json::Value;

use crate::interpolate;
use crate::scalar;
use crate::tree::Content;

/// A fraction of the frame with four decimals, which is a tenth of a pixel of the largest cameras.
/// Zeros at its end are left out.
pub(super) fn fraction(value: f64) -> String {
    let text = format!("{value:.4}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    match text {
        "-0" => "0".to_owned(),
        text => text.to_owned(),
    }
}

/// `[0.1, 0.25]`
pub(super) fn corner(point: &Point) -> String {
    let [x, y] = coordinates(point);
    format!("[{x}, {y}]")
}

/// `[[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]`
pub(super) fn polygon(points: &[Point]) -> String {
    let corners: Vec<String> = points.iter().map(corner).collect();
    format!("[{}]", corners.join(", "))
}

pub(super) fn coordinates(point: &Point) -> [String; 2] {
    [point.x, point.y].map(|value| fraction(f64::from(value)))
}

/// A key, quoted where a plain one would be something else, at least for other readers of YAML.
pub(super) fn key(name: &str) -> String {
    let is_word = interpolate::is_name(name) && !name.starts_with('-');
    if is_word && matches!(scalar::plain(name), Content::Text(_)) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A text, quoted where a plain one would be something else.
pub(super) fn text(text: &str) -> String {
    let is_harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let is_plain = text.chars().all(is_harmless)
        && !text.starts_with('-')
        && matches!(scalar::plain(text), Content::Text(_));
    if is_plain {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// In double quotes YAML reads what JSON does.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Any value on one line.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::String(said) => text(said),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(self::value).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, said)| format!("{}: {}", key(name), self::value(said)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A value that is added.
pub(super) enum New {
    /// On one line.
    Inline(String),
    /// A mapping: on one line in brackets, or a line for each key.
    Mapping(Vec<(String, New)>),
}

impl New {
    pub(super) fn inline(&self) -> String {
        match self {
            Self::Inline(text) => text.clone(),
            Self::Mapping(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(name, value)| format!("{}: {}", key(name), value.inline()))
                    .collect();
                format!("{{ {} }}", members.join(", "))
            }
        }
    }

    /// The lines of `name: value`, without the last line break.
    pub(super) fn lines(&self, name: &str, indent: &str, step: &str, line_break: &str) -> String {
        match self {
            Self::Inline(text) => format!("{indent}{}: {text}", key(name)),
            Self::Mapping(members) => {
                let inner = format!("{indent}{step}");
                let mut lines = vec![format!("{indent}{}:", key(name))];
                lines.extend(
                    members
                        .iter()
                        .map(|(name, value)| value.lines(name, &inner, step, line_break)),
                );
                lines.join(line_break)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_people_would() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.5, "0.5"),
            (0.123_449, "0.1234"),
            (-0.000_01, "0"),
            (640.0, "640"),
        ] {
            assert_eq!(fraction(value), text);
        }
        for (name, written) in [
            ("yard", "yard"),
            ("-", "\"-\""),
            ("1", "\"1\""),
            ("true", "\"true\""),
            ("a b", "\"a b\""),
        ] {
            assert_eq!(key(name), written);
        }
        assert_eq!(text("../clip.mp4"), "../clip.mp4");
        assert_eq!(text("rtsp://a/b"), "\"rtsp://a/b\"");
        let config = serde_json::json!({ "zone": "yard", "alert": ["no", "van"], "after": 1.5 });
        assert_eq!(
            value(&config),
            "{ zone: yard, alert: [no, van], after: 1.5 }"
        );
    }
}
