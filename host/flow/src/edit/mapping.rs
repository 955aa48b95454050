//! The members of a mapping: one more, one less, another name.

use std::ops::Range;

use super::bracketed;
use super::lines::Lines;
use super::patch::Replacement;
use super::written::{self, New};
use crate::FileIndex;
use crate::tree::{Content, Member, Tree};

/// A mapping as it is written in one file.
pub(super) struct Mapping<'a> {
    lines: &'a Lines<'a>,
    /// Of the mapping itself, with its brackets if it has some.
    bytes: Range<usize>,
    members: Vec<&'a Member>,
    /// By which a mapping in another is indented.
    step: &'a str,
}

impl<'a> Mapping<'a> {
    /// `None` for anything but a mapping that is written in `file`, in its own place.
    pub(super) fn new(
        tree: &'a Tree,
        file: FileIndex,
        lines: &'a Lines<'a>,
        step: &'a str,
    ) -> Option<Self> {
        let (Content::Map(members), None) = (&tree.content, tree.alias) else {
            return None;
        };
        let bytes = match tree.place.span() {
            Some((at, _)) if at == file => lines.value(tree)?,
            // The sections of a flow are of all its files.
            _ => 0..0,
        };
        let is_here = |member: &&Member| member.key_place.span().is_some_and(|(at, _)| at == file);
        Some(Self {
            lines,
            bytes,
            members: members.iter().filter(is_here).collect(),
            step,
        })
    }

    /// Adds a member behind the others.
    pub(super) fn insert(&self, name: &str, value: &New) -> Option<Vec<Replacement>> {
        let lines = self.lines;
        let inline = || format!("{}: {}", written::key(name), value.inline());
        let last = self.entries()?.into_iter().next_back();
        match (self.is_bracketed(), last) {
            (true, Some(last)) => {
                let close = self.bytes.end.saturating_sub(1);
                Some(bracketed::insert(lines, &last, close, &[inline()]))
            }
            (true, None) => {
                let open = lines.bracket(&self.bytes)? + 1;
                let inside = open..self.bytes.end.saturating_sub(1);
                let text = lines.text(inside.clone());
                Some(vec![match text.trim_matches([' ', '\t']) {
                    "" => Replacement::new(inside, format!(" {} ", inline())),
                    // There is a comment or a line break.
                    _ => Replacement::insertion(inside.end, format!("{} ", inline())),
                }])
            }
            (false, Some(last)) => {
                let indent = self.indent(last.start)?;
                let line_break = lines.line_break();
                let text = value.lines(name, indent, self.step, line_break);
                let end = lines.end(last.end);
                Some(vec![Replacement::insertion(
                    end,
                    format!("{line_break}{text}"),
                )])
            }
            (false, None) => None,
        }
    }

    /// Takes a member out. `None` when it is the only one, or not to be had.
    pub(super) fn remove(&self, name: &str) -> Option<Vec<Replacement>> {
        let index = self.members.iter().position(|member| member.key == name)?;
        let entries = self.entries()?;
        if entries.len() < 2 {
            return None;
        }
        if self.is_bracketed() {
            return Some(bracketed::remove(self.lines, &entries, index..index + 1));
        }
        let entry = entries.get(index)?;
        self.indent(entry.start)?;
        let bytes = self.lines.start(entry.start)..self.lines.next(entry.end);
        Some(vec![Replacement::removal(bytes)])
    }

    /// Gives a member another name, in the quotes of the old one.
    pub(super) fn rename(&self, name: &str, new: &str) -> Option<Vec<Replacement>> {
        let member = self.members.iter().find(|member| member.key == name)?;
        let bytes = self.lines.range(member.key_place.span()?.1);
        let is_word = crate::interpolate::is_name(new);
        let text = match self.lines.text(bytes.clone()).chars().next() {
            Some('\'') if is_word => format!("'{new}'"),
            Some('"') => written::quoted(new),
            _ => written::key(new),
        };
        Some(vec![Replacement::new(bytes, text)])
    }

    /// Gives a member without a value one.
    pub(super) fn fill(&self, name: &str, value: &New) -> Option<Vec<Replacement>> {
        let member = self.members.iter().find(|member| member.key == name)?;
        let key = self.lines.range(member.key_place.span()?.1);
        let entry = self.entry(member)?;
        let New::Mapping(inner) = value else {
            let text = format!(" {}", value.inline());
            return Some(vec![Replacement::insertion(entry.end, text)]);
        };
        if self.is_bracketed() {
            let text = format!(" {}", value.inline());
            return Some(vec![Replacement::insertion(entry.end, text)]);
        }
        let indent = format!("{}{}", self.indent(key.start)?, self.step);
        let line_break = self.lines.line_break();
        let text: String = inner
            .iter()
            .map(|(name, value)| value.lines(name, &indent, self.step, line_break))
            .map(|text| format!("{line_break}{text}"))
            .collect();
        let end = self.lines.end(entry.end);
        Some(vec![Replacement::insertion(end, text)])
    }

    fn is_bracketed(&self) -> bool {
        self.lines.bracket(&self.bytes).is_some()
    }

    /// What stands before a member that has a line of its own.
    fn indent(&self, key: usize) -> Option<&'a str> {
        let before = self.lines.before(key);
        before.chars().all(|c| c == ' ').then_some(before)
    }

    fn entries(&self) -> Option<Vec<Range<usize>>> {
        self.members
            .iter()
            .map(|member| self.entry(member))
            .collect()
    }

    /// From the key to the end of the value.
    fn entry(&self, member: &Member) -> Option<Range<usize>> {
        let key = self.lines.range(member.key_place.span()?.1);
        let mut end = self.lines.value(&member.value)?.end;
        if member.value.content == Content::Null && member.value.alias.is_none() {
            // Its place is that of the key.
            let rest = self.lines.after(key.end);
            let colon = rest.trim_start().strip_prefix(':')?;
            end = key.end + rest.len() - colon.len();
        }
        Some(key.start..end)
    }
}
