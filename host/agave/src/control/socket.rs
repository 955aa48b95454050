//! Where the control socket of a flow is, and whose: the process that holds the lock beside it.
//! A socket that a killed process has left is replaced, one that is in use is not.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError, rename, set_permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// In the flow's folder for state.
pub(super) const SOCKET: &str = "control.sock";
const LOCK: &str = "control.lock";
/// A socket's path has at most 107 bytes and a zero.
const LONGEST_PATH: usize = 107;

/// Why a flow cannot be reached from outside.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    #[error("another process runs a flow of this name with the same folder for state, {}", .0.display())]
    InUse(PathBuf),
    #[error(
        "the path of its control socket, {}, has {} bytes, and the system takes {LONGEST_PATH}; name a shorter folder with --state or AGAVE_STATE",
        .0.display(), .0.as_os_str().len()
    )]
    TooLong(PathBuf),
    #[error("cannot make {}: {reason}", .path.display())]
    Make { path: PathBuf, reason: io::Error },
}

/// A socket that is ours.
pub(super) struct Socket {
    pub(super) listener: UnixListener,
    pub(super) place: Place,
}

/// The socket's name in the file system, and the right to it. Both go when this does.
pub(super) struct Place {
    path: PathBuf,
    /// The system lets go of it even when the process is killed.
    _lock: File,
}

impl Socket {
    /// Listens in `folder`, which is made if it is not there.
    pub(super) fn bind(folder: &Path) -> Result<Self, SocketError> {
        let path = folder.join(SOCKET);
        // Under another name first, so that it is never there with the rights of others.
        let unready = folder.join("control.new");
        if path.as_os_str().as_bytes().len() > LONGEST_PATH {
            return Err(SocketError::TooLong(path));
        }
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |reason| SocketError::Make { path, reason }
        };
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(folder);
        made.map_err(failed(folder))?;
        let lock = lock(folder)?;
        // We have the lock, so whatever is there belongs to nobody.
        let _ = std::fs::remove_file(&unready);
        let listener = UnixListener::bind(&unready).map_err(failed(&path))?;
        set_permissions(&unready, Permissions::from_mode(0o600)).map_err(failed(&path))?;
        rename(&unready, &path).map_err(failed(&path))?;
        let place = Place { path, _lock: lock };
        Ok(Self { listener, place })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The lock stays as a file: to delete it would let two processes lock two of them.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn lock(folder: &Path) -> Result<File, SocketError> {
    let path = folder.join(LOCK);
    let mut options = OpenOptions::new();
    let opened = options.create(true).append(true).mode(0o600).open(&path);
    let failed = |reason| SocketError::Make {
        path: path.clone(),
        reason,
    };
    let file = opened.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SocketError::InUse(folder.to_owned())),
        Err(TryLockError::Error(reason)) => Err(failed(reason)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_socket_is_its_owners_alone_and_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let socket = Socket::bind(folder.path()).unwrap();
        let path = folder.path().join(SOCKET);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        UnixStream::connect(&path).unwrap();
        assert!(matches!(
            Socket::bind(folder.path()),
            Err(SocketError::InUse(_))
        ));
        UnixStream::connect(&path).unwrap();
        drop(socket);
        assert!(!path.exists());
        Socket::bind(folder.path()).unwrap();
    }

    #[test]
    fn what_a_killed_process_left_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SOCKET);
        drop(UnixListener::bind(&path).unwrap());
        UnixStream::connect(&path).unwrap_err();
        let _socket = Socket::bind(folder.path()).unwrap();
        UnixStream::connect(&path).unwrap();
    }

    #[test]
    fn a_path_that_no_socket_can_have_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("x".repeat(120));
        let error = Socket::bind(&deep).err().unwrap().to_string();
        assert!(error.contains("--state"), "{error}");
        assert!(!deep.exists());
    }
}
