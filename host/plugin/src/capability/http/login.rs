//! Logins at web servers: what each server was asked for and answered, for all nodes together.
//!
//! Devices lock accounts, so a password that was refused is sent once and not again before a long
//! while is over or the secret is another one. Until a login has been taken for the first time,
//! requests that carry it go one at a time: two nodes with one wrong password are one attempt.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use agave_core::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use digest_auth::{AuthContext, HttpMethod, Qop, WwwAuthenticateHeader};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex as AsyncMutex;

use crate::capability::redact::Redactor;
use crate::grants::Origin;

/// So long a refused login is not sent again. Accounts of devices are usually free again then.
const COOL_DOWN: Duration = Duration::from_secs(30 * 60);
/// So long one that was taken before; then twice as long, and so on. Devices refuse everybody
/// while they start.
const FIRST_COOL_DOWN: Duration = Duration::from_secs(60);

/// Of one server, the latest. A device has one; a server that makes up more has its own forgotten.
const MOST_REALMS: usize = 8;

/// How to log in, with the secret itself: made in the host, used in the host.
#[derive(Clone)]
pub(super) enum Login {
    Basic(Secret),
    Digest(Secret),
    Bearer(Secret),
}

impl Login {
    fn secret(&self) -> &Secret {
        match self {
            Self::Basic(secret) | Self::Digest(secret) | Self::Bearer(secret) => secret,
        }
    }

    pub(super) fn scheme(&self) -> &'static str {
        match self {
            Self::Basic(_) => "Basic",
            Self::Digest(_) => "Digest",
            Self::Bearer(_) => "Bearer",
        }
    }
}

/// A login is known by its hash: the map has no need to hold passwords.
type Key = (Origin, &'static str, [u8; 32]);

/// All logins that were tried since the start. There are no more than grants make possible.
#[derive(Default)]
pub(super) struct Logins {
    known: Mutex<HashMap<Key, Arc<AsyncMutex<Known>>>>,
    realms: Mutex<HashMap<Origin, VecDeque<String>>>,
}

impl Logins {
    pub(super) fn of(&self, origin: &Origin, login: &Login) -> Arc<AsyncMutex<Known>> {
        let fingerprint = Sha256::digest(login.secret().reveal()).into();
        let key = (origin.clone(), login.scheme(), fingerprint);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(key).or_default())
    }

    /// The server at `origin` has asked for a digest to `realm`.
    pub(super) fn note_realm(&self, origin: &Origin, realm: &str) {
        let mut realms = self.realms.lock().unwrap_or_else(PoisonError::into_inner);
        let realms = realms.entry(origin.clone()).or_default();
        if realms.iter().any(|known| known == realm) {
            return;
        }
        if realms.len() == MOST_REALMS {
            realms.pop_front();
        }
        realms.push_back(realm.to_owned());
    }

    /// The realms that the servers at `origins` have asked for.
    pub(super) fn realms(&self, origins: &[Origin]) -> Vec<String> {
        let realms = self.realms.lock().unwrap_or_else(PoisonError::into_inner);
        let realms = origins.iter().filter_map(|origin| realms.get(origin));
        realms.flatten().cloned().collect()
    }
}

/// Why a login is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Refused,
    /// It was sent, and nobody said whether it is right.
    Unjudged,
}

/// What is known of one login at one server.
#[derive(Default)]
pub(super) struct Known {
    /// The server has taken it, and not refused it since.
    pub(super) proven: bool,
    ever_taken: bool,
    /// Refusals, and attempts that nobody judged, since it was taken.
    failures: u32,
    held: Option<(Held, Instant)>,
    challenge: Option<WwwAuthenticateHeader>,
}

/// The request that a login is for.
pub(super) struct Target<'t> {
    pub(super) method: &'t hyper::Method,
    pub(super) url: &'t url::Url,
    pub(super) body: &'t [u8],
}

impl Known {
    /// Why it is not sent now, and for how long.
    pub(super) fn held_back(&self) -> Option<(Held, Duration)> {
        let (held, since) = self.held?;
        let cool_down = if held == Held::Unjudged || self.ever_taken {
            let doublings = self.failures.saturating_sub(1).min(16);
            (FIRST_COOL_DOWN * 2u32.pow(doublings)).min(COOL_DOWN)
        } else {
            COOL_DOWN
        };
        let left = cool_down.checked_sub(since.elapsed());
        let left = left.filter(|left| !left.is_zero())?;
        Some((held, left))
    }

