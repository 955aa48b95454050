//! Reads a flow and notes what it was read from.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use agave_flow::{Diagnostic, Diagnostics, Flow, FlowText, Override};
use agave_inspector::view::FileProblem;

use crate::surroundings::Machine;
use crate::watch::Asked;

/// What was read.
pub(crate) struct Reading {
    /// None when it cannot be run.
    pub(crate) flow: Option<Flow>,
    /// Everything that is wrong with it, as it is printed; nothing when nothing is.
    pub(crate) problems: String,
    /// The same for programs.
    pub(crate) found: Vec<FileProblem>,
    /// Every file that was asked for, there or not.
    pub(crate) files: BTreeSet<PathBuf>,
}

/// Reads and checks the flow in `file`.
pub(crate) fn read(machine: &Machine, file: &Path, overrides: &[Override]) -> Reading {
    let asked = Asked::of(machine);
    let loaded = agave_flow::load_file(file, overrides, &asked);
    Reading::new(loaded.flow, &loaded.diagnostics, asked.files())
}

/// The same, as if `text` stood in `file`.
pub(super) fn read_text(
    machine: &Machine,
    file: &Path,
    text: &str,
    overrides: &[Override],
) -> Reading {
    let asked = Asked::of(machine);
    let (flow, diagnostics) = match FlowText::from_bytes(file, text.as_bytes().to_vec()) {
        Ok(text) => agave_flow::load(&text, overrides, &asked),
        Err(diagnostics) => (None, diagnostics),
    };
    let mut files = asked.files();
    files.insert(file.to_owned());
    Reading::new(flow, &diagnostics, files)
}

impl Reading {
    fn new(flow: Option<Flow>, diagnostics: &Diagnostics, files: BTreeSet<PathBuf>) -> Self {
        Self {
            flow,
            problems: diagnostics.to_string().trim_end().to_owned(),
            found: diagnostics.iter().filter_map(problem).collect(),
            files,
        }
    }
}

/// A problem in the form in which it is sent.
pub(super) fn problem(diagnostic: &Diagnostic) -> Option<FileProblem> {
    let written = serde_json::to_value(diagnostic).ok()?;
    serde_json::from_value(written).ok()
}
