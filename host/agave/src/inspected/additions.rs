//! What is added to a flow from its page.

use std::io::Read;

use agave_inspector::Refusal;
use agave_inspector::additions::{Additions, Wish};
use agave_inspector::view::{
    Addition, CameraAddress, CameraTrial, ChangedRule, ModelFiles, NewCamera, NewRule,
    ReceivedModel, RuleView, Settings, UsedPlugin,
};

use super::InspectedFlow;
use crate::{camera_trial, kept_model, model_files};

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
        let place = camera_trial::Place::take().ok_or_else(|| {
            Refusal::Unavailable("other cameras are being tried; try again in a moment".to_owned())
        })?;
        let address = self.keeper.with_login_of(address)?;
        Ok(camera_trial::run(&address, self.keeper.folder(), place))
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
        let shown = installed.map(|plugin| UsedPlugin {
            name: plugin.name,
            version: plugin.version,
            role: plugin.role.to_string(),
            file: plugin.file.display().to_string(),
            sha256: plugin.fingerprint.to_string(),
            description: Some(plugin.summary),
            config_schema: Some(plugin.config_schema),
            used_by: Vec::new(),
        });
        shown.collect()
    }

    fn add_rule(&self, rule: &NewRule, wish: &Wish<'_>) -> Result<Addition, Refusal> {
        self.keeper.add_rule(rule, wish)
    }
}
