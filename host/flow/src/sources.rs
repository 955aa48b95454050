//! The files that a flow is written in.

use std::fmt;

use crate::{FileIndex, FlowText, Place};

/// The flow file, and the parts that it includes, in the order in which they were read.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    main: FlowText,
    parts: Vec<FlowText>,
}

impl Sources {
    pub(crate) fn new(main: FlowText) -> Self {
        Self {
            main,
            parts: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, part: FlowText) -> FileIndex {
        self.parts.push(part);
        FileIndex(self.parts.len())
    }

    /// One of the files.
    pub(crate) fn file(&self, FileIndex(index): FileIndex) -> &FlowText {
        let part = index.checked_sub(1);
        part.and_then(|part| self.parts.get(part))
            .unwrap_or(&self.main)
    }

    /// The file that `place` is in. What is on the command line stands in for the flow file.
    pub(crate) fn text(&self, place: &Place) -> &FlowText {
        match place {
            Place::At(file, _) | Place::Template { file, .. } => self.file(*file),
            Place::File | Place::Override(_) => &self.main,
        }
    }

    /// Says of a problem in a template where that is used, and how many more uses have it.
    pub(crate) fn words_of_use(&self, user: &Place, more: usize) -> String {
        let user = self.words(user);
        let more = match more {
            0 => String::new(),
            1 => ", and for one more that uses it".to_owned(),
            more => format!(", and for {more} more that use it"),
        };
        format!("this is in the template that is used at {user}{more}")
    }

    /// `parts/gate.yaml:3:5`: for messages about another place.
    pub(crate) fn words(&self, place: &Place) -> String {
        let file = self.text(place).file().display();
        match place {
            Place::At(_, span) | Place::Template { span, .. } => {
                format!("{file}:{}:{}", span.start.line, span.start.column)
            }
            Place::File => file.to_string(),
            Place::Override(path) => format!("--set {path}"),
        }
    }
}

/// There may be passwords in the texts.
impl fmt::Debug for Sources {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_list()
            .entry(&self.main)
            .entries(&self.parts)
            .finish()
    }
}
