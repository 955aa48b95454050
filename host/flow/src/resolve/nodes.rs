//! Nodes one by one: what each does, and with what. What they read from each other is `graph`'s.

use agave_core::{Role, Schedule};

use super::{Context, Lookup, config, grants, limits, partition, schedule, sinks};
use crate::spec::{NodeSpec, Partition};
use crate::{Code, ModelIndex, PluginFacts, PluginNode, PluginProblem, Work};
use crate::{suggest, tree};

/// What a node is for those around it, even if something inside of it is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Infer,
    Plugin(Role),
    Store,
    Serve,
}

impl Kind {
    /// "a filter".
    pub(super) fn with_article(self) -> &'static str {
        match self {
            Self::Infer => "a model",
            Self::Plugin(Role::Filter) => "a filter",
            Self::Plugin(Role::Rule) => "a rule",
            Self::Plugin(Role::Gate) => "a gate",
            Self::Plugin(Role::Adapter) => "an adapter",
            Self::Store => "a store",
            Self::Serve => "a device",
        }
    }
}

/// A node of the file whose edges are not resolved yet.
pub(super) struct Draft<'a> {
    pub(super) name: &'a str,
    /// `None` when the node is broken in a way that hides it.
    pub(super) kind: Option<Kind>,
    /// `None` when anything in it is wrong.
    pub(super) work: Option<Work>,
    /// `None` when its hours are wrong.
    pub(super) active: Option<Option<Schedule>>,
    /// `None` when the node is broken in a way that hides it.
    pub(super) spec: Option<&'a NodeSpec>,
}

/// All nodes that are written in the file, in its order.
pub(super) fn resolve<'a>(cx: &mut Context<'a, '_>) -> Vec<Draft<'a>> {
    let specs = &cx.spec().nodes.0;
    let names = cx.names("nodes");
    names
        .into_iter()
        .map(|name| {
            let pointer = tree::join("/nodes", name);
            let spec = specs.iter().find(|(one, _)| one == name);
            let spec = spec.map(|(_, spec)| spec);
            let mut draft = Draft {
                name,
                kind: None,
                work: None,
                active: None,
                spec,
            };
            if let Some(spec) = spec {
                check_own_name(cx, &pointer, name);
                (draft.kind, draft.work) = one(cx, &pointer, name, spec);
                draft.active = schedule::resolve(cx, &pointer, spec.active.as_deref());
            }
            draft
        })
        .collect()
}

fn check_own_name(cx: &mut Context<'_, '_>, pointer: &str, name: &str) {
    if let "cameras" | "alerts" = name {
        cx.problem_with_key(
            Code::ReservedName,
            pointer,
            format!("a node cannot be named '{name}': `from: {name}` means all {name}"),
            Some("give the node another name".to_owned()),
        );
    }
    cx.check_name_of_key(pointer, name, &format!("node '{name}'"));
}

fn one(
    cx: &mut Context<'_, '_>,
    pointer: &str,
    name: &str,
    spec: &NodeSpec,
) -> (Option<Kind>, Option<Work>) {
    sinks::check_places(cx, pointer, name, spec);
    match (&spec.infer, &spec.plugin, &spec.store, &spec.serve) {
        (Some(model), None, None, None) => {
            let good = only_for_plugins(cx, pointer, name, "runs a model", spec);
            let at = tree::join(pointer, "infer");
            let says = format!("node '{name}' runs the model");
            let work = match cx.look_up("models", model, &at, &says) {
                Lookup::Found(index) if good => Some(Work::Infer {
                    model: ModelIndex(index),
                }),
                _ => None,
            };
            (Some(Kind::Infer), work)
        }
        (None, Some(reference), None, None) => plugin(cx, pointer, name, reference, spec),
        (None, None, Some(_), None) => {
            let good = only_for_plugins(cx, pointer, name, "stores alerts", spec);
            let work = sinks::store(cx, pointer, name, spec).filter(|_| good);
            (Some(Kind::Store), work)
        }
        (None, None, None, Some(_)) => {
            let good = only_for_plugins(cx, pointer, name, "serves alerts", spec);
            let work = sinks::serve(cx, pointer, name, spec).filter(|_| good);
            (Some(Kind::Serve), work)
        }
        (None, None, None, None) => {
            let hidden = ["infer", "plugin", "store", "serve"]
                .iter()
                .any(|key| cx.conforming.is_damaged(&tree::join(pointer, key)));
            if !hidden {
                cx.problem_with_key(
                    Code::NotOneWork,
                    pointer,
                    format!("node '{name}' does nothing"),
                    Some("add `infer: MODEL` or `plugin: NAME`".to_owned()),
                );
            }
            (None, None)
        }
        _ => {
            let keys: Vec<&str> = [
                ("infer", spec.infer.is_some()),
                ("plugin", spec.plugin.is_some()),
                ("store", spec.store.is_some()),
                ("serve", spec.serve.is_some()),
            ]
            .into_iter()
            .filter_map(|(key, is_there)| is_there.then_some(key))
            .collect();
            cx.problem_with_key(
                Code::NotOneWork,
                pointer,
                format!(
                    "node '{name}' does more than one thing: {}",
                    suggest::listed(&keys)
                ),
                Some("make a node of each, and let one read the other with `from`".to_owned()),
            );
            (None, None)
        }
    }
}

