//! A camera that is lost, for those who look after it: what is wrong in plain words, when it is
//! tried again, and how to have it tried at once.

use std::time::{Duration, Instant};

use agave_flow::CameraKind;
use agave_inspector::view::{CameraTrouble, TroubleKind};

use super::camera::RunningCamera;
use super::running::Live;
use super::source::{Health, State};
use crate::camera_trial::advice;

/// By hand it is not tried more often than this.
const LEAST: Duration = Duration::from_secs(2);
/// While it refuses the login: together with what is tried anyway that is less often than cameras
/// lock an account for (Hikvision: 7 wrong logins in half an hour).
const LEAST_REFUSED: Duration = Duration::from_secs(10 * 60);

impl RunningCamera {
    /// Why it is lost or failed.
    pub(super) fn trouble(&self) -> Option<CameraTrouble> {
        self.trouble_of(&self.state.get())
    }

    fn trouble_of(&self, state: &State) -> Option<CameraTrouble> {
        let (Health::Lost(reason) | Health::Failed(reason)) = &state.health else {
            return None;
        };
        let camera = &self.camera;
        match camera.kind {
            CameraKind::Rtsp => {
                let has_login = camera.url.reveal() != camera.shown_url;
                let url = &camera.shown_url;
                Some(advice::of_running(reason, url, has_login, state.was_live))
            }
            CameraKind::File => Some(advice::no_file(reason)),
            CameraKind::Recording => None,
        }
    }

    /// How long it still waits, if it is lost and waits.
    pub(super) fn tries_again_in(&self) -> Option<Duration> {
        let state = self.state.get();
        let is_lost = matches!(state.health, Health::Lost(_));
        let retry_at = state.retry_at.filter(|_| is_lost)?;
        Some(retry_at.saturating_duration_since(Instant::now()))
    }

    /// Ends its wait, if it is lost and was not tried by hand just now. Says what is to be minded.
    fn try_now(&self) -> Result<String, String> {
        let name = &self.camera.name;
        let refuses_login = |state: &State| {
            let trouble = self.trouble_of(state);
            trouble.is_some_and(|trouble| trouble.kind == TroubleKind::Login)
        };
        let refuses = self.state.change(|state| {
            if !matches!(state.health, Health::Lost(_)) {
                let word = state.health.word();
                return Err(format!(
                    "{name} is {word}: only what is lost is tried again"
                ));
            }
            let refuses = refuses_login(state);
            let least = if refuses { LEAST_REFUSED } else { LEAST };
            let since = state.nudged_at.map(|nudged| nudged.elapsed());
            if let Some(left) = since.and_then(|since| least.checked_sub(since)) {
                return Err(too_soon(name, refuses, left));
            }
            state.nudged_at = Some(Instant::now());
            Ok(refuses)
        })?;
        self.nudge.try_now();
        Ok(match refuses {
            false => format!("{name} is tried now."),
            true => format!(
                "{name} is tried now. It refused the login before, and cameras lock an account \
                 after a few wrong ones: by hand it is tried again in {} minutes at the earliest.",
                LEAST_REFUSED.as_secs() / 60
            ),
        })
    }
}

fn too_soon(name: &str, refuses: bool, left: Duration) -> String {
    let seconds = left.as_secs() + 1;
    match refuses {
        false => format!("{name} was tried a moment ago; it can be tried again in {seconds} s"),
        true => format!(
            "{name} refused the login when it was last tried by hand, and cameras lock an account \
             after a few wrong ones; it can be tried again in {} min",
            seconds.div_ceil(60)
        ),
    }
}

impl Live {
    /// Has `camera` tried at once, and says so, or why not. `None` where there is no such camera.
    pub(crate) fn try_camera_now(&self, camera: &str) -> Option<Result<String, String>> {
        let parts = self.parts();
        let mut cameras = parts.cameras.iter();
        let running = cameras.find(|running| running.camera.name == camera)?;
        Some(running.try_now())
    }
}
