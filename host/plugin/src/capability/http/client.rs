//! Connections to web servers, kept and used again: never more to one server than there are
//! requests under way, because cameras and recorders have few to give. A connection is back before
//! the answer is handed on, so the next request finds it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_util::sync::CancellationToken;
use url::{Host, Url};

use crate::grants::Origin;
use crate::network::{CONNECT, Dialler, tls};

/// A server closes what is idle for longer, and some say nothing about it. Less than a minute, which
/// is how long others wait: they would come when it is being closed.
const LONGEST_IDLE: Duration = Duration::from_secs(45);

/// A request as it goes out.
pub(super) type Outgoing = Request<Full<Bytes>>;

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Failed {
    /// In words, without the address: it may carry what must not be shown.
    pub(super) reason: String,
    /// The request may have arrived nevertheless.
    pub(super) may_have_arrived: bool,
}

impl Failed {
    fn before_sending(reason: String) -> Self {
        Self {
            reason,
            may_have_arrived: false,
        }
    }

    fn while_sending(error: &hyper::Error) -> Self {
        Self {
            reason: with_causes(error),
            may_have_arrived: true,
        }
    }
}

struct Idle {
    sender: SendRequest<Full<Bytes>>,
    since: Instant,
}

/// The connections to one server that nobody uses.
struct Shelf {
    longest_idle: Duration,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The one that was used last at the end.
    idle: Vec<Idle>,
    /// Somebody closes those that are too old.
    is_watched: bool,
}

impl Kept {
    fn drop_old(&mut self, longest_idle: Duration) {
        self.idle
            .retain(|one| !one.sender.is_closed() && one.since.elapsed() < longest_idle);
    }
}

impl Shelf {
    fn new(longest_idle: Duration) -> Self {
        Self {
            longest_idle,
            kept: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one that was used last: the others are the first to be too old.
    fn take(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut kept = self.lock();
        kept.drop_old(self.longest_idle);
        Some(kept.idle.pop()?.sender)
    }

    fn give_back(self: &Arc<Self>, sender: SendRequest<Full<Bytes>>) {
        let mut kept = self.lock();
        kept.idle.push(Idle {
            sender,
            since: Instant::now(),
        });
        if !kept.is_watched {
            kept.is_watched = true;
            tokio::spawn(close_old(Arc::downgrade(self)));
        }
    }

    /// Closes those that are too old. Gives until when the next one may be idle; with none it is
    /// not watched any more.
    fn next_to_close(&self) -> Option<Instant> {
        let mut kept = self.lock();
        kept.drop_old(self.longest_idle);
        let oldest = kept.idle.first().map(|oldest| oldest.since);
        kept.is_watched = oldest.is_some();
        Some(oldest? + self.longest_idle)
    }
}

/// Closes connections when their time is over, and not when the next request comes: that would
/// open another one beside one that is being closed, and a device that has one to give refuses it.
async fn close_old(shelf: Weak<Shelf>) {
    while let Some(end) = shelf.upgrade().and_then(|shelf| shelf.next_to_close()) {
        tokio::time::sleep_until(end).await;
    }
}

/// Sends requests, and keeps what connections there are.
#[derive(Clone)]
pub(super) struct Client {
    dialler: Dialler,
    tls: TlsConnector,
    /// By origin. There are no more than were granted.
    shelves: Arc<Mutex<HashMap<Origin, Arc<Shelf>>>>,
}

impl Client {
    pub(super) fn new(dialler: Dialler) -> Result<Self, String> {
        Ok(Self {
            dialler,
            tls: TlsConnector::from(Arc::new(tls(&[])?)),
            shelves: Arc::default(),
        })
    }

    /// Sends a request to `url`'s server, and gives the answer when its headers are there. What
    /// was given up while the server was connected to is not sent: by then something else may
    /// have been.
    pub(super) async fn send(
        &self,
        origin: &Origin,
        url: &Url,
        mut request: Outgoing,
        given_up: &CancellationToken,
    ) -> Result<Response, Failed> {
        let shelf = self.shelf(origin);
        loop {
            let kept = shelf.take();
            let is_kept = kept.is_some();
            let mut sender = match kept {
                Some(sender) => sender,
                None => self.connect(url).await.map_err(Failed::before_sending)?,
            };
            if given_up.is_cancelled() {
                return Err(Failed::before_sending("nobody waits for it".to_owned()));
            }
            match sender.try_send_request(request).await {
                Ok(answer) => {
                    let (head, body) = answer.into_parts();
                    return Ok(Response {
                        status: head.status,
                        headers: head.headers,
                        url: url.clone(),
                        body,
                        connection: Some((sender, shelf)),
                    });
                }
                // The server had closed it, and nothing was sent.
                Err(mut refused) => match refused.take_message() {
                    Some(unsent) if is_kept => request = unsent,
                    _ => return Err(Failed::while_sending(refused.error())),
                },
            }
        }
    }

    fn shelf(&self, origin: &Origin) -> Arc<Shelf> {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        let shelf = shelves.entry(origin.clone());
        Arc::clone(shelf.or_insert_with(|| Arc::new(Shelf::new(LONGEST_IDLE))))
    }

    async fn connect(&self, url: &Url) -> Result<SendRequest<Full<Bytes>>, String> {
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => return Err("the address names no server".to_owned()),
        };
        let port = url.port_or_known_default().unwrap_or(80);
        let stream = self.dialler.connect(&host, port).await?;
        if url.scheme() != "https" {
            return handshake(stream).await;
        }
        let name = ServerName::try_from(host.clone()).map_err(|error| error.to_string())?;
        match tokio::time::timeout(CONNECT, self.tls.connect(name, stream)).await {
            Ok(Ok(stream)) => handshake(stream).await,
            Ok(Err(error)) => Err(format!("cannot connect to {host}:{port}: {error}")),
            Err(_) => Err(format!(
                "{host}:{port} did not agree on TLS within {CONNECT:?}"
            )),
        }
    }
}

async fn handshake(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<SendRequest<Full<Bytes>>, String> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| with_causes(&error))?;
    // Whoever waits for an answer hears why there is none.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

/// An answer whose body is still to be read.
pub(super) struct Response {
    status: StatusCode,
    headers: HeaderMap,
    url: Url,
    body: Incoming,
    /// Until the body is read.
    connection: Option<(SendRequest<Full<Bytes>>, Arc<Shelf>)>,
}

impl Response {
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// The length of the body, where the server says it.
    pub(super) fn content_length(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }

