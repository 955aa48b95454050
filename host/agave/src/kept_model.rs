//! Models that are put beside the flow file, in its folder `models`: the one that comes with Agave
//! when it is chosen, and those that somebody sends. A file that is there is never written over.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};

use agave_inspector::Refusal;
use agave_inspector::view::ReceivedModel;
use agave_media::{Model, ModelOptions};
use tempfile::NamedTempFile;

use crate::model_files::{self, FOLDER};

/// Whoever sends models fills a disk more slowly than it is noticed.
const MOST: usize = 100;
const PIECE: usize = 64 << 10;
/// What belongs to a model that is handed on.
const LICENCE: &str = "LICENSE.md";

/// A model that comes with the program and lies beside it.
pub(crate) struct Shipped {
    folder: PathBuf,
    inside: PathBuf,
}

impl Shipped {
    /// The one at this path, as [`model_files::find`] says it.
    pub(crate) fn at(said: &str) -> Option<Self> {
        let folder = model_files::beside_program()?;
        let inside = Path::new(said).strip_prefix(&folder).ok()?.to_owned();
        let is_inside = |part| matches!(part, Component::Normal(_));
        inside
            .components()
            .all(is_inside)
            .then_some(Self { folder, inside })
    }

    /// Puts it into the folder of the flow file, with its licence, unless it is there already.
    pub(crate) fn bring(&self, flow_folder: &Path) -> io::Result<Brought> {
        let said = Path::new(FOLDER).join(&self.inside);
        let mut brought = Brought {
            said: said.display().to_string(),
            new: Vec::new(),
        };
        let licence = said.with_file_name(LICENCE);
        for (from, to) in [
            (self.folder.join(&self.inside), flow_folder.join(&said)),
            (
                self.folder.join(self.inside.with_file_name(LICENCE)),
                flow_folder.join(licence),
            ),
        ] {
            match copy(&from, &to) {
                Ok(true) => brought.new.push(to),
                Ok(false) => {}
                Err(error) => {
                    brought.take_back();
                    return Err(error);
                }
            }
        }
        Ok(brought)
    }
}

/// A model that was put beside the flow file.
pub(crate) struct Brought {
    /// As the flow file says it.
    pub(crate) said: String,
    new: Vec<PathBuf>,
}

impl Brought {
    /// Nobody needs it after all.
    pub(crate) fn take_back(&self) {
        for file in &self.new {
            if let Err(error) = fs::remove_file(file) {
                tracing::warn!(file = %file.display(), %error, "a model that nobody needs is left");
            }
        }
    }
}

/// Whether it is new. A licence need not be there; another file in its place stays.
fn copy(from: &Path, to: &Path) -> io::Result<bool> {
    let is_licence = to.ends_with(LICENCE);
    if is_licence && (!from.exists() || to.exists()) {
        return Ok(false);
    }
    let folder = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut beside = beside(folder)?;
    io::copy(&mut File::open(from)?, &mut beside)?;
    match settle(beside, to)? {
        Settled::New => Ok(true),
        Settled::Same => Ok(false),
        Settled::Other(_) => Err(io::Error::new(
            ErrorKind::AlreadyExists,
            format!("{} is another model", to.display()),
        )),
    }
}

/// Keeps what `content` gives as a model of the flow in `flow_folder`, called like `name`, if it is
/// one that a flow can run.
pub(crate) fn receive(
    flow_folder: &Path,
    name: &str,
    content: &mut dyn Read,
) -> Result<ReceivedModel, Refusal> {
    let folder = flow_folder.join(FOLDER);
    let unwritable = |error: &io::Error| {
        let folder = folder.display();
        Refusal::Unavailable(format!("a model cannot be kept in {folder}: {error}"))
    };
    fs::create_dir_all(&folder).map_err(|error| unwritable(&error))?;
    let entries = fs::read_dir(&folder).map_err(|error| unwritable(&error))?;
    if entries.take(MOST).count() == MOST {
        let folder = folder.display();
        let said = format!("there are {MOST} files in {folder}; take some away first");
        return Err(Refusal::Unavailable(said));
    }
    let mut beside = beside(&folder).map_err(|error| unwritable(&error))?;
    let mut piece = vec![0; PIECE];
    loop {
        let read = match content.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => piece.get(..read).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                return Err(Refusal::TooLarge(error.to_string()));
            }
            Err(error) => return Err(flawed(format!("It did not come to its end: {error}."))),
        };
        beside.write_all(read).map_err(|error| unwritable(&error))?;
    }
    beside.flush().map_err(|error| unwritable(&error))?;
    let name = model_files::name(Path::new(name));
    // As the flow would open it: whatever is wrong comes out now.
    let opened = Model::load(beside.path(), ModelOptions::default());
    let model = opened.map_err(|error| {
        let temporary = beside.path().display().to_string();
        flawed(
            error
                .to_string()
                .replace(&temporary, &format!("{name}.onnx")),
        )
    })?;
    let (width, height) = model.input_size();
    let classes = model.classes().to_vec();
    drop(model);
    let file = settle_somewhere(beside, &folder, &name).map_err(|error| unwritable(&error))?;
    Ok(ReceivedModel {
        path: Path::new(FOLDER).join(&file).display().to_string(),
        name: model_files::name(Path::new(&file)),
        classes,
        width,
        height,
    })
}

