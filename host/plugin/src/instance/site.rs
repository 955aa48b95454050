//! The calls of a rule and of a gate that look at several cameras.

use agave_core::{Alert, FrameDetections, StreamInfo, Timestamp};

use super::{Exports, Instance, refused, wrong_role};
use crate::bindings::imports::agave::plugin::types as wit;
use crate::exact;
use crate::failure::Failure;
use crate::validate::Bounds;

impl Instance {
    /// As a plugin that looks at several cameras: tells it which they are; what it remembers
    /// stays.
    ///
    /// # Errors
    /// When it refuses them, fails or is no such plugin.
    pub fn cameras(&mut self, cameras: Vec<StreamInfo>) -> Result<(), Failure> {
        self.begin_upkeep();
        self.cameras_bounds = cameras.iter().map(Bounds::of).collect();
        self.cameras = cameras;
        let given: Vec<wit::StreamInfo> = self.cameras.iter().map(Into::into).collect();
        let told = match &self.exports {
            Exports::SiteRule(exports) => exports
                .agave_plugin_site_rule()
                .call_cameras(&mut self.store, &given),
            Exports::SiteGate(exports) => exports
                .agave_plugin_site_gate()
                .call_cameras(&mut self.store, &given),
            _ => return Err(wrong_role()),
        };
        told.map_err(|error| Failure::of(&error, self.store.data()))?
            .map_err(refused)
    }

    /// As a rule that looks at several cameras: the alerts that one frame of the camera with this
    /// number raises. They are that camera's.
    ///
    /// # Errors
    /// When the plugin fails or is no such rule, or there is no such camera.
    pub fn evaluate_site(
        &mut self,
        camera: usize,
        frame: &FrameDetections,
    ) -> Result<Vec<Alert>, Failure> {
        self.begin_call();
        let Exports::SiteRule(exports) = &self.exports else {
            return Err(wrong_role());
        };
        let returned = exports.agave_plugin_site_rule().call_evaluate(
            &mut self.store,
            number_of(camera),
            &frame.into(),
        );
        let mut alerts = self.alerts(returned)?;
        exact::restore_raised(frame, &mut alerts);
        self.cameras_bounds
            .get_mut(camera)
            .ok_or_else(|| no_such_camera(camera))
            .and_then(|bounds| bounds.check_raised(frame, &alerts))
            .map_err(Failure::BadOutput)?;
        Ok(alerts)
    }

    /// As a gate that looks at several cameras: what goes on of these alerts of the camera with
    /// this number, and of what was held of it.
    ///
    /// # Errors
    /// When the plugin fails or is no such gate, or there is no such camera.
    pub fn pass_site(&mut self, camera: usize, alerts: &[Alert]) -> Result<Vec<Alert>, Failure> {
        self.begin_call();
        let Exports::SiteGate(exports) = &self.exports else {
            return Err(wrong_role());
        };
        let given: Vec<wit::Alert> = alerts.iter().map(Into::into).collect();
        let returned =
            exports
                .agave_plugin_site_gate()
                .call_pass(&mut self.store, number_of(camera), &given);
        let mut passed = self.alerts(returned)?;
        self.check_passed(camera, &passed)?;
        exact::restore_passed(alerts, &mut passed);
        Ok(passed)
    }

    /// As a gate that looks at several cameras: what was waiting for the stream of this camera to
    /// reach `now`.
    ///
    /// # Errors
    /// When the plugin fails or is no such gate, or there is no such camera.
    pub fn tick_site(&mut self, camera: usize, now: Timestamp) -> Result<Vec<Alert>, Failure> {
        self.begin_call();
        let Exports::SiteGate(exports) = &self.exports else {
            return Err(wrong_role());
        };
        let returned =
            exports
                .agave_plugin_site_gate()
                .call_tick(&mut self.store, number_of(camera), now.0);
        let passed = self.alerts(returned)?;
        self.check_passed(camera, &passed)?;
        Ok(passed)
    }

    fn check_passed(&self, camera: usize, passed: &[Alert]) -> Result<(), Failure> {
        self.cameras_bounds
            .get(camera)
            .ok_or_else(|| no_such_camera(camera))
            .and_then(|bounds| bounds.check_passed(passed))
            .map_err(Failure::BadOutput)
    }
}

fn number_of(camera: usize) -> u32 {
    u32::try_from(camera).unwrap_or(u32::MAX)
}

fn no_such_camera(camera: usize) -> String {
    format!("an answer for camera {camera}, which it does not have")
}
