//! Reads a flow and notes what it was read from.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use agave_flow::{Diagnostic, Flow, FlowText, Override};
use agave_inspector::view::FileProblem;

use super::texts::{Edits, Reader, Texts};
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
    /// What stood in those that are written by people.
    pub(crate) texts: Texts,
}

/// Reads and checks the flow in `file`.
pub(crate) fn read(machine: &Machine, file: &Path, overrides: &[Override]) -> Reading {
    read_with(machine, file, overrides, &Edits::new())
}

/// The same, as if its files said what `edits` say.
pub(super) fn read_with(
    machine: &Machine,
    file: &Path,
    overrides: &[Override],
    edits: &Edits,
) -> Reading {
    let asked = Asked::of(machine);
    let reader = Reader::new(&asked, edits);
    let loaded = agave_flow::load_file(file, overrides, &reader);
    let texts = reader.texts(file);
    Reading {
        flow: loaded.flow,
        problems: loaded.diagnostics.to_string().trim_end().to_owned(),
        found: loaded.diagnostics.iter().filter_map(problem).collect(),
        files: asked.files(),
        texts,
    }
}

/// What stands in the files of the flow in `file` now. It is neither checked nor run.
///
/// # Errors
/// When the flow file cannot be read.
pub(super) fn texts(machine: &Machine, file: &Path) -> std::io::Result<Texts> {
    let asked = Asked::of(machine);
    let edits = Edits::new();
    let reader = Reader::new(&asked, &edits);
    let bytes = agave_flow::Surroundings::read(&reader, file)?;
    if let Ok(text) = FlowText::from_bytes(file, bytes) {
        agave_flow::follow(&text, &reader);
    }
    Ok(reader.texts(file))
}

/// A problem in the form in which it is sent.
pub(super) fn problem(diagnostic: &Diagnostic) -> Option<FileProblem> {
    let written = serde_json::to_value(diagnostic).ok()?;
    serde_json::from_value(written).ok()
}
