//! What is added to a flow from its page.

use std::sync::atomic::{AtomicUsize, Ordering};

use agave_inspector::Refusal;
use agave_inspector::additions::{Additions, Wish};
use agave_inspector::view::{Addition, CameraAddress, CameraTrial, ModelFiles, NewCamera, NewRule};

use super::InspectedFlow;
use crate::{camera_trial, model_files};

/// Each holds a thread and a connection for up to a quarter of a minute.
const MOST_TRIALS: usize = 4;
static TRIALS: AtomicUsize = AtomicUsize::new(0);

impl Additions for InspectedFlow {
    fn model_files(&self) -> ModelFiles {
        ModelFiles {
            is_needed: !self.keeper.watches_new_cameras(),
            ..model_files::find(self.keeper.folder())
        }
    }

    fn try_camera(&self, address: &CameraAddress) -> Result<CameraTrial, Refusal> {
        let _place = Place::take().ok_or_else(|| {
            Refusal::Unavailable("other cameras are being tried; try again in a moment".to_owned())
        })?;
        Ok(camera_trial::run(address, self.keeper.folder()))
    }

    fn add_camera(&self, camera: &NewCamera, wish: &Wish<'_>) -> Result<Addition, Refusal> {
        self.keeper.add_camera(camera, wish)
    }

    fn add_rule(&self, rule: &NewRule, wish: &Wish<'_>) -> Result<Addition, Refusal> {
        self.keeper.add_rule(rule, wish)
    }
}

/// One of the places for trials, until it is dropped.
struct Place;

impl Place {
    fn take() -> Option<Self> {
        let more = |taken| (taken < MOST_TRIALS).then_some(taken + 1);
        let taken = TRIALS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.is_ok().then_some(Self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        TRIALS.fetch_sub(1, Ordering::Relaxed);
    }
}
