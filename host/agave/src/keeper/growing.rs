//! A flow file that grows, edit by edit, as somebody would write it who knows how: every edit leaves
//! the rest of the file as it is, and all of them are written, or planned, as one change.

use std::collections::BTreeSet;

use agave_flow::edit::{self, Section};
use agave_flow::{Flow, FlowText, Work, veil};
use agave_inspector::Refusal;
use agave_inspector::additions::Wish;
use agave_inspector::view::Addition;
use agave_plugin::Origin;
use serde_json::Value;

use super::texts::Texts;
use super::zone::refused;
use super::{Keeper, Reading};
use crate::surroundings::Machine;

/// The longest name there is.
pub(super) const LONGEST_NAME: usize = 64;

/// A flow file that grows, edit by edit.
#[derive(Clone)]
pub(super) struct Growing<'k> {
    pub(super) machine: &'k Machine,
    pub(super) text: FlowText,
    pub(super) flow: Flow,
    /// What is called something already.
    taken: BTreeSet<String>,
}

impl Growing<'_> {
    pub(super) fn add(
        &mut self,
        section: Section,
        name: &str,
        members: Value,
    ) -> Result<(), Refusal> {
        let Value::Object(members) = members else {
            return Ok(());
        };
        let edited = edit::add_to_section(&self.text, self.machine, section, name, &members);
        self.become_of(edited)?;
        self.taken.insert(name.to_owned());
        Ok(())
    }

    /// `null` takes the setting away, where there is one.
    pub(super) fn set(&mut self, node: &str, setting: &str, value: &Value) -> Result<(), Refusal> {
        let value = (!value.is_null()).then_some(value);
        let edited = edit::set_setting(&self.text, self.machine, node, setting, value);
        self.become_of(edited)
    }

    /// One value, by its path as in `--set`.
    pub(super) fn put(&mut self, path: &str, value: &str) -> Result<(), Refusal> {
        let value = edit::Scalar::Text(value.to_owned());
        let edited = edit::set_value(&self.text, self.machine, path, &value);
        self.become_of(edited)
    }

    /// A node whose `url` is at another server now may reach that one, and not the one before.
    /// Where that is written in another way it is left to who wants it.
    pub(super) fn grant_instead(&mut self, node: &str, url: &Value) {
        let known = self.flow.nodes.iter().find(|known| known.name == node);
        let Some(Work::Plugin(plugin)) = known.map(|known| &known.work) else {
            return;
        };
        let config: Value = serde_json::from_str(&plugin.config).unwrap_or_default();
        let origin = |url: &Value| Some(Origin::of_url(url.as_str()?)?.to_string());
        let (Some(before), Some(after)) = (config.get("url").and_then(origin), origin(url)) else {
            return;
        };
        let mut granted = plugin.grants.http.iter().map(ToString::to_string);
        let index = granted.position(|granted| granted == before);
        if let Some(index) = index.filter(|_| before != after) {
            let _ = self.put(&format!("nodes.{node}.allow.http.{index}"), &after);
        }
    }

    pub(super) fn remove(&mut self, section: Section, name: &str) -> Result<(), Refusal> {
        let edited = edit::remove_from_section(&self.text, self.machine, section, name);
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
    pub(super) fn free(&self, wanted: &str) -> String {
        let wanted: String = wanted.chars().take(LONGEST_NAME - 4).collect();
        let numbered = (2..).map(|number| format!("{wanted}-{number}"));
        let mut names = std::iter::once(wanted.clone()).chain(numbered);
        names
            .find(|name| !self.taken.contains(name))
            .unwrap_or(wanted)
    }

    /// A node that is like this and that no other camera reaches, for which another camera's
    /// zones would have to be named alike.
    pub(super) fn own(&self, camera: &str, is_it: impl Fn(&Work) -> bool) -> Option<String> {
        let index = self.flow.cameras.iter().position(|it| it.name == camera)?;
        let nodes = self.flow.nodes.iter();
        let mut own = nodes.filter(|node| {
            is_it(&node.work)
                && node.cameras.len() == 1
                && node.cameras.iter().all(|it| it.0 == index)
        });
        own.next().map(|node| node.name.clone())
    }
}

impl Keeper {
    pub(super) fn grow(
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

    pub(super) fn growing(&self, now: &Texts) -> Result<Growing<'_>, Refusal> {
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

/// What a thing of this description can be called.
pub(super) fn as_name(text: &str) -> String {
    let name = text.chars().map(|c| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => c,
        _ => '-',
    });
    name.collect()
}

pub(super) fn invalid(said: &str) -> Refusal {
    Refusal::Invalid {
        said: said.to_owned(),
        problems: Vec::new(),
    }
}

/// It is about what stands in `field` of the form that was sent.
pub(super) fn flawed(field: &'static str, said: impl Into<String>) -> Refusal {
    let said = said.into();
    Refusal::Flawed { field, said }
}
