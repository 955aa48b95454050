//! Edits of zones. There can be more than one place to make an edit: the first one counts that
//! does what it must.

use agave_core::Point;

use super::attempt::{Attempt, Goal};
use super::error::EditError;
use super::lines::Lines;
use super::patch::Replacement;
use super::written::{self, New};
use super::{Edited, polygon};
use crate::tree::{self, Tree};
use crate::{FileIndex, FlowText, Place, Surroundings, suggest};

/// A zone of a camera that there is.
struct Target<'a> {
    attempt: Attempt<'a>,
    subject: String,
    camera: String,
    zones: String,
    zone: String,
}

impl<'a> Target<'a> {
    fn new(
        text: &'a FlowText,
        surroundings: &'a dyn Surroundings,
        camera: &str,
        zone: &str,
    ) -> Result<Self, EditError> {
        let attempt = Attempt::new(text, surroundings)?;
        let pointer = tree::join("/cameras", camera);
        let files = &attempt.files;
        if files.written.at(&pointer).is_none() {
            return Err(EditError::NotFound {
                message: format!("there is no camera '{camera}'"),
                help: suggest::instead_of(camera, "cameras", &files.written.keys("/cameras")),
            });
        }
        files.require_sound(&pointer)?;
        let zones = tree::join(&pointer, "zones");
        Ok(Self {
            subject: format!("zone '{zone}' of camera '{camera}'"),
            zone: tree::join(&zones, zone),
            zones,
            camera: pointer,
            attempt,
        })
    }

    fn meant(&self) -> Option<&Tree> {
        self.attempt.files.meant.at(&self.zone)
    }

    fn require(&self, zone: &str) -> Result<(), EditError> {
        if self.meant().is_some() {
            return Ok(());
        }
        Err(EditError::NotFound {
            message: format!("there is no {}", self.subject),
            help: suggest::instead_of(zone, "zones", &self.attempt.files.meant.keys(&self.zones)),
        })
    }

    fn not_plain(&self) -> EditError {
        self.attempt.not_plain(&self.subject, &self.zone)
    }

    /// Why the zone could not be taken away. What stands at the camera may stand over what a
    /// template says.
    fn not_removable(&self) -> EditError {
        let files = &self.attempt.files;
        let template = files.template_of(&self.camera);
        let below = template.and_then(|template| {
            let zone = self.zone.strip_prefix(&self.camera)?;
            let below = format!("{template}{zone}");
            files.written.at(&below)?;
            Some(files.words(files.written.key_place(&below)))
        });
        match below {
            Some(place) if files.written.at(&self.zone).is_some() => EditError::NotPlain {
                place,
                message: format!(
                    "{} is given by a template as well, at this place",
                    self.subject
                ),
                help: "take it out of the template first".to_owned(),
            },
            _ => self.not_plain(),
        }
    }

    /// The mapping in which the zone is written, wherever that is, with its file.
    fn mapping(&self) -> Option<(String, FileIndex)> {
        let key = self.attempt.files.meant.key_place(&self.zone);
        let (file, _) = key.span()?;
        let pointer = self.attempt.files.pointer_of(key)?;
        Some((tree::parent(&pointer).to_owned(), file))
    }

    /// Other corners where they are written: at the camera, or where it gives them to a template.
    fn move_corners(&self, points: &[Point]) -> Option<(FileIndex, Vec<Replacement>)> {
        let tree = self.meant()?;
        let &Place::At(file, _) = &tree.place else {
            return None;
        };
        let lines = Lines::new(self.attempt.files.sources.file(file).as_str());
        let edit = polygon::replace(tree, points, file, &lines)?;
        Some((file, edit))
    }

