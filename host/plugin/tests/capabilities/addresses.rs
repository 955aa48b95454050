//! Which addresses a granted name leads to, on the way that every connection takes: names that
//! change their meaning, redirects, MQTT and TCP.

use std::io;
use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use agave_core::Secret;
use agave_plugin::{BrokerSettings, Grants, Resolver, Resolving};
use agave_tests::{BrokerOptions, Device, Mosquitto};
use anyhow::Result;
use serde_json::{Value, json};

use crate::probe::{World, web};

/// A name server that somebody else is in charge of: its answers in turn, the last for ever.
struct Names {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Names {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let address = |text: &&str| text.parse().unwrap();
        let answers = answers.iter();
        Arc::new(Self {
            answers: answers
                .map(|one| one.iter().map(address).collect())
                .collect(),
            asked: AtomicUsize::new(0),
        })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Resolver for Names {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers.get(asked).or(self.answers.last()).cloned();
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("no such name")) })
    }
}

fn world(names: &Arc<Names>) -> World {
    let names = Arc::clone(names);
    World::with(|settings| settings.resolver = names)
}

/// Somebody on this machine whom nobody granted.
fn bystander() -> Result<(TcpListener, u16)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

fn nobody_came(listener: &TcpListener) -> bool {
    matches!(listener.accept(), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

#[test]
fn a_public_name_is_no_way_to_what_is_near() -> Result<()> {
    let (bystander, port) = bystander()?;
    for near in [
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "0.0.0.0",
        "169.254.169.254",
        "fd00:ec2::254",
        "10.0.0.5",
        "192.168.1.1",
    ] {
        let names = Names::new(&[&[near]]);
        let origin = format!("http://hook.example.com:{port}");
        let address = format!("hook.example.com:{port}");
        let world = world(&names);
        let mut probe = world.probe(Grants {
            tcp: vec![address.clone()],
            ..web(&[&origin], &[])
        });
        let answer = probe.get(&origin, Value::Null);
        assert_eq!(answer["error"], "unreachable", "{near}: {answer}");
        let why = answer["why"].as_str().unwrap();
        assert!(why.contains("grant the address itself"), "{near}: {why}");
        let answer = probe.ask(json!({ "do": "connect", "id": 1, "address": address }));
        assert_eq!(answer["error"], "unreachable", "{near}: {answer}");
        assert_eq!(names.asked(), 2, "once for each connection");
    }
    assert!(nobody_came(&bystander));
    Ok(())
}

#[test]
fn a_name_that_changes_its_meaning_gains_nothing() -> Result<()> {
    let (bystander, port) = bystander()?;
    // Nobody is at the first address; what counts is where the second connection goes.
    let names = Names::new(&[&["203.0.113.1"], &["127.0.0.1"]]);
    let origin = format!("http://rebinding.example.com:{port}");
    let world = world(&names);
    let mut probe = world.probe(web(&[&origin], &[]));
    let call = json!({ "do": "http", "url": origin, "timeout_ms": 300 });
    for _ in 0..5 {
        let answer = probe.ask(call.clone());
        assert!(answer["error"].is_string(), "{answer}");
    }
    assert!(names.asked() >= 2, "the second answer was asked for");
    assert!(nobody_came(&bystander));
    Ok(())
}

#[test]
fn of_several_addresses_only_those_are_tried_that_may_be() -> Result<()> {
    let device = Device::start("x", "x", &[])?;
    // A name of one's own network may be private, and is still not this machine.
    let names = Names::new(&[&["127.0.0.1", "169.254.169.254"]]);
    let origin = format!("http://nvr.farm.local:{}", device.port());
    let answer = world(&names)
        .probe(web(&[&origin], &[]))
        .get(&origin, Value::Null);
    assert_eq!(answer["error"], "unreachable", "{answer}");
    // `localhost` is this machine and nothing else, and of these only one is.
    let names = Names::new(&[&["192.0.2.1", "192.168.1.1", "127.0.0.1", "169.254.169.254"]]);
    let origin = format!("http://nvr.localhost:{}", device.port());
    let began = Instant::now();
    let answer = world(&names)
        .probe(web(&[&origin], &[]))
        .get(&format!("{origin}/ok"), Value::Null);
    assert_eq!(answer["status"], 200, "{answer}");
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "others were tried"
    );
    let requests = device.stop()?;
    assert_eq!(requests.len(), 1, "{requests:?}");
    Ok(())
}

#[test]
fn what_the_grant_itself_names_is_reached() -> Result<()> {
    let device = Device::start("x", "x", &[])?;
    let names = Names::new(&[&["127.0.0.1"]]);
    let world = world(&names);
    for host in ["localhost", "127.0.0.1"] {
        let origin = format!("http://{host}:{}", device.port());
        let mut probe = world.probe(web(&[&origin], &[]));
        let answer = probe.get(&format!("{origin}/ok"), Value::Null);
        assert_eq!(answer["status"], 200, "{host}: {answer}");
        assert_eq!(
            names.asked(),
            1,
            "the address that was checked is the one that is used"
        );
        // The address in another dress is another server.
        for other in ["[::ffff:127.0.0.1]", "127.0.0.2", "0.0.0.0", "[::1]"] {
            let url = format!("http://{other}:{}/ok", device.port());
            assert_eq!(
                probe.get(&url, Value::Null)["error"],
                "not-allowed",
                "{other}"
            );
        }
    }
    // To the standard this is an address, and the one that was granted.
    let mut probe = world.probe(web(&[&device.origin()], &[]));
    let url = format!("http://2130706433:{}/ok", device.port());
    assert_eq!(probe.get(&url, Value::Null)["status"], 200);
    Ok(())
}

#[test]
fn a_redirect_to_a_granted_name_is_checked_too() -> Result<()> {
    let device = Device::start("x", "x", &[])?;
    let (bystander, port) = bystander()?;
    let names = Names::new(&[&["127.0.0.1"]]);
    let hook = format!("http://hook.example.com:{port}");
    let world = world(&names);
    let mut probe = world.probe(web(&[&device.origin(), &hook], &[]));
    let url = format!("{}/redirect?to={hook}/", device.origin());
    let answer = probe.get(&url, Value::Null);
    assert_eq!(answer["error"], "unreachable", "{answer}");
    let why = answer["why"].as_str().unwrap();
    assert!(why.contains("grant the address itself"), "{why}");
    assert!(nobody_came(&bystander));
    Ok(())
}

#[test]
fn a_broker_s_name_is_checked_too() -> Result<()> {
    let broker = Mosquitto::start(BrokerOptions::default())?;
    let names = Names::new(&[&["127.0.0.1"]]);
    let publish = |host: &str| -> Result<Value> {
        let url = broker.url().replace("127.0.0.1", host);
        let settings = BrokerSettings::at("farm", &Secret::new(url), None)?;
        let names = Arc::clone(&names);
        let world = World::with(|world| {
            world.resolver = names;
            world.brokers = vec![settings];
        });
        let mut probe = world.probe(Grants {
            mqtt: vec!["farm".to_owned()],
            ..Grants::default()
        });
        Ok(probe.ask(json!({ "do": "publish", "broker": "farm", "topic": "a", "qos": 1 })))
    };
    assert_eq!(publish("localhost")?, json!({}));
    let began = Instant::now();
    assert_eq!(publish("broker.example.com")?["error"], "disconnected");
    assert!(began.elapsed() < Duration::from_secs(15));
    Ok(())
}
