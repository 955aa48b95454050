//! A JSON structure whose texts are templates.

use serde_json::Value as Json;

use super::placeholder::Value;
use super::{Encoding, Part, Template};
use crate::Delivery;

/// A JSON structure whose texts are templates. A text that is one placeholder and nothing else
/// becomes the value itself: a number for `{count}`, an object for `{alert}`, `null` for the
/// zone of an alert that has none.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonTemplate(Node);

#[derive(Clone, Debug, PartialEq)]
enum Node {
    /// JSON that says the same of every alert.
    Fixed(String),
    Text(Template),
    List(Vec<Node>),
    /// Keys as JSON texts.
    Object(Vec<(String, Node)>),
}

impl JsonTemplate {
    /// Reads the templates in `json`.
    ///
    /// # Errors
    /// That of the first text which is no template.
    pub fn parse(json: &Json) -> Result<Self, String> {
        Node::parse(json).map(Self)
    }

    /// Whether it is an object, and not a list or a single value.
    #[must_use]
    pub fn is_object(&self) -> bool {
        matches!(self.0, Node::Object(_))
    }

    /// Whether it is an object with this key.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        let key = Json::from(key).to_string();
        match &self.0 {
            Node::Object(fields) => fields.iter().any(|(name, _)| *name == key),
            Node::Fixed(_) | Node::Text(_) | Node::List(_) => false,
        }
    }

    /// The JSON text for one delivery.
    #[must_use]
    pub fn fill(&self, delivery: &Delivery) -> String {
        let mut filled = String::new();
        self.0.write(delivery, &mut filled);
        filled
    }
}

impl Node {
    fn parse(json: &Json) -> Result<Self, String> {
        Ok(match json {
            Json::String(text) => Self::Text(Template::parse(text)?),
            Json::Array(items) => {
                Self::List(items.iter().map(Self::parse).collect::<Result<_, _>>()?)
            }
            Json::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| {
                    let name = Json::from(name.as_str()).to_string();
                    Ok((name, Self::parse(value)?))
                });
                Self::Object(fields.collect::<Result<_, String>>()?)
            }
            fixed => Self::Fixed(fixed.to_string()),
        })
    }

    fn write(&self, delivery: &Delivery, to: &mut String) {
        match self {
            Self::Fixed(json) => to.push_str(json),
            Self::Text(template) => write_text(template, delivery, to),
            Self::List(items) => {
                to.push('[');
                for (place, item) in items.iter().enumerate() {
                    to.push_str(if place > 0 { "," } else { "" });
                    item.write(delivery, to);
                }
                to.push(']');
            }
            Self::Object(fields) => {
                to.push('{');
                for (place, (name, value)) in fields.iter().enumerate() {
                    to.push_str(if place > 0 { "," } else { "" });
                    to.push_str(name);
                    to.push(':');
                    value.write(delivery, to);
                }
                to.push('}');
            }
        }
    }
}

fn write_text(template: &Template, delivery: &Delivery, to: &mut String) {
    if let [Part::Placeholder(alone)] = template.parts.as_slice() {
        match alone.value(delivery) {
            Value::Nothing => return to.push_str("null"),
            Value::Json(json) => return to.push_str(&json),
            Value::Text(_) => {}
        }
    }
    let text = template.fill(delivery, Encoding::Plain);
    to.push_str(&Json::from(text).to_string());
}
