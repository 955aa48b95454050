//! Secrets that were given to the page: each is a file in the folder for state that nobody else
//! may read. The environment and `AGAVE_SECRETS_DIR`, where whoever runs the machine puts
//! secrets, come before them.

use std::io;
use std::path::{Path, PathBuf};

use agave_core::Secret;

/// Beside the folders of the flows.
pub(crate) const FOLDER: &str = "secrets";

/// The folder of those secrets.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeptSecrets {
    /// None where there is no folder for state.
    folder: Option<PathBuf>,
}

impl KeptSecrets {
    /// In the folder for state.
    pub(crate) fn below(state_root: Option<&Path>) -> Self {
        Self {
            folder: state_root.map(|root| root.join(FOLDER)),
        }
    }

    /// The file of the secret `name`, there or not.
    pub(crate) fn file(&self, name: &str) -> Option<PathBuf> {
        // This must not become a way out of the folder.
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let is_safe = !name.is_empty() && name.len() <= 64 && name.chars().all(is_name);
        Some(self.folder.as_ref()?.join(name)).filter(|_| is_safe)
    }

    /// The secret `name`.
    pub(crate) fn get(&self, name: &str) -> Option<Secret> {
        std::fs::read_to_string(self.file(name)?)
            .ok()
            .map(Secret::new)
    }

    /// Keeps a secret, for this user alone. One of this name stays, and that is an error.
    pub(crate) fn keep(&self, name: &str, secret: &Secret) -> io::Result<()> {
        let unusable = || io::Error::other("there is no folder for state; name one with --state");
        let file = self.file(name).ok_or_else(unusable)?;
        let folder = file.parent().ok_or_else(unusable)?;
        std::fs::create_dir_all(folder)?;
        for_this_user(folder, 0o700)?;
        // Such a file is its maker's alone from the beginning.
        let mut beside = tempfile::Builder::new()
            .prefix(".agave-")
            .tempfile_in(folder)?;
        io::Write::write_all(&mut beside, secret.reveal().as_bytes())?;
        beside.as_file().sync_all()?;
        // Somebody else may have found the name free, too.
        beside
            .persist_noclobber(&file)
            .map_err(|error| error.error)?;
        // The flow file that refers to it must not outlast it.
        for folder in [Some(folder), folder.parent()].into_iter().flatten() {
            sync(folder);
        }
        Ok(())
    }

    /// Takes a secret away that was kept for nothing.
    pub(crate) fn forget(&self, name: &str) {
        if let Some(file) = self.file(name)
            && let Err(error) = std::fs::remove_file(&file)
        {
            tracing::warn!(file = %file.display(), %error, "a secret that nobody needs is left");
        }
    }
}

fn sync(folder: &Path) {
    if let Err(error) = std::fs::File::open(folder).and_then(|folder| folder.sync_all()) {
        tracing::debug!(folder = %folder.display(), %error, "not sure to outlast a power cut");
    }
}

#[cfg(unix)]
fn for_this_user(folder: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn for_this_user(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_kept_for_this_user_alone() {
        let root = tempfile::tempdir().unwrap();
        let secrets = KeptSecrets::below(Some(root.path()));
        assert!(secrets.get("gate-login").is_none());
        secrets
            .keep("gate-login", &Secret::new("admin:p@ss \n"))
            .unwrap();
        let kept = secrets.get("gate-login").unwrap();
        assert_eq!(kept.reveal(), "admin:p@ss \n");
        let again = secrets.keep("gate-login", &Secret::new("other"));
        assert_eq!(again.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
            let file = secrets.file("gate-login").unwrap();
            assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        }
        secrets.forget("gate-login");
        assert!(secrets.get("gate-login").is_none());
        for name in ["", ".", "../gate", "a/b"] {
            assert!(secrets.file(name).is_none(), "{name}");
        }
        assert!(KeptSecrets::default().keep("a", &kept).is_err());
    }
}
