//! Who may come in. Like a real device: a request without a login, and one with Basic, is asked
//! for Digest; a wrong password is counted by address, and after a few the address is locked.

mod digest;
mod lockout;
mod nonces;

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use agave_core::Secret;
use subtle::ConstantTimeEq;

use self::digest::{Algorithm, Proof};
use self::lockout::Lockout;
use self::nonces::Nonces;
use crate::settings::{DeviceSettings, Login};

const REALM: &str = "Agave";

/// Who may come in, and who has tried.
pub(crate) struct Door {
    user: String,
    password: Secret,
    /// The one that clients should take comes first.
    algorithms: Vec<Algorithm>,
    state: Mutex<State>,
}

struct State {
    nonces: Nonces,
    lockout: Lockout,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Welcome,
    /// It is asked to log in, with these values of `WWW-Authenticate`.
    Asked {
        challenges: Vec<String>,
        /// A login came and was wrong.
        wrong: bool,
    },
    /// Its address is locked for so long.
    Locked(Duration),
    /// Its login is none.
    Malformed,
}

/// A request at the door.
pub(crate) struct Visitor<'v> {
    pub(crate) address: IpAddr,
    pub(crate) method: &'v str,
    /// Path and query, as they were sent.
    pub(crate) target: &'v str,
    /// The value of `Authorization`.
    pub(crate) authorization: Option<&'v str>,
}

impl Door {
    pub(crate) fn new(settings: &DeviceSettings) -> Self {
        let Login { user, password } = settings.login.clone();
        let limits = &settings.limits;
        let mut algorithms = vec![Algorithm::Md5];
        if settings.sha_256 {
            // Clients that join both into one take the last they see; that one has to be MD5.
            algorithms.insert(0, Algorithm::Sha256);
        }
        Self {
            user,
            password,
            algorithms,
            state: Mutex::new(State {
                nonces: Nonces::new(limits.nonce),
                lockout: Lockout::new(limits.wrong_logins, limits.lock),
            }),
        }
    }

    pub(crate) fn judge(&self, visitor: &Visitor<'_>, now: Instant) -> Verdict {
        if let Some(left) = self.lock().lockout.locked(visitor.address, now) {
            return Verdict::Locked(left);
        }
        let Some(parameters) = visitor.authorization.and_then(digest_parameters) else {
            return self.ask(false, false, now);
        };
        let Some(proof) = Proof::parse(parameters) else {
            return Verdict::Malformed;
        };
        if !self.algorithms.contains(&proof.algorithm) {
            return self.ask(false, false, now);
        }
        if !is_about(&proof.uri, visitor.target) {
            return Verdict::Malformed;
        }
        if !self.proves(&proof, visitor.method) {
            self.lock().lockout.failed(visitor.address, now);
            return self.ask(false, true, now);
        }
        let count = proof.counted.as_ref().map(|(counted, _)| counted.count);
        let mut state = self.lock();
        let admitted = state.nonces.admits(&proof.nonce, count, now);
        if admitted {
            // A right password with another nonce may be one that somebody has overheard.
            state.lockout.succeeded(visitor.address);
        }
        drop(state);
        if admitted {
            Verdict::Welcome
        } else {
            self.ask(true, false, now)
        }
    }

    /// Whether the password is in it. Nothing about how long this takes says how much of a wrong
    /// proof was right.
    fn proves(&self, proof: &Proof, method: &str) -> bool {
        let expected = proof.expected(&self.user, self.password.reveal(), REALM, method);
        let response = proof.response.to_ascii_lowercase();
        let right = expected.as_bytes().ct_eq(response.as_bytes());
        let user = self.user.as_bytes().ct_eq(proof.user.as_bytes());
        let realm = REALM.as_bytes().ct_eq(proof.realm.as_bytes());
        (right & user & realm).into()
    }

    fn ask(&self, stale: bool, wrong: bool, now: Instant) -> Verdict {
        let Some(nonce) = self.lock().nonces.issue(now) else {
            return Verdict::Asked {
                challenges: Vec::new(),
                wrong,
            };
        };
        let stale = if stale { "TRUE" } else { "FALSE" };
        let challenges = self.algorithms.iter().map(|algorithm| {
            // Devices that know only MD5 do not name it.
            let named = match self.algorithms.len() {
                1 => String::new(),
                _ => format!(", algorithm={}", algorithm.name()),
            };
            format!(
                "Digest qop=\"auth\", realm=\"{REALM}\", nonce=\"{nonce}\", stale=\"{stale}\"{named}"
            )
        });
        Verdict::Asked {
            challenges: challenges.collect(),
            wrong,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What follows the word `Digest`.
fn digest_parameters(authorization: &str) -> Option<&str> {
    let (scheme, parameters) = authorization.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("digest").then_some(parameters)
}

/// Whether a proof for `uri` is one for `target`. Some clients name the whole address.
fn is_about(uri: &str, target: &str) -> bool {
    if uri == target {
        return true;
    }
    let path = uri.split_once("://").and_then(|(_, rest)| {
        let path = rest.find('/')?;
        rest.get(path..)
    });
    path == Some(target)
}

#[cfg(test)]
mod tests;
