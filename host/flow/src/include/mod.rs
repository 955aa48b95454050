//! A flow in several files: `include` names parts, whose sections are added to those of the flow
//! file. A part is read like the file itself, so everything in it has its place in it.

mod merge;
mod path;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use agave_core::Fingerprint;

pub(crate) use merge::OF_THE_FLOW;

use crate::report::Report;
use crate::surroundings::Surroundings;
use crate::tree::{Content, Tree};
use crate::yaml::{self, MAX_VALUES};
use crate::{Code, FileIndex, FlowText, Place, interpolate};

/// Parts that include parts. Deeper than this nobody finds anything again.
const MAX_DEPTH: usize = 8;
/// A file for each of some hundred cameras, and as many for other things.
const MAX_FILES: usize = 1000;
/// All files together.
const MAX_BYTES: usize = 16 << 20;

/// What was read to make a flow, or would have been: whoever wants to know of changes watches it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// The files with what was in them; `None` for one that could not be read.
    pub files: BTreeMap<PathBuf, Option<Fingerprint>>,
    /// The folders in which files were looked for by a pattern.
    pub folders: BTreeSet<PathBuf>,
}

/// The tree of the flow file (the report's first) with all its parts. `None` when any of them
/// cannot be read to its end: then nobody knows what is defined.
pub(crate) fn gather(
    surroundings: &dyn Surroundings,
    report: &mut Report,
    inputs: &mut Inputs,
) -> Option<Tree> {
    let main = FileIndex::default();
    let text = report.sources().file(main);
    let file = text.file().to_owned();
    let fingerprint = Fingerprint::of(text.as_str().as_bytes());
    // Whoever has read the bytes knows better.
    inputs
        .files
        .entry(file.clone())
        .or_insert(Some(fingerprint));
    let mut tree = yaml::parse(main, report)?;
    let mut gathering = Gathering {
        surroundings,
        report,
        inputs,
        bytes: 0,
        values: tree.count(),
        seen: BTreeMap::from([(path::normal(&file), Place::File)]),
        parts: Vec::new(),
        complete: true,
    };
    gathering.follow(&mut tree, &[path::normal(&file)]);
    let (complete, mut parts) = (gathering.complete, gathering.parts);
    if !complete {
        return None;
    }
    // The order in which parts are named means nothing.
    parts.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (_, part) in parts {
        merge::add(&mut tree, part, report);
    }
    Some(tree)
}

struct Gathering<'a> {
    surroundings: &'a dyn Surroundings,
    report: &'a mut Report,
    inputs: &'a mut Inputs,
    bytes: usize,
    values: usize,
    /// Every file by its normal path, with the place that named it first.
    seen: BTreeMap<PathBuf, Place>,
    parts: Vec<(PathBuf, Tree)>,
    /// Whether everything could be read so far.
    complete: bool,
}