fn only_for_plugins(
    cx: &mut Context<'_, '_>,
    pointer: &str,
    name: &str,
    does: &str,
    spec: &NodeSpec,
) -> bool {
    let misplaced: Vec<&str> = [
        ("config", spec.config.is_some()),
        ("allow", spec.allow.is_some()),
        ("limits", spec.limits.is_some()),
        ("on-failure", spec.on_failure.is_some()),
        ("partition", spec.partition == Some(Partition::None)),
        ("order", spec.order.is_some() && spec.infer.is_some()),
    ]
    .into_iter()
    .filter_map(|(key, is_there)| is_there.then_some(key))
    .collect();
    for key in &misplaced {
        let message = format!("node '{name}' {does}, and `{key}` is for plugins");
        let help = if *key == "config" && spec.infer.is_some() {
            "`confidence` and `iou` are set where the model is defined, under `models`".to_owned()
        } else {
            format!("remove `{key}`")
        };
        cx.problem_with_key(
            Code::MisplacedKey,
            &tree::join(pointer, key),
            message,
            Some(help),
        );
    }
    misplaced.is_empty()
}

fn plugin(
    cx: &mut Context<'_, '_>,
    pointer: &str,
    name: &str,
    reference: &str,
    spec: &NodeSpec,
) -> (Option<Kind>, Option<Work>) {
    let at = tree::join(pointer, "plugin");
    // A name is looked up beside the flow file, wherever it is written.
    let folder = match is_path(reference) {
        true => cx.folder(&at),
        false => cx.text.folder().to_owned(),
    };
    let facts = match cx.surroundings.plugin(reference, &folder) {
        Ok(facts) => Some(facts),
        Err(problem) => {
            not_usable(cx, &at, reference, problem);
            None
        }
    };
    let role = facts.as_ref().map(|facts| facts.role);
    // All of it is checked even if one part is wrong, and even without the plugin.
    let limits = limits::resolve(
        cx,
        &tree::join(pointer, "limits"),
        role,
        spec.limits.as_ref(),
    );
    let allow = spec.allow.as_ref();
    let grants = grants::resolve(
        cx,
        &tree::join(pointer, "allow"),
        name,
        facts.as_ref(),
        allow,
    );
    let config = facts
        .as_ref()
        .and_then(|facts| config::resolve(cx, pointer, facts, spec.config.as_ref()));
    let good = facts
        .as_ref()
        .is_some_and(|facts| partition::check(cx, pointer, name, spec.partition, facts));
    if let Some(role) = role.filter(|role| *role != Role::Adapter && spec.order.is_some()) {
        let message = format!("node '{name}' is a {role}, and `order` is for adapters");
        let help = "remove `order`: everything before an adapter is in the order of the frames";
        let at = tree::join(pointer, "order");
        cx.problem_with_key(Code::MisplacedKey, &at, message, Some(help.to_owned()));
    }
    let work = facts.filter(|_| good).and_then(|facts| {
        let PluginFacts {
            file,
            fingerprint,
            name,
            version,
            role,
            ..
        } = facts;
        Some(Work::Plugin(PluginNode {
            reference: reference.to_owned(),
            file,
            fingerprint,
            plugin_name: name,
            plugin_version: version,
            role,
            config: config?,
            grants: grants?,
            limits: limits?,
            on_failure: spec.on_failure.unwrap_or_default(),
        }))
    });
    (role.map(Kind::Plugin), work)
}

fn is_path(reference: &str) -> bool {
    reference.contains(['/', '\\']) || reference.ends_with(".wasm")
}

fn not_usable(cx: &mut Context<'_, '_>, at: &str, reference: &str, problem: PluginProblem) {
    match problem {
        PluginProblem::NotFound { known } => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let (message, help) = if is_path(reference) {
                (
                    format!("there is no plugin file `{reference}`"),
                    "the path is relative to the folder of the file that it stands in".to_owned(),
                )
            } else {
                (
                    format!("there is no plugin '{reference}'"),
                    suggest::instead_of(reference, "plugins", &known),
                )
            };
            cx.problem(Code::PluginNotFound, at, message, Some(help));
        }
        PluginProblem::CannotBeLoaded { reason } => {
            let message = format!("the plugin '{reference}' cannot be used: {reason}");
            cx.problem(Code::PluginBroken, at, message, None);
        }
    }
}
