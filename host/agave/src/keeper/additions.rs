//! A camera or a rule more, written into the flow file as somebody would who knows how: each in
//! several small edits, every one of which leaves the rest of the file as it is.

use std::collections::BTreeSet;

use agave_core::Role;
use agave_flow::edit::{self, Section};
use agave_flow::{CameraKind, Flow, FlowText, Surroundings, Work, literal, veil};
use agave_inspector::Refusal;
use agave_inspector::additions::Wish;
use agave_inspector::view::{Addition, CameraAddress, NewCamera, NewRule, Settings};
use serde_json::{Map, Value, json};

use super::texts::Texts;
use super::zone::refused;
use super::{Keeper, Reading};
use crate::camera_trial::Separated;
use crate::model_files;
use crate::surroundings::Machine;

/// The longest name there is.
const LONGEST_NAME: usize = 64;
/// How long a thing may be gone and still be the same incident.
const HOLD: &str = "2s";

/// A flow file that grows, edit by edit.
#[derive(Clone)]
struct Growing<'k> {
    machine: &'k Machine,
    text: FlowText,
    flow: Flow,
    /// What is called something already.
    taken: BTreeSet<String>,
}

impl Growing<'_> {
    fn add(&mut self, section: Section, name: &str, members: Value) -> Result<(), Refusal> {
        let Value::Object(members) = members else {
            return Ok(());
        };
        let edited = edit::add_to_section(&self.text, self.machine, section, name, &members);
        self.become_of(edited)?;
        self.taken.insert(name.to_owned());
        Ok(())
    }

    /// `null` takes the setting away, where there is one.
    fn set(&mut self, node: &str, setting: &str, value: &Value) -> Result<(), Refusal> {
        let value = (!value.is_null()).then_some(value);
        let edited = edit::set_setting(&self.text, self.machine, node, setting, value);
        self.become_of(edited)
    }

    fn become_of(&mut self, edited: Result<edit::Edited, edit::EditError>) -> Result<(), Refusal> {
        let edited = edited.map_err(|error| refused(&error))?;
        if edited.file != self.text.file() {
            let part = edited.file.display();
            return Err(invalid(&format!(
                "it is written in {part}, which the flow file includes; change it there"
            )));
        }
        let text = FlowText::from_bytes(self.text.file(), edited.text.into_bytes());
        self.text = text.map_err(|problems| refused(&edit::EditError::Unreadable(problems)))?;
        Ok(())
    }

    /// `wanted`, or something like it that nothing is called yet.
    fn free(&self, wanted: &str) -> String {
        let wanted: String = wanted.chars().take(LONGEST_NAME - 4).collect();
        let numbered = (2..).map(|number| format!("{wanted}-{number}"));
        let mut names = std::iter::once(wanted.clone()).chain(numbered);
        names
            .find(|name| !self.taken.contains(name))
            .unwrap_or(wanted)
    }

    /// Whether a model looks at `camera` as the text is now, as one that reads all cameras does.
    fn is_watched(&self, camera: &str) -> bool {
        let (flow, _) = agave_flow::load(&self.text, &[], self.machine);
        let Some(flow) = flow else {
            return false;
        };
        let index = flow.cameras.iter().position(|it| it.name == camera);
        let mut looks = flow
            .nodes
            .iter()
            .filter(|node| matches!(node.work, Work::Infer { .. }));
        looks.any(|node| node.cameras.iter().any(|it| Some(it.0) == index))
    }

    /// A node of its own for this camera that gives detections with their zones.
    fn zoned(&mut self, camera: &str) -> Result<String, Refusal> {
        if let Some(node) = self.own(camera, |work| match work {
            Work::Plugin(plugin) => plugin.plugin_name == "roi",
            _ => false,
        }) {
            return Ok(node);
        }
        let detect = match self.own(camera, |work| matches!(work, Work::Infer { .. })) {
            Some(node) => node,
            None => {
                let model = self.model_of(camera)?;
                self.look(&model, camera)?
            }
        };
        let zoned = self.free(&format!("zoned-{camera}"));
        self.add(
            Section::Nodes,
            &zoned,
            json!({ "plugin": "roi", "from": detect }),
        )?;
        Ok(zoned)
    }

    /// A node that is like this and that no other camera reaches, for which another camera's
    /// zones would have to be named alike.
    fn own(&self, camera: &str, is_it: impl Fn(&Work) -> bool) -> Option<String> {
        let index = self.flow.cameras.iter().position(|it| it.name == camera)?;
        let nodes = self.flow.nodes.iter();
        let mut own = nodes.filter(|node| {
            is_it(&node.work)
                && node.cameras.len() == 1
                && node.cameras.iter().all(|it| it.0 == index)
        });
        own.next().map(|node| node.name.clone())
    }

    /// The model that looks at `camera`, or that could.
    fn model_of(&self, camera: &str) -> Result<String, Refusal> {
        let index = self.flow.cameras.iter().position(|it| it.name == camera);
        let looks = self.flow.nodes.iter().find_map(|node| match node.work {
            Work::Infer { model } if node.cameras.iter().any(|it| Some(it.0) == index) => {
                self.flow.models.get(model.0)
            }
            _ => None,
        });
        let model = looks.or(self.flow.models.first());
        let none = || {
            invalid("the flow has no model; add the camera with one, or write one under `models`")
        };
        model.map(|model| model.name.clone()).ok_or_else(none)
    }

    fn look(&mut self, model: &str, camera: &str) -> Result<String, Refusal> {
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
        let name = self.free(&model_files::name(&file));
        self.add(Section::Models, &name, json!({ "path": literal(wanted) }))?;
        Ok(name)
    }
}

