//! Cameras of the flow file: one more, another address, the model that looks at it.

use agave_core::{Secret, without_credentials};
use agave_flow::edit::Section;
use agave_flow::{CameraKind, Flow, Model, Surroundings, Work, literal};
use agave_inspector::Refusal;
use agave_inspector::additions::Wish;
use agave_inspector::view::{Addition, CameraAddress, NewCamera};
use serde_json::{Map, Value, json};

use super::Keeper;
use super::growing::{Growing, LONGEST_NAME, as_name, flawed, invalid};
use crate::camera_trial::{Separated, login_in};
use crate::kept_model::Shipped;
use crate::model_files;
use crate::surroundings::Machine;

impl Growing<'_> {
    /// Whether a model looks at `camera` as the text is now, as one that reads all cameras does.
    fn will_be_watched(&self, camera: &str) -> bool {
        let (flow, _) = agave_flow::load(&self.text, &[], self.machine);
        flow.is_some_and(|flow| model_of(&flow, camera).is_some())
    }

    pub(super) fn look(&mut self, model: &str, camera: &str) -> Result<String, Refusal> {
        let detect = self.free(&format!("detect-{camera}"));
        self.add(
            Section::Nodes,
            &detect,
            json!({ "infer": model, "from": camera }),
        )?;
        Ok(detect)
    }

    /// The name of the model that `wanted` names, or whose file it is, which is added then.
    fn model(&mut self, wanted: &str) -> Result<String, Refusal> {
        if self.flow.models.iter().any(|model| model.name == wanted) {
            return Ok(wanted.to_owned());
        }
        let file = self.text.folder().join(wanted);
        if let Some(known) = self.flow.models.iter().find(|model| model.path == file) {
            return Ok(known.name.clone());
        }
        if !file.is_file() {
            let folder = self.text.folder().display();
            let said = format!("There is no file {wanted} (a path begins in {folder}).");
            return Err(flawed("model", said));
        }
        let name = self.free(&model_files::name(&file));
        self.add(Section::Models, &name, json!({ "path": literal(wanted) }))?;
        Ok(name)
    }

    /// Lets `model` look at `camera`: instead of the one that does, where that one's node looks at
    /// no other camera.
    fn let_look(&mut self, model: &str, camera: &str) -> Result<(), Refusal> {
        let model = self.model(model)?;
        if let Some(node) = self.own(camera, |work| matches!(work, Work::Infer { .. })) {
            return self.put(&format!("nodes.{node}.infer"), &model);
        }
        match model_of(&self.flow, camera) {
            Some(_) => Err(invalid(
                "the node whose model looks at this camera looks at others as well; change it in \
                 the flow file",
            )),
            None => self.look(&model, camera).map(drop),
        }
    }
}

/// The model that looks at `camera`, if one does.
pub(super) fn model_of<'f>(flow: &'f Flow, camera: &str) -> Option<&'f Model> {
    let index = flow.cameras.iter().position(|it| it.name == camera)?;
    flow.nodes.iter().find_map(|node| match node.work {
        Work::Infer { model } if node.cameras.iter().any(|it| it.0 == index) => {
            flow.models.get(model.0)
        }
        _ => None,
    })
}

impl Keeper {
    /// Adds a camera to the flow file, whose tag is still the expected one.
    pub(crate) fn add_camera(
        &self,
        camera: &NewCamera,
        wish: &Wish<'_>,
    ) -> Result<Addition, Refusal> {
        let address = self.with_login_of(&camera.address)?;
        self.with_model(camera.model.as_deref(), |model| {
            self.with_login(&camera.name, &address, |url| {
                self.grow(wish, |growing| with_camera(growing, camera, url, model))
            })
        })
    }

    /// Lets a model look at a camera in the flow file, whose tag is still the expected one.
    pub(crate) fn choose_model(
        &self,
        camera: &str,
        model: &str,
        wish: &Wish<'_>,
    ) -> Result<Addition, Refusal> {
        self.with_model(Some(model), |model| {
            self.grow(wish, |growing| {
                let known = growing.flow.cameras.iter().any(|it| it.name == camera);
                if !known {
                    let said = format!("there is no camera '{camera}'");
                    return Err(Refusal::NotFound(said));
                }
                growing.let_look(model.unwrap_or_default(), camera)
            })
        })
    }

    /// Puts the model, if it is the one that comes with Agave, beside the flow file, and changes
    /// something with the path that it has there.
    fn with_model(
        &self,
        model: Option<&str>,
        change: impl FnOnce(Option<&str>) -> Result<Addition, Refusal>,
    ) -> Result<Addition, Refusal> {
        let model = model.filter(|model| !model.is_empty());
        let Some(shipped) = model.and_then(Shipped::at) else {
            return change(model).map_err(about_model);
        };
        let brought = shipped.bring(self.folder());
        let brought = brought.map_err(|error| {
            let said = format!("It cannot be put beside the flow file: {error}.");
            flawed("model", said)
        })?;
        let changed = change(Some(&brought.said));
        if changed.is_err() {
            brought.take_back();
        }
        changed.map_err(about_model)
    }

    /// Gives a camera another address in the flow file, whose tag is still the expected one.
    pub(crate) fn move_camera(
        &self,
        camera: &str,
        address: &CameraAddress,
        wish: &Wish<'_>,
    ) -> Result<Addition, Refusal> {
        let running = self.live.flow();
        let Some(known) = running.cameras.iter().find(|it| it.name == camera) else {
            let said = format!("there is no camera '{camera}'");
            return Err(Refusal::NotFound(said));
        };
        if known.kind == CameraKind::Rtsp && !address.url.contains("://") {
            // It would be over at its end, and the flow with it.
            return Err(invalid(
                "a file takes the place of a camera only with `pace: realtime` and `repeat: true`: \
                 write all three in the flow file, or add the file as a camera of its own",
            ));
        }
        let address = self.with_login_of(address)?;
        self.with_login(camera, &address, |url| {
            self.grow(wish, |growing| {
                growing.put(&format!("cameras.{camera}.url"), url)
            })
        })
    }

