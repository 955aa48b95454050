//! What is in a file, told by its bytes, without reading it again as long as nothing has touched
//! it. Models and plugins are large, and a flow is checked each time that its file is saved.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agave_core::Fingerprint;
use sha2::{Digest, Sha256};

/// More files than flows refer to; beyond it, all are read again.
const MOST_FILES: usize = 10_000;

/// A file that was written within this time of being read could be written again without its
/// times showing it, because file systems count in ticks.
const SETTLED: Duration = Duration::from_secs(1);

const CHUNK: usize = 1 << 16;

/// The files that were read.
#[derive(Default)]
pub(crate) struct Fingerprints {
    known: Mutex<BTreeMap<PathBuf, (Stamp, Fingerprint)>>,
}

/// What changes when a file is written or another one takes its place.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether whatever is written from `now` on will have another stamp.
    fn is_settled(&self, now: SystemTime) -> bool {
        let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (seconds, nanoseconds) = self.modified.max(self.changed);
        let seconds = u64::try_from(seconds).unwrap_or_default();
        let nanoseconds = u32::try_from(nanoseconds).unwrap_or_default();
        Duration::new(seconds, nanoseconds).saturating_add(SETTLED) < since_epoch
    }
}

impl Fingerprints {
    /// The fingerprint of the file at `path` as it is now.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn of(&self, path: &Path) -> io::Result<Fingerprint> {
        let stamp = Stamp::of(&std::fs::metadata(path)?);
        if let Some((known, fingerprint)) = self.known().get(path)
            && *known == stamp
        {
            return Ok(*fingerprint);
        }
        let asked = SystemTime::now();
        let mut file = File::open(path)?;
        // Of the file that is read, which may be another one by now.
        let stamp = Stamp::of(&file.metadata()?);
        let fingerprint = digest(&mut file)?;
        let is_whole = Stamp::of(&file.metadata()?) == stamp;
        let mut known = self.known();
        if known.len() >= MOST_FILES {
            known.clear();
        }
        if is_whole && stamp.is_settled(asked) {
            known.insert(path.to_owned(), (stamp, fingerprint));
        } else {
            known.remove(path);
        }
        Ok(fingerprint)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<PathBuf, (Stamp, Fingerprint)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(file: &mut File) -> io::Result<Fingerprint> {
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(Fingerprint::from(<[u8; 32]>::from(hash.finalize()))),
            Ok(length) => hash.update(chunk.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_replace_a_file_is_seen() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("plugin.wasm");
        let fingerprints = Fingerprints::default();
        assert!(fingerprints.of(&path).is_err());
        // Of one length, and as fast as a machine can: no time stamp tells them apart.
        for round in 0..200_u32 {
            let bytes = round.to_le_bytes();
            if round % 2 == 0 {
                std::fs::write(&path, bytes)?;
            } else {
                let beside = folder.path().join("new");
                std::fs::write(&beside, bytes)?;
                std::fs::rename(&beside, &path)?;
            }
            assert_eq!(fingerprints.of(&path)?, Fingerprint::of(&bytes), "{round}");
        }
        Ok(())
    }

    #[test]
    fn a_file_that_rests_is_read_once() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("model.onnx");
        std::fs::write(&path, b"model")?;
        let long_ago = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let stamp = |time| -> io::Result<Stamp> {
            File::options()
                .write(true)
                .open(&path)?
                .set_modified(time)?;
            Ok(Stamp::of(&std::fs::metadata(&path)?))
        };
        let stamp = stamp(long_ago)?;
        // Its change of times is recent, so it is not settled yet, and will be.
        let now = SystemTime::now();
        assert!(!stamp.is_settled(now));
        assert!(stamp.is_settled(now + Duration::from_secs(2)));
        Ok(())
    }
}
