//! Hosts that register themselves, and what is pushed to them.

mod common;
#[path = "common/visitor.rs"]
mod visitor;

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agave_core::Phase;
use agave_isapi::{HttpHost, Protocol};
use agave_tests::{Process, free_port, repository};
use anyhow::{Context, Result, ensure};
use hyper::Method;
use serde_json::Value;

use crate::common::{World, notice};
use crate::visitor::Visitor;

const HOSTS: &str = "Event/notification/httpHosts";
const LIMIT: Duration = Duration::from_secs(20);

/// Takes what devices push, and reads it strictly.
struct Receiver {
    process: Process,
    port: u16,
}

impl Receiver {
    fn start(port: u16, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new("/usr/bin/python3");
        command.arg(repository().join("tests/servers/hikvision.py"));
        command.args(["--anyone", "--port", &port.to_string()]);
        command.args(arguments).env("DEVICE_PASSWORD", "nobody's");
        let mut process = Process::start("the receiver", &mut command)?;
        let port = process.wait_for("ready", LIMIT)?.parse()?;
        Ok(Self { process, port })
    }

    /// The next push that it took.
    fn took(&mut self) -> Result<String> {
        loop {
            let line = self.process.line("a push", LIMIT)?.context("it is gone")?;
            let request: Value = serde_json::from_str(&line)?;
            let refused = request.get("status").is_some_and(|status| status == 400);
            ensure!(!refused, "it cannot read it: {line}");
            if let Some(did) = request.get("did").and_then(Value::as_str) {
                return Ok(did.to_owned());
            }
        }
    }
}

fn host(id: u32, port: u16) -> HttpHost {
    HttpHost {
        id,
        protocol: Protocol::Http,
        address: "127.0.0.1".to_owned(),
        port,
        path: "/alarm".to_owned(),
    }
}

/// Puts the list back with a host in the first place, as clients do.
fn register(visitor: &mut Visitor<'_>, port: u16) -> Result<()> {
    let list = visitor.get(HOSTS)?.text();
    let list = list
        .replacen("<url>/</url>", "<url>/alarm</url>", 1)
        .replacen("<ipAddress>0.0.0.0<", "<ipAddress>127.0.0.1<", 1)
        .replacen("<portNo>80<", &format!("<portNo>{port}<"), 1);
    let answer = visitor.ask(Method::PUT, HOSTS, &list)?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    ensure!(
        answer.text().contains("<statusCode>1</"),
        "{}",
        answer.text()
    );
    Ok(())
}

#[test]
fn a_host_registers_itself_and_is_pushed_to() -> Result<()> {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keeper = Arc::clone(&kept);
    let world = World::new(move |settings| {
        settings.on_hosts = Some(Arc::new(move |hosts: &[HttpHost]| {
            if let Ok(mut kept) = keeper.lock() {
                kept.push(hosts.to_vec());
            }
        }));
    })?;
    let mut receiver = Receiver::start(0, &["--fails", "2"])?;
    let mut visitor = Visitor::new(&world);
    register(&mut visitor, receiver.port)?;
    let hosts = vec![host(1, receiver.port)];
    assert_eq!(world.device.hosts(), hosts);
    assert_eq!(kept.lock().ok().map(|kept| kept.clone()), Some(vec![hosts]));
    world.device.raise(&notice("yard", "one", Phase::Begin));
    // Its first answers are 503.
    assert_eq!(
        receiver.took()?,
        "alarm 1 fielddetection active fieldDetectionImage"
    );
    world.device.raise(&notice("yard", "one", Phase::Update));
    world.device.raise(&notice("yard", "one", Phase::End));
    assert_eq!(receiver.took()?, "alarm 1 fielddetection inactive");
    world.until("two pushes", |device| device.report().pushed == 2)?;
    assert_eq!(world.device.report().waiting, 0);
    // It takes itself out again.
    let answer = visitor.ask(Method::DELETE, &format!("{HOSTS}/1"), "")?;
    assert_eq!(answer.status, 200);
    ensure!(world.device.hosts().is_empty());
    Ok(())
}

#[test]
fn hosts_of_before_a_restart_are_pushed_to_and_ends_need_not_be() -> Result<()> {
    let mut receiver = Receiver::start(0, &[])?;
    let world = World::new(|settings| {
        settings.hosts = vec![host(2, receiver.port)];
        settings.push_ends = false;
    })?;
    let raise = |camera: &str, phase| world.device.raise(&notice(camera, "one", phase));
    raise("gate", Phase::Begin);
    raise("gate", Phase::End);
    raise("yard", Phase::Begin);
    assert_eq!(receiver.took()?, "alarm 2 fielddetection active");
    assert_eq!(
        receiver.took()?,
        "alarm 1 fielddetection active fieldDetectionImage"
    );
    Ok(())
}

#[test]
fn a_host_that_is_away_holds_up_nobody_and_what_it_misses_is_counted() -> Result<()> {
    let away = free_port()?;
    let mut receiver = Receiver::start(0, &[])?;
    let world = World::new(|settings| {
        settings.hosts = vec![host(1, away), host(2, receiver.port)];
        settings.limits.host_queue = 2;
        settings.limits.host_attempts = 2;
        settings.limits.host_wait = Duration::from_millis(50);
    })?;
    for number in 0..20 {
        world
            .device
            .raise(&notice("yard", &number.to_string(), Phase::Begin));
        receiver.took()?;
    }
    world.until("the end of what waits", |device| {
        device.report().waiting == 0
    })?;
    let report = world.device.report();
    assert_eq!(report.pushed, 20);
    let lost = |reason: &str| report.dropped.get(reason).copied().unwrap_or_default();
    assert_eq!(
        lost("host_unreachable") + lost("host_queue_full"),
        20,
        "{report:?}"
    );
    // It comes back, and is pushed to.
    let mut back = Receiver::start(away, &[])?;
    world.device.raise(&notice("gate", "one", Phase::Begin));
    assert_eq!(back.took()?, "alarm 2 fielddetection active");
    Ok(())
}

#[test]
fn what_is_no_list_of_hosts_is_refused_with_a_reason() -> Result<()> {
    let world = World::new(|_| ())?;
    let mut visitor = Visitor::new(&world);
    let long = " ".repeat(100_000);
    for (page, body, status, part) in [
        (HOSTS, "", 400, "badXmlContent"),
        (HOSTS, "<x/>", 400, "expected HttpHostNotificationList"),
        (
            HOSTS,
            "<HttpHostNotification><id>9</id></HttpHostNotification>",
            400,
            "from 1 to 3",
        ),
        (HOSTS, &long, 413, "bytes"),
        ("Event/notification/httpHosts/9", "<x/>", 404, "notSupport"),
        ("Event/notification/httpHosts/x", "<x/>", 404, "notSupport"),
        (
            "Event/notification/httpHosts/1",
            "<HttpHostNotification><id>2</id><ipAddress>10.0.0.1</ipAddress></HttpHostNotification>",
            400,
            "another host",
        ),
    ] {
        let answer = visitor.ask(Method::PUT, page, body)?;
        assert_eq!(answer.status, status, "{page}: {}", answer.text());
        ensure!(answer.text().contains(part), "{page}: {}", answer.text());
    }
    ensure!(world.device.hosts().is_empty());
    Ok(())
}
