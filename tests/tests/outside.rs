//! What adapters reach from a whole flow: pictures of the frames that alerts are about, a map
//! that is there again after a restart, a broker; and what they do not reach.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use agave_tests::{Agave, BrokerOptions, Mosquitto, Outcome, User, agave, repository};
use anyhow::{Context, Result, ensure};

/// The demo clip as fast as possible, and the deliveries after it.
const LIMIT: Duration = Duration::from_secs(180);

const PASSWORD: &str = "Quetzal/7%&+";

/// The demo with a probe that makes `calls` for every alert.
fn write_flow(folder: &Path, calls: &str, allow: &str, brokers: &str) -> Result<PathBuf> {
    let demo = repository().join("models/yolov8n_pina").canonicalize()?;
    let demo = demo.to_str().context("the repository's path is not text")?;
    let zone = "[[0.205, 0.925], [0.795, 0.925], [0.715, 0.623], [0.285, 0.623]]";
    let flow = format!(
        "version: 1
name: outside
models:
  pina: {{ path: \"{demo}/1/model.onnx\", confidence: 0.4 }}
{brokers}
cameras:
  field: {{ url: \"{demo}/demo/demo.mp4\", fps: 5, zones: {{ yard: {zone} }} }}
nodes:
  detect: {{ infer: pina, from: cameras }}
  zoned: {{ plugin: roi, from: detect }}
  forbidden: {{ plugin: forbidden-object, from: zoned, config: {{ zone: yard, alert: [object], allow: [pina, worker], after: 500ms }} }}
  probe: {{ plugin: probe, from: forbidden, config: {{ calls: {calls} }}, allow: {allow} }}
"
    );
    let file = folder.join("flow.yaml");
    fs::write(&file, flow)?;
    Ok(file)
}

fn run(flow: &Path, state: &Path) -> Result<Outcome> {
    let state = state.to_str().context("a path that is not text")?;
    let variables = [("AGAVE_SECRET_BROKER", PASSWORD), ("AGAVE_LOG", "trace")];
    Agave::run_with(flow, &["--state", state], &variables)?.finish(LIMIT)
}

/// What the probe said of each alert.
fn answers(outcome: &Outcome) -> Result<Vec<&str>> {
    let lines = outcome.output.stderr.lines();
    let answers: Vec<&str> = lines
        .filter_map(|line| line.split_once("was not delivered: ").map(|(_, rest)| rest))
        .collect();
    ensure!(!answers.is_empty(), "the probe said nothing");
    assert_eq!(answers.len(), outcome.alerts.len());
    Ok(answers)
}

#[test]
fn an_adapter_sees_its_alert_s_frame_publishes_and_remembers() -> Result<()> {
    let broker = Mosquitto::start(BrokerOptions {
        user: Some(User {
            name: "agave",
            password: PASSWORD,
        }),
        tls: true,
    })?;
    let mut listener = broker.listener(Some(User {
        name: "agave",
        password: PASSWORD,
    }))?;
    let folder = tempfile::tempdir()?;
    fs::copy(broker.authority(), folder.path().join("ca.pem"))?;
    let brokers = format!(
        "brokers: {{ farm: {{ mqtt: \"{}\", username: agave, password: \"${{secret:broker}}\", ca: ca.pem }} }}",
        broker.url()
    );
    let calls = "[{ do: get, key: last }, { do: set, key: last, value: run }, \
                 { do: publish, broker: farm, topic: farm/alerts, payload: seen, qos: 1 }, \
                 { do: jpeg, max_side: 64 }]";
    let allow = "{ mqtt: [farm], frames: true }";
    let flow = write_flow(folder.path(), calls, allow, &brokers)?;
    let state = folder.path().join("state");

    let first = run(&flow, &state)?;
    let said = answers(&first)?;
    for (index, answer) in said.iter().enumerate() {
        let before = if index == 0 {
            r#"[{"length":null,"value":null},{},{},{"#
        } else {
            r#"[{"length":3,"value":"run"},{},{},{"#
        };
        ensure!(answer.contains(before), "{answer}");
        ensure!(answer.contains(r#""hex":"ffd8ff"#), "no JPEG: {answer}");
        assert_eq!(listener.message()?, "farm/alerts seen");
    }
    assert!(state.join("outside/state.db").is_file());

    // Another process finds what the first one kept.
    let second = run(&flow, &state)?;
    let said = answers(&second)?;
    ensure!(
        said.iter()
            .all(|answer| answer.contains(r#""value":"run""#))
    );

    for outcome in [first, second] {
        let printed = format!("{}{}", outcome.output.stdout, outcome.output.stderr);
        for form in [PASSWORD, "Quetzal%2F7%25%26%2B", "UXVldHphbC83JSYr"] {
            ensure!(!printed.contains(form), "it printed {form}");
        }
    }
    Ok(())
}

#[test]
fn what_is_not_granted_is_refused_and_leaves_nothing_behind() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let calls = "[{ do: jpeg }, { do: publish, broker: farm, topic: t }, \
                 { do: connect, id: 1, address: \"127.0.0.1:9\" }, \
                 { do: http, url: \"http://127.0.0.1:9\" }, { do: open, name: broker }]";
    let brokers = "brokers: { farm: { mqtt: \"mqtt://127.0.0.1:9\" } }";
    let flow = write_flow(folder.path(), calls, "{ http: [] }", brokers)?;
    let state = folder.path().join("state");
    let path = flow.to_str().context("a path that is not text")?;
    let checked = agave(["check", path])?;
    assert!(checked.status.success(), "{}", checked.stderr);
    for missing in ["HTTP", "MQTT", "TCP connections"] {
        let warning = format!("is made to use {missing}, and nothing is allowed");
        ensure!(checked.stderr.contains(&warning), "{}", checked.stderr);
    }
    let outcome = run(&flow, &state)?;
    for answer in answers(&outcome)? {
        for key in [
            "frames: true",
            "allow.mqtt",
            "allow.tcp",
            "allow.http",
            "allow.secrets",
        ] {
            ensure!(answer.contains(key), "{key} is not named: {answer}");
        }
    }
    Ok(())
}
