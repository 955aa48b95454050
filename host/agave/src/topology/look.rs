//! How a camera's frames are looked at. It changes while frames are on their way, so each frame
//! carries the one that it was taken in with.

use std::sync::Arc;

use agave_core::Schedule;
use agave_media::RecentPictures;

use super::models::LoadedModel;
use crate::recording::RecordedCamera;

/// How a camera's frames are looked at.
#[derive(Clone, Default)]
pub(super) struct Look {
    /// In the order of the camera's infer nodes, with the hours at which they look.
    pub(super) models: Vec<(Arc<LoadedModel>, Option<Schedule>)>,
    /// They have looked before, and this is what they saw.
    pub(super) recorded: Option<Arc<RecordedCamera>>,
    /// Where frames are kept, if somebody asks for their pictures.
    pub(super) recent: Option<Arc<RecentPictures>>,
    /// The same for people.
    pub(super) shown: Option<Arc<RecentPictures>>,
}

impl Look {
    /// Whether the same models look, at the same hours.
    pub(super) fn same_models(&self, other: &Self) -> bool {
        let mut pairs = self.models.iter().zip(&other.models);
        self.models.len() == other.models.len()
            && self.recorded == other.recorded
            && pairs.all(|(one, other)| Arc::ptr_eq(&one.0, &other.0) && one.1 == other.1)
    }

    /// Whether nothing is different: models, hours, and where frames are kept.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let shelves = |look: &Self| {
            let all = [&look.recent, &look.shown];
            all.map(|shelf| shelf.as_ref().map(Arc::as_ptr))
        };
        self.same_models(other) && shelves(self) == shelves(other)
    }
}