fn flawed(said: String) -> Refusal {
    let field = "file";
    Refusal::Flawed { field, said }
}

/// Under its name, or with a number where another file has that. Gives the file's name.
fn settle_somewhere(beside: NamedTempFile, folder: &Path, name: &str) -> io::Result<String> {
    let mut beside = beside;
    for number in 1..=MOST {
        let file = match number {
            1 => format!("{name}.onnx"),
            _ => format!("{name}-{number}.onnx"),
        };
        match settle(beside, &folder.join(&file))? {
            Settled::New | Settled::Same => return Ok(file),
            Settled::Other(again) => beside = again,
        }
    }
    Err(io::Error::from(ErrorKind::AlreadyExists))
}

enum Settled {
    New,
    /// The same was there already.
    Same,
    /// Another one is there.
    Other(NamedTempFile),
}

/// Gives a complete file its name, if nothing else has it, and makes it outlast a power cut.
fn settle(beside: NamedTempFile, file: &Path) -> io::Result<Settled> {
    beside.as_file().sync_all()?;
    match beside.persist_noclobber(file) {
        Ok(_) => {
            let folder = file.parent().unwrap_or(Path::new("."));
            if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
                tracing::debug!(file = %file.display(), %error, "not sure to outlast a power cut");
            }
            Ok(Settled::New)
        }
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
            match is_same(error.file.path(), file)? {
                true => Ok(Settled::Same),
                false => Ok(Settled::Other(error.file)),
            }
        }
        Err(error) => Err(error.error),
    }
}

/// A file that is gone again if nothing comes of it, and that nobody takes for a model.
fn beside(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".agave-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o644));
    }
    builder.tempfile_in(folder)
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    if !other.is_file() || fs::metadata(one)?.len() != fs::metadata(other)?.len() {
        return Ok(false);
    }
    let mut files = [File::open(one)?, File::open(other)?];
    loop {
        let mut pieces = [Vec::with_capacity(PIECE), Vec::with_capacity(PIECE)];
        for (file, piece) in files.iter_mut().zip(&mut pieces) {
            file.take(PIECE as u64).read_to_end(piece)?;
        }
        let [one, other] = pieces;
        if one != other || one.is_empty() {
            return Ok(one == other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_is_written_over_and_nothing_is_kept_twice() {
        let folder = tempfile::tempdir().unwrap();
        let keep = |content: &[u8]| {
            let mut file = beside(folder.path()).unwrap();
            file.write_all(content).unwrap();
            settle_somewhere(file, folder.path(), "people").unwrap()
        };
        assert_eq!(keep(b"one"), "people.onnx");
        assert_eq!(keep(b"one"), "people.onnx");
        assert_eq!(keep(b"two"), "people-2.onnx");
        assert_eq!(keep(b"two"), "people-2.onnx");
        assert_eq!(kept(folder.path()), ["people-2.onnx", "people.onnx"]);
        assert_eq!(fs::read(folder.path().join("people.onnx")).unwrap(), b"one");
    }

    /// Gives something, and then no more.
    struct Broken(Option<ErrorKind>);

    impl Read for Broken {
        fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
            match self.0.take() {
                None => Ok(0),
                Some(ErrorKind::Other) => {
                    self.0 = Some(ErrorKind::FileTooLarge);
                    piece[0] = 1;
                    Ok(1)
                }
                Some(kind) => Err(kind.into()),
            }
        }
    }

    #[test]
    fn what_is_no_model_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let receive = |content: &mut dyn Read| receive(folder.path(), "../a b.onnx", content);
        let large = receive(&mut Broken(Some(ErrorKind::Other)));
        assert!(matches!(large, Err(Refusal::TooLarge(_))), "{large:?}");
        let gone = receive(&mut Broken(Some(ErrorKind::UnexpectedEof)));
        assert!(matches!(gone, Err(Refusal::Flawed { .. })), "{gone:?}");
        assert!(kept(&folder.path().join(FOLDER)).is_empty());
    }
}
