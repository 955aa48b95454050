//! Reads a flow and notes what it was read from.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use agave_flow::{Flow, Override};

use crate::surroundings::Machine;
use crate::watch::Asked;

/// What was read.
pub(crate) struct Reading {
    /// None when it cannot be run.
    pub(crate) flow: Option<Flow>,
    /// Everything that is wrong with it, as it is printed; nothing when nothing is.
    pub(crate) problems: String,
    /// Every file that was asked for, there or not.
    pub(crate) files: BTreeSet<PathBuf>,
}

/// Reads and checks the flow in `file`.
pub(crate) fn read(machine: &Machine, file: &Path, overrides: &[Override]) -> Reading {
    let asked = Asked::of(machine);
    let loaded = agave_flow::load_file(file, overrides, &asked);
    Reading {
        flow: loaded.flow,
        problems: loaded.diagnostics.to_string().trim_end().to_owned(),
        files: asked.files(),
    }
}
