//! From a granted name to a connection. A name is resolved once for each connection, what comes
//! back is checked, and the connection goes to an address that was checked and to no other: a
//! name that changes its meaning in between (DNS rebinding) gains nothing.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;

use super::address::{literal, may_stand_for};

/// Of a name with very many addresses, so many are tried.
const MOST_ADDRESSES: usize = 8;
/// For the whole of it: a dead address must not cost the others their turn.
pub(crate) const CONNECT: Duration = Duration::from_secs(10);

/// The addresses of a name, when they are there.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Turns names into addresses.
pub trait Resolver: Send + Sync {
    /// The addresses that `host` has now.
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a>;
}

/// Asks the operating system, as every program does.
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Makes connections to what was granted.
#[derive(Clone)]
pub(crate) struct Dialler {
    resolver: Arc<dyn Resolver>,
}

impl Dialler {
    pub(crate) fn new(resolver: Arc<dyn Resolver>) -> Self {
        Self { resolver }
    }

    /// The addresses of `host` that it may stand for; at least one.
    pub(crate) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        if let Some(address) = literal(host) {
            return Ok(vec![address]);
        }
        let found = self.resolver.resolve(host).await;
        let found = found.map_err(|error| format!("cannot resolve {host}: {error}"))?;
        if found.is_empty() {
            return Err(format!("{host} has no address"));
        }
        let permitted: Vec<IpAddr> = found
            .into_iter()
            .filter(|address| may_stand_for(host, *address))
            .take(MOST_ADDRESSES)
            .collect();
        if permitted.is_empty() {
            return Err(format!(
                "{host} resolves only to addresses that its name does not stand for; grant the \
                 address itself"
            ));
        }
        Ok(permitted)
    }

    /// A connection to `host` at `port`.
    pub(crate) async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, String> {
        let connecting = async {
            let mut reason = String::new();
            for address in self.addresses(host).await? {
                match TcpStream::connect(SocketAddr::new(address, port)).await {
                    Ok(stream) => {
                        // Small messages that somebody waits for: never worth holding back.
                        let _ = stream.set_nodelay(true);
                        return Ok(stream);
                    }
                    Err(error) => reason = error.to_string(),
                }
            }
            Err(format!("cannot connect to {host}:{port}: {reason}"))
        };
        tokio::time::timeout(CONNECT, connecting)
            .await
            .unwrap_or_else(|_| Err(format!("{host}:{port} did not answer within {CONNECT:?}")))
    }
}
