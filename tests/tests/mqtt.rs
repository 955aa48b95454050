//! The MQTT adapter with a real broker: what Home Assistant is told, with its own code as the
//! judge, and what is told to those who listen for Frigate's events.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use agave_tests::{Backlog, BrokerOptions, Mosquitto, Signal, python_packages, repository};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

const CAMERAS: usize = 8;
/// Of each camera one incident that begins, goes on and ends.
const ALERTS: usize = 3 * CAMERAS;
/// Of each camera, and one of the device above them.
const ENTITIES: usize = CAMERAS * 7 + 1;
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// Everything that is published for some alerts, by topic and in order.
fn heard() -> Result<BTreeMap<String, Vec<String>>> {
    let broker = Mosquitto::start(BrokerOptions::default())?;
    let mut listener = broker.listener(None)?;
    let node = "plugin: mqtt\n\
                config: { broker: farm, home-assistant: { name: Farm }, frigate: {}, picture: {} }\n\
                allow: { mqtt: [farm], frames: true }";
    let brokers = format!("brokers: {{ farm: {{ mqtt: \"{}\" }} }}", broker.url());
    let backlog = Backlog::new(ALERTS, node, &brokers)?;
    let run = backlog.run()?;
    let mut heard: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut alerts = 0;
    while alerts < ALERTS {
        let message = listener.message()?;
        let (topic, payload) = message.split_once(' ').unwrap_or((&message, ""));
        alerts += usize::from(topic.ends_with("/alerts"));
        let of_topic = heard.entry(topic.to_owned()).or_default();
        of_topic.push(payload.to_owned());
    }
    run.signal(Signal::TERM)?;
    run.finish(STOP_LIMIT)?;
    Ok(heard)
}

fn discovery(heard: &BTreeMap<String, Vec<String>>) -> Result<BTreeMap<&str, Value>> {
    let told = heard
        .iter()
        .filter(|(topic, _)| topic.starts_with("homeassistant/"));
    told.map(|(topic, payloads)| {
        let payload = payloads.last().context("a topic without a message")?;
        Ok((topic.as_str(), serde_json::from_str(payload)?))
    })
    .collect()
}

#[test]
fn cameras_zones_and_alerts_appear_by_themselves() -> Result<()> {
    let heard = heard()?;
    let told = discovery(&heard)?;
    assert_eq!(told.len(), ENTITIES, "{:#?}", told.keys());
    // Everything that an entity looks at is said.
    for (topic, entity) in &told {
        assert_eq!(entity["availability_topic"], "agave/status", "{topic}");
        for key in ["state_topic", "availability_topic", "json_attributes_topic"] {
            if let Some(looked_at) = entity.get(key).and_then(Value::as_str) {
                ensure!(
                    heard.contains_key(looked_at),
                    "{topic}: {looked_at} is silent"
                );
            }
        }
    }
    for camera in 0..CAMERAS {
        let said = |what: &str| {
            let topic = format!("agave/camera-{camera}/{what}");
            heard.get(&topic).map(Vec::as_slice).unwrap_or_default()
        };
        for what in ["state", "zones/forbidden/state"] {
            assert_eq!(said(what), ["OFF", "ON", "OFF"], "{what} of {camera}");
        }
        assert_eq!(said("open"), ["0", "1", "0"]);
        let events = said("event").iter();
        let events: Vec<Value> = events
            .map(|event| serde_json::from_str(event))
            .collect::<Result<_, _>>()?;
        let kinds: Vec<&Value> = events.iter().map(|event| &event["event_type"]).collect();
        assert_eq!(kinds, ["begin", "update", "end"]);
    }
    judged_by_home_assistant(&told)
}

