//! XML as devices write it: one element a line, lines that end with CRLF. Clients rely on both.

use std::borrow::Cow;
use std::fmt::Display;

/// The namespace of what this device says.
const NAMESPACE: &str = "http://www.hikvision.com/ver20/XMLSchema";

/// A document that is being written.
pub(crate) struct Document {
    text: String,
}

impl Document {
    /// A page, with its declaration.
    pub(crate) fn page(root: &str, content: impl FnOnce(&mut Self)) -> String {
        let mut document = Self {
            text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n".to_owned(),
        };
        document.root(root, content);
        document.text
    }

    /// A part of a stream, which has none.
    pub(crate) fn part(root: &str, content: impl FnOnce(&mut Self)) -> String {
        let mut document = Self {
            text: String::new(),
        };
        document.root(root, content);
        document.text
    }

    fn root(&mut self, root: &str, content: impl FnOnce(&mut Self)) {
        self.line(&format!("<{root} version=\"2.0\" xmlns=\"{NAMESPACE}\">"));
        content(self);
        self.line(&format!("</{root}>"));
    }

    /// An element with others in it.
    pub(crate) fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.line(&format!("<{name}>"));
        content(self);
        self.line(&format!("</{name}>"));
    }

    /// An element with a text in it.
    pub(crate) fn text(&mut self, name: &str, value: impl Display) {
        let value = value.to_string();
        self.line(&format!("<{name}>{}</{name}>", escaped(&value)));
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push_str("\r\n");
    }
}

/// Without what XML would read as something else, and without what it cannot say at all.
fn escaped(text: &str) -> Cow<'_, str> {
    let plain = |character: char| {
        !matches!(character, '&' | '<' | '>' | '"' | '\'') && !character.is_control()
    };
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_one_element_a_line_and_says_nothing_else_than_it_means() {
        let text = Document::part("A", |document| {
            document.element("B", |document| document.text("c", "<x & \"y\">\n\u{0}"));
        });
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(
            lines,
            [
                "<A version=\"2.0\" xmlns=\"http://www.hikvision.com/ver20/XMLSchema\">",
                "<B>",
                "<c>&lt;x &amp; &quot;y&quot;&gt;  </c>",
                "</B>",
                "</A>",
                "",
            ]
        );
        assert!(roxmltree::Document::parse(&text).is_ok());
    }
}