impl Keeper {
    /// Adds a camera to the flow file, whose tag is still the expected one.
    pub(crate) fn add_camera(
        &self,
        camera: &NewCamera,
        wish: &Wish<'_>,
    ) -> Result<Addition, Refusal> {
        self.with_login(&camera.name, &camera.address, |url| {
            self.grow(wish, |growing| with_camera(growing, camera, url))
        })
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
        self.with_login(camera, address, |url| {
            self.grow(wish, |growing| {
                let url = edit::Scalar::Text(url.to_owned());
                let path = format!("cameras.{camera}.url");
                let edited = edit::set_value(&growing.text, growing.machine, &path, &url);
                growing.become_of(edited)
            })
        })
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
            .map_err(|trouble| invalid(&format!("{} {}", trouble.said, trouble.advice)))?;
        let kept = &self.source.machine.kept_secrets;
        let Some(secret) = separated.secret() else {
            return change(&literal(&separated.url));
        };
        let name = free_secret(&self.source.machine, camera);
        kept.keep(&name, &secret)
            .map_err(|error| Refusal::Unavailable(format!("the login cannot be kept: {error}")))?;
        let reference = format!("://${{secret:{name}}}@");
        let url = literal(&separated.url);
        let changed = change(&url.replacen("://", &reference, 1));
        if changed.is_err() {
            kept.forget(&name);
        }
        changed
    }

    /// Takes a node out of the flow file, whose tag is still the expected one, with those that
    /// read nothing else.
    pub(crate) fn remove_node(&self, node: &str, wish: &Wish<'_>) -> Result<Addition, Refusal> {
        self.grow(wish, |growing| {
            for gone in with_readers(&growing.flow, node)? {
                let nodes = Section::Nodes;
                let machine = growing.machine;
                let edited = edit::remove_from_section(&growing.text, machine, nodes, &gone);
                growing.become_of(edited)?;
            }
            Ok(())
        })
    }

    /// Refuses where a rule of `camera` looks at `zone`, which is to go.
    pub(super) fn expect_unwatched(&self, camera: &str, zone: &str) -> Result<(), Refusal> {
        let flow = self.live.flow();
        let index = flow.cameras.iter().position(|it| it.name == camera);
        let watches = |work: &Work| match work {
            Work::Plugin(plugin) if plugin.role == Role::Rule => {
                let config: Value = serde_json::from_str(&plugin.config).unwrap_or_default();
                config.get("zone").and_then(Value::as_str) == Some(zone)
            }
            _ => false,
        };
        let mut nodes = flow.nodes.iter();
        let rule = nodes
            .find(|node| watches(&node.work) && node.cameras.iter().any(|it| Some(it.0) == index));
        rule.map_or(Ok(()), |rule| {
            Err(invalid(&format!(
                "the rule '{}' looks at the zone '{zone}'; remove the rule first",
                rule.name
            )))
        })
    }

    /// Whether a node looks at all cameras, and so at one more.
    pub(crate) fn watches_new_cameras(&self) -> bool {
        let growing = self.texts().and_then(|now| self.growing(&now));
        growing.is_ok_and(|mut growing| {
            let name = growing.free("camera");
            let anywhere = json!({ "url": "rtsp://127.0.0.1/" });
            let added = growing.add(Section::Cameras, &name, anywhere);
            added.is_ok() && growing.is_watched(&name)
        })
    }

    /// Adds a rule to the flow file, whose tag is still the expected one.
    pub(crate) fn add_rule(&self, rule: &NewRule, wish: &Wish<'_>) -> Result<Addition, Refusal> {
        self.grow(wish, |growing| with_rule(growing, rule))
    }

    /// Changes settings of a node in the flow file, whose tag is still the expected one.
    pub(crate) fn configure(
        &self,
        node: &str,
        settings: &Settings,
        wish: &Wish<'_>,
    ) -> Result<Addition, Refusal> {
        self.grow(wish, |growing| {
            for (setting, value) in &settings.0 {
                growing.set(node, setting, value)?;
            }
            Ok(())
        })
    }

