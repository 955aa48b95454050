//! Connections: so many at a time, each with limits for what it may take and how long.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::answer::{Visit, answer};
use crate::report::Count;
use crate::shared::Shared;

/// Until a request has been read, and until the next one has begun.
const HEADER: Duration = Duration::from_secs(30);
/// A client that takes nothing for so long is gone.
const UNREAD: Duration = Duration::from_secs(30);
const MOST_BUFFERED_BYTES: usize = 64 << 10;
/// What the system may hold for a client that does not read: the rest waits where it is counted.
const SEND_BUFFER_BYTES: usize = 256 << 10;
/// Where no connection can be taken, one is soon given back.
const BREATH: Duration = Duration::from_millis(50);

/// Takes connections until it is over, and then closes all of them.
pub(crate) async fn listen(
    listener: TcpListener,
    shared: Arc<Shared>,
    stopping: CancellationToken,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        if connections.len() >= shared.settings.limits.connections {
            shared.counts.add(Count::TooManyConnections, 1);
            continue;
        }
        let cut = stopping.child_token();
        connections.spawn(serve(stream, address, Arc::clone(&shared), cut));
    }
}

async fn serve(
    stream: TcpStream,
    address: SocketAddr,
    shared: Arc<Shared>,
    cut: CancellationToken,
) {
    if let Err(error) = prepare(&stream) {
        tracing::debug!(%error, %address, "a connection could not be prepared");
    }
    let service = service_fn(|request| {
        let visit = Visit {
            shared: Arc::clone(&shared),
            address: address.ip(),
            cut: cut.clone(),
        };
        answer(request, visit)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER)
        .max_buf_size(MOST_BUFFERED_BYTES)
        // Some clients know headers only as devices write them.
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = cut.cancelled() => {}
        served = connection => {
            if let Err(error) = served {
                tracing::debug!(%error, %address, "a connection ended");
            }
        }
    }
}

/// Sends at once, and notices who is gone without a word.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(UNREAD))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNREAD))?;
    Ok(())
}
