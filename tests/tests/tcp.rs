//! The TCP adapter with a real receiver: a connection that is kept alive, and comes back.

use std::time::Duration;

use agave_tests::{Backlog, Counterpart, Signal, TcpReceiver, free_port};
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
    let mut receiver = TcpReceiver::start_on(port, 0.0, 1)?;
    // Nothing waits: all there is to say is that somebody is there.
    let backlog = Backlog::new(0, &node, "")?;
    let agave = backlog.run()?;
    for _ in 0..3 {
        let line = receiver.line(PATIENCE).context("it was silent")?;
        assert_eq!((line.text.as_str(), &line.answer[..2]), ("PING", "OK"));
    }
    receiver.signal(Signal::KILL)?;
    while receiver.line(PATIENCE).is_some() {}
    receiver.come_back()?;
    let line = receiver.line(PATIENCE).context("it did not come back")?;
    assert_eq!(line.text, "PING");
    agave.signal(Signal::TERM)?;
    agave.finish(PATIENCE)?;
    Ok(())
}
