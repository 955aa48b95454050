//! A camera's zone, changed in the file that has it: the flow file, or a part of it.

use agave_core::Point;
use agave_flow::{FlowText, edit};
use agave_inspector::Refusal;
use agave_inspector::system::ZoneChange;

use super::texts::Edits;
use super::{Keeper, read};
use crate::control::Report;
use crate::watch::Asked;

impl Keeper {
    /// Changes a zone in the file that has it. The tag of all files is still the expected one.
    pub(crate) fn write_zone(&self, change: &ZoneChange<'_>) -> Result<Report, Refusal> {
        let _one_by_one = self.one_by_one();
        let now = self.expect_tag(change.expected)?;
        if change.points.is_none() {
            self.expect_unwatched(change.camera, change.zone)?;
        }
        let edited = self.edited(now.main(), change)?;
        self.put(&now, &Edits::from([(edited.file, edited.text)]), change.who)
    }

    fn edited(&self, text: &str, change: &ZoneChange<'_>) -> Result<edit::Edited, Refusal> {
        let file = &self.source.file;
        let text = FlowText::from_bytes(file, text.as_bytes().to_vec());
        let text = text.map_err(|problems| refused(&edit::EditError::Unreadable(problems)))?;
        let asked = Asked::of(&self.source.machine);
        let &ZoneChange { camera, zone, .. } = change;
        let edited = match change.points {
            None => edit::remove_zone(&text, &asked, camera, zone),
            Some(points) => {
                let points: Vec<Point> = points.iter().map(|&[x, y]| Point { x, y }).collect();
                edit::set_zone(&text, &asked, camera, zone, &points)
            }
        };
        edited.map_err(|error| refused(&error))
    }
}

pub(super) fn refused(error: &edit::EditError) -> Refusal {
    let said = error.to_string();
    match error {
        edit::EditError::NotFound { .. } => Refusal::NotFound(said),
        edit::EditError::Unreadable(problems) | edit::EditError::Refused(problems) => {
            Refusal::Invalid {
                said,
                problems: problems.iter().filter_map(read::problem).collect(),
            }
        }
        edit::EditError::Taken { .. } | edit::EditError::NotPlain { .. } => Refusal::Invalid {
            said,
            problems: Vec::new(),
        },
    }
}
