//! A request with everything that belongs to it: the login, the redirects, the limits. Redirects
//! are followed here and not in the client, so that each goes through the same gate as the
//! request itself, and so that a login stays with the server that it is for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, COOKIE, HOST, HeaderName, HeaderValue,
    LOCATION, USER_AGENT,
};
use hyper::{Method, Request, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use url::{Position, Url};

use super::attempt::Attempt;
use super::client::{Client, Failed, Response};
use super::login::{Held, Login, Logins};
use super::{LONGEST, MOST_HEADER_BYTES, has_login};
use crate::bindings::imports::agave::plugin::http::Error;
use crate::capability::redact::Redactor;
use crate::grants::Origin;
use crate::network::{Dialler, STOPPING};

const MOST_REDIRECTS: usize = 5;
/// Connections to one server, over all nodes. Cameras and recorders have few to give.
const MOST_SOCKETS: usize = 2;
const OURSELVES: &str = concat!("agave/", env!("CARGO_PKG_VERSION"));
/// So much of an answer that nobody wants is read to keep its connection.
const MOST_DRAINED_BYTES: usize = 16 << 10;
const LONGEST_DRAINING: Duration = Duration::from_secs(5);

/// The host's one HTTP client.
pub(crate) struct Http {
    client: Client,
    logins: Arc<Logins>,
    /// By origin. There are no more than were granted.
    sockets: Mutex<HashMap<Origin, Arc<Semaphore>>>,
}

/// A request that may go out.
#[derive(Clone)]
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
        let client =
            Client::new(dialler).map_err(|error| format!("cannot set up HTTP: {error}"))?;
        Ok(Self {
            client,
            logins: Arc::default(),
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
            let socket = self.sockets_of(&origin).acquire_owned().await;
            let socket = socket.map_err(|_| Error::Unreachable("it is over".to_owned()))?;
            // Held until the body is read: so long the connection is taken.
            let (response, _socket) = match call.login.clone() {
                Some(login) => {
                    let attempt = self.attempt(&origin, &call, login, redactor, socket);
                    attempt.await?
                }
                // Who gives up drops it, and nothing goes on.
                None => {
                    let nobody = CancellationToken::new();
                    let sent = request(&self.client, &origin, &call, None, &nobody);
                    (sent.await?, socket)
                }
            };
            let target = target_of(&response);
            match target.filter(|target| granted(target) && !has_login(target)) {
                Some(target) if redirects < MOST_REDIRECTS && call.may_follow(&response) => {
                    redirects += 1;
                    call.follow(response.status(), target, &origin);
                    drain(response).await;
                }
                _ => {
                    return received(response, call.most_body_bytes).await;
                }
            }
        }
    }

    /// Has `redactor` know what stands for its secrets in a digest, at any of `origins`.
    pub(super) fn describe_digests(&self, origins: &[Origin], redactor: &mut Redactor) {
        for realm in self.logins.realms(origins) {
            redactor.add_realm(&realm);
        }
    }

    fn sockets_of(&self, origin: &Origin) -> Arc<Semaphore> {
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Semaphore::new(MOST_SOCKETS));
        Arc::clone(sockets.entry(origin.clone()).or_insert_with(new))
    }

    /// A request with a login. It goes on when nobody waits for it any more: what the server says
    /// of the login must be heard, or a wrong one would be sent again with every new try.
    async fn attempt(
        &self,
        origin: &Origin,
        call: &Call,
        login: Login,
        redactor: &mut Redactor,
        socket: OwnedSemaphorePermit,
    ) -> Result<(Response, OwnedSemaphorePermit), Error> {
        let shared = self.logins.of(origin, &login);
        // Waited for here, so that who gives up meanwhile sends nothing.
        let known = Arc::clone(&shared).lock_owned().await;
        if let Some((held, left)) = known.held_back() {
            return Err(held_back(origin, held, left));
        }
        let given_up = CancellationToken::new();
        let _giving_up = given_up.clone().drop_guard();
        let attempt = Attempt {
            client: self.client.clone(),
            logins: Arc::clone(&self.logins),
            origin: origin.clone(),
            call: call.clone(),
            login,
            shared,
            redactor: redactor.clone(),
            given_up,
        };
        let attempt = tokio::spawn(async move {
            let (response, redactor) = attempt.make(known).await;
            (response, redactor, socket)
        });
        let stopped = |_| Error::Unreachable(STOPPING.to_owned());
        let (response, told, socket) = attempt.await.map_err(stopped)?;
        *redactor = told;
        Ok((response?, socket))
    }
}

