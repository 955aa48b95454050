//! A request may be refused before its body has been read: for its tag, say, or because others are
//! at it. Whoever sends is still sending then, and would find the connection closed instead of the
//! answer, or send the next request into a connection that is about to end. So what is left of a
//! body is read and thrown away, within bounds; beyond them it is said that the connection ends.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use futures::StreamExt;
use hyper::body::{Frame, SizeHint};
use tokio::time::timeout;

/// As large as a picture that may be sent.
const MOST_UNREAD_BYTES: usize = 16 << 20;
/// For what was sent already, and not for what somebody has yet to think of.
const LONGEST: Duration = Duration::from_secs(1);

/// A body that the route reads, and what comes after the route.
#[derive(Clone)]
struct Shared(Arc<Mutex<Body>>);

impl Shared {
    fn with<T>(&self, look: impl FnOnce(&mut Body) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether it has been read to its end, or could be now.
    async fn reaches_its_end(self) -> bool {
        if self.with(|body| body.is_end_stream()) {
            return true;
        }
        let mut left = MOST_UNREAD_BYTES;
        let mut unread = Body::new(self).into_data_stream();
        let through = async {
            while let Some(piece) = unread.next().await {
                let length = piece.map_or(usize::MAX, |piece| piece.len());
                match left.checked_sub(length) {
                    Some(rest) => left = rest,
                    None => return false,
                }
            }
            true
        };
        timeout(LONGEST, through).await.unwrap_or(false)
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.with(|body| Pin::new(body).poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.with(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|body| body.size_hint())
    }
}

/// Reads what a route has left of a body.
pub(crate) async fn through(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let shared = Shared(Arc::new(Mutex::new(body)));
    let request = Request::from_parts(parts, Body::new(shared.clone()));
    let mut response = next.run(request).await;
    if !shared.reaches_its_end().await {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}
