//! Ten thousand alerts as lines for a receiver that acknowledges them, refuses one now and then,
//! hangs up, is killed and is frozen: every one arrives, in the order of its camera.

use agave_tests::{ADAPTER, Backlog, Receiver, free_port, undergo};
use anyhow::Result;

const ALERTS: usize = 10_000;
const KILLS: usize = 20;
const TROUBLE: f64 = 0.01;

#[test]
fn every_alert_arrives_whatever_happens() -> Result<()> {
    let port = free_port()?;
    let node = format!(
        "plugin: tcp\n\
         config:\n  \
           address: \"127.0.0.1:{port}\"\n  \
           payload: \"{{idempotency_key}} {{camera}} {{class}} {{phase}}\"\n  \
           framing: crlf\n  \
           acknowledgement: {{ prefix: OK, timeout: 1s }}\n\
         allow: {{ tcp: [\"127.0.0.1:{port}\"] }}"
    );
    let backlog = Backlog::new(ALERTS, &node, "")?;
    let mut receiver = Receiver::lines(port, TROUBLE, 1)?;
    let account = backlog.account(str::to_owned);
    let (_, summary) = undergo(&backlog, &mut receiver, account, KILLS)?;
    assert_eq!(summary.waiting(ADAPTER)?, 0);
    Ok(())
}