    fn grow(
        &self,
        wish: &Wish<'_>,
        edit: impl FnOnce(&mut Growing<'_>) -> Result<(), Refusal>,
    ) -> Result<Addition, Refusal> {
        let _one_by_one = self.one_by_one();
        let now = self.expect_tag(wish.expected)?;
        let mut growing = self.growing(&now)?;
        edit(&mut growing)?;
        let text = growing.text.as_str().to_owned();
        let report = match wish.only_planned {
            true => self.planned(self.read_with(&self.main(text.clone()))),
            false => self.put(&now, &self.main(text.clone()), wish.who)?,
        };
        Ok(Addition {
            report,
            text: veil(&text).text,
        })
    }

    fn growing(&self, now: &Texts) -> Result<Growing<'_>, Refusal> {
        let Reading {
            flow,
            problems,
            found,
            ..
        } = self.read_with(&self.main(now.main().to_owned()));
        let flow = flow.ok_or(Refusal::Invalid {
            said: format!("the flow file has to be mended first: {problems}"),
            problems: found,
        })?;
        let text = FlowText::from_bytes(&self.source.file, now.main().as_bytes().to_vec());
        let text = text.map_err(|problems| refused(&edit::EditError::Unreadable(problems)))?;
        let nodes = flow.nodes.iter().map(|node| node.name.clone());
        let models = flow.models.iter().map(|model| model.name.clone());
        Ok(Growing {
            machine: &self.source.machine,
            taken: nodes.chain(models).collect(),
            text,
            flow,
        })
    }
}

fn with_camera(growing: &mut Growing<'_>, camera: &NewCamera, url: &str) -> Result<(), Refusal> {
    let name = camera.name.as_str();
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
    if alone.is_watched(name) {
        *growing = alone;
        return Ok(());
    }
    // A model stands before the cameras that it looks at.
    let model = match camera.model.as_deref().filter(|model| !model.is_empty()) {
        Some(wanted) => growing.model(wanted)?,
        None => growing.model_of(name)?,
    };
    growing.add(Section::Cameras, name, members)?;
    growing.look(&model, name).map(drop)
}

fn with_rule(growing: &mut Growing<'_>, rule: &NewRule) -> Result<(), Refusal> {
    let NewRule { camera, zone, .. } = rule;
    let known = growing.flow.cameras.iter().find(|it| &it.name == camera);
    let known = known.ok_or_else(|| invalid(&format!("there is no camera '{camera}'")))?;
    if known.zones.iter().all(|it| &it.name != zone) {
        return Err(invalid(&format!("camera '{camera}' has no zone '{zone}'")));
    }
    if rule.classes.is_empty() {
        return Err(invalid("a rule needs a class at least"));
    }
    let zoned = growing.zoned(camera)?;
    let what = match rule.classes.as_slice() {
        [class] => class.as_str(),
        _ => "something",
    };
    let name = match rule.name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => growing.free(&as_name(&format!("{what}-in-{zone}"))),
    };
    let mut config = Map::new();
    config.insert("zone".to_owned(), json!(zone));
    let classes: Vec<String> = rule.classes.iter().map(|class| literal(class)).collect();
    config.insert("alert".to_owned(), json!(classes));
    for (key, value) in [("after", &rule.after), ("severity", &rule.severity)] {
        if let Some(value) = value {
            config.insert(key.to_owned(), json!(literal(value)));
        }
    }
    growing.add(
        Section::Nodes,
        &name,
        json!({ "plugin": "forbidden-object", "from": zoned, "config": config }),
    )?;
    let calm = growing.free(&format!("calm-{name}"));
    growing.add(
        Section::Nodes,
        &calm,
        json!({ "plugin": "debounce", "from": name, "config": { "hold": HOLD } }),
    )
}

/// `node` and those that read it and nothing else, each before what it reads.
fn with_readers(flow: &Flow, node: &str) -> Result<Vec<String>, Refusal> {
    let none = || Refusal::NotFound(format!("there is no node '{node}'"));
    let first = flow.nodes.iter().position(|it| it.name == node);
    let mut gone = BTreeSet::from([first.ok_or_else(none)?]);
    // All that a node reads comes before it.
    for (index, reader) in flow.nodes.iter().enumerate() {
        let lost = reader.inputs.iter().filter(|it| gone.contains(&it.0));
        match lost.count() {
            0 => {}
            lost if lost == reader.inputs.len() => {
                gone.insert(index);
            }
            _ => {
                return Err(invalid(&format!(
                    "the node '{}' reads it among others; take it out of that node's `from` first",
                    reader.name
                )));
            }
        }
    }
    let names = gone.iter().rev().filter_map(|it| flow.nodes.get(*it));
    Ok(names.map(|node| node.name.clone()).collect())
}

/// What a thing of this description can be called.
fn as_name(text: &str) -> String {
    let name = text.chars().map(|c| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => c,
        _ => '-',
    });
    name.collect()
}

/// A name under which there is no secret yet.
fn free_secret(machine: &Machine, camera: &str) -> String {
    let camera: String = as_name(camera).chars().take(LONGEST_NAME - 10).collect();
    let wanted = format!("{camera}-login");
    let numbered = (2..).map(|number| format!("{wanted}-{number}"));
    let mut names = std::iter::once(wanted.clone()).chain(numbered);
    names
        .find(|name| machine.secret(name).is_none())
        .unwrap_or(wanted)
}

fn invalid(said: &str) -> Refusal {
    Refusal::Invalid {
        said: said.to_owned(),
        problems: Vec::new(),
    }
}