fn judged_by_home_assistant(told: &BTreeMap<&str, Value>) -> Result<()> {
    let packages = ["homeassistant>=2024.3", "paho-mqtt"];
    let Some(python) = python_packages("home-assistant", &packages)? else {
        return Ok(());
    };
    let mut judge = Command::new(python)
        .arg(repository().join("tests/reference/home_assistant.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let input = judge.stdin.take().context("its input is not piped")?;
    write!(&input, "{}", json!(told))?;
    drop(input);
    let judged = judge.wait_with_output()?;
    let said = String::from_utf8_lossy(&judged.stdout);
    ensure!(judged.status.success(), "{said}");
    Ok(())
}

#[test]
fn frigate_s_events_begin_go_on_and_end() -> Result<()> {
    let heard = heard()?;
    assert_eq!(heard.get("frigate/available").map(Vec::len), Some(1));
    let events = heard.get("frigate/events").context("no events")?.iter();
    let events: Vec<Value> = events
        .map(|event| serde_json::from_str(event))
        .collect::<Result<_, _>>()?;
    assert_eq!(events.len(), ALERTS);
    let ids: BTreeSet<&str> = events
        .iter()
        .filter_map(|event| event["after"]["id"].as_str())
        .collect();
    assert_eq!(ids.len(), CAMERAS);
    for id in ids {
        let of_id = events.iter().filter(|event| event["after"]["id"] == id);
        let of_id: Vec<&Value> = of_id.collect();
        let kinds: Vec<&Value> = of_id.iter().map(|event| &event["type"]).collect();
        assert_eq!(kinds, ["new", "update", "end"]);
        for pair in of_id.windows(2) {
            let mut after = pair[0]["after"].clone();
            // What only Agave says is not in `before`.
            after.as_object_mut().map(|fields| fields.remove("agave"));
            assert_eq!(after, pair[1]["before"]);
        }
        let end = &of_id[2]["after"];
        assert_eq!(end["current_zones"], json!(["forbidden"]));
        assert!(end["end_time"].as_f64() > end["start_time"].as_f64());
    }
    Ok(())
}

#[test]
fn who_stops_is_offline_until_it_starts_again() -> Result<()> {
    let broker = Mosquitto::start(BrokerOptions::default())?;
    let node = "plugin: mqtt\n\
                config: { broker: farm, home-assistant: {}, frigate: {} }\n\
                allow: { mqtt: [farm] }";
    let brokers = format!("brokers: {{ farm: {{ mqtt: \"{}\" }} }}", broker.url());
    let backlog = Backlog::new(0, node, &brokers)?;
    let topics = ["agave/status", "frigate/available"];
    let kept = |wanted: &str| -> Result<()> {
        for topic in topics {
            let said = String::from_utf8(broker.retained(topic)?)?;
            ensure!(said == wanted, "{topic} is {said}, and not {wanted}");
        }
        Ok(())
    };
    for _ in 0..2 {
        let mut listener = broker.listener(None)?;
        let run = backlog.run()?;
        let mut waited_for = topics.map(|topic| format!("{topic} online")).to_vec();
        // What the broker kept from the last time is heard as well, and is no `online`.
        while !waited_for.is_empty() {
            let message = listener.message()?;
            waited_for.retain(|one| *one != message);
        }
        kept("online")?;
        run.signal(Signal::TERM)?;
        run.finish(STOP_LIMIT)?;
        kept("offline")?;
    }
    Ok(())
}

#[test]
fn a_broker_that_forgot_everything_is_told_again() -> Result<()> {
    let mut broker = Mosquitto::start(BrokerOptions::default())?;
    let node = "plugin: mqtt\n\
                config: { broker: farm, home-assistant: {}, picture: {}, refresh: 1s }\n\
                allow: { mqtt: [farm], frames: true }";
    let brokers = format!("brokers: {{ farm: {{ mqtt: \"{}\" }} }}", broker.url());
    let backlog = Backlog::new(0, node, &brokers)?;
    let mut listener = broker.listener(None)?;
    let run = backlog.run()?;
    let last = format!("agave/camera-{}/zones/forbidden/open 0", CAMERAS - 1);
    while listener.message()? != last {}
    broker.go_away()?;
    broker.come_back()?;
    let mut listener = broker.listener(None)?;
    let mut told = BTreeSet::new();
    while told.len() < ENTITIES {
        let message = listener.message()?;
        let topic = message.split(' ').next().unwrap_or_default();
        if topic.starts_with("homeassistant/") {
            told.insert(topic.to_owned());
        }
    }
    while listener.message()? != last {}
    run.signal(Signal::TERM)?;
    run.finish(STOP_LIMIT)?;
    Ok(())
}
