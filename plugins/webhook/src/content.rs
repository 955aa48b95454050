//! What is posted, and of what type it is.

use agave_vision_sdk::Delivery;
use agave_vision_sdk::template::{Encoding, JsonTemplate, Template};
use serde_json::Value;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// The body of a request, before it is filled.
pub(crate) struct Content {
    content_type: String,
    body: Body,
}

enum Body {
    /// The JSON object that every receiver of Agave's alerts knows.
    Report,
    Structure(JsonTemplate),
    Text(Template, Encoding),
}

impl Content {
    /// Reads `body`; a `content-type` among `headers` says how values are written into a text.
    pub(crate) fn new(
        body: Option<&Value>,
        headers: &[(String, Template)],
    ) -> Result<Self, String> {
        let named = headers.iter().find(|(name, _)| name == "content-type");
        let named = named.map(|(_, value)| {
            let fixed = value.fixed().map(str::to_owned);
            fixed.ok_or("`headers.content-type` cannot depend on the alert")
        });
        let named = named.transpose()?;
        let content_type = |default: &str| named.clone().unwrap_or_else(|| default.to_owned());
        let in_body = |problem: String| format!("`body`: {problem}");
        Ok(match body {
            None | Some(Value::Null) => Self {
                content_type: content_type(JSON),
                body: Body::Report,
            },
            Some(Value::String(text)) => {
                let content_type = content_type(TEXT);
                let template = Template::parse(text).map_err(|problem| {
                    let structure = "; JSON is best written as a structure, such as `body: { text: \"{camera}\" }`";
                    let is_json = text.trim_start().starts_with(['{', '[']);
                    in_body(problem) + if is_json { structure } else { "" }
                })?;
                let encoding = encoding(&content_type);
                Self {
                    content_type,
                    body: Body::Text(template, encoding),
                }
            }
            Some(structure) => Self {
                content_type: content_type(JSON),
                body: Body::Structure(JsonTemplate::parse(structure).map_err(in_body)?),
            },
        })
    }

    pub(crate) fn content_type(&self) -> &str {
        &self.content_type
    }

    /// Whether what is posted is certainly JSON.
    pub(crate) fn is_json(&self) -> bool {
        !matches!(self.body, Body::Text(..))
    }

    /// Whether what is posted is a JSON object, which can have one more field.
    pub(crate) fn is_object(&self) -> bool {
        match &self.body {
            Body::Report => true,
            Body::Structure(template) => template.is_object(),
            Body::Text(..) => false,
        }
    }

    /// Whether the settings name this field of the object.
    pub(crate) fn has(&self, field: &str) -> bool {
        match &self.body {
            Body::Structure(template) => template.has(field),
            Body::Report | Body::Text(..) => false,
        }
    }

    /// What is posted. `more` are fields for the end of an object.
    pub(crate) fn fill(&self, delivery: &Delivery, more: Option<&str>) -> String {
        let filled = match &self.body {
            Body::Report => agave_vision_sdk::alert_json(delivery),
            Body::Structure(template) => template.fill(delivery),
            Body::Text(template, encoding) => template.fill(delivery, *encoding),
        };
        let object = filled.strip_suffix('}').filter(|_| self.is_object());
        match (object, more) {
            (Some("{"), Some(more)) => format!("{{{more}}}"),
            (Some(fields), Some(more)) => format!("{fields},{more}}}"),
            _ => filled,
        }
    }
}

/// How a value is written into a text of this type.
fn encoding(content_type: &str) -> Encoding {
    let content_type = content_type.to_ascii_lowercase();
    if content_type.contains("json") {
        Encoding::Json
    } else if content_type.contains("x-www-form-urlencoded") {
        Encoding::Percent
    } else {
        Encoding::Plain
    }
}
