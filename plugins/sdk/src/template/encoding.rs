//! How a value is written where it ends up.

use std::fmt::Write as _;

/// How what is filled in is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// Inside of a JSON text.
    Json,
    /// In an address or a form: whatever is not a letter, a digit or one of `-._~` as `%XX`.
    Percent,
    /// In an HTTP header: whatever is not printable ASCII as `%XX`.
    Header,
    /// One level of an MQTT topic: `_` for what separates levels, stands for several topics or
    /// cannot be in one.
    TopicLevel,
}

impl Encoding {
    /// `value` as it is written there.
    #[must_use]
    pub fn encode(self, value: &str) -> String {
        let mut written = String::with_capacity(value.len());
        self.write(value, &mut written);
        written
    }

    pub(super) fn write(self, value: &str, to: &mut String) {
        match self {
            Self::Plain => to.push_str(value),
            Self::Json => {
                // A text is always JSON.
                let quoted = serde_json::to_string(value).unwrap_or_default();
                let inner = quoted
                    .strip_prefix('"')
                    .and_then(|text| text.strip_suffix('"'));
                to.push_str(inner.unwrap_or_default());
            }
            Self::Percent => percent(value, to, |byte| {
                byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
            }),
            Self::Header => percent(value, to, |byte| (b' '..=b'~').contains(&byte)),
            Self::TopicLevel => to.extend(value.chars().map(|character| match character {
                '/' | '+' | '#' | '$' => '_',
                character if character.is_control() => '_',
                character => character,
            })),
        }
    }
}

fn percent(value: &str, to: &mut String, stays: impl Fn(u8) -> bool) {
    for byte in value.bytes() {
        if stays(byte) {
            to.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(to, "%{byte:02X}");
        }
    }
}
