//! The texts that ran, so that one of them can be put back. They are kept beside the flow's state:
//! whoever wants to go back often does so after a restart.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::path::{Path, PathBuf};

use agave_core::Timestamp;
use agave_inspector::view::VersionView;
use serde::{Deserialize, Serialize};

use super::texts::Texts;

/// So many are kept.
const MOST: usize = 50;
/// All texts together. The newest is kept in any case.
const MOST_BYTES: usize = 32 << 20;

/// All of them, the oldest first.
pub(super) struct Versions {
    /// Where they are there again after a restart.
    folder: Option<PathBuf>,
    kept: VecDeque<Kept>,
}

struct Kept {
    version: u64,
    at: String,
    who: Option<String>,
    why: String,
    said: String,
    texts: Texts,
}

/// One in its file.
#[derive(Serialize, Deserialize)]
struct Written {
    version: u64,
    at: String,
    who: Option<String>,
    why: String,
    said: String,
    texts: Vec<WrittenText>,
}

#[derive(Serialize, Deserialize)]
struct WrittenText {
    /// Seen from the folder of the flow file; none for the flow file itself, which may be called
    /// otherwise after a restart.
    part: Option<PathBuf>,
    text: String,
}

impl Versions {
    /// Those in `folder`, if there is one, of the flow in `file`.
    pub(super) fn open(folder: Option<PathBuf>, file: &Path) -> Self {
        let folder = folder.filter(|folder| {
            let made = std::fs::create_dir_all(folder);
            made.inspect_err(|error| {
                tracing::warn!(%error, "earlier texts of the flow are kept in memory only");
            })
            .is_ok()
        });
        let entries = folder.as_ref().and_then(|it| std::fs::read_dir(it).ok());
        let mut kept: Vec<Kept> = entries
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|it| it == "json"))
            .filter_map(|entry| read(&entry.path(), file))
            .collect();
        kept.sort_by_key(|kept| kept.version);
        let mut versions = Self {
            folder,
            kept: kept.into(),
        };
        versions.make_room();
        versions
    }

    /// `texts` run from now on.
    pub(super) fn note(&mut self, texts: &Texts, why: &str, who: Option<&str>, said: &str) {
        // Plugins may have changed, and the files not.
        if self.kept.back().is_some_and(|last| last.texts == *texts) {
            return;
        }
        let kept = Kept {
            version: self.kept.back().map_or(1, |last| last.version + 1),
            at: Timestamp::now().to_string(),
            who: who.map(str::to_owned),
            why: why.to_owned(),
            said: said.to_owned(),
            texts: texts.clone(),
        };
        if let Some(folder) = &self.folder
            && let Err(error) = write(folder, &kept)
        {
            tracing::warn!(%error, "an earlier text of the flow is gone after a restart");
        }
        self.kept.push_back(kept);
        self.make_room();
    }

    /// The newest first.
    pub(super) fn list(&self) -> Vec<VersionView> {
        let last = self.kept.back().map(|last| last.version);
        let before = std::iter::once(None).chain(self.kept.iter().map(Some));
        let mut all: Vec<VersionView> = self
            .kept
            .iter()
            .zip(before)
            .map(|(kept, before)| VersionView {
                version: kept.version,
                at: kept.at.clone(),
                who: kept.who.clone(),
                why: kept.why.clone(),
                current: Some(kept.version) == last,
                said: kept.said.clone(),
                files: kept.texts.changed_since(before.map(|before| &before.texts)),
            })
            .collect();
        all.reverse();
        all
    }

    /// The texts of one.
    pub(super) fn texts(&self, version: u64) -> Option<&Texts> {
        let found = self.kept.iter().find(|kept| kept.version == version);
        found.map(|kept| &kept.texts)
    }

    fn make_room(&mut self) {
        let bytes = |kept: &VecDeque<Kept>| kept.iter().map(|one| one.texts.bytes()).sum::<usize>();
        while self.kept.len() > MOST || (self.kept.len() > 1 && bytes(&self.kept) > MOST_BYTES) {
            if let (Some(gone), Some(folder)) = (self.kept.pop_front(), &self.folder) {
                // What is gone already need not be taken away.
                let _ = std::fs::remove_file(path_of(folder, gone.version));
            }
        }
    }
}

