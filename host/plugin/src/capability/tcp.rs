//! Byte streams for adapters, for what speaks neither HTTP nor MQTT: to the granted pairs of host
//! and port only, few at a time, and nothing without a limit.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wasmtime::component::Resource;

use crate::bindings::imports::agave::plugin::tcp::{Error, Host, HostConnection};
use crate::guest::Guest;
use crate::network::{Interrupted, NO_NETWORK, Network, STOPPING};
use crate::text::shortened;

/// Of one instance at one time.
const MOST_CONNECTIONS: usize = 8;
const MOST_READ_BYTES: usize = 64 << 10;
const MOST_WRITTEN_BYTES: usize = 1 << 20;
const LONGEST: Duration = Duration::from_secs(60);
/// A receiver that does not take what it is sent.
const LONGEST_WRITE: Duration = Duration::from_secs(10);

/// What a guest holds of a connection.
#[allow(unreachable_pub, reason = "the generated bindings export it again")]
pub struct Connection {
    network: Network,
    /// None once it is closed, whoever closed it.
    stream: Option<TcpStream>,
}

impl Host for Guest {}

impl HostConnection for Guest {
    fn connect(
        &mut self,
        address: String,
        timeout_ms: u32,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let connection = match self.connect_tcp(&address, timeout_ms) {
            Ok(connection) => connection,
            Err(error) => return Ok(Err(error)),
        };
        self.connections += 1;
        Ok(Ok(self.table.push(connection)?))
    }

    fn write(
        &mut self,
        handle: Resource<Connection>,
        bytes: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        Ok(self.table.get_mut(&handle)?.write(&bytes))
    }

    fn read(
        &mut self,
        handle: Resource<Connection>,
        max: u32,
        timeout_ms: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        Ok(self.table.get_mut(&handle)?.read(max, timeout_ms))
    }

    fn drop(&mut self, handle: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        self.connections = self.connections.saturating_sub(1);
        Ok(())
    }
}

impl Guest {
    fn connect_tcp(&self, address: &str, timeout_ms: u32) -> Result<Connection, Error> {
        let wanted = address.to_ascii_lowercase();
        let granted = self.grants.tcp.contains(&wanted);
        let parts = wanted.rsplit_once(':').filter(|_| granted);
        let Some((host, port)) = parts.and_then(|(host, port)| Some((host, port.parse().ok()?)))
        else {
            return Err(Error::NotAllowed(format!(
                "`{}` is not granted; add it to the node's `allow.tcp`",
                shortened(address, 200)
            )));
        };
        if self.connections >= MOST_CONNECTIONS {
            return Err(Error::NotAllowed(format!(
                "{MOST_CONNECTIONS} connections are open already; drop one first"
            )));
        }
        let Some(network) = self.outside.network.clone() else {
            return Err(Error::Unreachable(NO_NETWORK.to_owned()));
        };
        let connecting = network.dialler().connect(host, port);
        let stream = network.wait(milliseconds(timeout_ms), connecting);
        let stream = stream.map_err(interrupted)?.map_err(Error::Unreachable)?;
        Ok(Connection {
            network,
            stream: Some(stream),
        })
    }
}

impl Connection {
    /// Writes all of `bytes`. When it cannot, nobody knows how much of them has arrived, and the
    /// connection is closed.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.len() > MOST_WRITTEN_BYTES {
            return Err(Error::NotAllowed(format!(
                "{} bytes in one call; at most {MOST_WRITTEN_BYTES}",
                bytes.len()
            )));
        }
        let mut stream = self.stream.take().ok_or(Error::Closed)?;
        let writing = self.network.wait(LONGEST_WRITE, stream.write_all(bytes));
        writing.map_err(interrupted)?.map_err(|_| Error::Closed)?;
        self.stream = Some(stream);
        Ok(())
    }

    /// Reads what is there, at least one byte.
    fn read(&mut self, max: u32, timeout_ms: u32) -> Result<Vec<u8>, Error> {
        let stream = self.stream.as_mut().ok_or(Error::Closed)?;
        let most = usize::try_from(max).unwrap_or(usize::MAX);
        let mut bytes = vec![0; most.min(MOST_READ_BYTES)];
        if bytes.is_empty() {
            return Ok(bytes);
        }
        let reading = self
            .network
            .wait(milliseconds(timeout_ms), stream.read(&mut bytes));
        match reading.map_err(interrupted)? {
            Ok(0) | Err(_) => {
                self.stream = None;
                Err(Error::Closed)
            }
            Ok(count) => {
                bytes.truncate(count);
                Ok(bytes)
            }
        }
    }
}

fn interrupted(why: Interrupted) -> Error {
    match why {
        Interrupted::TimedOut => Error::TimedOut,
        Interrupted::Stopping => Error::Unreachable(STOPPING.to_owned()),
    }
}

fn milliseconds(count: u32) -> Duration {
    Duration::from_millis(count.into()).min(LONGEST)
}
