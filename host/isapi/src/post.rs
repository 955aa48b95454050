//! One post to one host, on a connection of its own, as devices do it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, crypto};

use crate::hosts::{HttpHost, Protocol};

/// How long all of it may take.
const LONGEST: Duration = Duration::from_secs(10);
const CONTENT: &str = "multipart/form-data; boundary=boundary";
const AGENT: &str = concat!("agave/", env!("CARGO_PKG_VERSION"));

/// What posts go out with.
#[derive(Clone)]
pub(crate) struct Poster {
    tls: TlsConnector,
}

impl Poster {
    /// # Errors
    /// When the system's certificates cannot be used.
    pub(crate) fn new() -> Result<Self, String> {
        let provider = Arc::new(crypto::aws_lc_rs::default_provider());
        let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(&provider))
            .map_err(|error| error.to_string())?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Posts it, and gives the status of the answer.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn post(&self, host: &HttpHost, body: Bytes) -> Result<u16, String> {
        let posted = tokio::time::timeout(LONGEST, self.post_slowly(host, body)).await;
        posted.unwrap_or_else(|_| Err(format!("no answer within {LONGEST:?}")))
    }

    async fn post_slowly(&self, host: &HttpHost, body: Bytes) -> Result<u16, String> {
        let stream = TcpStream::connect((host.address.as_str(), host.port)).await;
        let stream = stream.map_err(|error| error.to_string())?;
        if host.protocol == Protocol::Http {
            return exchange(stream, host, body).await;
        }
        let name = ServerName::try_from(host.address.clone()).map_err(|error| error.to_string())?;
        let stream = self.tls.connect(name, stream).await;
        exchange(stream.map_err(|error| error.to_string())?, host, body).await
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    host: &HttpHost,
    body: Bytes,
) -> Result<u16, String> {
    let request = Request::post(host.path.as_str())
        .header(HOST, host.authority())
        .header(USER_AGENT, AGENT)
        .header(CONNECTION, "close")
        .header(CONTENT_TYPE, CONTENT)
        .body(Full::new(body))
        .map_err(|error| error.to_string())?;
    let mut builder = http1::Builder::new();
    builder.title_case_headers(true);
    let handshake = builder.handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| error.to_string())?;
    // It ends with this, whether there is an answer or not: nobody reads the answer's body.
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let answer = sender.send_request(request).await;
    Ok(answer.map_err(|error| error.to_string())?.status().as_u16())
}
