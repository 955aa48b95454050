//! From [`FlowSpec`] to [`Flow`]: every name is looked up, every text that means a time, a size or
//! an address is read, and everything outside the file that is needed is asked for.
//!
//! A part that is wrong becomes `None` and is reported; its name stays known and its neighbours
//! are resolved as if it were right, so that one mistake is told once.

mod brokers;
mod cameras;
mod config;
mod grants;
mod graph;
mod limits;
mod models;
mod nodes;
mod order;
mod partition;
mod quantity;
mod schedule;
mod sinks;
mod tests;

pub use cameras::is_recording;

use std::path::PathBuf;

use crate::conform::Conforming;
use crate::named::Named;
use crate::places::Places;
use crate::report::Report;
use crate::spec::FlowSpec;
use crate::surroundings::Surroundings;
use crate::tree::{self, Tree};
use crate::{Code, Flow, FlowText, Place, interpolate, suggest};

/// What everything in this stage needs.
struct Context<'a, 'r> {
    text: &'a FlowText,
    conforming: &'a Conforming,
    surroundings: &'a dyn Surroundings,
    report: &'r mut Report,
}

/// What a name turned out to be.
enum Lookup {
    /// Its index, in the order of the file.
    Found(usize),
    /// It is not defined, and that has been reported or cannot be known.
    Unknown,
}

/// Resolves everything. `None` means that something was wrong.
pub(crate) fn resolve<'a>(
    text: &'a FlowText,
    conforming: &'a Conforming,
    surroundings: &'a dyn Surroundings,
    report: &mut Report,
) -> Option<Flow> {
    let mut cx = Context {
        text,
        conforming,
        surroundings,
        report,
    };
    let spec = cx.spec();
    cx.check_name("/name", &spec.name, "the flow");
    for (name, _) in &spec.templates.0 {
        let pointer = tree::join("/templates", name);
        cx.check_name_of_key(&pointer, name, &crate::conform::subject(&pointer));
    }
    schedule::check_time_zone(&mut cx);
    let models = models::resolve(&mut cx);
    let brokers = brokers::resolve(&mut cx);
    let cameras = cameras::resolve(&mut cx);
    let nodes = nodes::resolve(&mut cx);
    nothing_yet(&mut cx);
    let graph = graph::resolve(&mut cx, nodes);
    let tests = tests::resolve(&mut cx, &graph);
    Some(Flow {
        name: spec.name.clone(),
        file: text.file().to_owned(),
        models: models?,
        brokers: brokers?,
        cameras: cameras?,
        nodes: graph.nodes?,
        tests: tests?,
        places: Places::new(conforming.tree.clone(), cx.report.sources().clone()),
    })
}

fn nothing_yet(cx: &mut Context<'_, '_>) {
    for (section, what, help) in [
        (
            "cameras",
            "camera",
            "add one under `cameras`, for example `gate: { url: \"rtsp://10.0.0.5/stream\" }`",
        ),
        (
            "nodes",
            "node",
            "add one under `nodes`, for example `detect: { infer: MODEL, from: cameras }`",
        ),
    ] {
        let pointer = format!("/{section}");
        if cx.names(section).is_empty() && !cx.conforming.is_damaged(&pointer) {
            let place = match cx.written().at(&pointer) {
                Some(_) => cx.written().key_place(&pointer).clone(),
                None => Place::File,
            };
            let message = format!("the flow has no {what} yet, so nothing is looked at");
            cx.report.add(Code::NothingYet, &place, message, [help]);
        }
    }
}

