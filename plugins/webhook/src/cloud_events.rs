//! `CloudEvents` 1.0 over HTTP: the attributes in headers (binary), or around the body in a JSON
//! object (structured).

use std::fmt::Write as _;

use agave_vision_sdk::prelude::*;
use agave_vision_sdk::template::{Encoding, Template};

use crate::content::Content;

const STRUCTURED: &str = "application/cloudevents+json; charset=utf-8";

/// As a `CloudEvents` 1.0 message, whose `id` is the idempotency key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloudEvents {
    /// Where the attributes are: in headers, or with the body in one JSON object.
    pub mode: Mode,
    /// Who says it, as an address or a path such as `/farm/agave`; may have placeholders. With
    /// the `id` it has to be unique, so it tells one Agave from another.
    pub source: String,
    /// What kind of event it is; may have placeholders.
    #[serde(default = "default_type")]
    pub r#type: String,
    /// What it is about; may have placeholders.
    #[serde(default = "default_subject")]
    pub subject: String,
}

fn default_type() -> String {
    "agave.alert.{phase}".to_owned()
}

fn default_subject() -> String {
    "{camera}".to_owned()
}

/// Where the attributes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// In `ce-*` headers; the body is as without `CloudEvents`.
    Binary,
    /// In a JSON object, with the body as its `data`.
    Structured,
}

/// The attributes, before they are filled.
pub(crate) struct Envelope {
    mode: Mode,
    source: Template,
    kind: Template,
    subject: Template,
    /// Whether the data is JSON and not a text.
    json: bool,
}

impl CloudEvents {
    pub(crate) fn check(self, content: &Content) -> Result<Envelope, String> {
        let template = |name: &str, text: &str| {
            if text.is_empty() {
                return Err(format!("`cloudevents.{name}` must not be empty"));
            }
            Template::parse(text).map_err(|problem| format!("`cloudevents.{name}`: {problem}"))
        };
        let says_json = content.content_type().to_ascii_lowercase().contains("json");
        if self.mode == Mode::Structured && says_json && !content.is_json() {
            return Err(
                "with `cloudevents.mode: structured`, JSON in `body` is written as a structure \
                 and not as a text"
                    .to_owned(),
            );
        }
        Ok(Envelope {
            mode: self.mode,
            source: template("source", &self.source)?,
            kind: template("type", &self.r#type)?,
            subject: template("subject", &self.subject)?,
            json: content.is_json(),
        })
    }
}

impl Envelope {
    /// The attributes in their order, by their names in the specification.
    fn attributes(&self, delivery: &Delivery) -> [(&'static str, String); 6] {
        [
            ("specversion", "1.0".to_owned()),
            ("id", delivery.idempotency_key.clone()),
            ("source", self.source.fill(delivery, Encoding::Percent)),
            ("type", self.kind.fill(delivery, Encoding::Plain)),
            ("subject", self.subject.fill(delivery, Encoding::Plain)),
            ("time", agave_vision_sdk::rfc_3339(delivery.alert.at)),
        ]
    }

    /// Adds its headers, and gives the content type and the body that go with them.
    pub(crate) fn wrap(
        &self,
        delivery: &Delivery,
        content_type: &str,
        body: String,
        headers: &mut Vec<(String, String)>,
    ) -> (String, String) {
        // An attribute that is there is not empty.
        let attributes = self.attributes(delivery).into_iter();
        let attributes = attributes.filter(|(_, value)| !value.is_empty());
        match self.mode {
            Mode::Binary => {
                headers.extend(
                    attributes.map(|(name, value)| (format!("ce-{name}"), in_header(&value))),
                );
                (content_type.to_owned(), body)
            }
            Mode::Structured => {
                let text = |value: &str| serde_json::Value::from(value).to_string();
                let mut event = String::from("{");
                for (name, value) in attributes {
                    // Writing to a string cannot fail.
                    let _ = write!(event, "\"{name}\":{},", text(&value));
                }
                let data = if self.json { body } else { text(&body) };
                let _ = write!(
                    event,
                    "\"datacontenttype\":{},\"data\":{data}}}",
                    text(content_type)
                );
                (STRUCTURED.to_owned(), event)
            }
        }
    }
}

/// As the HTTP binding writes a value: spaces, quotes, `%` and what is not printable ASCII as
/// `%XX`.
fn in_header(value: &str) -> String {
    let mut written = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'"' | b'%' => {
                let _ = write!(written, "%{byte:02X}");
            }
            b'!'..=b'~' => written.push(char::from(byte)),
            _ => {
                let _ = write!(written, "%{byte:02X}");
            }
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::in_header;

    #[test]
    fn header_values_are_written_as_the_binding_says() {
        assert_eq!(in_header("Euro € 😀"), "Euro%20%E2%82%AC%20%F0%9F%98%80");
        assert_eq!(in_header("a\"b%c~/:"), "a%22b%25c~/:");
    }
}
