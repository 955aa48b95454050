//! Where evidence lies: a picture and a trace a file, named by the alert's number, so that a
//! person can take a picture away without any program. The oldest make room.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// All of it together.
const MOST_BYTES: u64 = 512 << 20;
const MOST_BYTES_IN_MEMORY: u64 = 32 << 20;

pub(super) struct Folder {
    path: Option<PathBuf>,
    kept: Mutex<Kept>,
    /// The alert up to which it was seen whether they are still there.
    looked_at: Mutex<Option<u64>>,
}

#[derive(Default)]
struct Kept {
    bytes: u64,
    /// By the alert's number.
    alerts: BTreeMap<u64, Piece>,
}

#[derive(Default)]
struct Piece {
    bytes: u64,
    has_picture: bool,
    /// Where there is no folder.
    why: Option<Vec<u8>>,
    picture: Option<Vec<u8>>,
}

impl Folder {
    /// What is in `path` already goes on being kept, if it is of alerts up to the `newest`.
    pub(super) fn open(path: Option<PathBuf>, newest: u64) -> Self {
        let path = path.filter(|path| {
            let made = std::fs::create_dir_all(path);
            made.inspect_err(|error| {
                tracing::warn!(%error, "pictures of alerts are kept in memory only");
            })
            .is_ok()
        });
        let mut kept = Kept::default();
        let entries = path.as_ref().and_then(|path| std::fs::read_dir(path).ok());
        for entry in entries.into_iter().flatten().flatten() {
            let file = PathBuf::from(entry.file_name());
            let number = file
                .file_stem()
                .and_then(|stem| stem.to_str()?.parse().ok());
            let (Some(number), Ok(metadata)) = (number, entry.metadata()) else {
                continue;
            };
            if number > newest {
                // What is gone already need not be taken away.
                let _ = std::fs::remove_file(entry.path());
                continue;
            }
            let piece: &mut Piece = kept.alerts.entry(number).or_default();
            piece.bytes += metadata.len();
            piece.has_picture |= file.extension().is_some_and(|it| it == "jpg");
            kept.bytes += metadata.len();
        }
        Self {
            path,
            kept: Mutex::new(kept),
            looked_at: Mutex::default(),
        }
    }

    pub(super) fn put(&self, number: u64, why: Option<Vec<u8>>, picture: Option<Vec<u8>>) {
        let piece = match &self.path {
            None => Piece {
                bytes: length(why.as_deref()) + length(picture.as_deref()),
                has_picture: picture.is_some(),
                why,
                picture,
            },
            Some(path) => written(path, number, why.as_deref(), picture.as_deref()),
        };
        let most = match self.path {
            Some(_) => MOST_BYTES,
            None => MOST_BYTES_IN_MEMORY,
        };
        let mut kept = self.kept();
        kept.bytes += piece.bytes;
        kept.alerts.insert(number, piece);
        while kept.bytes > most && kept.forget_oldest(self.path.as_deref()) {}
    }

    /// Forgets what belongs to alerts that are forgotten, of which `is_known` does not say that
    /// they are there. Looks at so many at once, and goes on there the next time: an old alert that
    /// is still to be delivered is kept among others that are gone.
    pub(super) fn prune(&self, most: usize, is_known: impl Fn(u64) -> bool) {
        let mut looked_at = self
            .looked_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for _ in 0..most {
            let from = looked_at.map_or(0, |number| number.saturating_add(1));
            *looked_at = self.kept().alerts.range(from..).next().map(|next| *next.0);
            let Some(number) = *looked_at else {
                // The next time from the beginning.
                return;
            };
            // It is asked without the lock: others want to know of pictures meanwhile.
            if !is_known(number) {
                self.kept().forget(number, self.path.as_deref());
            }
        }
    }

    pub(super) fn has_picture(&self, number: u64) -> bool {
        let kept = self.kept();
        kept.alerts
            .get(&number)
            .is_some_and(|piece| piece.has_picture)
    }

    pub(super) fn why(&self, number: u64) -> Option<Vec<u8>> {
        match &self.path {
            Some(path) => std::fs::read(path.join(format!("{number}.json"))).ok(),
            None => self.kept().alerts.get(&number)?.why.clone(),
        }
    }

    pub(super) fn picture(&self, number: u64) -> Option<Vec<u8>> {
        match &self.path {
            Some(path) => std::fs::read(path.join(format!("{number}.jpg"))).ok(),
            None => self.kept().alerts.get(&number)?.picture.clone(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Says whether there was one.
    fn forget_oldest(&mut self, path: Option<&Path>) -> bool {
        let oldest = self.alerts.keys().next().copied();
        oldest.is_some_and(|oldest| self.forget(oldest, path))
    }

    /// Says whether it was there.
    fn forget(&mut self, number: u64, path: Option<&Path>) -> bool {
        let Some(piece) = self.alerts.remove(&number) else {
            return false;
        };
        self.bytes = self.bytes.saturating_sub(piece.bytes);
        if let Some(path) = path {
            // What is gone already need not be taken away.
            let _ = std::fs::remove_file(path.join(format!("{number}.json")));
            let _ = std::fs::remove_file(path.join(format!("{number}.jpg")));
        }
        true
    }
}

fn length(bytes: Option<&[u8]>) -> u64 {
    bytes.map_or(0, <[u8]>::len) as u64
}

/// Writes what it can, and gives what there is then.
fn written(path: &Path, number: u64, why: Option<&[u8]>, picture: Option<&[u8]>) -> Piece {
    let write = |extension: &str, bytes: Option<&[u8]>| {
        let file = path.join(format!("{number}.{extension}"));
        let kept = private(&file, bytes?).inspect_err(|error| {
            tracing::warn!(%error, alert = number, "what led to an alert is not kept");
            // Half of it is of no use. What is not there need not be taken away.
            let _ = std::fs::remove_file(&file);
        });
        kept.is_ok().then(|| length(bytes))
    };
    let (why, picture) = (write("json", why), write("jpg", picture));
    Piece {
        bytes: why.unwrap_or(0) + picture.unwrap_or(0),
        has_picture: picture.is_some(),
        ..Piece::default()
    }
}

/// Writes a file that nobody else on this machine may read: there may be people in it.
fn private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_counted_when_the_rest_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let evidence = Folder::open(Some(folder.path().into()), 0);
        // Nothing can be written there.
        std::fs::create_dir(folder.path().join("1.jpg")).unwrap();
        evidence.put(1, Some(vec![0; 10]), Some(vec![0; 100]));
        assert_eq!(evidence.kept().bytes, 10);
        assert!(!evidence.has_picture(1));
        evidence.prune(100, |_| false);
        assert!(!folder.path().join("1.json").exists());
    }

    #[test]
    fn pictures_go_with_their_alerts() {
        let folder = tempfile::tempdir().unwrap();
        let evidence = Folder::open(Some(folder.path().into()), 0);
        for number in 1..=6 {
            evidence.put(number, Some(vec![0; 10]), Some(vec![0; 100]));
        }
        let left = || std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left(), 12);
        evidence.prune(2, |number| number != 2 && number < 5);
        assert_eq!(left(), 10, "two are looked at");
        evidence.prune(100, |number| number != 2 && number < 5);
        assert_eq!(left(), 6, "those behind one that stays, too");
        assert!(!evidence.has_picture(5) && evidence.has_picture(4));
        assert_eq!(evidence.kept().bytes, 330);
        evidence.prune(100, |_| false);
        assert_eq!((left(), evidence.kept().bytes), (0, 0));
    }
}
