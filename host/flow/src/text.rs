//! The text of a flow file, before anyone looks at what it says.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::{Code, Diagnostic, Diagnostics, FileIndex, Place, Position, Span};

/// Some editors on Windows begin a file with it. It cannot be seen.
const MARK: char = '\u{feff}';

/// A flow file as it was read.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FlowText {
    file: PathBuf,
    text: String,
    /// Whether the file begins with the mark of some editors, which is no part of the text.
    has_mark: bool,
}

/// There may be passwords in the text.
impl std::fmt::Debug for FlowText {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FlowText({}, …)", self.file.display())
    }
}

impl FlowText {
    /// Nobody writes a file of this size by hand, and a parser should not have to find out what it
    /// does with one.
    pub const MAX_BYTES: u64 = 1 << 20;

    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, it is too large, or it is not text.
    pub fn read(file: &Path) -> Result<Self, Diagnostics> {
        let bytes = Self::bytes(file).map_err(|error| unreadable(file, &error))?;
        Self::from_bytes(file, bytes)
    }

    /// Reads a file as far as it may be long, and one byte more: that is enough to know, and a pipe
    /// cannot fill the memory.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn bytes(file: &Path) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let opened = std::fs::File::open(file)?;
        opened.take(Self::MAX_BYTES + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Takes the bytes of a file that someone else has read.
    ///
    /// # Errors
    /// There are too many of them, or they are not text.
    pub fn from_bytes(file: &Path, bytes: Vec<u8>) -> Result<Self, Diagnostics> {
        if u64::try_from(bytes.len()).is_ok_and(|length| length > Self::MAX_BYTES) {
            return Err(Diagnostic::new(
                Code::TooLarge,
                file,
                Place::File,
                "the file is larger than 1 MiB".to_owned(),
            )
            .with_help("is this really a flow file?")
            .into());
        }
        let mut text = String::from_utf8(bytes).map_err(|error| {
            let good = error.utf8_error().valid_up_to();
            let before = String::from_utf8_lossy(error.as_bytes().get(..good).unwrap_or_default());
            let start = Position {
                line: before.matches('\n').count() + 1,
                column: before.chars().rev().take_while(|&c| c != '\n').count() + 1,
            };
            Diagnostic::new(
                Code::Unreadable,
                file,
                Place::At(FileIndex::default(), Span { start, end: start }),
                "this is not UTF-8 text".to_owned(),
            )
            .with_help("save the file with the encoding UTF-8")
        })?;
        let has_mark = text.starts_with(MARK);
        if has_mark {
            text.drain(..MARK.len_utf8());
        }
        Ok(Self {
            file: file.to_owned(),
            text,
            has_mark,
        })
    }

    /// The file's path, as it was given.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The folder that paths in the file are relative to.
    pub fn folder(&self) -> &Path {
        match self.file.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        }
    }

    /// What is in the file.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The file with another text in it, as it is to be written.
    pub(crate) fn rewritten(&self, text: &str) -> String {
        let mark = if self.has_mark { "\u{feff}" } else { "" };
        format!("{mark}{text}")
    }

    /// A line, from 1.
    pub(crate) fn line(&self, number: usize) -> Option<&str> {
        self.lines().nth(number.checked_sub(1)?)
    }

    pub(crate) fn lines(&self) -> std::str::Lines<'_> {
        self.text.lines()
    }

    /// What is written in `span`, when it is within one line.
    pub(crate) fn slice(&self, span: Span) -> Option<String> {
        if span.start.line != span.end.line {
            return None;
        }
        let length = span.end.column.checked_sub(span.start.column)?;
        let line = self.line(span.start.line)?;
        Some(
            line.chars()
                .skip(span.start.column.saturating_sub(1))
                .take(length)
                .collect(),
        )
    }
}

/// Why a flow file is not there.
pub(crate) fn unreadable(file: &Path, error: &std::io::Error) -> Diagnostic {
    let message = match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::IsADirectory => "this is a folder, and a flow is a file".to_owned(),
        _ => format!("the flow file cannot be read: {error}"),
    };
    Diagnostic::new(Code::Unreadable, file, Place::File, message)
}
