//! Ten thousand alerts for a broker that is killed and frozen: every one arrives, in the order of
//! its camera.

use agave_tests::{ADAPTER, Backlog, Mosquitto, undergo};
use anyhow::Result;

const ALERTS: usize = 10_000;
const KILLS: usize = 20;

#[test]
fn every_alert_arrives_whatever_happens() -> Result<()> {
    let mut broker = Mosquitto::telling()?;
    let node = "plugin: mqtt\n\
                config: { broker: farm, topic: \"alerts/{idempotency_key}\" }\n\
                allow: { mqtt: [farm] }";
    let brokers = format!("brokers: {{ farm: {{ mqtt: \"{}\" }} }}", broker.url());
    let backlog = Backlog::new(ALERTS, node, &brokers)?;
    // What separates the levels of a topic is no part of one.
    let account = backlog.account(|key| key.replace('/', "_"));
    let (_, summary) = undergo(&backlog, &mut broker, account, KILLS)?;
    assert_eq!(summary.waiting(ADAPTER)?, 0);
    Ok(())
}
