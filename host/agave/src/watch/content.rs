//! What stands at a path at one moment, told apart by content: a file that is written again with
//! what it had is the same file. A folder holds the names of its files: a flow can include all
//! that are there.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

/// Of a file that is larger than this, what the file system says of it stands for the content: to
/// read gigabytes at every change would be felt.
const LARGEST_READ: u64 = 1 << 30;
/// Clocks of file systems are coarse (4 ms on Linux, 2 s on some): what was written so recently
/// may have been written once more without a trace.
const YOUNG: Duration = Duration::from_secs(2);

/// What the file system says of the file or folder that a path leads to, through all links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    is_folder: bool,
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    /// Unlike the time before, nobody can set it back.
    changed: (i64, i64),
}

impl Stamp {
    /// None where there is neither file nor folder.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok();
        let metadata = metadata.filter(|found| found.is_file() || found.is_dir())?;
        Some(Self {
            is_folder: metadata.is_dir(),
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// Whether the file changed so shortly before or after `now` that another change may have
    /// left the same stamp.
    pub(super) fn is_young(&self, now: SystemTime) -> bool {
        let changed = self.changed_at();
        let apart = now.duration_since(changed).unwrap_or_else(|e| e.duration());
        apart < YOUNG
    }

    /// Whether the file has been as it is since before `moment`.
    pub(super) fn is_older_than(&self, moment: SystemTime) -> bool {
        self.changed_at() + COARSEST < moment
    }

    fn changed_at(&self) -> SystemTime {
        let (seconds, nanoseconds) = self.changed;
        let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        let nanoseconds = Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0));
        UNIX_EPOCH + seconds + nanoseconds
    }
}

/// How much the clock of a usual file system is behind.
const COARSEST: Duration = Duration::from_millis(20);

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// There is no file, or none that can be read.
    Gone,
    /// SHA-256 of its bytes, or of the names in a folder.
    Bytes([u8; 32]),
    /// It is too large to be read for this.
    Large(Stamp),
    /// It may have changed while it was read for what runs now.
    Unsure,
}

impl Content {
    /// A file with these bytes in it.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self::Bytes(Sha256::digest(bytes).into())
    }

    /// What the file at `path` holds now, where `stamp` is what was just seen of it.
    pub(super) fn read(path: &Path, stamp: Stamp) -> Self {
        if stamp.is_folder {
            return names(path).map_or(Self::Gone, Self::Bytes);
        }
        if stamp.bytes > LARGEST_READ {
            return Self::Large(stamp);
        }
        // A file that cannot be read is as good as gone until it can.
        hash(path).map_or(Self::Gone, Self::Bytes)
    }
}

/// Hidden names are none that a flow includes, and editors make and remove them all the time.
fn names(folder: &Path) -> io::Result<[u8; 32]> {
    let mut names: Vec<Vec<u8>> = fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.file_name().into_encoded_bytes())
        .filter(|name| !name.starts_with(b"."))
        .collect();
    names.sort_unstable();
    let mut hasher = Sha256::new();
    for name in names {
        hasher.update(name);
        // No name has a slash in it.
        hasher.update(b"/");
    }
    Ok(hasher.finalize().into())
}

fn hash(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?.take(LARGEST_READ);
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let length = file.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) else {
            return Ok(hasher.finalize().into());
        };
        hasher.update(bytes);
    }
}
