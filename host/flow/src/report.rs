//! Collects the problems of one file while the stages look at it.

use crate::{Code, Diagnostic, Diagnostics, FlowText, Place, Severity};

/// Nobody reads more than this, and a file that was made to hurt could have a hundred thousand.
const MAX_PROBLEMS: usize = 300;

/// The problems so far.
pub(crate) struct Report {
    text: FlowText,
    diagnostics: Vec<Diagnostic>,
    has_errors: bool,
    left_off: usize,
}

impl Report {
    pub(crate) fn new(text: &FlowText) -> Self {
        Self {
            text: text.clone(),
            diagnostics: Vec::new(),
            has_errors: false,
            left_off: 0,
        }
    }

    pub(crate) fn text(&self) -> &FlowText {
        &self.text
    }

    /// Adds a problem, with what the reader can do about it.
    pub(crate) fn add<H: AsRef<str>>(
        &mut self,
        code: Code,
        place: &Place,
        message: impl Into<String>,
        help: impl IntoIterator<Item = H>,
    ) {
        // An error must never be left off when everything before it was a warning.
        if self.diagnostics.len() >= MAX_PROBLEMS && self.has_errors {
            self.left_off += 1;
            return;
        }
        self.has_errors |= code.severity() == Severity::Error;
        let diagnostic = Diagnostic::in_text(code, &self.text, place.clone(), message.into());
        self.diagnostics.push(
            help.into_iter()
                .fold(diagnostic, |diagnostic, help| diagnostic.with_help(help)),
        );
    }

    /// Whether any of these kinds of problem has been seen.
    pub(crate) fn has_any(&self, codes: &[Code]) -> bool {
        self.diagnostics
            .iter()
            .any(|one| codes.contains(&one.code()))
    }

    pub(crate) fn finish(mut self) -> Diagnostics {
        if self.left_off > 0 {
            let message = format!("{} more problems are not shown", self.left_off);
            let place = Place::File;
            let more = Diagnostic::in_text(Code::TooLarge, &self.text, place, message);
            self.diagnostics.push(more);
        }
        Diagnostics::new(self.diagnostics)
    }
}