/// What a plugin is told whose login is not sent. It may try again as often as it likes: that
/// sends nothing, and the server or the secret may be another one by then.
fn held_back(origin: &Origin, held: Held, left: Duration) -> Error {
    let minutes = left.as_secs().div_ceil(60);
    Error::Unreachable(match held {
        Held::Refused => format!(
            "{origin} refused this login; it is not sent again for {minutes} minutes, or until \
             the secret is another one"
        ),
        Held::Unjudged => format!(
            "{origin} did not say whether it takes this login; it is not sent again for \
             {} seconds",
            left.as_secs() + 1
        ),
    })
}

/// Why there is no answer.
pub(super) struct Unanswered {
    error: Error,
    /// The request may have arrived nevertheless.
    pub(super) may_have_arrived: bool,
}

impl From<Unanswered> for Error {
    fn from(unanswered: Unanswered) -> Self {
        unanswered.error
    }
}

/// One request and its answer. Who has `given_up` before it could be sent sends nothing.
pub(super) async fn request(
    client: &Client,
    origin: &Origin,
    call: &Call,
    authorization: Option<&str>,
    given_up: &CancellationToken,
) -> Result<Response, Unanswered> {
    let outgoing = call.outgoing(authorization).map_err(|why| Unanswered {
        error: Error::NotAllowed(why.to_owned()),
        may_have_arrived: false,
    })?;
    let sending = client.send(origin, &call.url, outgoing, given_up);
    match tokio::time::timeout(LONGEST, sending).await {
        Ok(answered) => answered.map_err(|failed| Unanswered {
            may_have_arrived: failed.may_have_arrived,
            error: unreachable(failed),
        }),
        Err(_) => Err(Unanswered {
            error: Error::TimedOut,
            may_have_arrived: true,
        }),
    }
}

impl Call {
    /// What the plugin wrote: the address, the headers, the body.
    pub(super) fn written(&self) -> [Bytes; 3] {
        let mut headers = Vec::new();
        for (_, value) in &self.headers {
            headers.extend_from_slice(value.as_bytes());
            headers.push(b'\n');
        }
        let url = self.url.as_str().to_owned();
        [url.into(), headers.into(), self.body.clone()]
    }

    /// Whether going on to where the answer points still says what the plugin wanted to say. After
    /// 301 and 302 browsers forget what was posted: a page that says "hello" would look like a
    /// receiver that has taken it.
    fn may_follow(&self, response: &Response) -> bool {
        self.method != Method::POST || !matches!(response.status().as_u16(), 301 | 302)
    }

    /// The request with everything that is the host's to set.
    fn outgoing(&self, authorization: Option<&str>) -> Result<Request<Full<Bytes>>, &'static str> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        let path = &self.url[Position::BeforePath..Position::AfterQuery];
        *request.uri_mut() = path
            .parse()
            .map_err(|_| "an address with characters that HTTP does not have")?;
        let headers = request.headers_mut();
        let host = &self.url[Position::BeforeHost..Position::AfterPort];
        let host = HeaderValue::try_from(host).map_err(|_| "a server without a name")?;
        headers.insert(HOST, host);
        headers.insert(USER_AGENT, HeaderValue::from_static(OURSELVES));
        for (name, value) in &self.headers {
            if name == USER_AGENT {
                headers.insert(name, value.clone());
            } else {
                headers.append(name.clone(), value.clone());
            }
        }
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(authorization) = authorization {
            let mut value = HeaderValue::try_from(authorization)
                .map_err(|_| "the secret has characters that cannot be sent in a header")?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(request)
    }

    /// Goes on to `target`, as browsers do.
    fn follow(&mut self, status: StatusCode, target: Url, from: &Origin) {
        if status == StatusCode::SEE_OTHER {
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

/// Where a redirect leads; none for any other answer.
fn target_of(response: &Response) -> Option<Url> {
    let redirects = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(LOCATION).filter(|_| redirects)?;
    response.url().join(location.to_str().ok()?).ok()
}

/// Reads what nobody wants, so that the connection can be used again.
pub(super) async fn drain(mut response: Response) {
    let read = async {
        let mut bytes = 0;
        while bytes <= MOST_DRAINED_BYTES {
            match response.chunk().await {
                Ok(Some(chunk)) => bytes += chunk.len(),
                Ok(None) | Err(_) => return,
            }
        }
    };
    // A server that goes silent in the middle must not hold up whoever comes next.
    let _ = tokio::time::timeout(LONGEST_DRAINING, read).await;
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

fn unreachable(failed: Failed) -> Error {
    Error::Unreachable(failed.reason)
}
