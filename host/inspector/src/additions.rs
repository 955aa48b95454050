//! What somebody with a page and nothing else needs to begin: a camera is tried before it is
//! added, models are found where they lie, and a rule comes with all the nodes that it takes.

use std::io::Read;

use crate::Refusal;
use crate::view::{
    Addition, CameraAddress, CameraTrial, ChangedRule, ModelFiles, NewCamera, NewRule,
    ReceivedModel, RuleView, Settings, UsedPlugin,
};

/// A change that somebody wants.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'w> {
    /// The tag that the flow file must have.
    pub expected: &'w str,
    /// Who wants it.
    pub who: &'w str,
    /// Nothing is changed: what it would do is wanted.
    pub only_planned: bool,
}

/// What can be added to a flow. Edits leave everything else in its file as it is.
pub trait Additions {
    /// Models that lie where they are looked for.
    fn model_files(&self) -> ModelFiles;

    /// Keeps what `content` gives as a model beside the flow file, called like `name`, if it is one
    /// that a flow can run. An error of the kind [`FileTooLarge`](std::io::ErrorKind::FileTooLarge)
    /// says that it is too large.
    ///
    /// # Errors
    /// When it is none, does not come to its end, or cannot be kept. Nothing is left of it then.
    fn receive_model(&self, name: &str, content: &mut dyn Read) -> Result<ReceivedModel, Refusal>;

    /// Connects to a camera, waits for its first picture, and says what is wrong where none
    /// comes. It takes a quarter of a minute at most.
    ///
    /// # Errors
    /// When too many are being tried.
    fn try_camera(&self, address: &CameraAddress) -> Result<CameraTrial, Refusal>;

    /// Adds a camera, and a model that looks at it where one is named and none would.
    ///
    /// # Errors
    /// When somebody else has changed the file, there is such a camera, or something is wrong
    /// with what the flow would be.
    fn add_camera(&self, camera: &NewCamera, wish: &Wish<'_>) -> Result<Addition, Refusal>;

    /// Adds a rule about a zone, with the filter and the gate that it takes.
    ///
    /// # Errors
    /// As for [`add_camera`](Self::add_camera); or there is no such camera, zone or class.
    fn add_rule(&self, rule: &NewRule, wish: &Wish<'_>) -> Result<Addition, Refusal>;

    /// The rules, in the order of the flow.
    fn rules(&self) -> Vec<RuleView>;

    /// Changes a rule about a zone, and the gate behind it.
    ///
    /// # Errors
    /// As for [`add_camera`](Self::add_camera); or there is no such rule, or it is another one.
    fn change_rule(
        &self,
        rule: &str,
        changed: &ChangedRule,
        wish: &Wish<'_>,
    ) -> Result<Addition, Refusal>;

    /// Lets a model look at a camera, instead of the one that does.
    ///
    /// # Errors
    /// As for [`add_camera`](Self::add_camera); or there is no such camera or model, or the one that
    /// looks at it looks at others as well.
    fn choose_model(&self, camera: &str, model: &str, wish: &Wish<'_>)
    -> Result<Addition, Refusal>;

    /// Gives a camera another address, or another login.
    ///
    /// # Errors
    /// As for [`add_camera`](Self::add_camera); or there is no such camera.
    fn move_camera(
        &self,
        camera: &str,
        address: &CameraAddress,
        wish: &Wish<'_>,
    ) -> Result<Addition, Refusal>;

    /// Takes a node away, with those that read nothing else.
    ///
    /// # Errors
    /// As for [`add_camera`](Self::add_camera); or there is no such node, or another reads it
    /// among others.
    fn remove_node(&self, node: &str, wish: &Wish<'_>) -> Result<Addition, Refusal>;

    /// Gives settings of a node's plugin other values; without one the plugin's default counts.
    ///
    /// # Errors
    /// As for [`add_camera`](Self::add_camera); or there is no such node, or it is written in a
    /// way that cannot be edited.
    fn configure(
        &self,
        node: &str,
        settings: &Settings,
        wish: &Wish<'_>,
    ) -> Result<Addition, Refusal>;

    /// Plugins that a node could run, whether one does or not, in the order of their names. They
    /// are compiled when they are first asked for.
    fn installed_plugins(&self) -> Vec<UsedPlugin>;
}