impl<'a> Context<'a, '_> {
    fn spec(&self) -> &'a FlowSpec {
        &self.conforming.spec
    }

    fn tree(&self) -> &'a Tree {
        &self.conforming.tree
    }

    fn written(&self) -> &'a Tree {
        &self.conforming.written
    }

    /// The names in a section, those of broken entries too: an index is a position in this list.
    fn names(&self, section: &str) -> Vec<&'a str> {
        self.written().keys(&tree::join("", section))
    }

    /// Reports a problem with the value at `pointer`.
    fn problem(
        &mut self,
        code: Code,
        pointer: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let place = self.tree().place(pointer);
        self.report.add(code, place, message, help);
    }

    /// Reports a problem with the key of the value at `pointer`.
    fn problem_with_key(
        &mut self,
        code: Code,
        pointer: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let place = self.tree().key_place(pointer);
        self.report.add(code, place, message, help);
    }

    /// Reports a problem with a part of the text at `pointer`, where that part can be found.
    fn problem_within(
        &mut self,
        code: Code,
        pointer: &str,
        part: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let place = self.tree().place(pointer);
        let place = interpolate::narrowed(place, part, self.report.sources());
        self.report.add(code, &place, message, help);
    }

    /// The folder that a path is relative to which is written at `pointer`: that of its file.
    fn folder(&self, pointer: &str) -> PathBuf {
        let place = self.tree().place(pointer);
        self.report.sources().text(place).folder().to_owned()
    }

    /// Resolves each entry of a section, in the order of the file. `None` where one is broken, in
    /// which case all of them were looked at anyway.
    fn each<S, T>(
        &mut self,
        section: &str,
        named: &'a Named<S>,
        mut one: impl FnMut(&mut Self, &str, &'a str, &'a S) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut resolved = Vec::new();
        let mut complete = named.0.len() == self.names(section).len();
        for (name, spec) in &named.0 {
            let pointer = tree::join(&tree::join("", section), name);
            let subject = crate::conform::subject(&pointer);
            self.check_name_of_key(&pointer, name, &subject);
            match one(self, &pointer, name, spec) {
                Some(good) => resolved.push(good),
                None => complete = false,
            }
        }
        complete.then_some(resolved)
    }

    /// Looks a name up. `says` begins the message: "node 'detect' runs the model".
    fn look_up(&mut self, section: &str, name: &str, pointer: &str, says: &str) -> Lookup {
        let names = self.names(section);
        if let Some(index) = names.iter().position(|one| *one == name) {
            return Lookup::Found(index);
        }
        // When the whole section is broken nobody knows what it defines.
        if !self.is_cut(section) {
            let help = suggest::instead_of(name, section, &names);
            let message = format!("{says} '{name}', which is not defined");
            self.problem_within(Code::NotDefined, pointer, name, message, Some(help));
        }
        Lookup::Unknown
    }

    /// Whether a section as a whole was cut out.
    fn is_cut(&self, section: &str) -> bool {
        let pointer = tree::join("", section);
        self.written().at(&pointer).is_some() && self.tree().at(&pointer).is_none()
    }

    fn check_name(&mut self, pointer: &str, name: &str, subject: &str) {
        if !interpolate::is_name(name) && !self.conforming.is_damaged(pointer) {
            let (message, help) = bad_name(name, subject);
            self.problem(Code::BadName, pointer, message, help);
        }
    }

    fn check_name_of_key(&mut self, pointer: &str, name: &str, subject: &str) {
        if !interpolate::is_name(name) {
            let (message, help) = bad_name(name, subject);
            self.problem_with_key(Code::BadName, pointer, message, help);
        }
    }
}

fn bad_name(name: &str, subject: &str) -> (String, Option<String>) {
    let wrong = name
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
    let what = match wrong {
        Some(' ') => "a space in its name".to_owned(),
        Some(wrong) => format!("the character `{wrong}` in its name"),
        None if name.is_empty() => "an empty name".to_owned(),
        None => "a name of more than 64 characters".to_owned(),
    };
    let allowed = "names are made of letters from a to z, digits, `-` and `_`";
    let better: String = name
        .chars()
        .map(|c| match c {
            _ if c.is_ascii_alphanumeric() || c == '_' => c,
            _ => '-',
        })
        .collect();
    let better = better.trim_matches('-');
    let help = if name.is_ascii() && interpolate::is_name(better) {
        format!("{allowed}, for example '{better}'")
    } else {
        allowed.to_owned()
    };
    (format!("{subject} has {what}"), Some(help))
}
