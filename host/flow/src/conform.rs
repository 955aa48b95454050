//! From the tree to [`FlowSpec`]: whatever does not have the shape of a flow is reported and
//! cut out, and the rest goes on to be resolved. That way a misspelt key on line 3 and a missing
//! zone on line 30 are told in one run, and what was cut out causes no errors of its own.

use std::collections::HashSet;

use serde_json::Value;

use crate::findings::{Checker, Fault, Finding, is_misspelt};
use crate::report::Report;
use crate::spec::FlowSpec;
use crate::tree::{self, Content, Tree};
use crate::wording::{self, Naming};
use crate::{Code, Place, schema};

/// The version of the file format that this crate reads.
const VERSION: u64 = 1;

/// Cutting a key out can leave its surroundings without something they need, and those are cut out
/// in the next round; so there are no more rounds than levels in the format.
const MAX_ROUNDS: usize = 16;

/// A file with the shape of a flow, after what had not was cut out.
pub(crate) struct Conforming {
    pub(crate) spec: FlowSpec,
    /// What `spec` was made from, with the places.
    pub(crate) tree: Tree,
    /// The file before anything was cut out: what is in it counts as defined.
    pub(crate) written: Tree,
    cut: HashSet<String>,
}

impl Conforming {
    /// Whether what was written at `pointer`, or in it or around it, was cut out.
    pub(crate) fn is_damaged(&self, pointer: &str) -> bool {
        let inside = format!("{pointer}/");
        self.cut.iter().any(|cut| {
            cut == pointer || cut.starts_with(&inside) || pointer.starts_with(&format!("{cut}/"))
        })
    }
}

/// Checks the shape of `tree`. The texts at `broken` have been reported already.
pub(crate) fn conform(
    mut tree: Tree,
    broken: Vec<String>,
    report: &mut Report,
) -> Option<Conforming> {
    if !readable_version(&tree, report) {
        return None;
    }
    let internal = |report: &mut Report, problem: String| {
        let message = format!("this file cannot be checked: {problem}");
        report.add(
            Code::Syntax,
            &Place::File,
            message,
            ["please report this as a bug of Agave"],
        );
    };
    let checker = match Checker::new(schema::for_checking()) {
        Ok(checker) => checker,
        Err(problem) => {
            internal(report, problem);
            return None;
        }
    };
    let written = tree.clone();
    let mut cut: HashSet<String> = HashSet::new();
    let mut doomed = broken.clone();
    for round in 0..MAX_ROUNDS {
        let value = tree.to_value();
        let findings = checker.check(&value);
        if round == 0 {
            for finding in &findings {
                if !broken.contains(&finding.pointer) && !is_misspelt(finding, &findings) {
                    tell(finding, &value, &tree, report);
                }
            }
        }
        doomed.extend(findings.iter().map(|finding| match &finding.fault {
            Fault::UnknownKey { key, .. } => tree::join(&finding.pointer, key),
            _ => finding.pointer.clone(),
        }));
        if doomed.is_empty() {
            break;
        }
        let mut out: Vec<String> = doomed
            .drain(..)
            .map(|pointer| with_its_list(&tree, pointer))
            .collect();
        // From the back, so that the indices of the others stay what they are.
        out.sort_by_cached_key(|pointer| std::cmp::Reverse(sort_key(pointer)));
        out.dedup();
        for pointer in out {
            if pointer.is_empty() {
                if !matches!(tree.content, Content::Map(_)) {
                    return None;
                }
                stand_in(&mut tree);
            } else {
                tree.remove(&pointer);
                cut.insert(pointer);
            }
        }
    }
    match serde_json::from_value(tree.to_value()) {
        Ok(spec) => Some(Conforming {
            spec,
            tree,
            written,
            cut,
        }),
        Err(error) => {
            internal(report, error.to_string());
            None
        }
    }
}

/// Anything else in a file of another version may mean something else.
fn readable_version(tree: &Tree, report: &mut Report) -> bool {
    match tree.at("/version").map(|version| &version.content) {
        Some(Content::Number(number)) if number.as_u64() != Some(VERSION) => {
            report.add(
                Code::UnsupportedVersion,
                tree.place("/version"),
                format!("this Agave reads version {VERSION} of the flow format, not {number}"),
                [format!(
                    "write `version: {VERSION}`, or use another version of Agave"
                )],
            );
            false
        }
        _ => true,
    }
}

