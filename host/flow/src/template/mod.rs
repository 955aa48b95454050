//! Templates: cameras and nodes that are much like each other are written once, with parameters.
//! A use is replaced by what the template makes of it before anything else looks at it, so that
//! everything that is checked of a camera is checked of one that was made by a template. What came
//! from the template keeps its place there, and remembers where it was used.

mod definition;
mod expand;
mod usage;

use definition::Kind;
use usage::{Broken, Use};

use crate::Code;
use crate::report::Report;
use crate::tree::{self, Content, Tree};
use crate::yaml::MAX_VALUES;

/// Replaces every use of a template. Returns the pointers of the cameras and nodes that cannot be
/// made, which have been reported. `None` when there would be more than any flow needs.
pub(crate) fn expand(tree: &mut Tree, report: &mut Report) -> Option<Vec<String>> {
    let definitions = definition::read(tree, report);
    let mut used = vec![false; definitions.len()];
    let mut broken = Vec::new();
    let mut values = tree.count();
    for (section, kind) in [("cameras", Kind::Camera), ("nodes", Kind::Node)] {
        let section = tree::join("", section);
        let Some(Content::Map(members)) = tree.at_mut(&section).map(|found| &mut found.content)
        else {
            continue;
        };
        for member in members {
            let pointer = tree::join(&section, &member.key);
            let made = Use {
                pointer: &pointer,
                kind,
                definitions: &definitions,
                used: &mut used,
                report,
            }
            .replace(&mut member.value);
            match made {
                Ok(more) => values = values.saturating_add(more),
                Err(Broken) => broken.push(pointer),
            }
            if values > MAX_VALUES {
                let message = format!("templates make more than {MAX_VALUES} values");
                let help = "make several flows of it: each runs on its own";
                report.add(Code::TooLarge, &member.key_place, message, [help]);
                return None;
            }
        }
    }
    for (definition, _) in definitions.iter().zip(used).filter(|(_, used)| !used) {
        let name = &definition.name;
        let message = format!("nothing uses the template '{name}', so it is not checked");
        let help = format!("use it with `use: {name}`, or remove it");
        report.add(Code::UnusedTemplate, &definition.place, message, [help]);
    }
    Some(broken)
}
