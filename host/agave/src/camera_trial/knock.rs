//! Whether anything listens at a camera's address: said sooner, and plainer, than by a source,
//! which speaks RTSP.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use agave_inspector::view::CameraTrouble;

use super::address::parse;
use super::advice::{closed, nobody_called};

/// For all addresses of a machine to say whether something listens there.
const KNOCK: Duration = Duration::from_secs(3);
pub(super) const RTSP_PORT: u16 = 554;

/// A machine's name, as people and resolvers write it, and a port of it.
pub(super) struct Door {
    pub(super) name: String,
    pub(super) port: u16,
}

impl Door {
    /// Where the camera with this address would open.
    pub(super) fn of(url: &str) -> Result<Self, CameraTrouble> {
        let parsed = parse(url)?;
        let host = parsed.host_str().unwrap_or_default();
        Ok(Self {
            name: host.trim_matches(['[', ']']).to_owned(),
            port: parsed.port().unwrap_or(RTSP_PORT),
        })
    }

    /// Whether something listens there. How long the name takes is the resolver's matter.
    pub(super) fn knock(&self) -> Result<(), CameraTrouble> {
        let nobody = || nobody_called(&self.name);
        let found = (self.name.as_str(), self.port).to_socket_addrs();
        let found: Vec<SocketAddr> = found.map_err(|_| nobody())?.collect();
        self.knock_at(&found).unwrap_or_else(|| Err(nobody()))
    }

    /// None where there is no address.
    fn knock_at(&self, addresses: &[SocketAddr]) -> Option<Result<(), CameraTrouble>> {
        let each = KNOCK / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
        let mut heard = None;
        for address in addresses {
            heard = match TcpStream::connect_timeout(address, each) {
                Ok(_) => return Some(Ok(())),
                Err(error) => Some(Err(closed(error.kind(), &self.name, self.port))),
            };
        }
        heard
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_machine_with_many_addresses_takes_no_longer_than_one_with_one() {
        let door = Door::of("rtsp://camera.invalid/a").unwrap();
        assert_eq!((door.name.as_str(), door.port), ("camera.invalid", 554));
        // Addresses that are nobody's.
        let silent: Vec<SocketAddr> = (1..=9)
            .map(|last| SocketAddr::from(([192, 0, 2, last], 554)))
            .collect();
        let began = Instant::now();
        assert!(door.knock_at(&silent).unwrap().is_err());
        assert!(began.elapsed() < KNOCK + Duration::from_secs(2));
        assert!(door.knock_at(&[]).is_none());
    }
}
