//! A request with everything that belongs to it: the login, the redirects, the limits. Redirects
//! are followed here and not in the client, so that each goes through the same gate as the
//! request itself, and so that a login stays with the server that it is for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, COOKIE, HeaderMap, HeaderName, HeaderValue,
    LOCATION, WWW_AUTHENTICATE,
};
use reqwest::{Client, Method, Response, StatusCode, redirect};
use tokio::sync::Semaphore;
use url::Url;

use super::MOST_HEADER_BYTES;
use super::login::{Known, Login, Logins, Target, digest_challenge};
use crate::bindings::imports::agave::plugin::http::Error;
use crate::capability::redact::Redactor;
use crate::grants::Origin;
use crate::network::{CONNECT, Dialler};

const MOST_REDIRECTS: usize = 5;
/// Connections to one server, over all nodes. Cameras and recorders have few to give.
const MOST_SOCKETS: usize = 2;
/// A connection is free again a moment after its answer was read. Without that moment the next
/// request would open another one.
const SETTLING: Duration = Duration::from_millis(2);
/// So much of an answer that nobody wants is read to keep its connection.
const MOST_DRAINED_BYTES: usize = 16 << 10;

/// The host's one HTTP client.
pub(crate) struct Http {
    client: Client,
    logins: Logins,
    /// By origin. There are no more than were granted.
    sockets: Mutex<HashMap<Origin, Arc<Semaphore>>>,
}

/// A request that may go out.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
    pub(super) login: Option<Login>,
    /// Of the answer; the request has been looked at.
    pub(super) most_body_bytes: usize,
}

