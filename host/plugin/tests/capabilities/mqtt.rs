//! MQTT against Mosquitto: every QoS, passwords, TLS, and a broker that comes and goes.

use std::time::{Duration, Instant};

use agave_core::Secret;
use agave_plugin::{BrokerSettings, Grants};
use agave_tests::{BrokerOptions, Mosquitto, User};
use anyhow::Result;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::probe::{Probe, World};

/// How long a broker may take to be connected to again.
const BACK: Duration = Duration::from_secs(60);

fn user(password: &str) -> User<'_> {
    User {
        name: "agave",
        password,
    }
}

fn world(broker: &Mosquitto, change: impl FnOnce(&mut BrokerSettings)) -> World {
    let mut settings = BrokerSettings::at("farm", &Secret::new(broker.url()), None).unwrap();
    change(&mut settings);
    World::with(|world| world.brokers = vec![settings])
}

fn probe(world: &World) -> Probe {
    world.probe(Grants {
        mqtt: vec!["farm".to_owned()],
        ..Grants::default()
    })
}

fn message(payload: &str, qos: u8) -> Value {
    json!({ "do": "publish", "broker": "farm", "topic": "farm/gate", "payload": payload, "qos": qos })
}

#[test]
fn every_quality_of_service_arrives() -> Result<()> {
    let broker = Mosquitto::start(BrokerOptions::default())?;
    let mut listener = broker.listener(None)?;
    let world = world(&broker, |_| ());
    let mut probe = probe(&world);
    for qos in 0..3 {
        assert_eq!(probe.ask(message(&format!("qos {qos}"), qos)), json!({}));
        assert_eq!(listener.message()?, format!("farm/gate qos {qos}"));
    }
    let kept = json!({ "do": "publish", "broker": "farm", "topic": "farm/kept", "payload": "k", "qos": 1, "retain": true });
    assert_eq!(probe.ask(kept), json!({}));
    assert_eq!(listener.message()?, "farm/kept k");
    // Who comes later gets what was to be kept.
    assert_eq!(broker.listener(None)?.message()?, "farm/kept k");
    Ok(())
}

#[test]
fn nodes_share_a_connection() -> Result<()> {
    let broker = Mosquitto::start(BrokerOptions::default())?;
    let mut listener = broker.listener(None)?;
    let world = world(&broker, |_| ());
    std::thread::scope(|scope| {
        for node in 0..4 {
            let world = &world;
            scope.spawn(move || {
                let mut probe = probe(world);
                for number in 0..25 {
                    let qos = u8::try_from(number % 3).unwrap();
                    let payload = format!("{node}/{number}");
                    assert_eq!(probe.ask(message(&payload, qos)), json!({}));
                }
            });
        }
    });
    let mut heard: Vec<String> = (0..100)
        .map(|_| listener.message())
        .collect::<Result<_>>()?;
    heard.sort();
    heard.dedup();
    assert_eq!(heard.len(), 100);
    Ok(())
}

#[test]
fn a_password_is_needed_where_the_broker_wants_one() -> Result<()> {
    let broker = Mosquitto::start(BrokerOptions {
        user: Some(user("correct horse")),
        tls: false,
    })?;
    let mut listener = broker.listener(Some(user("correct horse")))?;
    let with = |password: &str| {
        let login = ("agave".to_owned(), Secret::new(password));
        world(&broker, |settings| settings.login = Some(login))
    };
    assert_eq!(
        probe(&with("correct horse")).ask(message("in", 1)),
        json!({})
    );
    assert_eq!(listener.message()?, "farm/gate in");

    let refused = with("incorrect horse");
    assert_eq!(
        probe(&refused).ask(message("out", 1))["error"],
        "disconnected"
    );
    let anonymous = world(&broker, |_| ());
    assert_eq!(
        probe(&anonymous).ask(message("out", 1))["error"],
        "disconnected"
    );

    // The login in the address is one, too.
    let url = broker.url().replace("://", "://agave:correct%20horse@");
    let settings = BrokerSettings::at("farm", &Secret::new(url), None)?;
    let in_address = World::with(|world| world.brokers = vec![settings]);
    assert_eq!(probe(&in_address).ask(message("again", 2)), json!({}));
    assert_eq!(listener.message()?, "farm/gate again");
    Ok(())
}

