//! What is added to a flow from its page.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};

use agave_inspector::Refusal;
use agave_inspector::additions::{Additions, Wish};
use agave_inspector::view::{
    Addition, CameraAddress, CameraTrial, ChangedRule, ModelFiles, NewCamera, NewRule,
    ReceivedModel, RuleView, Settings, UsedPlugin,
};

use super::InspectedFlow;
use crate::{camera_trial, kept_model, model_files};

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

    fn receive_model(&self, name: &str, content: &mut dyn Read) -> Result<ReceivedModel, Refusal> {
        kept_model::receive(self.keeper.folder(), name, content)
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

    fn rules(&self) -> Vec<RuleView> {
        self.keeper.rules()
    }

    fn change_rule(
        &self,
        rule: &str,
        changed: &ChangedRule,
        wish: &Wish<'_>,
    ) -> Result<Addition, Refusal> {
        self.keeper.change_rule(rule, changed, wish)
    }

    fn choose_model(
        &self,
        camera: &str,
        model: &str,
        wish: &Wish<'_>,
    ) -> Result<Addition, Refusal> {
        self.keeper.choose_model(camera, model, wish)
    }

    fn move_camera(
        &self,
        camera: &str,
        address: &CameraAddress,
        wish: &Wish<'_>,
    ) -> Result<Addition, Refusal> {
        self.keeper.move_camera(camera, address, wish)
    }

    fn remove_node(&self, node: &str, wish: &Wish<'_>) -> Result<Addition, Refusal> {
        self.keeper.remove_node(node, wish)
    }

    fn configure(
        &self,
        node: &str,
        settings: &Settings,
        wish: &Wish<'_>,
    ) -> Result<Addition, Refusal> {
        self.keeper.configure(node, settings, wish)
    }

    fn installed_plugins(&self) -> Vec<UsedPlugin> {
        let catalog = &self.machine.catalog;
        let installed = catalog.installed(self.keeper.folder()).into_iter();
        // One that cannot be loaded cannot be picked; a flow that names it says why.
        let loaded = installed.filter_map(|file| Some((catalog.load(&file).ok()?, file)));
        loaded
            .map(|(plugin, file)| {
                let description = plugin.description();
                UsedPlugin {
                    name: description.name.clone(),
                    version: description.version.clone(),
                    role: plugin.role().to_string(),
                    file: file.display().to_string(),
                    sha256: plugin.fingerprint().to_string(),
                    description: Some(description.summary.clone()),
                    config_schema: Some(description.config_schema.clone()),
                    used_by: Vec::new(),
                }
            })
            .collect()
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