fn path_of(folder: &Path, version: u64) -> PathBuf {
    folder.join(format!("{version}.json"))
}

/// There may be passwords in it: nobody else on this machine reads it.
fn write(folder: &Path, kept: &Kept) -> std::io::Result<()> {
    let flow_folder = kept.texts.folder();
    let texts = kept.texts.iter().map(|(path, text)| WrittenText {
        part: (path != kept.texts.file()).then(|| {
            let inside = path.strip_prefix(flow_folder);
            inside.unwrap_or(path).to_owned()
        }),
        text: text.to_owned(),
    });
    let written = Written {
        version: kept.version,
        at: kept.at.clone(),
        who: kept.who.clone(),
        why: kept.why.clone(),
        said: kept.said.clone(),
        texts: texts.collect(),
    };
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(&serde_json::to_vec(&written)?)?;
    beside.as_file().sync_all()?;
    let placed = beside.persist(path_of(folder, kept.version));
    placed.map(drop).map_err(|error| error.error)
}

fn read(path: &Path, file: &Path) -> Option<Kept> {
    let bytes = std::fs::read(path).ok()?;
    let written: Result<Written, _> = serde_json::from_slice(&bytes);
    let written = written
        .inspect_err(|error| tracing::warn!(%error, file = %path.display(), "it is left out"));
    let written = written.ok()?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let texts = written.texts.into_iter().map(|WrittenText { part, text }| {
        let path = part.map_or_else(|| file.to_owned(), |part| folder.join(part));
        (path, text)
    });
    let texts: BTreeMap<PathBuf, String> = texts.collect();
    Some(Kept {
        version: written.version,
        at: written.at,
        who: written.who,
        why: written.why,
        said: written.said,
        texts: Texts::new(file, texts),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(file: &str, main: &str, part: &str) -> Texts {
        let file = PathBuf::from(file);
        let beside = file.parent().unwrap().join("parts/gate.yaml");
        let all = [(file.clone(), main), (beside, part)];
        let all = all.into_iter().map(|(path, text)| (path, text.to_owned()));
        Texts::new(&file, all.collect())
    }

    #[test]
    fn they_are_there_after_a_restart_wherever_one_starts_from() {
        let folder = tempfile::tempdir().unwrap();
        let open = |file: &str| Versions::open(Some(folder.path().into()), Path::new(file));
        let mut versions = open("/yard/flow.yaml");
        versions.note(&texts("/yard/flow.yaml", "a", "p"), "start", None, "first");
        versions.note(
            &texts("/yard/flow.yaml", "a", "P"),
            "page",
            Some("anna"),
            "zone",
        );
        drop(versions);
        std::fs::write(folder.path().join("3.json"), "{").unwrap();

        let mut versions = open("../yard/flow.yaml");
        let now = texts("../yard/flow.yaml", "a", "P");
        versions.note(&now, "start", None, "it goes on");
        let list = versions.list();
        assert_eq!(list.len(), 2, "the same texts are no other version");
        assert_eq!((list[0].version, list[0].current), (2, true));
        assert_eq!(list[0].who.as_deref(), Some("anna"));
        assert_eq!(list[0].files, ["../yard/parts/gate.yaml"]);
        let edits = versions.texts(1).unwrap().instead_of(&now);
        let edits: Vec<_> = edits.into_iter().collect();
        assert_eq!(edits, [("../yard/parts/gate.yaml".into(), "p".to_owned())]);
        versions.note(&texts("../yard/flow.yaml", "b", "P"), "files", None, "more");
        assert_eq!(open("/yard/flow.yaml").list()[0].version, 3);
    }

    #[test]
    fn the_oldest_make_room_in_the_folder_too() {
        let folder = tempfile::tempdir().unwrap();
        let mut versions = Versions::open(Some(folder.path().into()), Path::new("f.yaml"));
        for number in 0..60 {
            let texts = texts("f.yaml", &number.to_string(), "");
            versions.note(&texts, "files", None, "");
        }
        let large = "x".repeat(MOST_BYTES);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), MOST);
        versions.note(&texts("f.yaml", &large, ""), "files", None, "");
        assert_eq!(versions.list().len(), 1);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
