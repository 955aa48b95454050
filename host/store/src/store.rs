//! The file: opened once, made where it is not there, refused where it is newer than this, and
//! one process's at a time.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::map::Map;
use crate::steps::{self, STEPS};

pub(crate) const FILE: &str = "state.db";
/// Whoever has this locked has the file. The system takes the lock from a process that ends,
/// however it ends.
const LOCK: &str = "lock";
/// A reader beside the one who writes may have to wait; nothing that is written takes long.
const BUSY: Duration = Duration::from_secs(5);

/// Why nothing can be kept, or what was kept cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be made.
    #[error("cannot make the folder {}: {reason}", .path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// Another process has it.
    #[error("the folder {} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// There is nothing to read.
    #[error("there is no {}", .0.display())]
    Missing(PathBuf),
    /// The file is there, and is none of ours or damaged; or it cannot be made.
    #[error("cannot open {}: {reason}", .path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// What SQLite said.
        reason: rusqlite::Error,
    },
    /// Part of the file is not what was written.
    #[error(
        "{} is damaged: {said}. Move it away to begin anew, and keep it: it may have alerts that were not delivered, and `sqlite3 FILE .recover` may save them",
        .path.display()
    )]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What SQLite found first.
        said: String,
    },
    /// A later version of Agave has changed the file's form.
    #[error("{} was written by a newer version of Agave", .0.display())]
    Newer(PathBuf),
    /// An earlier version wrote the file, and this one only looks.
    #[error("{} was written by an older version of Agave; running its flow once brings it up to date", .0.display())]
    Older(PathBuf),
    /// A node keeps as much as it may.
    #[error("a node keeps at most {most} bytes, and this would make it {wanted}")]
    Full {
        /// How much that is.
        most: usize,
        /// How much it would be.
        wanted: usize,
    },
    /// Reading or writing failed.
    #[error("the state cannot be read or written: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// One flow's file. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    connection: Arc<Mutex<Connection>>,
    folder: Option<Arc<Path>>,
    /// Held as long as somebody has the store; none where nothing is written.
    held: Option<Arc<File>>,
}

