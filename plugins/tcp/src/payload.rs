//! What is sent, as a text or as bytes, before it is framed.

use agave_vision_sdk::prelude::*;
use agave_vision_sdk::template::{Encoding, Piece, Template};

use crate::config::Bytes;

/// A payload with placeholders.
pub(crate) enum Payload {
    /// The JSON object that every receiver of Agave's alerts knows.
    Report,
    Text(Template),
    /// Its words are hexadecimal digits, and its values are bytes.
    Hex(Template),
}

impl Payload {
    pub(crate) fn new(written: Option<&Bytes>) -> Result<Self, String> {
        let template =
            |text: &str| Template::parse(text).map_err(|problem| format!("`payload`: {problem}"));
        Ok(match written {
            None => Self::Report,
            Some(Bytes::Text(text)) => Self::Text(template(text)?),
            Some(Bytes::Hex(bytes)) => {
                let template = template(&bytes.hex)?;
                for words in template.words() {
                    read_hex("payload", words)?;
                }
                Self::Hex(template)
            }
        })
    }

    pub(crate) fn fill(&self, delivery: &Delivery) -> Vec<u8> {
        match self {
            Self::Report => agave_vision_sdk::alert_json(delivery).into_bytes(),
            Self::Text(template) => template.fill(delivery, Encoding::Plain).into_bytes(),
            Self::Hex(template) => {
                let mut bytes = Vec::new();
                for piece in template.pieces(delivery) {
                    match piece {
                        // It was read when the plugin was configured.
                        Piece::Words(words) => {
                            bytes.extend(read_hex("payload", words).unwrap_or_default());
                        }
                        Piece::Value(value) => bytes.extend(value.into_bytes()),
                    }
                }
                bytes
            }
        }
    }
}

/// Bytes that are the same for every alert; `name` is what messages call them.
pub(crate) fn fixed(name: &str, written: &Bytes) -> Result<Vec<u8>, String> {
    let bytes = match written {
        Bytes::Text(text) => text.clone().into_bytes(),
        Bytes::Hex(bytes) => read_hex(name, &bytes.hex)?,
    };
    if bytes.is_empty() {
        return Err(format!("`{name}` must not be empty"));
    }
    Ok(bytes)
}

fn read_hex(name: &str, text: &str) -> Result<Vec<u8>, String> {
    let refuse =
        || format!("`{name}`: `{text}` are no bytes in hexadecimal digits, such as `02 4F 4B`");
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|character| u8::try_from(character.to_digit(16)?).ok())
        .collect();
    let digits = digits.ok_or_else(refuse)?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Some(high << 4 | low),
        _ => None,
    });
    pairs.collect::<Option<_>>().ok_or_else(refuse)
}
