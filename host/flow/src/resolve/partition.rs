//! Whether each camera has an instance of a node of its own. A rule or a gate that looks at several
//! cameras together is made for that, so what the node says must be what its plugin is.

use agave_core::Role;

use super::Context;
use crate::spec::Partition;
use crate::{Code, PluginFacts, tree};

/// Checks `partition` of the node at `pointer`; `said` is what is written.
pub(super) fn check(
    cx: &mut Context<'_, '_>,
    pointer: &str,
    name: &str,
    said: Option<Partition>,
    facts: &PluginFacts,
) -> bool {
    let is_none = said == Some(Partition::None);
    let at = tree::join(pointer, "partition");
    if cx.conforming.is_damaged(&at) || is_none == facts.several_cameras {
        return true;
    }
    let plugin = &facts.name;
    let (message, help) = match facts.role {
        _ if facts.several_cameras => (
            format!("the plugin '{plugin}' of node '{name}' looks at several cameras together"),
            "add `partition: none`: one instance for all cameras",
        ),
        Role::Rule | Role::Gate => (
            format!("the plugin '{plugin}' of node '{name}' looks at one camera at a time"),
            "remove `partition`: each camera has an instance of its own",
        ),
        role => (
            format!(
                "node '{name}' is a {role}, and only rules and gates look at several cameras together"
            ),
            "remove `partition`",
        ),
    };
    let message = message.replace("is a adapter", "is an adapter");
    if said.is_some() {
        cx.problem(Code::WrongPartition, &at, message, Some(help.to_owned()));
    } else {
        cx.problem_with_key(
            Code::WrongPartition,
            pointer,
            message,
            Some(help.to_owned()),
        );
    }
    false
}