impl Store {
    /// Opens the file in `folder`, and keeps it from every other process; makes both where they
    /// are not there.
    ///
    /// # Errors
    /// When that cannot be done, with the path and the reason.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let in_folder = |reason| StoreError::Folder {
            path: folder.to_owned(),
            reason,
        };
        make_private(folder).map_err(in_folder)?;
        let lock = File::create(folder.join(LOCK)).map_err(in_folder)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::InUse(folder.to_owned()),
            TryLockError::Error(reason) => in_folder(reason),
        })?;
        let path = folder.join(FILE);
        let opened = Connection::open(&path).and_then(|mut connection| {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            let said = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            let seen = prepare(&mut connection)?;
            Ok((connection, seen, said))
        });
        let (connection, seen, said): (_, _, String) = opened.map_err(|reason| {
            let path = path.clone();
            match reason.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged {
                    path,
                    said: reason.to_string(),
                },
                _ => StoreError::Open { path, reason },
            }
        })?;
        if said != "ok" {
            return Err(StoreError::Damaged { path, said });
        }
        if seen > STEPS.len() {
            return Err(StoreError::Newer(path));
        }
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            folder: Some(folder.into()),
            held: Some(Arc::new(lock)),
        })
    }

    /// A store that is gone with the process, for one that has no folder.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn in_memory() -> Result<Self, StoreError> {
        let mut connection = Connection::open_in_memory()?;
        prepare(&mut connection)?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            folder: None,
            held: None,
        })
    }

    /// Opens the file in `folder` to look at it, also while another process writes.
    ///
    /// # Errors
    /// When there is none, or it cannot be read, or an older or newer version wrote it.
    pub fn look(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        if !path.is_file() {
            return Err(StoreError::Missing(path));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(&path, flags).and_then(|connection| {
            connection.busy_timeout(BUSY)?;
            let seen: u32 =
                connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok((connection, usize::try_from(seen).unwrap_or(usize::MAX)))
        });
        let (connection, seen) = opened.map_err(|reason| StoreError::Open {
            path: path.clone(),
            reason,
        })?;
        match seen.cmp(&STEPS.len()) {
            std::cmp::Ordering::Less => Err(StoreError::Older(path)),
            std::cmp::Ordering::Greater => Err(StoreError::Newer(path)),
            std::cmp::Ordering::Equal => Ok(Self {
                connection: Arc::new(Mutex::new(connection)),
                folder: Some(folder.into()),
                held: None,
            }),
        }
    }

    /// Whether what is written is there again when the process is not.
    pub fn lasts(&self) -> bool {
        self.held.is_some()
    }

    /// The folder that it is in; none of one in memory.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The map of the node `node`.
    pub fn map(&self, node: &str) -> Map {
        Map::new(self.clone(), node)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Connection> {
        // SQLite has rolled back what a panic interrupted.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// SQLite's numbers have a sign. Ours, nanoseconds among them, have room until 2262.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The way back.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Brings the file to the newest form. Gives how many steps it has seen.
fn prepare(connection: &mut Connection) -> rusqlite::Result<usize> {
    connection.busy_timeout(BUSY)?;
    // Whoever reads must not find a delivery of an alert that is not there.
    connection.pragma_update(None, "foreign_keys", true)?;
    steps::take(connection)
}

/// What a plugin keeps is nobody else's business.
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_newer_version_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        drop(Store::open(folder.path()).unwrap());
        let file = Connection::open(folder.path().join(FILE)).unwrap();
        file.pragma_update(None, "user_version", 1000).unwrap();
        drop(file);
        let error = Store::open(folder.path()).err().unwrap();
        assert!(matches!(error, StoreError::Newer(_)), "{error}");
    }

    #[test]
    fn a_file_that_is_something_else_is_refused_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "not a database, and long enough").unwrap();
        let error = Store::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains(FILE), "{error}");
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let map = store.map("node");
        for number in 0..100 {
            map.set(&format!("key {number}"), &[number; 500]).unwrap();
        }
        drop((map, store));
        let path = folder.path().join(FILE);
        let mut bytes = fs::read(&path).unwrap();
        let from = bytes.len() / 2;
        bytes[from..from + 4096].fill(0xa5);
        fs::write(&path, bytes).unwrap();
        let error = Store::open(folder.path()).err().unwrap();
        let said = error.to_string();
        assert!(matches!(error, StoreError::Damaged { .. }), "{said}");
        assert!(said.contains(FILE) && said.contains("recover"), "{said}");
    }

    #[test]
    fn a_folder_is_one_store_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let error = Store::open(folder.path()).err().unwrap();
        let named = error.to_string();
        assert!(matches!(error, StoreError::InUse(_)), "{named}");
        assert!(named.contains(folder.path().to_str().unwrap()), "{named}");
        let clone = store.clone();
        drop(store);
        assert!(Store::open(folder.path()).is_err());
        drop(clone);
        Store::open(folder.path()).unwrap();
    }

    #[test]
    fn it_can_be_looked_at_beside_the_one_who_writes() {
        let folder = tempfile::tempdir().unwrap();
        let missing = Store::look(folder.path()).err().unwrap();
        assert!(matches!(missing, StoreError::Missing(_)), "{missing}");
        let store = Store::open(folder.path()).unwrap();
        store.map("node").set("key", b"value").unwrap();
        let look = Store::look(folder.path()).unwrap();
        assert_eq!(look.map("node").get("key").unwrap().unwrap(), b"value");
        assert!(look.map("node").set("key", b"other").is_err());
        store.map("node").set("key", b"new").unwrap();
        assert_eq!(look.map("node").get("key").unwrap().unwrap(), b"new");
    }

    #[test]
    fn the_folder_is_made_and_private() {
        use std::os::unix::fs::PermissionsExt;

        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("state/agave/demo");
        drop(Store::open(&folder).unwrap());
        let mode = fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
