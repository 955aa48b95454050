//! Where the API is served, and to whom.

use std::net::SocketAddr;
use std::path::PathBuf;

/// How the control API is served.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Take the next port that is free, up to nine further, if this one is not.
    pub next_free_port: bool,
    /// Certificate and key, as PEM files; without them nothing is encrypted.
    pub tls: Option<TlsFiles>,
    /// Listen for other machines without encryption: somebody has said that this is wanted.
    pub clear_text: bool,
    /// Names under which other machines ask for it.
    pub names: Vec<String>,
    /// The file with the tokens; none keeps them in memory.
    pub tokens: Option<PathBuf>,
    /// The file with the audit log; none keeps it in memory.
    pub audit: Option<PathBuf>,
}

/// Certificate and key.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate with those that lead to a known one, as PEM.
    pub certificate: PathBuf,
    /// Its key, as PEM.
    pub key: PathBuf,
}

impl Settings {
    /// On this machine alone, with the tokens in `tokens`.
    pub fn local(listen: SocketAddr, tokens: Option<PathBuf>) -> Self {
        Self {
            listen,
            next_free_port: false,
            tls: None,
            clear_text: false,
            names: Vec::new(),
            tokens,
            audit: None,
        }
    }
}

/// Why the API cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum InspectorError {
    /// The address cannot be had.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        reason: std::io::Error,
    },
    /// Other machines could listen in.
    #[error(
        "{0} can be reached by other machines, and what goes over the network would not be \
         encrypted: name a certificate with --tls-certificate and --tls-key, or say \
         --clear-text where another program encrypts it"
    )]
    ClearText(SocketAddr),
    /// Nobody could log in.
    #[error(
        "{0} can be reached by other machines, so one has to log in, and there is no token yet: \
         `agave token new NAME --role admin` makes one"
    )]
    NoTokens(SocketAddr),
    /// Nobody could ever log in.
    #[error(
        "{0} can be reached by other machines, so one has to log in, and there is no folder for \
         state where tokens could be; name one with --state"
    )]
    NoFolder(SocketAddr),
    /// The system gives no threads, or took the address back.
    #[error("the system refuses what serving needs: {0}")]
    Threads(std::io::Error),
    /// The tokens cannot be used.
    #[error(transparent)]
    Tokens(#[from] crate::TokensError),
    /// Certificate or key cannot be used.
    #[error("cannot use {path}: {reason}")]
    Tls {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}
