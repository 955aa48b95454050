//! The flow files that ran, so that one of them can be put back.

use std::collections::VecDeque;
use std::path::Path;

use agave_core::Timestamp;
use agave_inspector::view::VersionView;

/// So many are kept.
const MOST: usize = 50;

/// All of them, the oldest first.
#[derive(Default)]
pub(super) struct Versions {
    kept: VecDeque<Kept>,
    last: u64,
}

struct Kept {
    version: u64,
    at: Timestamp,
    who: Option<String>,
    why: &'static str,
    said: String,
    text: String,
}

impl Versions {
    /// What stands in `file` runs from now on.
    pub(super) fn note(&mut self, file: &Path, why: &'static str, who: Option<&str>, said: &str) {
        let Ok(text) = std::fs::read_to_string(file) else {
            return;
        };
        // Parts and plugins may have changed, and the file not.
        if self.kept.back().is_some_and(|last| last.text == text) {
            return;
        }
        self.last += 1;
        if self.kept.len() >= MOST {
            self.kept.pop_front();
        }
        self.kept.push_back(Kept {
            version: self.last,
            at: Timestamp::now(),
            who: who.map(str::to_owned),
            why,
            said: said.to_owned(),
            text,
        });
    }

    /// The newest first.
    pub(super) fn list(&self) -> Vec<VersionView> {
        let shown = |kept: &Kept| VersionView {
            version: kept.version,
            at: kept.at.to_string(),
            who: kept.who.clone(),
            why: kept.why.to_owned(),
            current: kept.version == self.last,
            said: kept.said.clone(),
        };
        self.kept.iter().rev().map(shown).collect()
    }

    /// The text of one.
    pub(super) fn text(&self, version: u64) -> Option<String> {
        let found = self.kept.iter().find(|kept| kept.version == version);
        found.map(|kept| kept.text.clone())
    }
}
