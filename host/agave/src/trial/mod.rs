//! Tries a plugin out on examples: what it is given, and what must come of it. No camera, no
//! model, no flow; the component, its limits and the checks of what it returns are the real ones.
//!
//! The stages are types: a file → [`TestFile`] (its shape) → [`Case`] (names looked up, times
//! counted) → [`Outcome`] (how it went).

mod case;
mod compare;
mod log;
mod receiver;
mod run;
mod show;
mod spec;
mod words;

use std::path::Path;

use agave_core::Role;
use agave_flow::FlowText;
use anyhow::{Context, Result, anyhow};

pub(crate) use case::Case;
pub(crate) use run::{Outcome, Runner, node_setup};
pub(crate) use show::{json, shown, told};
use spec::{InputFile, TestFile};
pub(crate) use words::START;

/// The tests in `file`, for a plugin in `role`.
///
/// # Errors
/// Everything that is wrong with the file, each with its place; or what is wrong with a test,
/// with its name.
pub(crate) fn tests(file: &Path, role: Role) -> Result<Vec<Case>> {
    let text = FlowText::read(file).map_err(|problems| anyhow!("{problems}"))?;
    let read: TestFile =
        agave_flow::document(&text, "the tests").map_err(|problems| anyhow!("{problems}"))?;
    read.tests
        .into_iter()
        .map(|test| Case::new(role, &read.stream, test))
        .collect::<Result<_>>()
        .with_context(|| file.display().to_string())
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
