//! Tries a plugin out on examples: what it is given, and what must come of it. No camera, no
//! model, no flow; the component, its limits and the checks of what it returns are the real ones.
//!
//! The stages are types: a file → [`TestFile`] (its shape) → [`Case`] (names looked up, times
//! counted) → [`Outcome`] (how it went).

mod case;
mod compare;
mod expected;
mod log;
mod node;
mod receiver;
mod run;
mod show;
mod spec;
mod words;

use std::path::{Path, PathBuf};

use agave_core::Role;
use agave_flow::FlowText;
use anyhow::{Context, Result, anyhow};

pub(crate) use case::Case;
pub(crate) use compare::differences;
pub(crate) use log::captured;
pub(crate) use node::node_setup;
pub(crate) use run::{Outcome, Runner};
pub(crate) use show::{json, shown, told};
use spec::{InputFile, TestFile};
pub(crate) use words::{START, alert_json, alert_line, seconds};

/// A file of tests as it was read.
pub(crate) struct Tests {
    pub(crate) file: PathBuf,
    read: TestFile,
}

impl Tests {
    /// Reads `file`.
    ///
    /// # Errors
    /// Everything that does not have the shape of tests, each with its place.
    pub(crate) fn read(file: PathBuf) -> Result<Self> {
        let text = FlowText::read(&file).map_err(|problems| anyhow!("{problems}"))?;
        let read =
            agave_flow::document(&text, "the tests").map_err(|problems| anyhow!("{problems}"))?;
        Ok(Self { file, read })
    }

    /// The tests for a plugin in `role`.
    ///
    /// # Errors
    /// What is wrong with a test, with its name.
    pub(crate) fn cases(self, role: Role) -> Result<Vec<Case>> {
        let TestFile { stream, tests } = self.read;
        tests
            .into_iter()
            .map(|test| Case::new(role, &stream, test))
            .collect::<Result<_>>()
            .with_context(|| self.file.display().to_string())
    }
}

/// The inputs in `file` as a test that expects nothing.
///
/// # Errors
/// Everything that is wrong with the file.
pub(crate) fn inputs(file: &Path, role: Role) -> Result<Case> {
    let text = FlowText::read(file).map_err(|problems| anyhow!("{problems}"))?;
    let read: InputFile =
        agave_flow::document(&text, "the inputs").map_err(|problems| anyhow!("{problems}"))?;
    let (stream, test) = read.into_test();
    Case::new(role, &stream, test).with_context(|| file.display().to_string())
}