    /// The address with the login of the camera that it names, if it has none of its own.
    pub(crate) fn with_login_of(&self, address: &CameraAddress) -> Result<CameraAddress, Refusal> {
        let mut whole = address.clone();
        let has_user = address.user.as_deref().is_some_and(|user| !user.is_empty());
        let is_own = has_user || without_credentials(&address.url) != address.url;
        let Some(other) = address.login_of.as_deref().filter(|_| !is_own) else {
            return Ok(whole);
        };
        let flow = self.live.flow();
        let known = flow.cameras.iter().find(|it| it.name == other);
        let none = || flawed("login_of", format!("There is no camera '{other}'."));
        if let Some((user, password)) = login_in(&known.ok_or_else(none)?.url) {
            (whole.user, whole.password) = (Some(user), Some(password));
        }
        Ok(whole)
    }

    /// Keeps the login of an address, if it has one, and changes something with an address that
    /// refers to it.
    fn with_login(
        &self,
        camera: &str,
        address: &CameraAddress,
        change: impl FnOnce(&str) -> Result<Addition, Refusal>,
    ) -> Result<Addition, Refusal> {
        let separated = Separated::of(address)
            .map_err(|trouble| flawed("url", format!("{} {}", trouble.said, trouble.advice)))?;
        let kept = &self.source.machine.kept_secrets;
        let Some(secret) = separated.secret() else {
            return change(&literal(&separated.url));
        };
        let known = kept_login(&self.source.machine, camera, &secret);
        let is_new = known.is_none();
        let name = known.unwrap_or_else(|| free_secret(&self.source.machine, camera));
        if is_new {
            kept.keep(&name, &secret).map_err(|error| {
                Refusal::Unavailable(format!("the login cannot be kept: {error}"))
            })?;
        }
        let reference = format!("://${{secret:{name}}}@");
        let url = literal(&separated.url);
        let changed = change(&url.replacen("://", &reference, 1));
        if changed.is_err() && is_new {
            kept.forget(&name);
        }
        changed
    }

    /// Whether a node looks at all cameras, and so at one more.
    pub(crate) fn watches_new_cameras(&self) -> bool {
        let growing = self.texts().and_then(|now| self.growing(&now));
        growing.is_ok_and(|mut growing| {
            let name = growing.free("camera");
            let anywhere = json!({ "url": "rtsp://127.0.0.1/" });
            let added = growing.add(Section::Cameras, &name, anywhere);
            added.is_ok() && growing.will_be_watched(&name)
        })
    }
}

fn with_camera(
    growing: &mut Growing<'_>,
    camera: &NewCamera,
    url: &str,
    model: Option<&str>,
) -> Result<(), Refusal> {
    let name = camera.name.as_str();
    if growing.flow.cameras.iter().any(|known| known.name == name) {
        return Err(flawed(
            "name",
            format!("There is a camera “{name}” already."),
        ));
    }
    let mut members = Map::new();
    members.insert("url".to_owned(), url.into());
    // By way of its text 0.1 stays 0.1, and 8 stays 8.
    let fps = camera.fps.and_then(|fps| fps.to_string().parse().ok());
    members.extend(fps.map(|fps| ("fps".to_owned(), Value::Number(fps))));
    if !url.contains("://") {
        // A file stands in for a camera, which has no end.
        members.insert("pace".to_owned(), "realtime".into());
        members.insert("repeat".to_owned(), true.into());
    }
    let members = Value::Object(members);
    let mut alone = growing.clone();
    alone.add(Section::Cameras, name, members.clone())?;
    let Some(wanted) = model.filter(|_| !alone.will_be_watched(name)) else {
        *growing = alone;
        return Ok(());
    };
    // A model stands before the cameras that it looks at.
    let model = growing.model(wanted)?;
    growing.add(Section::Cameras, name, members)?;
    growing.look(&model, name).map(drop)
}

/// What is wrong with the model itself belongs to where it was chosen.
fn about_model(refusal: Refusal) -> Refusal {
    let Refusal::Invalid { problems, .. } = &refusal else {
        return refusal;
    };
    let said = problems
        .iter()
        .find(|problem| problem.message.starts_with("model '"))
        .map(|problem| problem.message.clone());
    said.map_or(refusal, |said| flawed("model", said))
}

/// A name under which there is no secret yet.
fn free_secret(machine: &Machine, camera: &str) -> String {
    names_for(camera)
        .find(|name| machine.secret(name).is_none())
        .unwrap_or_default()
}

/// The name under which this very login has been kept for the camera before.
fn kept_login(machine: &Machine, camera: &str, login: &Secret) -> Option<String> {
    let kept = names_for(camera).map(|name| (machine.kept_secrets.get(&name), name));
    let mut kept = kept.map_while(|(secret, name)| Some((secret?, name)));
    let found = kept.find(|(secret, _)| secret.reveal() == login.reveal());
    found.map(|(_, name)| name)
}

/// What logins of a camera are called, the first one first.
fn names_for(camera: &str) -> impl Iterator<Item = String> {
    let camera: String = as_name(camera).chars().take(LONGEST_NAME - 10).collect();
    let first = format!("{camera}-login");
    let numbered = (2..).map({
        let first = first.clone();
        move |number| format!("{first}-{number}")
    });
    std::iter::once(first).chain(numbered)
}