/// The keys without which there is no flow at all, so that the rest can be checked.
fn stand_in(tree: &mut Tree) {
    let Content::Map(members) = &mut tree.content else {
        return;
    };
    for (key, content) in [
        ("version", Content::Number(VERSION.into())),
        ("name", Content::Text("flow".to_owned())),
    ] {
        if !members.iter().any(|member| member.key == key) {
            members.push(tree::Member {
                key: key.to_owned(),
                key_place: Place::File,
                value: Tree {
                    content,
                    ..Tree::default()
                },
            });
        }
    }
}

/// A number that is cut out of a corner would make another corner of it, and a zone without one
/// of its corners is another zone: such a list goes as a whole. Everything else in a list stands
/// alone.
fn with_its_list(tree: &Tree, mut pointer: String) -> String {
    loop {
        let around = tree.at(tree::parent(&pointer)).map(|tree| &tree.content);
        let item = tree.at(&pointer).map(|tree| &tree.content);
        match (around, item) {
            _ if pointer.is_empty() => return pointer,
            (Some(Content::List(_)), Some(Content::Number(_) | Content::List(_))) => {
                pointer = tree::parent(&pointer).to_owned();
            }
            _ => return pointer,
        }
    }
}

fn sort_key(pointer: &str) -> Vec<(usize, String)> {
    tree::steps(pointer)
        .map(|step| (step.parse().unwrap_or(0), step))
        .collect()
}

fn tell(finding: &Finding, value: &Value, tree: &Tree, report: &mut Report) {
    let pointer = &finding.pointer;
    let (code, place) = match &finding.fault {
        Fault::UnknownKey { key, .. } => {
            (Code::UnknownKey, tree.key_place(&tree::join(pointer, key)))
        }
        Fault::MissingKey { .. } if pointer.is_empty() => (Code::MissingKey, &Place::File),
        Fault::MissingKey { .. } => (Code::MissingKey, tree.key_place(pointer)),
        Fault::WrongType { .. } => (Code::WrongType, tree.place(pointer)),
        Fault::NotOneOf { .. } | Fault::Unmet { .. } => (Code::WrongValue, tree.place(pointer)),
    };
    let naming = Naming {
        subject: &subject,
        key: "key",
    };
    let mut words = wording::words(finding, value, &naming);
    if let (Fault::MissingKey { key, .. }, "") = (&finding.fault, pointer.as_str())
        && key == "version"
    {
        words.help = vec![format!("begin the file with `version: {VERSION}`")];
    }
    if let Fault::UnknownKey { key, .. } = &finding.fault
        && key.contains(' ')
        && value.pointer(&tree::join(pointer, key)) == Some(&Value::Null)
    {
        words.help = vec![
            "is this the rest of a text with a comma in it? Put the whole text in quotes"
                .to_owned(),
        ];
    }
    report.add(code, place, words.message, words.help);
}

/// What the value at `pointer` of a flow file is called.
pub(crate) fn subject(pointer: &str) -> String {
    let steps: Vec<String> = tree::steps(pointer).collect();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    subject_of(&steps)
}

fn subject_of(steps: &[&str]) -> String {
    let number = |index: &str| index.parse::<usize>().map_or(0, |index| index + 1);
    match steps {
        [] => "the flow".to_owned(),
        ["templates", name] => format!("template '{name}'"),
        ["models", name] => format!("model '{name}'"),
        ["brokers", name] => format!("broker '{name}'"),
        ["cameras", name] => format!("camera '{name}'"),
        ["cameras", camera, "zones", zone] => format!("zone '{zone}' of camera '{camera}'"),
        ["cameras", _, "zones", zone, corner] => {
            format!("corner {} of zone '{zone}'", number(corner))
        }
        ["nodes", name] => format!("node '{name}'"),
        ["tests", index] => format!("test {}", number(index)),
        [around @ .., index] if index.parse::<usize>().is_ok() => {
            format!("item {} of {}", number(index), subject_of(around))
        }
        keys => {
            // `limits.deadline` of node 'alert': the keys after the last thing with a name.
            let named = (0..keys.len())
                .rev()
                .find(|&length| keys.get(..length).is_some_and(is_named))
                .unwrap_or(0);
            let (around, keys) = keys.split_at(named);
            match around {
                [] => format!("`{}`", keys.join(".")),
                _ => format!("`{}` of {}", keys.join("."), subject_of(around)),
            }
        }
    }
}

/// Whether what is there is called by a name or a number, and not by its key.
fn is_named(steps: &[&str]) -> bool {
    match steps {
        ["templates" | "models" | "brokers" | "cameras" | "nodes", _]
        | ["cameras", _, "zones", _] => true,
        [.., last] => last.parse::<usize>().is_ok(),
        [] => true,
    }
}
