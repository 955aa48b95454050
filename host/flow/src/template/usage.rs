//! A camera or node that says `use`.

use super::definition::{Definition, Kind, Sound, instead_of};
use super::expand::{self, Arguments};
use crate::report::Report;
use crate::tree::{Content, Member, Tree};
use crate::{Code, conform, interpolate, suggest};

/// A use that is wrong makes its camera or node unknown. It has been reported.
pub(super) struct Broken;

/// A camera or node that may use a template.
pub(super) struct Use<'a> {
    pub(super) pointer: &'a str,
    pub(super) kind: Kind,
    pub(super) definitions: &'a [Definition],
    /// Of each definition, whether anything uses it.
    pub(super) used: &'a mut [bool],
    pub(super) report: &'a mut Report,
}

impl<'a> Use<'a> {
    /// Puts what the template makes in the place of `value`, which says how. Returns how many
    /// values it made.
    pub(super) fn replace(mut self, value: &mut Tree) -> Result<usize, Broken> {
        let Some(name) = value.at("/use").cloned() else {
            self.refuse_arguments(value);
            return Ok(0);
        };
        let Content::Text(template) = &name.content else {
            // It is told with everything else that has the wrong form.
            return Err(Broken);
        };
        let sound = self.template(template, &name)?;
        let with = value.at("/with").cloned();
        let given: &[Member] = match with.as_ref().map(|with| &with.content) {
            Some(Content::Map(members)) => members,
            Some(_) => return Err(Broken),
            None => &[],
        };
        let arguments = self.arguments(template, sound, given, &name)?;
        let made = expand::body(sound, &arguments, &name.place, self.report);
        let mut made = made.ok_or(Broken)?;
        let count = made.count();
        value.remove("/use");
        value.remove("/with");
        made.place = value.place.clone();
        let own = std::mem::replace(&mut value.content, Content::Null);
        expand::overlay(&mut made, own);
        *value = made;
        Ok(count)
    }

    fn subject(&self) -> String {
        conform::subject(self.pointer)
    }

    fn refuse_arguments(&mut self, value: &mut Tree) {
        if value.at("/with").is_some() {
            let subject = self.subject();
            let message = format!("`with` gives parameters to a template, and {subject} uses none");
            let help = "add `use: TEMPLATE`, or remove `with`";
            let place = value.key_place("/with").clone();
            self.report.add(Code::MisplacedKey, &place, message, [help]);
            value.remove("/with");
        }
    }

    /// The template that is meant.
    fn template(&mut self, template: &str, name: &Tree) -> Result<&'a Sound, Broken> {
        let definitions = self.definitions;
        let Some(index) = definitions.iter().position(|one| one.name == template) else {
            let names: Vec<&str> = definitions.iter().map(|one| one.name.as_str()).collect();
            let place = interpolate::narrowed(&name.place, template, self.report.sources());
            let message = format!(
                "{} uses the template '{template}', which is not defined",
                self.subject()
            );
            let help = suggest::instead_of(template, "templates", &names);
            self.report.add(Code::NotDefined, &place, message, [help]);
            return Err(Broken);
        };
        if let Some(used) = self.used.get_mut(index) {
            *used = true;
        }
        let definition = definitions.get(index);
        let sound = definition.and_then(|definition| definition.sound.as_ref());
        let sound = sound.ok_or(Broken)?;
        if sound.kind != self.kind {
            let (makes, is) = (sound.kind.name(), self.kind.name());
            let message = format!("the template '{template}' makes a {makes}, and this is a {is}");
            let help = match self.kind {
                Kind::Camera => "use it in `nodes`, or use another one here",
                Kind::Node => "use it in `cameras`, or use another one here",
            };
            self.report.add(Code::BadUse, &name.place, message, [help]);
            return Err(Broken);
        }
        Ok(sound)
    }

    /// What each parameter stands for.
    fn arguments(
        &mut self,
        template: &str,
        sound: &Sound,
        given: &[Member],
        name: &Tree,
    ) -> Result<Arguments, Broken> {
        let mut good = true;
        for argument in given {
            if !sound.parameters.contains(&argument.key) {
                let key = &argument.key;
                let message = format!("the template '{template}' has no parameter '{key}'");
                let help = instead_of(key, &sound.parameters);
                self.report
                    .add(Code::BadUse, &argument.key_place, message, [help]);
                good = false;
            }
        }
        let mut arguments = Arguments::new();
        for parameter in &sound.parameters {
            let is_it = |member: &&Member| member.key == *parameter;
            let own = given.iter().find(is_it);
            if let Some(argument) = own.or_else(|| sound.defaults.iter().find(is_it)) {
                arguments.insert(parameter.clone(), argument.value.clone());
                continue;
            }
            // A misspelt one is told already.
            let is_misspelt = given.iter().any(|argument| {
                let parameters = sound.parameters.iter().map(String::as_str);
                !sound.parameters.contains(&argument.key)
                    && suggest::closest(&argument.key, parameters) == Some(parameter)
            });
            good = false;
            if !is_misspelt {
                let subject = self.subject();
                let message = format!(
                    "{subject} does not say the '{parameter}' of the template '{template}'"
                );
                let help = format!("add `with: {{ {parameter}: … }}`");
                self.report.add(Code::BadUse, &name.place, message, [help]);
            }
        }
        good.then_some(arguments).ok_or(Broken)
    }
}
