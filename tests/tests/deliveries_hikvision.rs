//! Ten thousand alerts pushed in ISAPI form to a device with Digest and one connection, which
//! refuses nonces, fails, is busy or hangs up now and then, is killed and is frozen, by an Agave
//! that is killed twenty times: every one arrives, in the order of its camera. And an output of
//! such a device, which is off when all is over.

use std::time::Duration;

use agave_tests::{ADAPTER, Backlog, Counterpart, Ordeal, Receiver, Signal, free_port, undergo};
use anyhow::Result;

const ALERTS: usize = 10_000;
const KILLS: usize = 20;
const TROUBLE: f64 = 0.01;
const PASSWORD: &str = "correct horse";
/// Each begins, goes on and ends.
const INCIDENTS: usize = 1000;
const LONGEST_LIFE: Duration = Duration::from_millis(1500);
/// A device that has trouble when it sees the login for the first time does not see it again for a
/// minute, and for two if it has trouble then.
const PATIENCE: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(100);

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

#[test]
fn an_output_is_off_when_all_is_over() -> Result<()> {
    let port = free_port()?;
    let origin = format!("http://127.0.0.1:{port}");
    let node = format!(
        "plugin: hikvision\n\
         config:\n  \
           relay: {{ device: \"{origin}\", output: 2, hold: true }}\n  \
           authentication: {{ digest: nvr }}\n  \
           timeout: 1s\n\
         allow: {{ http: [\"{origin}\"], secrets: [nvr] }}"
    );
    let login = format!("admin:{PASSWORD}");
    let all = 3 * INCIDENTS;
    let backlog = Backlog::new(all, &node, "")?.with_variable("AGAVE_SECRET_NVR", &login);
    let mut receiver = Receiver::hikvision(port, PASSWORD, TROUBLE, 1)?;
    let mut ordeal = Ordeal::default();
    let mut did = Vec::new();
    for kill in 1..=KILLS {
        let agave = backlog.run()?;
        backlog.see(&agave, all - all * kill / (KILLS + 1), LONGEST_LIFE)?;
        let mut take = |taken| {
            did.push(taken);
            Ok(())
        };
        ordeal.end_a_life(agave, &mut receiver, &mut take, |agave| {
            backlog.outbox(agave)
        })?;
    }
    let agave = backlog.run()?;
    assert_eq!(backlog.see(&agave, 0, PATIENCE)?, Some(0));
    agave.signal(Signal::TERM)?;
    agave.finish(PATIENCE)?;
    while let Some(taken) = receiver.next(POLL)? {
        did.push(taken);
    }
    let on = did.iter().filter(|one| one.key == "output 2 high").count();
    assert_eq!(
        did.last().map(|one| one.key.as_str()),
        Some("output 2 low"),
        "after it was on {on} times"
    );
    assert!(on >= INCIDENTS, "it was on {on} times");
    ordeal.judge(INCIDENTS, on - INCIDENTS)
}
