//! Sessions of the page: a cookie stands for a token, so that scripts in the page never hold
//! one. They are in memory; after a restart one logs in again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::tokens::{TokensError, hash, hex, random};

/// After so long one logs in again.
pub(crate) const LONGEST: Duration = Duration::from_secs(12 * 3600);
/// So many there may be; the oldest goes.
const MOST_SESSIONS: usize = 1000;
const ID_BYTES: usize = 32;

#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, Session>>);

/// Somebody has logged in.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The id of the token that it began with.
    pub(crate) token: String,
    /// Has to come along with every change.
    pub(crate) csrf: Arc<str>,
    began: Instant,
}

impl Sessions {
    /// Begins a session. Gives the word for the cookie, and what has to come along with changes.
    pub(crate) fn begin(&self, token: &str) -> Result<(String, Arc<str>), TokensError> {
        let id = hex(&random::<ID_BYTES>()?);
        let csrf: Arc<str> = hex(&random::<ID_BYTES>()?).into();
        let session = Session {
            token: token.to_owned(),
            csrf: Arc::clone(&csrf),
            began: Instant::now(),
        };
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| session.began.elapsed() < LONGEST);
        if sessions.len() >= MOST_SESSIONS {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.began);
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                sessions.remove(&oldest);
            }
        }
        sessions.insert(hash(&id), session);
        Ok((id, csrf))
    }

    /// The session of a cookie, if it goes on.
    pub(crate) fn find(&self, cookie: &str) -> Option<Session> {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get(&hash(cookie))?;
        (session.began.elapsed() < LONGEST).then(|| session.clone())
    }

    /// Ends a session.
    pub(crate) fn end(&self, cookie: &str) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.remove(&hash(cookie));
    }
}
