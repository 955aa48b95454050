//! Where something was written.

use serde::Serialize;

/// A character of the file, as editors count: the first one is line 1, column 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// A stretch of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span {
    /// The first character.
    pub start: Position,
    /// The character after the last one.
    pub end: Position,
}

/// One of the files that a flow is written in, by the order in which they were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileIndex(pub usize);

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// It is about the flow file as a whole.
    File,
    /// In an override on the command line; this is its path, for example `cameras.gate.url`.
    Override(String),
    /// In one of the files.
    At(FileIndex, Span),
    /// In a template, which something else uses.
    Template {
        /// The file of the template.
        file: FileIndex,
        /// Where in the template.
        span: Span,
        /// The file in which it is used.
        user_file: FileIndex,
        /// The name of the template where it is used.
        user: Span,
    },
}

impl Place {
    /// The stretch of a file that it is, if it is one.
    pub fn span(&self) -> Option<(FileIndex, Span)> {
        match self {
            Self::File | Self::Override(_) => None,
            Self::At(file, span) | Self::Template { file, span, .. } => Some((*file, *span)),
        }
    }

    /// This place in a template, as it is used at `user`.
    pub(crate) fn used_at(&self, user: &Self) -> Self {
        match (self, user.span()) {
            (&Self::At(file, span), Some((user_file, user))) => Self::Template {
                file,
                span,
                user_file,
                user,
            },
            _ => self.clone(),
        }
    }

    /// The same kind of place around another stretch of the same file.
    pub(crate) fn with_span(&self, new: Span) -> Self {
        let mut place = self.clone();
        match &mut place {
            Self::At(_, span) | Self::Template { span, .. } => *span = new,
            Self::File | Self::Override(_) => {}
        }
        place
    }

    /// Where a template is used, if this is in one.
    pub(crate) fn user(&self) -> Option<Self> {
        match *self {
            Self::Template {
                user_file, user, ..
            } => Some(Self::At(user_file, user)),
            _ => None,
        }
    }

    /// From the command line through the files, from their tops to their ends.
    pub(crate) fn order(&self) -> (u8, &str, Option<(FileIndex, Span)>) {
        match self {
            Self::File => (0, "", None),
            Self::Override(path) => (1, path, None),
            Self::At(..) | Self::Template { .. } => (2, "", self.span()),
        }
    }
}
