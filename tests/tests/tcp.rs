//! The TCP adapter with a real receiver: a connection that is kept alive, and comes back.

use std::time::Duration;

use agave_tests::{Backlog, Counterpart, Receiver, Signal, free_port};
use anyhow::{Context, Result};

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_connection_is_kept_alive_and_comes_back() -> Result<()> {
    let port = free_port()?;
    let node = format!(
        "plugin: tcp\n\
         config:\n  \
           address: \"127.0.0.1:{port}\"\n  \
           framing: crlf\n  \
           acknowledgement: {{ prefix: OK, timeout: 1s }}\n  \
           keepalive: {{ payload: PING, every: 200ms, acknowledged: true }}\n\
         allow: {{ tcp: [\"127.0.0.1:{port}\"] }}"
    );
    let mut receiver = Receiver::lines(port, 0.0, 1)?;
    // Nothing waits: all there is to say is that somebody is there.
    let backlog = Backlog::new(0, &node, "")?;
    let agave = backlog.run()?;
    for _ in 0..3 {
        let taken = receiver.next(PATIENCE)?.context("it was silent")?;
        assert_eq!(taken.key, "PING");
    }
    receiver.signal(Signal::KILL)?;
    while receiver.next(PATIENCE)?.is_some() {}
    receiver.come_back()?;
    let taken = receiver.next(PATIENCE)?.context("it did not come back")?;
    assert_eq!(taken.key, "PING");
    agave.signal(Signal::TERM)?;
    agave.finish(PATIENCE)?;
    Ok(())
}
