//! Whether anything listens at a camera's address: said sooner, and plainer, than by a source,
//! which speaks RTSP.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use agave_inspector::view::CameraTrouble;

use super::address::parse;
use super::advice::{closed, nobody_called};

/// For a machine to say whether something listens there.
const KNOCK: Duration = Duration::from_secs(4);
pub(super) const RTSP_PORT: u16 = 554;

/// Whether something listens there.
pub(super) fn knock(url: &str) -> Result<(), CameraTrouble> {
    let parsed = parse(url)?;
    let host = parsed.host_str().unwrap_or_default();
    let name = host.trim_matches(['[', ']']);
    let port = parsed.port().unwrap_or(RTSP_PORT);
    let nobody = || nobody_called(name);
    let places = (name, port).to_socket_addrs().map_err(|_| nobody())?;
    let mut why = nobody();
    for place in places {
        match TcpStream::connect_timeout(&place, KNOCK) {
            Ok(_) => return Ok(()),
            Err(error) => why = closed(error.kind(), name, port),
        }
    }
    Err(why)
}
