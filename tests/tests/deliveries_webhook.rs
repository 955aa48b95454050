//! Ten thousand alerts for a web server that fails now and then, is killed and is frozen, by an
//! Agave that is killed twenty times: every one arrives, in the order of its camera.

use agave_tests::{ADAPTER, Backlog, Receiver, free_port, undergo};
use anyhow::Result;

const ALERTS: usize = 10_000;
const KILLS: usize = 20;
const TROUBLE: f64 = 0.01;

#[test]
fn every_alert_arrives_whatever_happens() -> Result<()> {
    let port = free_port()?;
    let origin = format!("http://127.0.0.1:{port}");
    let node = format!(
        "plugin: webhook\n\
         config: {{ url: \"{origin}/alerts\", timeout: 1s }}\n\
         allow: {{ http: [\"{origin}\"] }}"
    );
    let backlog = Backlog::new(ALERTS, &node, "")?;
    let mut receiver = Receiver::web(port, TROUBLE, 1)?;
    let account = backlog.account(str::to_owned);
    let (_, summary) = undergo(&backlog, &mut receiver, account, KILLS)?;
    assert_eq!(summary.waiting(ADAPTER)?, 0);
    Ok(())
}
