//! A part becomes a part: its sections are added to those of the flow file, name by name.

use crate::report::Report;
use crate::tree::{self, Content, Member, Tree};
use crate::{Code, Place, conform};

/// What is said once, in the flow file itself.
pub(crate) const OF_THE_FLOW: [&str; 3] = ["version", "name", "time-zone"];

/// Adds `part` to `tree`. A name that is there already is reported with both places.
pub(super) fn add(tree: &mut Tree, part: Tree, report: &mut Report) {
    let Content::Map(sections) = part.content else {
        let message = "a part of a flow file is a mapping of sections".to_owned();
        let help = "for example `cameras: { gate: { url: … } }`";
        report.add(Code::WrongType, &part.place, message, [help]);
        return;
    };
    let Content::Map(into) = &mut tree.content else {
        // The flow file is no mapping, which is told with everything else that has a wrong form.
        return;
    };
    for section in sections {
        if OF_THE_FLOW.contains(&section.key.as_str()) {
            let message = format!(
                "`{}` is said in the flow file, and this is a part of one",
                section.key
            );
            report.add(
                Code::MisplacedKey,
                &section.key_place,
                message,
                ["remove it here"],
            );
            continue;
        }
        match into.iter_mut().find(|one| one.key == section.key) {
            Some(there) => add_section(there, section, report),
            None => into.push(section),
        }
    }
}

fn add_section(there: &mut Member, section: Member, report: &mut Report) {
    match (&mut there.value.content, section.value.content) {
        (Content::Map(into), Content::Map(members)) => {
            for member in members {
                match into.iter().find(|one| one.key == member.key) {
                    Some(first) => tell(&section.key, &member, &first.key_place, report),
                    None => into.push(member),
                }
            }
        }
        (Content::List(into), Content::List(items)) => into.extend(items),
        // Of another form, or a key that no flow has: whatever is left is told later.
        (_, content) => {
            let kind = match there.value.content {
                Content::List(_) => "a list",
                _ => "a mapping",
            };
            let is_that = matches!(
                (&there.value.content, &content),
                (_, Content::Map(_)) | (Content::List(_), Content::List(_))
            );
            if !is_that {
                let message = format!("`{}` must be {kind}", section.key);
                report.add(
                    Code::WrongType,
                    &section.value.place,
                    message,
                    [] as [&str; 0],
                );
            }
        }
    }
}

fn tell(section: &str, member: &Member, first: &Place, report: &mut Report) {
    let pointer = tree::join(&tree::join("", section), &member.key);
    let first = report.sources().words(first);
    let message = format!(
        "{} is already defined at {first}",
        conform::subject(&pointer)
    );
    let help = "remove one of the two, or give it another name";
    report.add(Code::DuplicateKey, &member.key_place, message, [help]);
}
