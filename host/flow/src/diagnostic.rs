//! A problem in a form that a person can act on: what is wrong, where, and what to do.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::mask::{self, MaskedLine};
use crate::{Code, FlowText, Place, Position, Severity};

/// One problem. It owns everything that it takes to print it, and nothing that must not be
/// printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    code: Code,
    file: PathBuf,
    place: Place,
    message: String,
    help: Vec<String>,
    line: Option<MaskedLine>,
}

impl Diagnostic {
    /// A problem without a source line.
    pub(crate) fn new(code: Code, file: &Path, place: Place, message: String) -> Self {
        Self {
            code,
            file: file.to_owned(),
            place,
            message: mask::text(&message),
            help: Vec::new(),
            line: None,
        }
    }

    /// A problem that shows the line it is about.
    pub(crate) fn in_text(code: Code, text: &FlowText, place: Place, message: String) -> Self {
        let mut diagnostic = Self::new(code, text.file(), place, message);
        if let Some((_, span)) = diagnostic.place.span() {
            diagnostic.line = mask::line(text, span.start.line, span);
        }
        diagnostic
    }

    /// Adds what the reader can do about it.
    pub fn with_help(mut self, help: impl AsRef<str>) -> Self {
        self.help.push(mask::text(help.as_ref()));
        self
    }

    /// What kind of problem it is.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Whether it keeps the flow from running.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// The file it is about.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The line and column where it begins, if it is at one place of the file.
    pub fn position(&self) -> Option<Position> {
        self.place.span().map(|(_, span)| span.start)
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it, a line each.
    pub fn help(&self) -> &[String] {
        &self.help
    }

    /// Problems are told from the top of the file to its end.
    pub(crate) fn order(&self) -> impl Ord {
        (self.place.order(), self.code, &self.message)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File => write!(formatter, "{}: ", self.file.display())?,
            Place::Override(path) => write!(formatter, "--set {path}: ")?,
            Place::At(_, span) | Place::Template { span, .. } => write!(
                formatter,
                "{}:{}:{}: ",
                self.file.display(),
                span.start.line,
                span.start.column
            )?,
        }
        writeln!(
            formatter,
            "{}[{}]: {}",
            self.severity(),
            self.code,
            self.message
        )?;
        let mut indent = 0;
        if let (Some(line), Some((_, span))) = (&self.line, self.place.span()) {
            let number = format!("{:>5}", span.start.line);
            indent = number.len();
            writeln!(formatter, "{number} | {}", line.text)?;
            writeln!(
                formatter,
                "{:indent$} | {}{}",
                "",
                " ".repeat(line.caret_start),
                "^".repeat(line.caret_length)
            )?;
        }
        for help in &self.help {
            writeln!(formatter, "{:indent$} = help: {help}", "")?;
        }
        Ok(())
    }
}

/// For programs: `code`, `severity`, `message`, `help`, `file`, and `line`, `column`, `end_line`
/// and `end_column` or `override` where there are such.
impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Diagnostic", 10)?;
        fields.serialize_field("code", &self.code)?;
        fields.serialize_field("severity", &self.severity())?;
        fields.serialize_field("message", &self.message)?;
        fields.serialize_field("help", &self.help)?;
        fields.serialize_field("file", &self.file.display().to_string())?;
        match &self.place {
            Place::File => {}
            Place::Override(path) => fields.serialize_field("override", path)?,
            Place::At(_, span) | Place::Template { span, .. } => {
                fields.serialize_field("line", &span.start.line)?;
                fields.serialize_field("column", &span.start.column)?;
                fields.serialize_field("end_line", &span.end.line)?;
                fields.serialize_field("end_column", &span.end.column)?;
            }
        }
        fields.end()
    }
}

/// All problems of a file, from its top to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Puts them in order and drops what is said twice.
    pub(crate) fn new(mut diagnostics: Vec<Diagnostic>) -> Self {
        diagnostics.sort_by(|a, b| a.order().cmp(&b.order()));
        diagnostics.dedup();
        Self(diagnostics)
    }

    /// Whether anything keeps the flow from running.
    pub fn has_errors(&self) -> bool {
        self.iter().any(|one| one.severity() == Severity::Error)
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// From the top of the file to its end.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// For terminals: one after the other with an empty line between them.
impl fmt::Display for Diagnostics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(formatter)?;
            }
            write!(formatter, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
impl std::error::Error for Diagnostic {}
