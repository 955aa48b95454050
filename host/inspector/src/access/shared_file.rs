//! A small file that several processes read and write: one writer after the other, nobody reads
//! half of it, and a change is noticed without reading it.

use std::fs::File;
use std::io::ErrorKind::{NotADirectory, NotFound};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// What the file system says of a file. Each change is another file in the place of the one
/// before, so two changes within a tick of the clock differ as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// None where there is no file.
pub(super) fn stamp(path: &Path) -> std::io::Result<Option<Stamp>> {
    match std::fs::metadata(path) {
        Ok(file) => Ok(Some(Stamp {
            device: file.dev(),
            inode: file.ino(),
            bytes: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        })),
        // Where there can be no file there is none.
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().unwrap_or(Path::new(""));
    match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    }
}

/// Waits until no other process or thread changes the file `path`, and keeps them away until it is
/// dropped.
pub(super) fn alone(path: &Path) -> std::io::Result<File> {
    std::fs::create_dir_all(folder_of(path))?;
    let lock = private(&path.with_extension("lock"))?;
    lock.lock()?;
    Ok(lock)
}

/// Writes `bytes` into the file `path`, for this user alone.
pub(super) fn replace_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = private(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    // That it has this name must outlast a power cut, too.
    File::open(folder_of(path))?.sync_all()
}

fn private(path: &Path) -> std::io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    options.mode(0o600).open(path)
}