    pub(super) fn refuse(&mut self) {
        self.challenge = None;
        self.hold(Held::Refused);
    }

    /// It was sent, and the answer does not say whether it is right. Where it was right before it
    /// still is.
    pub(super) fn leave_unjudged(&mut self) {
        if !self.proven {
            self.hold(Held::Unjudged);
        }
    }

    /// It was sent, and no answer came. Where it was right before, it has to prove itself again:
    /// the password may be another one now.
    pub(super) fn leave_unanswered(&mut self) {
        if self.proven {
            self.proven = false;
        } else {
            self.hold(Held::Unjudged);
        }
    }

    fn hold(&mut self, held: Held) {
        self.proven = false;
        self.failures = self.failures.saturating_add(1);
        self.held = Some((held, Instant::now()));
    }

    pub(super) fn accept(&mut self) {
        self.proven = true;
        self.ever_taken = true;
        self.failures = 0;
        self.held = None;
    }

    /// The nonce that the next digest answers.
    pub(super) fn nonce(&self) -> Option<&str> {
        self.challenge
            .as_ref()
            .map(|challenge| challenge.nonce.as_str())
    }

    pub(super) fn challenge(&mut self, challenge: WwwAuthenticateHeader) {
        self.challenge = Some(challenge);
    }

    /// The value of `Authorization`; none for a digest that the server has not asked for yet.
    /// What stands for the password in it is made known to `redactor`.
    pub(super) fn authorization(
        &mut self,
        login: &Login,
        target: &Target<'_>,
        redactor: &mut Redactor,
    ) -> Option<String> {
        match login {
            Login::Basic(secret) => {
                let (user, password) = user_and_password(secret);
                let credentials = STANDARD.encode(format!("{user}:{password}"));
                redactor.add(&credentials);
                Some(format!("Basic {credentials}"))
            }
            Login::Bearer(secret) => Some(format!("Bearer {}", secret.reveal())),
            Login::Digest(secret) => {
                let challenge = self.challenge.as_mut()?;
                let (user, password) = user_and_password(secret);
                let query = target.url.query().map(|query| format!("?{query}"));
                let path = format!("{}{}", target.url.path(), query.unwrap_or_default());
                let method = HttpMethod::from(target.method.as_str().to_owned());
                let context =
                    AuthContext::new_with_method(user, password, path, Some(target.body), method);
                let answer = challenge.respond(&context).ok()?;
                redactor.add(&answer.response);
                Some(answer.to_header_string())
            }
        }
    }
}

fn user_and_password(secret: &Secret) -> (&str, &str) {
    let whole = secret.reveal();
    whole.split_once(':').unwrap_or((whole, ""))
}

/// The best digest challenge among the values of `WWW-Authenticate`.
pub(super) fn digest_challenge<'v>(
    values: impl Iterator<Item = &'v str>,
) -> Option<WwwAuthenticateHeader> {
    values
        .flat_map(challenges)
        .filter_map(|text| {
            let mut challenge = digest_auth::parse(text).ok()?;
            // With the body's hash in it, which nearly nothing understands, only where it must be.
            if let Some(qop) = &mut challenge.qop
                && qop.contains(&Qop::AUTH)
            {
                qop.retain(|one| *one == Qop::AUTH);
            }
            Some(challenge)
        })
        // Servers offer MD5 beside something better for old clients.
        .max_by_key(|challenge| !challenge.algorithm.to_string().starts_with("MD5"))
}

