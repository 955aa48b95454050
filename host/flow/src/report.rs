//! Collects the problems of a flow while the stages look at it.

use std::collections::BTreeMap;

use crate::sources::Sources;
use crate::{Code, Diagnostic, Diagnostics, FileIndex, FlowText, Place, Severity, Span};

/// Nobody reads more than this, and a file that was made to hurt could have a hundred thousand.
const MAX_PROBLEMS: usize = 300;

/// The problems so far.
pub(crate) struct Report {
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
    has_errors: bool,
    left_off: usize,
    /// What was told of templates, by place: which problem, where the template is used first, and
    /// how often it was found again.
    of_templates: BTreeMap<(Code, FileIndex, Span), (usize, Place, usize)>,
}

impl Report {
    pub(crate) fn new(text: &FlowText) -> Self {
        Self {
            sources: Sources::new(text.clone()),
            diagnostics: Vec::new(),
            has_errors: false,
            left_off: 0,
            of_templates: BTreeMap::new(),
        }
    }

    /// The files that were read.
    pub(crate) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Adds a file that the flow is written in.
    pub(crate) fn add_file(&mut self, text: FlowText) -> FileIndex {
        self.sources.add(text)
    }

    /// Adds problems that were found before there was a text.
    pub(crate) fn add_all(&mut self, diagnostics: &Diagnostics) {
        self.has_errors |= diagnostics.has_errors();
        self.diagnostics.extend(diagnostics.iter().cloned());
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
        if let Some(again) = self.again(code, place) {
            *again += 1;
            return;
        }
        let text = self.sources.text(place);
        let diagnostic = Diagnostic::in_text(code, text, place.clone(), message.into());
        self.diagnostics.push(
            help.into_iter()
                .fold(diagnostic, |diagnostic, help| diagnostic.with_help(help)),
        );
    }

    /// How often the same problem at the same place of a template has been told since the first
    /// time: every use of the template has it.
    fn again(&mut self, code: Code, place: &Place) -> Option<&mut usize> {
        let user = place.user()?;
        let (file, span) = place.span()?;
        let key = (code, file, span);
        if !self.of_templates.contains_key(&key) {
            self.of_templates
                .insert(key, (self.diagnostics.len(), user, 0));
            return None;
        }
        self.of_templates.get_mut(&key).map(|(_, _, again)| again)
    }

    /// Says of problems in templates where these are used.
    fn tell_uses(&mut self) {
        for (index, user, again) in std::mem::take(&mut self.of_templates).into_values() {
            let Some(diagnostic) = self.diagnostics.get_mut(index) else {
                continue;
            };
            let help = self.sources.words_of_use(&user, again);
            *diagnostic = diagnostic.clone().with_help(help);
        }
    }

    /// Whether any of these kinds of problem has been seen.
    pub(crate) fn has_any(&self, codes: &[Code]) -> bool {
        self.diagnostics
            .iter()
            .any(|one| codes.contains(&one.code()))
    }

    pub(crate) fn finish(mut self) -> Diagnostics {
        self.tell_uses();
        if self.left_off > 0 {
            let message = format!("{} more problems are not shown", self.left_off);
            let place = Place::File;
            let text = self.sources.text(&place);
            let more = Diagnostic::in_text(Code::TooLarge, text, place, message);
            self.diagnostics.push(more);
        }
        Diagnostics::new(self.diagnostics)
    }
}
