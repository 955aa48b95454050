//! One request with a login, to its end: what the server says of the login decides whether it is
//! sent again, so it is listened to even when the plugin has stopped waiting.

use std::sync::Arc;

use digest_auth::WwwAuthenticateHeader;
use hyper::StatusCode;
use hyper::header::WWW_AUTHENTICATE;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

use super::client::{Client, Response};
use super::exchange::{Call, drain, request};
use super::login::{Known, Login, Logins, Target, digest_challenge};
use crate::bindings::imports::agave::plugin::http::Error;
use crate::capability::redact::Redactor;
use crate::grants::Origin;

/// Everything that the request needs where nobody waits for it.
pub(super) struct Attempt {
    pub(super) client: Client,
    pub(super) logins: Arc<Logins>,
    pub(super) origin: Origin,
    pub(super) call: Call,
    pub(super) login: Login,
    pub(super) shared: Arc<AsyncMutex<Known>>,
    pub(super) redactor: Redactor,
    /// Nobody waits any more.
    pub(super) given_up: CancellationToken,
}

impl Attempt {
    /// Sends it, and gives back what is known of the forms of its secrets, too.
    pub(super) async fn make(
        mut self,
        known: OwnedMutexGuard<Known>,
    ) -> (Result<Response, Error>, Redactor) {
        let response = self.answer(known).await;
        (response, self.redactor)
    }

    async fn answer(&mut self, mut known: OwnedMutexGuard<Known>) -> Result<Response, Error> {
        let mut tried = Tried::default();
        loop {
            let authorization = self.authorization(&mut known);
            if tried.nonce_is_fresh && authorization.is_none() {
                return Err(Error::Unreachable(
                    "its digest challenge cannot be answered".to_owned(),
                ));
            }
            tried.sent = authorization.is_some();
            tried.nonce = known.nonce().map(str::to_owned);
            // A login that was taken before goes side by side with others; one that was not
            // goes alone.
            let alone = if known.proven {
                drop(known);
                None
            } else {
                Some(known)
            };
            let answered = request(
                &self.client,
                &self.origin,
                &self.call,
                authorization.as_deref(),
                &self.given_up,
            )
            .await;
            known = match alone {
                Some(known) => known,
                None => Arc::clone(&self.shared).lock_owned().await,
            };
            let response = match answered {
                Ok(response) => response,
                Err(unanswered) => {
                    if tried.sent && unanswered.may_have_arrived {
                        known.leave_unanswered();
                    }
                    return Err(unanswered.into());
                }
            };
            let origin = &self.origin;
            let challenge = match tried.judged(&response, &self.login) {
                Verdict::Taken => {
                    known.accept();
                    return Ok(response);
                }
                Verdict::Refused => {
                    known.refuse();
                    tracing::error!(%origin, "refused a login; it is not sent there for a while");
                    return Ok(response);
                }
                Verdict::Undecided => {
                    if tried.sent {
                        known.leave_unjudged();
                    }
                    return Ok(response);
                }
                Verdict::Challenged(challenge) => challenge,
            };
            tried.renewed = tried.sent;
            tried.nonce_is_fresh = true;
            self.logins.note_realm(origin, &challenge.realm);
            known.challenge(challenge);
            // Who gave up does not send a password any more.
            if self.given_up.is_cancelled() {
                return Err(Error::TimedOut);
            }
            drain(response).await;
        }
    }

    fn authorization(&mut self, known: &mut Known) -> Option<String> {
        let target = Target {
            method: &self.call.method,
            url: &self.call.url,
            body: &self.call.body,
        };
        known.authorization(&self.login, &target, &mut self.redactor)
    }
}

/// What a request tried.
#[derive(Default)]
struct Tried {
    /// It had a login.
    sent: bool,
    /// Which its digest was for.
    nonce: Option<String>,
    /// The server gave that nonce just now.
    nonce_is_fresh: bool,
    /// The server has refused a nonce before.
    renewed: bool,
}

/// What an answer says about the login that its request had.
enum Verdict {
    Taken,
    Refused,
    /// The server wants this to be answered.
    Challenged(WwwAuthenticateHeader),
    Undecided,
}

impl Tried {
    fn judged(&self, response: &Response, login: &Login) -> Verdict {
        if response.status() == StatusCode::UNAUTHORIZED {
            return self.judged_unauthorized(response, login);
        }
        match response.status().as_u16() {
            _ if !self.sent => Verdict::Undecided,
            200..=399 | 404 => Verdict::Taken,
            // Also 403: some say so of a wrong password, and more of a page that is not for this
            // user, or when all of their sessions are taken.
            _ => Verdict::Undecided,
        }
    }

    fn judged_unauthorized(&self, response: &Response, login: &Login) -> Verdict {
        let challenge = match login {
            Login::Digest(_) => challenge_of(response),
            Login::Basic(_) | Login::Bearer(_) => None,
        };
        match challenge {
            Some(challenge) if !self.sent => Verdict::Challenged(challenge),
            Some(challenge) if !self.is_about_the_nonce(&challenge) => Verdict::Refused,
            Some(_) if self.renewed => Verdict::Undecided,
            Some(challenge) => Verdict::Challenged(challenge),
            // Also where it asks for another kind of login: it may have counted this one.
            None if self.sent => Verdict::Refused,
            None => Verdict::Undecided,
        }
    }

    /// The nonce was refused and not the password, if the server says so, or if it was an old
    /// one: devices forget theirs when they restart.
    fn is_about_the_nonce(&self, challenge: &WwwAuthenticateHeader) -> bool {
        let other = self.nonce.as_ref() != Some(&challenge.nonce);
        challenge.stale || (!self.nonce_is_fresh && other)
    }
}

fn challenge_of(response: &Response) -> Option<WwwAuthenticateHeader> {
    let values = response.headers().get_all(WWW_AUTHENTICATE);
    digest_challenge(values.iter().filter_map(|value| value.to_str().ok()))
}
