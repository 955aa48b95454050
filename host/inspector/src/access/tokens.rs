//! Tokens: long random words that somebody shows to be let in. The file that keeps them has
//! their hashes only, so whoever reads it cannot come in; a word of 256 random bits needs no
//! slow hash.

use std::collections::BTreeMap;
use std::io::ErrorKind::{NotADirectory, NotFound};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use super::Role;

/// How a token begins, so that it is known for one where it lies around.
const PREFIX: &str = "agv_";
const TOKEN_BYTES: usize = 32;
const ID_BYTES: usize = 6;
/// So many there may be.
const MOST_TOKENS: usize = 1000;
const LONGEST_NAME: usize = 64;

/// The tokens of this machine, in a file that other processes may write, too.
pub struct Tokens {
    path: PathBuf,
    read: Mutex<Read>,
}

#[derive(Default)]
struct Read {
    kept: Vec<Kept>,
    modified: Option<SystemTime>,
    /// By id, since this process started.
    last_used: BTreeMap<String, Timestamp>,
}

/// A token as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    id: String,
    name: String,
    role: Role,
    created: String,
    sha256: String,
}

#[derive(Default, Serialize, Deserialize)]
struct Contents {
    tokens: Vec<Kept>,
}

/// A token as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenView {
    /// By which it is taken away.
    pub id: String,
    /// Whose it is.
    pub name: String,
    /// What its bearer may do.
    pub role: Role,
    /// When it was made.
    pub created: String,
    /// When it was last shown to this process.
    pub last_used: Option<String>,
}

/// A token that was made a moment ago: the only time that it can be seen.
#[derive(Clone, Serialize, ToSchema)]
pub struct NewToken {
    /// By which it is taken away.
    pub id: String,
    /// Whose it is.
    pub name: String,
    /// What its bearer may do.
    pub role: Role,
    /// The token itself.
    pub token: String,
}

/// Who shows a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) role: Role,
}

/// Why tokens cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// The file or its folder cannot be used.
    #[error("cannot use the tokens in {path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The file is damaged.
    #[error("{path} is no file of tokens: {reason}; put it away to begin with none")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: serde_json::Error,
    },
    /// The name cannot be used.
    #[error(
        "a token's name has 1 to {LONGEST_NAME} characters that can be printed, and no other \
         token has it"
    )]
    Name,
    /// There are too many.
    #[error("there are {MOST_TOKENS} tokens; take some away first")]
    TooMany,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandomness,
}

impl Tokens {
    /// The tokens in the file `path`, which need not be there.
    pub fn in_file(path: PathBuf) -> Self {
        Self {
            path,
            read: Mutex::default(),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a token.
    ///
    /// # Errors
    /// When the name cannot be used, or the file cannot be written.
    pub fn create(&self, name: &str, role: Role) -> Result<NewToken, TokensError> {
        let mut read = self.current()?;
        let printable = name.chars().all(|letter| !letter.is_control());
        let taken = read.kept.iter().any(|kept| kept.name == name);
        if name.trim().is_empty() || name.chars().count() > LONGEST_NAME || !printable || taken {
            return Err(TokensError::Name);
        }
        if read.kept.len() >= MOST_TOKENS {
            return Err(TokensError::TooMany);
        }
        let token = format!("{PREFIX}{}", hex(&random::<TOKEN_BYTES>()?));
        let kept = Kept {
            id: hex(&random::<ID_BYTES>()?),
            name: name.to_owned(),
            role,
            created: Timestamp::now().to_string(),
            sha256: hash(&token),
        };
        let new = NewToken {
            id: kept.id.clone(),
            name: kept.name.clone(),
            role,
            token,
        };
        read.kept.push(kept);
        self.write(&mut read)?;
        Ok(new)
    }

    /// Takes a token away. Says whether there was one.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn revoke(&self, id: &str) -> Result<bool, TokensError> {
        let mut read = self.current()?;
        let before = read.kept.len();
        read.kept.retain(|kept| kept.id != id);
        let gone = read.kept.len() < before;
        if gone {
            self.write(&mut read)?;
        }
        Ok(gone)
    }

    /// All of them, the oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(&self) -> Result<Vec<TokenView>, TokensError> {
        let read = self.current()?;
        let shown = |kept: &Kept| TokenView {
            id: kept.id.clone(),
            name: kept.name.clone(),
            role: kept.role,
            created: kept.created.clone(),
            last_used: read.last_used.get(&kept.id).map(Timestamp::to_string),
        };
        Ok(read.kept.iter().map(shown).collect())
    }

    /// Whose `token` is; none where it is nobody's.
    pub(crate) fn bearer(&self, token: &str) -> Result<Option<Bearer>, TokensError> {
        let shown = hash(token);
        self.find(|kept| kept.sha256.as_bytes().ct_eq(shown.as_bytes()).into())
    }

    /// The bearer of the token with this id, if it was not taken away.
    pub(crate) fn still(&self, id: &str) -> Result<Option<Bearer>, TokensError> {
        self.find(|kept| kept.id == id)
    }

    fn find(&self, is_meant: impl Fn(&Kept) -> bool) -> Result<Option<Bearer>, TokensError> {
        let mut read = self.current()?;
        // All of them, so that the time it takes says nothing.
        let mut found = None;
        for kept in &read.kept {
            if is_meant(kept) {
                found = Some(kept.clone());
            }
        }
        let Some(kept) = found else {
            return Ok(None);
        };
        read.last_used.insert(kept.id.clone(), Timestamp::now());
        Ok(Some(Bearer {
            id: kept.id,
            name: kept.name,
            role: kept.role,
        }))
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> Result<bool, TokensError> {
        Ok(self.current()?.kept.is_empty())
    }

    /// What stands in the file now.
    fn current(&self) -> Result<MutexGuard<'_, Read>, TokensError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let modified = match std::fs::metadata(&self.path) {
            Ok(metadata) => Some(metadata.modified().map_err(|reason| self.file(reason))?),
            // Where there can be no file there is none.
            Err(error) if matches!(error.kind(), NotFound | NotADirectory) => None,
            Err(reason) => return Err(self.file(reason)),
        };
        if modified.is_none() {
            read.kept.clear();
        } else if modified != read.modified {
            let bytes = std::fs::read(&self.path).map_err(|reason| self.file(reason))?;
            let contents: Contents =
                serde_json::from_slice(&bytes).map_err(|reason| TokensError::Damaged {
                    path: self.path.clone(),
                    reason,
                })?;
            read.kept = contents.tokens;
        }
        read.modified = modified;
        Ok(read)
    }

    /// Replaces the file, so that nobody ever reads half of one.
    fn write(&self, read: &mut Read) -> Result<(), TokensError> {
        let contents = Contents {
            tokens: read.kept.clone(),
        };
        let text = serde_json::to_vec_pretty(&contents).unwrap_or_default();
        replace_private(&self.path, &text).map_err(|reason| self.file(reason))?;
        let metadata = std::fs::metadata(&self.path);
        let modified = metadata.and_then(|metadata| metadata.modified());
        read.modified = modified.ok();
        Ok(())
    }

    fn file(&self, reason: std::io::Error) -> TokensError {
        TokensError::File {
            path: self.path.clone(),
            reason,
        }
    }
}

/// Writes `bytes` into the file `path`, for this user alone.
fn replace_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

/// So many random bytes.
pub(super) fn random<const N: usize>() -> Result<[u8; N], TokensError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| TokensError::NoRandomness)?;
    Ok(bytes)
}

/// What is kept of a word that must not be known.
pub(super) fn hash(word: &str) -> String {
    hex(&Sha256::digest(word.as_bytes()))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
