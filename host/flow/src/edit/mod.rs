//! Edits of a flow file that leave everything else as it is written, byte for byte: comments,
//! order, quotes, line ends. Nothing is printed anew; pieces of the text are replaced.
//!
//! A text can be written in more ways than an edit knows of, so none is trusted: what it made is
//! read again, with all files and templates, and the flow must differ in exactly what was asked
//! for. Where that cannot be done, nothing is, and the error says where to do it by hand.

mod attempt;
mod bracketed;
mod error;
mod files;
mod lines;
mod mapping;
mod patch;
mod polygon;
mod section;
mod setting;
mod value;
mod written;
mod zone;

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use agave_core::Point;

pub use error::EditError;
pub use value::Scalar;

use crate::{FlowText, Surroundings};

/// A file as it is to be written. It has not been.
#[derive(Clone, PartialEq, Eq)]
pub struct Edited {
    /// The flow file, or the part of it in which the edit belongs.
    pub file: PathBuf,
    /// All that is to be in it.
    pub text: String,
    /// The lines of `text`, from 1, that are not as they were. Empty when lines only went, or
    /// when the flow says already what was asked for.
    pub changed_lines: Range<usize>,
}

/// There may be passwords in the text.
impl fmt::Debug for Edited {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range { start, end } = self.changed_lines;
        let file = self.file.display();
        write!(formatter, "Edited({file}, lines {start}..{end})")
    }
}

/// Gives `camera` the zone `zone`, or other corners to the one that it has. They are written with
/// four decimals at most. A zone that a template gives is written at the camera, over that of the
/// template, so that no other camera changes.
///
/// # Errors
/// There is no such camera, the polygon is none, or the zone is written where it cannot be changed
/// alone.
pub fn set_zone(
    text: &FlowText,
    surroundings: &dyn Surroundings,
    camera: &str,
    zone: &str,
    points: &[Point],
) -> Result<Edited, EditError> {
    zone::set(text, surroundings, camera, zone, points)
}

/// Takes a zone from `camera`. Comments on its lines go with it. Rules that ask for the zone are
/// not changed.
///
/// # Errors
/// There is no such camera or zone, or the zone is written where it cannot be taken away alone, as
/// in a template that several cameras use.
pub fn remove_zone(
    text: &FlowText,
    surroundings: &dyn Surroundings,
    camera: &str,
    zone: &str,
) -> Result<Edited, EditError> {
    zone::remove(text, surroundings, camera, zone)
}

/// Gives a zone of `camera` another name. Rules that ask for it by its old name are not changed.
///
/// # Errors
/// As for [`remove_zone`]; or there is a zone of the new name, or it cannot be one.
pub fn rename_zone(
    text: &FlowText,
    surroundings: &dyn Surroundings,
    camera: &str,
    zone: &str,
    new_name: &str,
) -> Result<Edited, EditError> {
    zone::rename(text, surroundings, camera, zone, new_name)
}

/// Adds a camera behind the others of the flow file. References in `url` are kept as such.
///
/// # Errors
/// There is a camera of that name, or something is wrong with what it would be.
pub fn add_camera(
    text: &FlowText,
    surroundings: &dyn Surroundings,
    name: &str,
    url: &str,
    frames_per_second: Option<f32>,
) -> Result<Edited, EditError> {
    let mut camera = serde_json::Map::new();
    camera.insert("url".to_owned(), url.into());
    // By way of its text 0.1 stays 0.1, and 8 stays 8.
    let fps = frames_per_second.and_then(|fps| fps.to_string().parse().ok());
    camera.extend(fps.map(|fps| ("fps".to_owned(), serde_json::Value::Number(fps))));
    add_to_section(text, surroundings, Section::Cameras, name, &camera)
}

/// A section whose entries have names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// `models`.
    Models,
    /// `cameras`.
    Cameras,
    /// `nodes`.
    Nodes,
}

/// Adds an entry called `name` behind the others of a section, which is begun where it is not
/// there. Its `members` are written in their order, those of mappings and lists inside of them on
/// one line.
///
/// # Errors
/// There is an entry of that name, or something is wrong with what it would be.
pub fn add_to_section(
    text: &FlowText,
    surroundings: &dyn Surroundings,
    section: Section,
    name: &str,
    members: &serde_json::Map<String, serde_json::Value>,
) -> Result<Edited, EditError> {
    section::add(text, surroundings, section, name, members)
}

/// Takes an entry out of a section, with the comments on its lines. What refers to it has to go
/// before.
///
/// # Errors
/// There is no such entry, something refers to it, or it cannot be taken away alone.
pub fn remove_from_section(
    text: &FlowText,
    surroundings: &dyn Surroundings,
    section: Section,
    name: &str,
) -> Result<Edited, EditError> {
    section::remove(text, surroundings, section, name)
}

/// Gives a setting of a node's plugin another value, whatever it is, or takes it away, so that the
/// plugin's own default counts. What a template gives is written at the node.
///
/// # Errors
/// There is no such node, the plugin does not take the value, or it is written where it cannot be
/// changed alone.
pub fn set_setting(
    text: &FlowText,
    surroundings: &dyn Surroundings,
    node: &str,
    setting: &str,
    value: Option<&serde_json::Value>,
) -> Result<Edited, EditError> {
    setting::set(text, surroundings, node, setting, value)
}

/// Sets one value, by its path as in `--set`: `cameras.gate.fps`, `nodes.quiet.config.hold`. What
/// is around it must be there. What a template gives is written at the camera or node.
///
/// # Errors
/// The path leads nowhere, or to more than a single value; the flow does not take the value, or it
/// is written where it cannot be changed alone.
pub fn set_value(
    text: &FlowText,
    surroundings: &dyn Surroundings,
    path: &str,
    value: &Scalar,
) -> Result<Edited, EditError> {
    value::set(text, surroundings, path, value)
}