    /// The next part of the body; none at its end, and then the connection is free again.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Failed> {
        loop {
            match self.body.frame().await {
                None => {
                    self.free().await;
                    return Ok(None);
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Some(Err(error)) => return Err(Failed::while_sending(&error)),
            }
        }
    }

    async fn free(&mut self) {
        if let Some((mut sender, shelf)) = self.connection.take()
            && sender.ready().await.is_ok()
        {
            shelf.give_back(sender);
        }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    message
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn a_connection_that_nobody_uses_is_closed_when_its_time_is_over() {
        let longest_idle = Duration::from_millis(20);
        let shelf = Arc::new(Shelf::new(longest_idle));
        for _ in 0..2 {
            let (here, mut there) = tokio::io::duplex(1024);
            let began = Instant::now();
            shelf.give_back(handshake(here).await.unwrap());
            // Nothing is asked meanwhile.
            assert_eq!(there.read(&mut [0; 1]).await.unwrap(), 0);
            assert!(began.elapsed() >= longest_idle);
            assert!(shelf.take().is_none());
        }
    }

    #[tokio::test]
    async fn the_one_that_was_used_last_is_used_again() {
        let shelf = Arc::new(Shelf::new(LONGEST_IDLE));
        let (old, mut old_server) = tokio::io::duplex(1024);
        let (new, mut new_server) = tokio::io::duplex(1024);
        for stream in [old, new] {
            shelf.give_back(handshake(stream).await.unwrap());
        }
        drop(shelf.take().unwrap());
        assert_eq!(new_server.read(&mut [0; 1]).await.unwrap(), 0);
        drop(shelf.take().unwrap());
        assert_eq!(old_server.read(&mut [0; 1]).await.unwrap(), 0);
        assert!(shelf.take().is_none());
    }
}
