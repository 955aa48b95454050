//! A camera's zone, changed in the file that has it: the flow file, or a part of it.

use agave_core::Point;
use agave_flow::{FlowText, edit};
use agave_inspector::Refusal;
use agave_inspector::system::ZoneChange;

use super::edit::replace;
use super::{Keeper, read};
use crate::control::{Report, Trigger, Verdict};
use crate::watch::Asked;

impl Keeper {
    /// Changes a zone in the flow file, whose tag is still the expected one.
    pub(crate) fn write_zone(&self, change: &ZoneChange<'_>) -> Result<Report, Refusal> {
        let _one_by_one = self.one_by_one();
        let now = self.expect_tag(change.expected)?;
        let edited = self.edited(&now.text, change)?;
        match edited.file == self.source.file {
            true => self.put(&now, &edited.text, change.who),
            false => self.write_part(&edited, change.who),
        }
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

    /// A part cannot be tried without being written: what was in it is put back if it is refused.
    fn write_part(&self, edited: &edit::Edited, who: &str) -> Result<Report, Refusal> {
        let unusable = |error: std::io::Error| {
            Refusal::Unavailable(format!("cannot change {}: {error}", edited.file.display()))
        };
        let before = std::fs::read_to_string(&edited.file).map_err(unusable)?;
        replace(&edited.file, &edited.text).map_err(unusable)?;
        let outcome = self.attempt();
        if let Err(refused) = outcome {
            replace(&edited.file, &before).map_err(unusable)?;
            // What ran goes on; the files say so again.
            let _ = self.attempt();
            return Err(refused.into());
        }
        let why = Trigger::Page(who.to_owned());
        Ok(self.announce(&why, &outcome, Verdict::Applied))
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
