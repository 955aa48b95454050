//! The clients of `alertStream`. Each has a queue with a limit; one that does not read what is in
//! it is dropped, so that nobody waits for it and nothing grows.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio_util::sync::CancellationToken;

use crate::report::{Count, Counts};

/// What a client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Xml,
    Json,
}

pub(crate) struct Streams {
    most: usize,
    most_parts: usize,
    most_bytes: usize,
    counts: Arc<Counts>,
    clients: Mutex<Clients>,
}

#[derive(Default)]
struct Clients {
    numbered: u64,
    list: Vec<Client>,
}

struct Client {
    number: u64,
    format: Format,
    sender: Sender<Bytes>,
    queued: Arc<AtomicUsize>,
    /// Cuts the connection.
    cut: CancellationToken,
}

impl Streams {
    pub(crate) fn new(
        most: usize,
        most_parts: usize,
        most_bytes: usize,
        counts: Arc<Counts>,
    ) -> Self {
        Self {
            most,
            most_parts: most_parts.max(8),
            most_bytes,
            counts,
            clients: Mutex::default(),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().list.len()
    }

    /// A new client; none where there are enough. It gets nothing at once: some clients take one
    /// event and hang up, and that should be one that says something.
    pub(crate) fn join(
        self: &Arc<Self>,
        format: Format,
        cut: CancellationToken,
    ) -> Option<StreamBody> {
        let mut clients = self.lock();
        if clients.list.len() >= self.most {
            return None;
        }
        let (sender, receiver) = mpsc::channel(self.most_parts);
        let queued = Arc::new(AtomicUsize::new(0));
        clients.numbered += 1;
        self.counts.add(Count::Stream, 1);
        let client = Client {
            number: clients.numbered,
            format,
            sender,
            queued: Arc::clone(&queued),
            cut,
        };
        let body = StreamBody {
            streams: Arc::clone(self),
            number: client.number,
            receiver,
            queued,
        };
        clients.list.push(client);
        Some(body)
    }

    /// Hands each client the parts in its format, which are made once for each format, as one
    /// piece: some clients take one event out of each read. An event and the heartbeat behind it
    /// that came one by one would have such a client read the heartbeat together with the next
    /// event, and lose that.
    pub(crate) fn send(&self, mut parts: impl FnMut(Format) -> Vec<Bytes>) {
        let mut clients = self.lock();
        for format in [Format::Xml, Format::Json] {
            if !clients.list.iter().any(|client| client.format == format) {
                continue;
            }
            let parts = parts(format);
            let many = parts.len() as u64;
            let piece = Bytes::from(parts.concat());
            clients.list.retain(|client| {
                let keeps_up = client.format != format || self.hand(client, &piece, many);
                if !keeps_up {
                    self.counts.add(Count::SlowClient, 1);
                    client.cut.cancel();
                }
                keeps_up
            });
        }
    }

    /// Whether there was room for this piece of so many parts.
    fn hand(&self, client: &Client, piece: &Bytes, parts: u64) -> bool {
        let queued = client.queued.load(Ordering::Relaxed);
        if queued + piece.len() > self.most_bytes {
            return false;
        }
        // Before it is sent, so that it is never taken off before it was put on.
        client.queued.fetch_add(piece.len(), Ordering::Relaxed);
        let room = client.sender.try_send(piece.clone()).is_ok();
        if room {
            self.counts.add(Count::Part, parts);
        }
        room
    }

    fn leave(&self, number: u64) {
        self.lock().list.retain(|client| client.number != number);
    }

    fn lock(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one client is sent, without an end. The client leaves with it.
pub(crate) struct StreamBody {
    streams: Arc<Streams>,
    number: u64,
    receiver: Receiver<Bytes>,
    queued: Arc<AtomicUsize>,
}

impl Body for StreamBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.receiver.poll_recv(context).map(|part| {
            let part = part?;
            self.queued.fetch_sub(part.len(), Ordering::Relaxed);
            Some(Ok(Frame::data(part)))
        })
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        self.streams.leave(self.number);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn streams(most: usize, most_bytes: usize) -> (Arc<Streams>, Arc<Counts>) {
        let counts = Arc::<Counts>::default();
        let streams = Streams::new(most, 8, most_bytes, Arc::clone(&counts));
        (Arc::new(streams), counts)
    }

    fn join(streams: &Arc<Streams>, format: Format, cut: &CancellationToken) -> Option<StreamBody> {
        streams.join(format, cut.clone())
    }

    #[tokio::test]
    async fn each_client_gets_its_format() {
        let (streams, _) = streams(2, 1000);
        let cut = CancellationToken::new();
        let mut xml = join(&streams, Format::Xml, &cut).unwrap();
        let mut json = join(&streams, Format::Json, &cut).unwrap();
        assert!(
            join(&streams, Format::Xml, &cut).is_none(),
            "there are enough"
        );
        streams.send(|format| vec![Bytes::from(format!("{format:?}"))]);
        for (body, expected) in [(&mut xml, "Xml"), (&mut json, "Json")] {
            let frame = body.frame().await.unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap(), expected);
        }
        drop(xml);
        assert_eq!(streams.count(), 1);
        assert!(join(&streams, Format::Xml, &cut).is_some());
    }

    #[tokio::test]
    async fn what_is_posted_at_once_is_read_at_once() {
        let (streams, counts) = streams(1, 1000);
        let cut = CancellationToken::new();
        let mut body = join(&streams, Format::Xml, &cut).unwrap();
        streams.send(|_| vec![Bytes::from("event;"), Bytes::from("heartbeat;")]);
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "event;heartbeat;");
        assert_eq!(counts.get(Count::Part), 2);
    }

    #[tokio::test]
    async fn many_parts_at_once_are_no_reason_to_drop_a_client() {
        let (streams, counts) = streams(1, 1_000_000);
        let cut = CancellationToken::new();
        let mut body = join(&streams, Format::Xml, &cut).unwrap();
        let parts: Vec<Bytes> = (0..300)
            .map(|part| Bytes::from(format!("{part};")))
            .collect();
        let expected = parts.concat();
        streams.send(|_| parts.clone());
        assert!(!cut.is_cancelled());
        assert_eq!(counts.get(Count::SlowClient), 0);
        let mut got = Vec::new();
        while got.len() < expected.len() {
            let frame = body.frame().await.unwrap().unwrap();
            got.extend_from_slice(&frame.into_data().unwrap());
        }
        assert_eq!(got, expected);
    }

    #[test]
    fn a_client_that_does_not_read_is_dropped_and_counted() {
        for (most_bytes, bytes) in [(100, 50), (1_000_000, 1)] {
            let (streams, counts) = streams(2, most_bytes);
            let (slow, quick) = (CancellationToken::new(), CancellationToken::new());
            let _body = join(&streams, Format::Xml, &slow).unwrap();
            for _ in 0..20 {
                let _other = join(&streams, Format::Json, &quick).unwrap();
                streams.send(|_| vec![Bytes::from(vec![0; bytes])]);
            }
            assert!(slow.is_cancelled() && !quick.is_cancelled());
            assert_eq!(counts.get(Count::SlowClient), 1);
            assert_eq!(streams.count(), 0);
        }
    }
}
