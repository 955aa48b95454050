//! The file: opened once, made where it is not there, and refused where it is newer than this.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use crate::map::Map;

const FILE: &str = "state.db";
/// Another process may be writing; nothing that it writes takes long.
const BUSY: Duration = Duration::from_secs(5);

/// What made the file what it is, one after the other. A file remembers how many it has seen.
const STEPS: [&str; 1] = ["
    CREATE TABLE kept (
        node TEXT NOT NULL,
        key TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (node, key)
    ) STRICT, WITHOUT ROWID;
"];

/// Why nothing can be kept, or what was kept cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be made.
    #[error("cannot make the folder {}: {reason}", .path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The file is there, and is none of ours or damaged; or it cannot be made.
    #[error("cannot open {}: {reason}", .path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// What SQLite said.
        reason: rusqlite::Error,
    },
    /// A later version of Agave has changed the file's form.
    #[error("{} was written by a newer version of Agave", .0.display())]
    Newer(PathBuf),
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
}

impl Store {
    /// Opens the file in `folder`; makes both where they are not there.
    ///
    /// # Errors
    /// When that cannot be done, with the path and the reason.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        make_private(folder).map_err(|reason| StoreError::Folder {
            path: folder.to_owned(),
            reason,
        })?;
        let path = folder.join(FILE);
        let opened = Connection::open(&path).and_then(|mut connection| {
            let seen = prepare(&mut connection)?;
            Ok((connection, seen))
        });
        let (connection, seen) = opened.map_err(|reason| StoreError::Open {
            path: path.clone(),
            reason,
        })?;
        if seen > STEPS.len() {
            return Err(StoreError::Newer(path));
        }
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
        })
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

/// Takes the steps that the file has not seen. Gives how many it has seen now.
fn prepare(connection: &mut Connection) -> rusqlite::Result<usize> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let behaviour = rusqlite::TransactionBehavior::Immediate;
    let transaction = connection.transaction_with_behavior(behaviour)?;
    let seen: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let seen = usize::try_from(seen).unwrap_or(usize::MAX);
    for step in STEPS.iter().skip(seen) {
        transaction.execute_batch(step)?;
    }
    let seen = seen.max(STEPS.len());
    transaction.pragma_update(
        None,
        "user_version",
        u32::try_from(seen).unwrap_or(u32::MAX),
    )?;
    transaction.commit()?;
    Ok(seen)
}

/// What a plugin keeps is nobody else's business.
fn make_private(folder: &Path) -> std::io::Result<()> {
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
    fn the_folder_is_made_and_private() {
        use std::os::unix::fs::PermissionsExt;

        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("state/agave/demo");
        drop(Store::open(&folder).unwrap());
        let mode = fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