impl Gathering<'_> {
    /// Takes `include` out of `tree` and reads what it names. `chain` is the file that `tree` is
    /// of, after those that have led to it.
    fn follow(&mut self, tree: &mut Tree, chain: &[PathBuf]) {
        for entry in entries(tree) {
            let Some(pattern) = self.replaced(&entry) else {
                self.complete = false;
                continue;
            };
            match self.files(&pattern, &entry.place) {
                Ok(files) => {
                    for file in files {
                        self.read(&file, &entry.place, chain);
                    }
                }
                Err((code, message, help)) => {
                    self.complete = false;
                    self.report.add(code, &entry.place, message, [help]);
                }
            }
        }
    }

    /// The path that is written, with `${env:…}` replaced.
    fn replaced(&mut self, entry: &Tree) -> Option<String> {
        let mut tree = entry.clone();
        let broken = interpolate::environment(&mut tree, self.surroundings, self.report);
        match tree.content {
            Content::Text(text) if broken.is_empty() => Some(text),
            _ => None,
        }
    }

    /// The files that a path with or without `*` stands for, in order.
    fn files(
        &mut self,
        pattern: &str,
        place: &Place,
    ) -> Result<Vec<PathBuf>, (Code, String, &'static str)> {
        const RELATIVE: &str = "the path is relative to the folder of the file that it stands in";
        let folder = self.report.sources().text(place).folder().to_owned();
        let (inside, name) = pattern.rsplit_once('/').unwrap_or(("", pattern));
        if inside.contains('*') {
            let message = format!("`{pattern}` has a `*` in the name of a folder");
            let help = "only the last part of a path can have one: `cameras/*.yaml`";
            return Err((Code::BadInclude, message, help));
        }
        if !name.contains('*') {
            return Ok(vec![folder.join(pattern)]);
        }
        let folder = match (inside, pattern.starts_with('/')) {
            ("", true) => PathBuf::from("/"),
            _ => folder.join(inside),
        };
        self.inputs.folders.insert(folder.clone());
        let names = self.surroundings.files_in(&folder).map_err(|_| {
            let message = format!("there is no folder `{}`", folder.display());
            (Code::FileNotFound, message, RELATIVE)
        })?;
        let mut files: Vec<PathBuf> = names
            .iter()
            .filter(|file| path::matches(name, file))
            .map(|file| folder.join(file))
            .collect();
        files.sort();
        if files.is_empty() {
            let message = format!("no file is called `{}`", folder.join(name).display());
            return Err((Code::FileNotFound, message, RELATIVE));
        }
        Ok(files)
    }

    fn read(&mut self, file: &Path, place: &Place, chain: &[PathBuf]) {
        let normal = path::normal(file);
        if let Some((message, help)) = self.refused(&normal, chain) {
            self.complete = false;
            self.report.add(Code::BadInclude, place, message, [help]);
            return;
        }
        self.seen.insert(normal.clone(), place.clone());
        let Some(text) = self.text(file, place) else {
            self.complete = false;
            return;
        };
        let index = self.report.add_file(text);
        let Some(mut tree) = yaml::parse(index, self.report) else {
            self.complete = false;
            return;
        };
        self.values = self.values.saturating_add(tree.count());
        if self.values > MAX_VALUES {
            self.too_large(
                place,
                format!("all files together have more than {MAX_VALUES} values"),
            );
            return;
        }
        let mut chain = chain.to_vec();
        chain.push(normal.clone());
        self.follow(&mut tree, &chain);
        self.parts.push((normal, tree));
    }

    /// Why a file cannot be included here.
    fn refused(&self, file: &PathBuf, chain: &[PathBuf]) -> Option<(String, String)> {
        let shown = file.display();
        if let Some(at) = chain.iter().position(|one| one == file) {
            let around: Vec<String> = chain
                .iter()
                .skip(at)
                .chain([file])
                .map(|file| file.display().to_string())
                .collect();
            let message = match around.as_slice() {
                [_, _] => format!("{shown} includes itself"),
                _ => format!(
                    "files include each other in a circle: {}",
                    around.join(" → ")
                ),
            };
            let help = "give parts a folder of their own, and let each be included once";
            return Some((message, help.to_owned()));
        }
        if let Some(first) = self.seen.get(file) {
            let first = self.report.sources().words(first);
            let message = format!("{shown} is included twice, for the first time at {first}");
            return Some((message, "remove one of the two".to_owned()));
        }
        if chain.len() > MAX_DEPTH {
            let message = format!("files include files more than {MAX_DEPTH} deep");
            return Some((
                message,
                "include this one from the flow file itself".to_owned(),
            ));
        }
        (self.seen.len() > MAX_FILES).then(|| {
            let message = format!("more than {MAX_FILES} files are included");
            (message, "put several things into one file".to_owned())
        })
    }

    fn text(&mut self, file: &Path, place: &Place) -> Option<FlowText> {
        let bytes = match self.surroundings.read(file) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.inputs.files.insert(file.to_owned(), None);
                let (code, problem) = match error.kind() {
                    std::io::ErrorKind::NotFound => (Code::FileNotFound, "there is no file"),
                    _ => (Code::Unreadable, "this file cannot be read:"),
                };
                let message = format!("{problem} `{}`", file.display());
                let help = "the path is relative to the folder of the file that it stands in";
                self.report.add(code, place, message, [help]);
                return None;
            }
        };
        let fingerprint = Fingerprint::of(&bytes);
        self.inputs.files.insert(file.to_owned(), Some(fingerprint));
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > MAX_BYTES {
            self.too_large(
                place,
                "all files together are larger than 16 MiB".to_owned(),
            );
            return None;
        }
        FlowText::from_bytes(file, bytes)
            .map_err(|diagnostics| self.report.add_all(&diagnostics))
            .ok()
    }

    fn too_large(&mut self, place: &Place, message: String) {
        self.complete = false;
        let help = "make several flows of it: each runs on its own";
        self.report.add(Code::TooLarge, place, message, [help]);
    }
}

/// What `include` says, which is taken out. What is neither a path nor a list of paths stays, and
/// is refused with everything else that has the wrong form.
fn entries(tree: &mut Tree) -> Vec<Tree> {
    let Some(include) = tree.at("/include") else {
        return Vec::new();
    };
    let is_text = |tree: &Tree| matches!(tree.content, Content::Text(_));
    let entries = match &include.content {
        Content::Text(_) => vec![include.clone()],
        Content::List(items) if items.iter().all(is_text) && !items.is_empty() => items.clone(),
        _ => return Vec::new(),
    };
    tree.remove("/include");
    entries
}
