//! Ten thousand alerts pushed in ISAPI form to a device with Digest and one connection, which
//! refuses nonces, fails, is busy or hangs up now and then, is killed and is frozen, by an Agave
//! that is killed twenty times: every one arrives, in the order of its camera.

use agave_tests::{ADAPTER, Backlog, Receiver, free_port, undergo};
use anyhow::Result;

const ALERTS: usize = 10_000;
const KILLS: usize = 20;
const TROUBLE: f64 = 0.01;
const PASSWORD: &str = "correct horse";

#[test]
fn every_alert_arrives_whatever_happens() -> Result<()> {
    let port = free_port()?;
    let origin = format!("http://127.0.0.1:{port}");
    let node = format!(
        "plugin: hikvision\n\
         config:\n  \
           push: {{ url: \"{origin}/alarm\", picture: false }}\n  \
           authentication: {{ digest: nvr }}\n  \
           timeout: 1s\n\
         allow: {{ http: [\"{origin}\"], secrets: [nvr] }}"
    );
    let login = format!("admin:{PASSWORD}");
    let backlog = Backlog::new(ALERTS, &node, "")?.with_variable("AGAVE_SECRET_NVR", &login);
    let mut receiver = Receiver::hikvision(port, PASSWORD, TROUBLE, 1)?;
    let account = backlog.account(str::to_owned);
    let (_, summary) = undergo(&backlog, &mut receiver, account, KILLS)?;
    assert_eq!(summary.waiting(ADAPTER)?, 0);
    Ok(())
}
