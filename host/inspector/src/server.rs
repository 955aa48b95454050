//! Connections: so many at a time, each with limits for what it may take and how long.

use std::io;
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
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::access::Peer;

/// So many at the same time: some pages with a dozen sockets and requests each.
const MOST_CONNECTIONS: usize = 512;
/// Until a request has been read, and until the next one has begun.
const HEADER: Duration = Duration::from_secs(30);
const HANDSHAKE: Duration = Duration::from_secs(10);
const MOST_BUFFERED_BYTES: usize = 64 << 10;
/// Where no connection can be taken, one is soon given back.
const BREATH: Duration = Duration::from_millis(50);

/// Takes connections until it is over, and then closes all of them.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
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
        if connections.len() >= MOST_CONNECTIONS {
            tracing::warn!(%address, "refused: {MOST_CONNECTIONS} connections are open");
            continue;
        }
        let (tls, router, cut) = (tls.clone(), router.clone(), stopping.child_token());
        connections.spawn(async move {
            let ended = tokio::select! {
                () = cut.cancelled() => return,
                ended = attend(stream, address, tls, router) => ended,
            };
            if let Err(error) = ended {
                tracing::debug!(%error, %address, "a connection ended");
            }
        });
    }
}

async fn attend(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    router: Router,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match tls {
        None => converse(stream, address, router).await,
        Some(tls) => {
            let handshake = timeout(HANDSHAKE, tls.accept(stream)).await;
            let stream = handshake.map_err(|_| io::ErrorKind::TimedOut)??;
            converse(stream, address, router).await
        }
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    address: SocketAddr,
    router: Router,
) -> io::Result<()> {
    // The router is shared by all connections; what it must know of this one goes with each
    // request.
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(address));
        TowerToHyperService::new(router.clone()).call(request)
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER)
        .max_buf_size(MOST_BUFFERED_BYTES)
        // Who has said everything may still want to hear the answer.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service)
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