/// The parameters of each `Digest` in a value, which may list several challenges.
fn challenges(value: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let mut begin = None;
    let mut quoted = false;
    let mut escaped = false;
    let mut word = 0;
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => word = at + 1,
            b' ' if !quoted => {
                let name = value.get(word..at).unwrap_or_default().trim();
                let is_scheme = !name.is_empty() && !name.contains('=');
                if is_scheme {
                    found.extend(begin.take().and_then(|from: usize| value.get(from..word)));
                    begin = name.eq_ignore_ascii_case("digest").then_some(at + 1);
                }
                if !name.is_empty() {
                    word = at + 1;
                }
            }
            _ => {}
        }
    }
    found.extend(begin.and_then(|from| value.get(from..)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_digest_is_taken() {
        let value = r#"Basic realm="a, Digest b", digest realm="old", nonce="1", qop="auth", Digest realm="new", nonce="2", algorithm=SHA-256, qop="auth-int,auth""#;
        let challenge = digest_challenge([value].into_iter()).unwrap();
        assert_eq!(
            (challenge.realm.as_str(), challenge.nonce.as_str()),
            ("new", "2")
        );
        assert_eq!(challenge.qop, Some(vec![Qop::AUTH]));
        let two = [
            r#"Digest realm="x", nonce="1", algorithm=MD5"#,
            r#"Digest realm="x", nonce="2", algorithm=SHA-512-256"#,
        ];
        assert_eq!(digest_challenge(two.into_iter()).unwrap().nonce, "2");
    }

    #[test]
    fn what_is_no_digest_is_none() {
        for value in [
            "",
            "Basic realm=\"Digest x\"",
            "Digest",
            "Digest realm=\"x",
            "Digest \"",
        ] {
            assert!(digest_challenge([value].into_iter()).is_none(), "{value}");
        }
    }

    #[test]
    fn a_nonce_is_counted() {
        let mut known = Known::default();
        let login = Login::Digest(Secret::new("agave:hunter2"));
        let url = url::Url::parse("http://nvr/x?y=1").unwrap();
        let target = Target {
            method: &hyper::Method::GET,
            url: &url,
            body: &[],
        };
        let mut redactor = Redactor::default();
        assert_eq!(known.authorization(&login, &target, &mut redactor), None);
        let asked = r#"Digest realm="nvr", nonce="abc", qop="auth""#;
        known.challenge(digest_challenge([asked].into_iter()).unwrap());
        let mut answer = || known.authorization(&login, &target, &mut redactor).unwrap();
        let (first, second) = (answer(), answer());
        assert!(first.contains("nc=00000001"), "{first}");
        assert!(second.contains("nc=00000002"), "{second}");
        assert!(first.contains(r#"uri="/x?y=1""#), "{first}");
        assert!(redactor.text(first).contains("response=\"***\""));
    }

    #[test]
    fn a_login_that_nobody_judged_is_sent_ever_more_seldom() {
        let mut known = Known::default();
        let minutes = |known: &Known| known.held_back().unwrap().1.as_secs().div_ceil(60);
        for expected in [1, 2, 4, 8, 16, 30, 30] {
            known.leave_unanswered();
            assert_eq!(minutes(&known), expected);
        }
        known.refuse();
        assert_eq!(minutes(&known), 30, "it was never right");
        // Where it was right, one lost answer costs nothing.
        known.accept();
        known.leave_unjudged();
        assert_eq!((known.proven, known.held_back()), (true, None));
        known.leave_unanswered();
        assert_eq!((known.proven, known.held_back()), (false, None));
        known.leave_unanswered();
        assert_eq!(minutes(&known), 1);
    }

    #[test]
    fn realms_are_each_server_s_own_and_few() {
        let logins = Logins::default();
        let origin = |text| Origin::parse(text).unwrap();
        let (nvr, mirror) = (origin("http://nvr"), origin("http://mirror"));
        logins.note_realm(&nvr, "cameras");
        for number in 0..100 {
            logins.note_realm(&mirror, &number.to_string());
        }
        assert_eq!(logins.realms(std::slice::from_ref(&nvr)), ["cameras"]);
        let latest = logins.realms(&[mirror]);
        assert_eq!(latest.len(), MOST_REALMS);
        assert_eq!(latest.last().unwrap(), "99");
    }

    #[test]
    fn a_refused_login_is_held_back() {
        let logins = Logins::default();
        let origin = Origin::parse("http://nvr").unwrap();
        let wrong = Login::Basic(Secret::new("agave:wrong"));
        let known = logins.of(&origin, &wrong);
        known.blocking_lock().refuse();
        let minutes = |known: &Known| known.held_back().unwrap().1.as_secs().div_ceil(60);
        assert_eq!(minutes(&known.blocking_lock()), 30);
        // Where it was taken before, it is more likely that the device is starting.
        known.blocking_lock().accept();
        assert_eq!(known.blocking_lock().held_back(), None);
        for expected in [1, 2, 4, 8, 16, 30, 30] {
            known.blocking_lock().refuse();
            assert_eq!(minutes(&known.blocking_lock()), expected);
        }
        assert!(
            logins
                .of(&origin, &wrong)
                .blocking_lock()
                .held_back()
                .is_some()
        );
        let right = Login::Basic(Secret::new("agave:right"));
        assert!(
            logins
                .of(&origin, &right)
                .blocking_lock()
                .held_back()
                .is_none()
        );
    }
}