    /// The zone as one more of the camera's own.
    fn add(&self, name: &str, points: &[Point]) -> Option<Vec<Replacement>> {
        let file = self.attempt.files.file_of(&self.camera);
        let corners = New::Inline(written::polygon(points));
        let attempt = &self.attempt;
        if attempt.is_nothing(&self.zone) {
            return attempt.in_mapping(&self.zones, file, |zones| zones.fill(name, &corners));
        }
        if attempt.is_nothing(&self.zones) {
            let zones = New::Mapping(vec![(name.to_owned(), corners)]);
            return attempt.in_mapping(&self.camera, file, |camera| camera.fill("zones", &zones));
        }
        if attempt.files.written.at(&self.zones).is_some() {
            return attempt.in_mapping(&self.zones, file, |zones| zones.insert(name, &corners));
        }
        let zones = New::Mapping(vec![(name.to_owned(), corners)]);
        attempt.in_mapping(&self.camera, file, |camera| camera.insert("zones", &zones))
    }
}

pub(super) fn set(
    text: &FlowText,
    surroundings: &dyn Surroundings,
    camera: &str,
    zone: &str,
    points: &[Point],
) -> Result<Edited, EditError> {
    let target = Target::new(text, surroundings, camera, zone)?;
    let pointers = [target.zone.as_str()];
    let is_met = |flow: &Tree| {
        flow.at(&target.zone)
            .is_some_and(|zone| polygon::says(zone, points))
    };
    let goal = Goal {
        pointers: &pointers,
        is_met: &is_met,
        drawn: Some(&target.subject),
    };
    let moved = target
        .move_corners(points)
        .and_then(|(file, edit)| target.attempt.edit(file, Some(edit), &goal));
    moved
        .or_else(|| {
            let file = target.attempt.files.file_of(&target.camera);
            target.attempt.edit(file, target.add(zone, points), &goal)
        })
        .unwrap_or_else(|| Err(target.not_plain()))
}

pub(super) fn remove(
    text: &FlowText,
    surroundings: &dyn Surroundings,
    camera: &str,
    zone: &str,
) -> Result<Edited, EditError> {
    let target = Target::new(text, surroundings, camera, zone)?;
    target.require(zone)?;
    let pointers = [target.zone.as_str()];
    let is_met = |flow: &Tree| flow.at(&target.zone).is_none();
    let goal = Goal {
        pointers: &pointers,
        is_met: &is_met,
        drawn: None,
    };
    let edited = target.mapping().and_then(|(zones, file)| {
        let attempt = &target.attempt;
        let edit = attempt.in_mapping(&zones, file, |zones| zones.remove(zone));
        // The only one goes with the key `zones`.
        let edit = edit.or_else(|| {
            let around = tree::parent(&zones);
            attempt.in_mapping(around, file, |around| around.remove("zones"))
        });
        attempt.edit(file, edit, &goal)
    });
    edited.unwrap_or_else(|| Err(target.not_removable()))
}

pub(super) fn rename(
    text: &FlowText,
    surroundings: &dyn Surroundings,
    camera: &str,
    zone: &str,
    new_name: &str,
) -> Result<Edited, EditError> {
    let target = Target::new(text, surroundings, camera, zone)?;
    target.require(zone)?;
    let files = &target.attempt.files;
    let new = tree::join(&target.zones, new_name);
    if files.meant.at(&new).is_some() && new_name != zone {
        return Err(EditError::Taken {
            place: files.words(files.meant.key_place(&new)),
            message: format!("camera '{camera}' has a zone '{new_name}' already"),
        });
    }
    let corners = target.meant().map(Tree::to_value);
    let pointers = [target.zone.as_str(), new.as_str()];
    let is_met = |flow: &Tree| {
        flow.at(&new).map(Tree::to_value) == corners
            && (new == target.zone || flow.at(&target.zone).is_none())
    };
    let goal = Goal {
        pointers: &pointers,
        is_met: &is_met,
        drawn: None,
    };
    let edited = target.mapping().and_then(|(zones, file)| {
        let attempt = &target.attempt;
        let edit = attempt.in_mapping(&zones, file, |zones| zones.rename(zone, new_name));
        attempt.edit(file, edit, &goal)
    });
    edited.unwrap_or_else(|| Err(target.not_removable()))
}
