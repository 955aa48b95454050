//! Takes connections, each with limits for what it may take and how long.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutWriter;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::access::Peer;
use crate::connections::{Connection, Connections};

/// Until the head of a request has been read, and until the next one has begun.
const HEADER: Duration = Duration::from_secs(15);
const HANDSHAKE: Duration = Duration::from_secs(10);
/// So long somebody may take to read more of an answer.
const WRITING: Duration = Duration::from_secs(30);
const MOST_BUFFERED_BYTES: usize = 64 << 10;
/// Where no connection can be taken, one is soon given back.
const BREATH: Duration = Duration::from_millis(50);
/// Said where there is no room, before anything was asked.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";

/// Takes connections until it is over, and then closes all of them.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    stopping: CancellationToken,
) {
    let connections = Arc::<Connections>::default();
    let mut conversations = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        while conversations.try_join_next().is_some() {}
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let Some(place) = connections.place(address.ip()) else {
            tracing::warn!(%address, "refused: there is no room for more connections");
            if tls.is_none() {
                refuse(stream);
            }
            continue;
        };
        let (tls, router) = (tls.clone(), router.clone());
        conversations.spawn(async move {
            let connection = Arc::clone(&place.connection);
            let ended = tokio::select! {
                () = place.connection.cut() => return,
                ended = attend(stream, address, connection, tls, router) => ended,
            };
            if let Err(error) = ended {
                tracing::debug!(%error, %address, "a connection ended");
            }
        });
    }
}

/// A word for whoever has to come again. It is short, and so is sent at once or never.
fn refuse(stream: TcpStream) {
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write(FULL);
    }
}

async fn attend(
    stream: TcpStream,
    address: SocketAddr,
    connection: Arc<Connection>,
    tls: Option<TlsAcceptor>,
    router: Router,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let peer = Peer {
        address,
        connection,
    };
    match tls {
        None => converse(stream, peer, router).await,
        Some(tls) => {
            let handshake = timeout(HANDSHAKE, tls.accept(stream)).await;
            let stream = handshake.map_err(|_| io::ErrorKind::TimedOut)??;
            converse(stream, peer, router).await
        }
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    router: Router,
) -> io::Result<()> {
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(WRITING));
    // The router is shared by all connections; what it must know of this one goes with each
    // request.
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        TowerToHyperService::new(router.clone()).call(request)
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER)
        .max_buf_size(MOST_BUFFERED_BYTES)
        // Who has said everything may still want to hear the answer.
        .half_close(true)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
        .with_upgrades()
        .await
        .map_err(io::Error::other)
}

/// What encrypts, from the files.
pub(crate) fn acceptor(
    files: &crate::settings::TlsFiles,
) -> Result<TlsAcceptor, crate::InspectorError> {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio_rustls::rustls;

    let refused = |path: &std::path::Path, reason: String| crate::InspectorError::Tls {
        path: path.to_owned(),
        reason,
    };
    let certificate = files.certificate.as_path();
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| refused(certificate, error.to_string()))?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| refused(&files.key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(certificate, error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| refused(certificate, error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