/// An answer with its whole body.
pub(super) struct Sent {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Http {
    pub(crate) fn new(dialler: Dialler) -> Result<Self, String> {
        let client = Client::builder()
            .user_agent(concat!("agave/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .dns_resolver(dialler)
            .pool_max_idle_per_host(MOST_SOCKETS)
            .build()
            .map_err(|error| format!("cannot set up HTTP: {error}"))?;
        Ok(Self {
            client,
            logins: Logins::default(),
            sockets: Mutex::default(),
        })
    }

    /// Sends a request that is granted, and follows it where `granted` says it may go.
    pub(super) async fn send(
        &self,
        mut call: Call,
        granted: &dyn Fn(&Url) -> bool,
        redactor: &mut Redactor,
    ) -> Result<Sent, Error> {
        let mut redirects = 0;
        loop {
            let Some(origin) = Origin::of(&call.url) else {
                return Err(Error::NotAllowed("it is not a web address".to_owned()));
            };
            // Held until the body is read: so long the connection is taken.
            let _socket = self.sockets_of(&origin).acquire_owned().await;
            let response = self.exchange(&origin, &call, redactor).await?;
            match target_of(&response).filter(|target| granted(target)) {
                Some(target) if redirects < MOST_REDIRECTS => {
                    redirects += 1;
                    call.follow(response.status(), target, &origin);
                    drain(response).await;
                }
                _ => {
                    let received = received(response, call.most_body_bytes).await;
                    tokio::time::sleep(SETTLING).await;
                    return received;
                }
            }
        }
    }

    fn sockets_of(&self, origin: &Origin) -> Arc<Semaphore> {
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Semaphore::new(MOST_SOCKETS));
        Arc::clone(sockets.entry(origin.clone()).or_insert_with(new))
    }

    /// One request and its answer, logged in where that is asked for.
    async fn exchange(
        &self,
        origin: &Origin,
        call: &Call,
        redactor: &mut Redactor,
    ) -> Result<Response, Error> {
        let Some(login) = &call.login else {
            return self.request(call, None).await;
        };
        let shared = self.logins.of(origin, login);
        let target = Target {
            method: &call.method,
            url: &call.url,
            body: &call.body,
        };
        let mut known = shared.lock().await;
        if let Some(left) = known.held_back() {
            return Err(Error::NotAllowed(format!(
                "{origin} refused this login; it is not sent again for {} minutes, or until the \
                 secret is another one",
                left.as_secs().div_ceil(60)
            )));
        }
        // What an answer has to be about: a digest may be to a nonce of long ago.
        let mut nonce_is_fresh = false;
        let mut renewed = false;
        let mut authorization = known.authorization(login, &target, redactor);
        loop {
            let nonce = known.nonce().map(str::to_owned);
            // A login that was taken before goes side by side with others; one that was not
            // goes alone.
            let alone = if known.proven {
                drop(known);
                None
            } else {
                Some(known)
            };
            let response = self.request(call, authorization.as_deref()).await?;
            known = match alone {
                Some(known) => known,
                None => shared.lock().await,
            };
            if response.status() != StatusCode::UNAUTHORIZED {
                if authorization.is_some() {
                    known.accept();
                }
                return Ok(response);
            }
            let challenge = match login {
                Login::Digest(_) => challenge_of(&response),
                Login::Basic(_) | Login::Bearer(_) => None,
            };
            let Some(challenge) = challenge else {
                // A server that asks for another kind of login has not judged this one.
                if authorization.is_some() && asks_for(&response, login.scheme()) {
                    refused(&mut known, origin);
                }
                return Ok(response);
            };
            if authorization.is_some() {
                // The nonce was refused and not the password, if the server says so, or if the
                // nonce was an old one: devices forget theirs when they restart.
                let other = nonce.as_ref() != Some(&challenge.nonce);
                let expired = challenge.stale || (!nonce_is_fresh && other);
                if !expired {
                    refused(&mut known, origin);
                    return Ok(response);
                }
                if renewed {
                    return Ok(response);
                }
                renewed = true;
            }
            nonce_is_fresh = true;
            known.challenge(challenge);
            authorization = known.authorization(login, &target, redactor);
            if authorization.is_none() {
                return Ok(response);
            }
            drain(response).await;
        }
    }

    async fn request(&self, call: &Call, authorization: Option<&str>) -> Result<Response, Error> {
        let mut headers = HeaderMap::with_capacity(call.headers.len() + 2);
        for (name, value) in &call.headers {
            headers.append(name.clone(), value.clone());
        }
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(authorization) = authorization {
            let mut value = HeaderValue::try_from(authorization).map_err(|_| {
                let why = "the secret has characters that cannot be sent in a header";
                Error::NotAllowed(why.to_owned())
            })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        self.client
            .request(call.method.clone(), call.url.clone())
            .headers(headers)
            .body(call.body.clone())
            .send()
            .await
            .map_err(unreachable)
    }
}

impl Call {
    /// Goes on to `target`, as browsers do.
    fn follow(&mut self, status: StatusCode, target: Url, from: &Origin) {
        let becomes_get = match status {
            StatusCode::SEE_OTHER => true,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => self.method == Method::POST,
            _ => false,
        };
        if becomes_get {
            self.method = Method::GET;
            self.body = Bytes::new();
            self.headers
                .retain(|(name, _)| !name.as_str().starts_with("content-"));
        }
        if Origin::of(&target).as_ref() != Some(from) {
            self.login = None;
            self.headers
                .retain(|(name, _)| name != AUTHORIZATION && name != COOKIE);
        }
        self.url = target;
    }
}

fn refused(known: &mut Known, origin: &Origin) {
    known.refuse();
    tracing::error!(%origin, "refused a login; it is not sent there again for a while");
}

/// Where a redirect leads; none for any other answer.
fn target_of(response: &Response) -> Option<Url> {
    let redirects = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(LOCATION).filter(|_| redirects)?;
    response.url().join(location.to_str().ok()?).ok()
}

/// Whether a refusal is of a login of this kind. One that does not say what it asks for is.
fn asks_for(response: &Response, scheme: &str) -> bool {
    let mut values = response
        .headers()
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .peekable();
    values.peek().is_none()
        || values.any(|value| {
            let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
            value.contains(&scheme.to_ascii_lowercase())
        })
}

fn challenge_of(response: &Response) -> Option<digest_auth::WwwAuthenticateHeader> {
    let values = response.headers().get_all(WWW_AUTHENTICATE);
    digest_challenge(values.iter().filter_map(|value| value.to_str().ok()))
}

/// Reads what nobody wants, so that the connection can be used again.
async fn drain(mut response: Response) {
    let mut bytes = 0;
    while bytes <= MOST_DRAINED_BYTES {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes += chunk.len(),
            Ok(None) => return tokio::time::sleep(SETTLING).await,
            Err(_) => return,
        }
    }
}

/// Reads the body up to its limit.
async fn received(mut response: Response, most_bytes: usize) -> Result<Sent, Error> {
    let declared = response.content_length().unwrap_or_default();
    if usize::try_from(declared).is_ok_and(|bytes| bytes > most_bytes) {
        return Err(Error::TooLarge);
    }
    let mut header_bytes = 0;
    let mut headers = Vec::new();
    for (name, value) in response.headers() {
        header_bytes += name.as_str().len() + value.len();
        // It need not be true of what is handed on.
        if name != CONTENT_LENGTH {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.push((name.as_str().to_owned(), value));
        }
    }
    if header_bytes > MOST_HEADER_BYTES {
        return Err(Error::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > most_bytes {
            return Err(Error::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Sent {
        status: response.status().as_u16(),
        headers,
        body,
    })
}

/// What went wrong, without the address: it may carry what must not be shown.
fn unreachable(error: reqwest::Error) -> Error {
    if error.is_timeout() {
        return Error::TimedOut;
    }
    let error = error.without_url();
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    Error::Unreachable(message)
}