#[test]
fn tls_is_checked() -> Result<()> {
    let broker = Mosquitto::start(BrokerOptions {
        user: Some(user("correct horse")),
        tls: true,
    })?;
    let mut listener = broker.listener(Some(user("correct horse")))?;
    let login = ("agave".to_owned(), Secret::new("correct horse"));
    let authority = std::fs::read(broker.authority())?;
    let trusting = world(&broker, |settings| {
        settings.certificates = authority.clone();
        settings.login = Some(login.clone());
    });
    assert_eq!(probe(&trusting).ask(message("safe", 1)), json!({}));
    assert_eq!(listener.message()?, "farm/gate safe");

    // Nobody vouches for the certificate, or it is for another name.
    let strange = world(&broker, |settings| settings.login = Some(login.clone()));
    assert_eq!(
        probe(&strange).ask(message("x", 1))["error"],
        "disconnected"
    );
    let elsewhere = world(&broker, |settings| {
        settings.certificates = authority;
        settings.login = Some(login);
        settings.host = "127.0.0.1".to_owned();
    });
    assert_eq!(
        probe(&elsewhere).ask(message("x", 1))["error"],
        "disconnected"
    );
    Ok(())
}

#[test]
fn a_broker_that_goes_away_is_found_again() -> Result<()> {
    let mut broker = Mosquitto::start(BrokerOptions::default())?;
    let world = world(&broker, |_| ());
    let mut probe = probe(&world);
    assert_eq!(probe.ask(message("before", 1)), json!({}));
    broker.go_away()?;
    let began = Instant::now();
    assert_eq!(probe.ask(message("during", 1))["error"], "disconnected");
    assert!(began.elapsed() < Duration::from_secs(20));

    broker.come_back()?;
    let mut listener = broker.listener(None)?;
    let deadline = Instant::now() + BACK;
    while probe.ask(message("after", 1)) != json!({}) {
        assert!(Instant::now() < deadline, "it is not connected again");
    }
    // What was not taken is its publisher's to send again: it does not come by itself.
    assert_eq!(listener.message()?, "farm/gate after");
    Ok(())
}

/// The process of a broker, by the folder of its configuration.
fn process_of(broker: &Mosquitto) -> Pid {
    let folder = broker.authority().parent().unwrap().to_owned();
    let folder = folder.to_str().unwrap();
    let processes = std::fs::read_dir("/proc").unwrap();
    let process = processes.filter_map(Result::ok).find_map(|entry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        let command = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
        let is_it = command.contains("mosquitto.conf") && command.contains(folder);
        is_it.then(|| Pid::from_raw(number))?
    });
    process.expect("the broker runs")
}

#[test]
fn a_broker_that_hangs_is_given_up_and_found_again() -> Result<()> {
    let broker = Mosquitto::start(BrokerOptions::default())?;
    let world = world(&broker, |_| ());
    let mut probe = probe(&world);
    assert_eq!(probe.ask(message("before", 1)), json!({}));
    let process = process_of(&broker);
    kill_process(process, Signal::STOP)?;
    // More than all buffers on the way hold: then nothing can be written any more.
    let large = json!({ "do": "publish", "broker": "farm", "topic": "t", "bytes": 262_144 });
    let deadline = Instant::now() + BACK;
    while probe.ask(large.clone())["error"] != "disconnected" {
        assert!(Instant::now() < deadline, "it still counts as connected");
    }
    kill_process(process, Signal::CONT)?;
    let deadline = Instant::now() + BACK;
    while probe.ask(message("after", 1)) != json!({}) {
        assert!(Instant::now() < deadline, "it is not connected again");
    }
    Ok(())
}

#[test]
fn what_cannot_be_published_is_refused_in_words() -> Result<()> {
    let broker = Mosquitto::start(BrokerOptions::default())?;
    let world = world(&broker, |_| ());
    let mut probe = probe(&world);
    let refused = |probe: &mut Probe, call: Value| {
        let answer = probe.ask(call);
        assert_eq!(answer["error"], "not-allowed", "{answer}");
        answer["why"].as_str().unwrap().to_owned()
    };
    let other = json!({ "do": "publish", "broker": "other", "topic": "t" });
    assert!(refused(&mut probe, other).contains("allow.mqtt"));
    for topic in ["", "farm/+", "farm/#", "$SYS/x"] {
        let call = json!({ "do": "publish", "broker": "farm", "topic": topic });
        assert!(refused(&mut probe, call).contains("topic"), "{topic}");
    }
    let large = json!({ "do": "publish", "broker": "farm", "topic": "t", "bytes": 262_145 });
    assert!(refused(&mut probe, large).contains("262144"));
    let fits =
        json!({ "do": "publish", "broker": "farm", "topic": "t", "bytes": 262_144, "qos": 2 });
    assert_eq!(probe.ask(fits), json!({}));
    Ok(())
}
