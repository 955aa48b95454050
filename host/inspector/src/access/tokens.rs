//! Tokens: long random words that somebody shows to be let in. The file that keeps them has
//! their hashes only, so whoever reads it cannot come in; a word of 256 random bits needs no
//! slow hash.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use super::Role;
use super::shared_file::{Stamp, alone, replace_private, stamp};

/// How a token begins, so that it is known for one where it lies around.
const PREFIX: &str = "agv_";
const TOKEN_BYTES: usize = 32;
const ID_BYTES: usize = 6;
/// So many there may be.
const MOST_TOKENS: usize = 1000;
const LONGEST_NAME: usize = 64;

/// The tokens of this machine, in a file that other processes may write, too.
pub struct Tokens {
    /// Without one they are in memory.
    path: Option<PathBuf>,
    known: Mutex<Known>,
}

/// What stood in the file when it was read last.
#[derive(Default)]
struct Known {
    kept: Vec<Kept>,
    stamp: Option<Stamp>,
    /// There has been one: a token is asked for from then on.
    were_any: bool,
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
    #[schema(format = DateTime)]
    pub created: String,
    /// When it was last shown to this process.
    #[schema(format = DateTime)]
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
            path: Some(path),
            known: Mutex::default(),
        }
    }

    /// Tokens that are gone with the process: there is nowhere to keep them.
    pub fn in_memory() -> Self {
        Self {
            path: None,
            known: Mutex::default(),
        }
    }

    /// Makes a token.
    ///
    /// # Errors
    /// When the name cannot be used, or the file cannot be written.
    pub fn create(&self, name: &str, role: Role) -> Result<NewToken, TokensError> {
        let printable = name.chars().all(|letter| !letter.is_control());
        if name.trim().is_empty() || name.chars().count() > LONGEST_NAME || !printable {
            return Err(TokensError::Name);
        }
        let token = format!("{PREFIX}{}", hex(&random::<TOKEN_BYTES>()?));
        let new = NewToken {
            id: hex(&random::<ID_BYTES>()?),
            name: name.to_owned(),
            role,
            token,
        };
        self.change(|kept| {
            if kept.iter().any(|kept| kept.name == name) {
                return Err(TokensError::Name);
            }
            if kept.len() >= MOST_TOKENS {
                return Err(TokensError::TooMany);
            }
            kept.push(Kept {
                id: new.id.clone(),
                name: new.name.clone(),
                role,
                created: Timestamp::now().to_string(),
                sha256: hash(&new.token),
            });
            Ok(true)
        })?;
        Ok(new)
    }

    /// Takes a token away. Says whether there was one. The file stays when the last one goes, so
    /// that a token is still asked for.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn revoke(&self, id: &str) -> Result<bool, TokensError> {
        self.change(|kept| {
            let before = kept.len();
            kept.retain(|kept| kept.id != id);
            Ok(kept.len() < before)
        })
    }

    /// All of them, the oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(&self) -> Result<Vec<TokenView>, TokensError> {
        let known = self.current()?;
        let shown = |kept: &Kept| TokenView {
            id: kept.id.clone(),
            name: kept.name.clone(),
            role: kept.role,
            created: kept.created.clone(),
            last_used: known.last_used.get(&kept.id).map(Timestamp::to_string),
        };
        Ok(known.kept.iter().map(shown).collect())
    }

    /// Whose `token` is; none where it is nobody's.
    pub(crate) fn bearer(&self, token: &str) -> Result<Option<Bearer>, TokensError> {
        let shown = hash(token);
        let found = self.find(|kept| kept.sha256.as_bytes().ct_eq(shown.as_bytes()).into());
        found.inspect(|bearer| self.was_used(bearer.as_ref()))
    }

    /// The bearer of the token with this id, for whom a session stands.
    pub(crate) fn by_session(&self, id: &str) -> Result<Option<Bearer>, TokensError> {
        let found = self.still(id);
        found.inspect(|bearer| self.was_used(bearer.as_ref()))
    }

    fn was_used(&self, bearer: Option<&Bearer>) {
        if let Some(Bearer { id, .. }) = bearer {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.last_used.insert(id.clone(), Timestamp::now());
        }
    }

    /// The bearer of the token with this id, if it was not taken away. Nobody shows it anew for
    /// that: whoever is connected already is looked after.
    pub(crate) fn still(&self, id: &str) -> Result<Option<Bearer>, TokensError> {
        self.find(|kept| kept.id == id)
    }

    fn find(&self, is_meant: impl Fn(&Kept) -> bool) -> Result<Option<Bearer>, TokensError> {
        let known = self.current()?;
        // All of them, so that the time it takes says nothing.
        let mut found = None;
        for kept in &known.kept {
            if is_meant(kept) {
                found = Some(kept.clone());
            }
        }
        Ok(found.map(|kept| Bearer {
            id: kept.id,
            name: kept.name,
            role: kept.role,
        }))
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> Result<bool, TokensError> {
        Ok(self.current()?.kept.is_empty())
    }

    /// Whether nobody has ever made one.
    pub(crate) fn is_unused(&self) -> Result<bool, TokensError> {
        let known = self.current()?;
        Ok(!known.were_any)
    }

    /// Whether what is known is what stands in the file: nobody has to wait for the disk then.
    pub(crate) fn is_current(&self) -> bool {
        let Ok(known) = self.known.try_lock() else {
            return false;
        };
        let Some(path) = &self.path else {
            return true;
        };
        matches!(stamp(path), Ok(stamp) if stamp == known.stamp)
    }

    /// What stands in the file now.
    fn current(&self) -> Result<MutexGuard<'_, Known>, TokensError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = &self.path else {
            return Ok(known);
        };
        let stamp = stamp(path).map_err(|reason| unusable(path, reason))?;
        if stamp != known.stamp {
            known.kept = match stamp {
                Some(_) => read(path)?,
                None => Vec::new(),
            };
            known.stamp = stamp;
            known.were_any |= stamp.is_some();
        }
        Ok(known)
    }

    /// Changes the list, unless `edit` says that there is nothing to change. Others who write the
    /// file wait meanwhile; nobody ever reads half of one.
    fn change(
        &self,
        edit: impl FnOnce(&mut Vec<Kept>) -> Result<bool, TokensError>,
    ) -> Result<bool, TokensError> {
        let Some(path) = &self.path else {
            let mut known = self.current()?;
            known.were_any = true;
            return edit(&mut known.kept);
        };
        let _alone = alone(path).map_err(|reason| unusable(path, reason))?;
        let there = stamp(path).map_err(|reason| unusable(path, reason))?;
        let mut tokens = match there {
            Some(_) => read(path)?,
            None => Vec::new(),
        };
        if !edit(&mut tokens)? {
            return Ok(false);
        }
        let text = serde_json::to_vec_pretty(&Contents { tokens }).unwrap_or_default();
        replace_private(path, &text).map_err(|reason| unusable(path, reason))?;
        Ok(true)
    }
}

fn unusable(path: &Path, reason: std::io::Error) -> TokensError {
    TokensError::File {
        path: path.to_owned(),
        reason,
    }
}

fn read(path: &Path) -> Result<Vec<Kept>, TokensError> {
    let bytes = std::fs::read(path).map_err(|reason| unusable(path, reason))?;
    let contents: Result<Contents, _> = serde_json::from_slice(&bytes);
    let contents = contents.map_err(|reason| TokensError::Damaged {
        path: path.to_owned(),
        reason,
    })?;
    Ok(contents.tokens)
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

#[cfg(test)]
mod tests;
