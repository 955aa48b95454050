//! The files of one flow, looked at again and again. A look costs a `stat` a file, and reads what
//! has changed. There is no clock in it: whoever looks says when.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::content::{Content, Stamp};

/// A file has to be gone for so many looks in a row before that is a change: editors delete and
/// create, and a folder that is exchanged is not there for a moment.
const LOOKS_UNTIL_GONE: u32 = 10;
/// Changes wait for so many looks until nothing is in motion any more, so that files which are
/// saved together are one change. One that never comes to rest holds up the others no longer.
const LOOKS_UNTIL_ANYWAY: u32 = 25;

/// The files of one flow.
#[derive(Default)]
pub(crate) struct Watched {
    files: BTreeMap<PathBuf, File>,
    /// For how many looks a change has waited for others.
    held: u32,
}

impl Watched {
    /// From now on `paths` are what is watched. What stands at a path that was not watched before
    /// was read after `began`; where it may have changed since, it counts as changed.
    pub(crate) fn watch(&mut self, paths: &BTreeSet<PathBuf>, began: SystemTime) {
        self.files.retain(|path, _| paths.contains(path));
        self.watch_more(paths, began);
    }

    /// The same, without letting go of any.
    pub(crate) fn watch_more(&mut self, paths: &BTreeSet<PathBuf>, began: SystemTime) {
        for path in paths {
            if !self.files.contains_key(path) {
                self.files.insert(path.clone(), File::new(path, began));
            }
        }
    }

    /// Someone is about to read the files: what stands there now is no change any more.
    pub(crate) fn about_to_read(&mut self, now: SystemTime) {
        self.held = 0;
        for (path, file) in &mut self.files {
            file.known = file.see(path, now);
        }
    }

    /// What runs was written into the file at `path`: only something else in it is a change.
    pub(crate) fn wrote(&mut self, path: &Path, text: &str) {
        if let Some(file) = self.files.get_mut(path) {
            file.known = Content::of(text.as_bytes());
        }
    }

    /// Looks at all files. Gives those that hold something else than when the flow was last read
    /// or a change was last told, once they have come to rest.
    pub(crate) fn look(&mut self, now: SystemTime) -> Option<Vec<PathBuf>> {
        let mut changed = Vec::new();
        let mut moving = false;
        for (path, file) in &mut self.files {
            match file.look(path, now) {
                State::Same => {}
                State::Moving => moving = true,
                State::Changed(content) => changed.push((path.clone(), content)),
            }
        }
        if changed.is_empty() {
            self.held = 0;
            return None;
        }
        if moving && self.held < LOOKS_UNTIL_ANYWAY {
            self.held += 1;
            return None;
        }
        self.held = 0;
        let told = changed.into_iter().map(|(path, content)| {
            if let Some(file) = self.files.get_mut(&path) {
                file.known = content;
            }
            path
        });
        Some(told.collect())
    }
}

/// One path, which may lead to a file or not.
struct File {
    /// What was there when the flow was last read, or when a change was last told.
    known: Content,
    /// What the last look saw.
    last: Option<Sight>,
    looks_gone: u32,
}

/// What one look saw.
#[derive(Clone, Copy)]
struct Sight {
    stamp: Option<Stamp>,
    content: Content,
    /// Nothing can have changed behind the same stamp.
    sure: bool,
}

/// How a path is at one look.
enum State {
    Same,
    /// It is not what it was, and has not come to rest.
    Moving,
    /// It is not what it was, and was like this at the last look, too.
    Changed(Content),
}

impl File {
    fn new(path: &Path, began: SystemTime) -> Self {
        let sight = Sight::of(path, SystemTime::now());
        let untouched = sight.stamp.is_none_or(|stamp| stamp.is_older_than(began));
        Self {
            known: if untouched {
                sight.content
            } else {
                Content::Unsure
            },
            last: Some(sight),
            looks_gone: 0,
        }
    }

    /// What is there now, which is also kept as what was seen last.
    fn see(&mut self, path: &Path, now: SystemTime) -> Content {
        let sight = match self.last {
            Some(last) if last.sure && last.stamp == Stamp::of(path) => last,
            _ => Sight::of(path, now),
        };
        self.last = Some(sight);
        sight.content
    }

    fn look(&mut self, path: &Path, now: SystemTime) -> State {
        let before = self.last.map(|last| last.content);
        let content = self.see(path, now);
        self.looks_gone = match content {
            Content::Gone => self.looks_gone + 1,
            _ => 0,
        };
        if content == self.known {
            return State::Same;
        }
        let at_rest = match content {
            Content::Gone => self.looks_gone >= LOOKS_UNTIL_GONE,
            _ => before == Some(content),
        };
        if at_rest {
            State::Changed(content)
        } else {
            State::Moving
        }
    }
}

impl Sight {
    fn of(path: &Path, now: SystemTime) -> Self {
        // Before the content: what changes in between shows at the next look.
        let stamp = Stamp::of(path);
        let content = stamp.map_or(Content::Gone, |stamp| Content::read(path, stamp));
        let readable = stamp.is_none() || content != Content::Gone;
        Self {
            stamp,
            content,
            sure: readable && stamp.is_none_or(|stamp| !stamp.is_young(now)),
        }
    }
}

#[cfg(test)]
#[path = "watched_tests.rs"]
mod tests;
