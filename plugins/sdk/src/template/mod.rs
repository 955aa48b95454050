//! Texts of a configuration with places for what an alert says: `{camera}: {class} in {zone}`.
//!
//! A [`Template`] is read when the plugin is configured, so a slip is refused before the flow
//! starts, and filled for each delivery. What is filled in is written in the way of the place
//! where it ends up ([`Encoding`]): nothing that an alert says can end a JSON text, add a header
//! or change the way of an address.
//!
//! ```
//! # use agave_vision_sdk::prelude::*;
//! # use agave_vision_sdk::testing;
//! use agave_vision_sdk::template::{Encoding, Template};
//!
//! let template = Template::parse("{camera}: {class} ({phase})")?;
//! let delivery = testing::delivery(testing::alert("person", Phase::Begin, 1.0));
//! assert_eq!(template.fill(&delivery, Encoding::Plain), "camera: person (begin)");
//! # Ok::<(), String>(())
//! ```

mod encoding;
mod json;
mod placeholder;

use crate::Delivery;

pub use encoding::Encoding;
pub use json::JsonTemplate;
use placeholder::Placeholder;

/// A text with placeholders.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Placeholder(Placeholder),
}

impl Template {
    /// Reads a text in which `{NAME}` is a placeholder, and `{{` and `}}` are braces.
    ///
    /// # Errors
    /// A sentence for the user when a placeholder is unknown or a brace is left over.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from_brace) = rest.split_at(at);
            literal.push_str(before);
            if let Some(after) = from_brace.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = from_brace.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else if let Some(inner) = from_brace.strip_prefix('{') {
                let (name, after) = inner
                    .split_once('}')
                    .ok_or_else(|| format!("`{text}` has a `{{` without its `}}`; {BRACES}"))?;
                if !literal.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut literal)));
                }
                let placeholder = Placeholder::named(name).ok_or_else(|| unknown(name))?;
                parts.push(Part::Placeholder(placeholder));
                rest = after;
            } else {
                return Err(format!("`{text}` has a `}}` without its `{{`; {BRACES}"));
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self { parts })
    }

    /// The text for one delivery. The template's own words are taken as they are; what is filled
    /// in is written as `encoding` says. What an alert does not have is left empty.
    #[must_use]
    pub fn fill(&self, delivery: &Delivery, encoding: Encoding) -> String {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Placeholder(placeholder) => {
                    encoding.write(&placeholder.value(delivery).into_text(), &mut filled);
                }
            }
        }
        filled
    }

    /// What is in it before the first placeholder.
    #[must_use]
    pub fn beginning(&self) -> &str {
        match self.parts.first() {
            Some(Part::Text(text)) => text,
            _ => "",
        }
    }

    /// The text, where nothing in it depends on the alert.
    #[must_use]
    pub fn fixed(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Its words and the values between them, for a form in which the words are not text.
    pub fn pieces<'t>(&'t self, delivery: &'t Delivery) -> impl Iterator<Item = Piece<'t>> {
        self.parts.iter().map(|part| match part {
            Part::Text(text) => Piece::Words(text),
            Part::Placeholder(placeholder) => {
                Piece::Value(placeholder.value(delivery).into_text().into_owned())
            }
        })
    }

    /// Its own words, without the placeholders.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Placeholder(_) => None,
        })
    }
}

/// A part of a filled template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    /// What the template says itself.
    Words(&'t str),
    /// What was filled in.
    Value(String),
}

const BRACES: &str = "a brace as such is written twice";

fn unknown(name: &str) -> String {
    let known: Vec<String> = placeholder::names()
        .map(|name| format!("`{{{name}}}`"))
        .collect();
    format!(
        "`{{{name}}}` is no placeholder; there are {} and `{{attributes.NAME}}`, and {BRACES}",
        known.join(", ")
    )
}

#[cfg(test)]
mod tests;
