//! Puts texts into files that people edit as well: at once, so that nobody ever reads half of one,
//! and so that what they are otherwise stays as it is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::texts::{Edits, Texts};

/// Writes all `edits`, or none: what stood there is put back. A file that is none of those that
/// were `seen`, and has another text already, is somebody else's.
///
/// # Errors
/// Which file it was, and what the system said of it.
pub(super) fn write_all(seen: &Texts, edits: &Edits) -> Result<(), (PathBuf, io::Error)> {
    for (path, text) in edits {
        if seen.get(path).is_none() && fs::read(path).is_ok_and(|there| there != text.as_bytes()) {
            let others = "it is there with another text, which nobody has looked at here; put it \
                          away or include it first";
            return Err((
                path.clone(),
                io::Error::new(ErrorKind::AlreadyExists, others),
            ));
        }
    }
    let was_there: Vec<bool> = edits.keys().map(|path| path.exists()).collect();
    for (number, (path, text)) in edits.iter().enumerate() {
        let Err(error) = replace(path, text) else {
            continue;
        };
        for (path, was_there) in edits.keys().zip(&was_there).take(number) {
            let undone = match seen.get(path) {
                Some(before) => replace(path, before),
                None if *was_there => Ok(()),
                None => fs::remove_file(path),
            };
            if let Err(error) = undone {
                tracing::error!(%error, file = %path.display(), "it is as it was to be");
            }
        }
        return Err((path.clone(), error));
    }
    Ok(())
}

/// Puts `text` in the place of what is in `file`. What the name leads to is replaced, and not a
/// link on the way. Where the file itself must stay, as one that is mounted by itself, it is
/// written anew.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let file = match fs::canonicalize(file) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return create(file, text),
        Err(error) => return Err(error),
    };
    if fs::metadata(&file)?.nlink() > 1 {
        return overwrite(&file, text);
    }
    match exchange(&file, text) {
        Err(error) if must_stay(&error) => overwrite(&file, text),
        exchanged => exchanged,
    }
}

/// Whether a file can perhaps be written, and not be exchanged.
fn must_stay(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ResourceBusy
            | ErrorKind::CrossesDevices
            | ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
    )
}

fn create(file: &Path, text: &str) -> io::Result<()> {
    let mut beside = beside(file)?;
    beside.write_all(text.as_bytes())?;
    beside.as_file().sync_all()?;
    beside.persist(file).map_err(|error| error.error)?;
    sync_folder(file);
    Ok(())
}

fn exchange(file: &Path, text: &str) -> io::Result<()> {
    let mut beside = beside(file)?;
    beside.write_all(text.as_bytes())?;
    let before = fs::metadata(file)?;
    // Whoever may not give it away keeps it; the file can be read as before.
    let given = std::os::unix::fs::fchown(beside.as_file(), Some(before.uid()), Some(before.gid()));
    if let Err(error) = given
        && error.kind() != ErrorKind::PermissionDenied
    {
        return Err(error);
    }
    beside.as_file().set_permissions(before.permissions())?;
    beside.as_file().sync_all()?;
    beside.persist(file).map_err(|error| error.error)?;
    sync_folder(file);
    Ok(())
}

/// Writes into the file as it is, with what was in it beside it until that is done: whoever pulls
/// the plug meanwhile finds both.
fn overwrite(file: &Path, text: &str) -> io::Result<()> {
    let before = fs::read(file)?;
    let kept = beside(file).and_then(|mut beside| {
        beside.write_all(&before)?;
        beside.as_file().sync_all()?;
        Ok(beside)
    });
    if kept.is_err() {
        tracing::debug!(file = %file.display(), "there is no room for a copy beside it");
    }
    let written = put(file, text.as_bytes());
    if written.is_err() {
        let back = put(file, &before);
        if let (Err(error), Ok(kept)) = (back, kept) {
            let kept = kept.into_temp_path().keep();
            let kept =
                kept.map_or_else(|error| error.to_string(), |path| path.display().to_string());
            tracing::error!(%error, file = %file.display(), "what was in it is in {kept}");
        }
    }
    written
}

fn put(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(file)?;
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)?;
    file.sync_all()
}

fn beside(file: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".agave-").tempfile_in(folder_of(file))
}

/// That the file has this name must outlast a power cut, too. Not every file system can do that,
/// and the text is in its place.
fn sync_folder(file: &Path) {
    if let Err(error) = File::open(folder_of(file)).and_then(|folder| folder.sync_all()) {
        tracing::warn!(%error, file = %file.display(), "written, and not sure to outlast a power cut");
    }
}

fn folder_of(file: &Path) -> &Path {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn left(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_file_keeps_its_rights_and_its_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (
            folder.path().join("a.yaml"),
            folder.path().join("link.yaml"),
        );
        fs::write(&file, "before").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        // As root it is somebody else's.
        let _ = std::os::unix::fs::chown(&file, Some(12), Some(34));
        let before = fs::metadata(&file).unwrap();
        symlink("a.yaml", &link).unwrap();
        replace(&link, "after").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "after");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let after = fs::metadata(&file).unwrap();
        let rights = |file: &fs::Metadata| (file.uid(), file.gid(), file.mode());
        assert_eq!(rights(&after), rights(&before));
        assert_eq!(left(folder.path()), 2);
    }

    #[test]
    fn a_file_with_another_name_stays_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("a.yaml"), folder.path().join("b.yaml"));
        fs::write(&file, "a long text that was there before").unwrap();
        fs::hard_link(&file, &other).unwrap();
        replace(&file, "after").unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "after");
        assert_eq!(left(folder.path()), 2);
    }

    #[test]
    fn all_are_written_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let (main, part) = (folder.path().join("a.yaml"), folder.path().join("b.yaml"));
        fs::write(&main, "a").unwrap();
        let seen = Texts::new(&main, BTreeMap::from([(main.clone(), "a".to_owned())]));
        let nowhere = folder.path().join("none/c.yaml");
        let edits = [(&main, "A"), (&part, "B"), (&nowhere, "C")];
        let edits: Edits = edits
            .into_iter()
            .map(|(path, text)| (path.clone(), text.to_owned()))
            .collect();
        assert_eq!(write_all(&seen, &edits).unwrap_err().0, nowhere);
        assert_eq!(fs::read_to_string(&main).unwrap(), "a");
        assert!(!part.exists());
        assert_eq!(left(folder.path()), 1);
    }

    #[test]
    fn a_file_that_nobody_has_looked_at_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (main, part) = (folder.path().join("a.yaml"), folder.path().join("b.yaml"));
        fs::write(&main, "a").unwrap();
        fs::write(&part, "somebody else's").unwrap();
        let seen = Texts::new(&main, BTreeMap::from([(main.clone(), "a".to_owned())]));
        let edits = Edits::from([
            (main.clone(), "A".to_owned()),
            (part.clone(), "B".to_owned()),
        ]);
        assert_eq!(write_all(&seen, &edits).unwrap_err().0, part);
        assert_eq!(fs::read_to_string(&main).unwrap(), "a");
        assert_eq!(fs::read_to_string(&part).unwrap(), "somebody else's");
    }
}
