//! The calls of a rule that looks at several cameras.

use agave_core::{Alert, FrameDetections, StreamInfo};

use super::{Exports, Instance, refused, wrong_role};
use crate::bindings::imports::agave::plugin::types as wit;
use crate::exact;
use crate::failure::Failure;
use crate::validate::Bounds;

impl Instance {
    /// As a rule that looks at several cameras: tells it which they are; what it remembers stays.
    ///
    /// # Errors
    /// When it refuses them, fails or is no such rule.
    pub fn cameras(&mut self, cameras: Vec<StreamInfo>) -> Result<(), Failure> {
        self.begin_upkeep();
        let Exports::SiteRule(exports) = &self.exports else {
            return Err(wrong_role());
        };
        self.cameras_bounds = cameras.iter().map(Bounds::of).collect();
        self.cameras = cameras;
        let given: Vec<wit::StreamInfo> = self.cameras.iter().map(Into::into).collect();
        exports
            .agave_plugin_site_rule()
            .call_cameras(&mut self.store, &given)
            .map_err(|error| Failure::of(&error, self.store.data()))?
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
        let number = u32::try_from(camera).unwrap_or(u32::MAX);
        let returned =
            exports
                .agave_plugin_site_rule()
                .call_evaluate(&mut self.store, number, &frame.into());
        let mut alerts = self.alerts(returned)?;
        exact::restore_raised(frame, &mut alerts);
        self.cameras_bounds
            .get_mut(camera)
            .ok_or_else(|| format!("an answer for camera {camera}, which it does not have"))
            .and_then(|bounds| bounds.check_raised(frame, &alerts))
            .map_err(Failure::BadOutput)?;
        Ok(alerts)
    }
}
