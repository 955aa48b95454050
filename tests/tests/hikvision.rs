//! The hikvision adapter against a device that is as strict as a real one: outputs go on and off
//! again whatever happens, and a wrong password is sent once.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use agave_core::{Alert, BoundingBox, Detection, Phase, Severity, Timestamp};
use agave_store::{Batch, NewAlert, Store};
use agave_tests::{
    Agave, HikvisionDevice, HikvisionRequest, OutboxStatus, Signal, Summary, free_port, repository,
    until,
};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse";
const NODE: &str = "relay";
/// Until the model is loaded, the plugins are compiled and the device was asked.
const LIMIT: Duration = Duration::from_secs(60);

/// A flow with the adapter in it, and alerts that wait for it.
struct Yard {
    folder: TempDir,
    flow: PathBuf,
}

impl Yard {
    fn new(origin: &str, config: &Value) -> Result<Self> {
        let folder = TempDir::new()?;
        let flow = folder.path().join("yard.yaml");
        let model = repository().join("models/yolov8n_pina/1/model.onnx");
        let nowhere = format!("rtsp://127.0.0.1:{}/", free_port()?);
        let text = json!({
            "version": 1,
            "name": "yard",
            "models": { "pina": { "path": model, "confidence": 0.4 } },
            "cameras": { "field": {
                "url": nowhere,
                "zones": { "forbidden": [[0.2, 0.9], [0.8, 0.9], [0.5, 0.5]] },
            } },
            "nodes": {
                "detect": { "infer": "pina", "from": "cameras" },
                "zoned": { "plugin": "roi", "from": "detect" },
                "rule": {
                    "plugin": "forbidden-object",
                    "from": "zoned",
                    "config": { "zone": "forbidden" },
                },
                NODE: {
                    "plugin": "hikvision",
                    "from": "rule",
                    "config": config,
                    "allow": { "http": [origin], "secrets": ["nvr"], "frames": true },
                },
            },
        });
        fs::write(&flow, text.to_string())?;
        Ok(Self { folder, flow })
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Leaves alerts as a flow that was interrupted leaves them.
    fn leave(&self, alerts: &[Alert]) -> Result<()> {
        let folder = self.state().join("yard");
        fs::create_dir_all(&folder)?;
        let store = Store::open(&folder)?;
        let new = alerts.iter().map(|alert| -> Result<NewAlert<'_>> {
            Ok(NewAlert {
                node: "rule",
                camera: "field",
                key: &alert.key,
                phase: match alert.phase {
                    Phase::Begin => "begin",
                    Phase::Update => "update",
                    Phase::End => "end",
                },
                at: alert.at.0,
                media_time: 0,
                left_the_flow: true,
                body: serde_json::to_string(alert)?,
                adapters: vec![NODE],
                refused_by: Vec::new(),
            })
        });
        store.write(&Batch {
            alerts: new.collect::<Result<_>>()?,
            written_at: Timestamp::now().0,
            ..Batch::default()
        })?;
        Ok(())
    }

    fn run(&self, password: &str) -> Result<Agave> {
        let state = self.state();
        let state = state.to_str().context("a path that is not text")?;
        let login = format!("admin:{password}");
        Agave::run_with(
            &self.flow,
            &["--workers", "1", "--state", state],
            &[("AGAVE_SECRET_NVR", &login)],
        )
    }
}

/// Waits until the adapter has delivered or given up so many.
fn until_settled(agave: &Agave, yard: &Yard, many: u64) -> Result<()> {
    let ask = || OutboxStatus::of(agave, "yard", &yard.state(), NODE);
    let settled = |status: &OutboxStatus| status.delivered + status.dead_letters;
    until("all is settled", LIMIT, ask, |status| {
        status.as_ref().map(settled) == Some(many)
    })?;
    Ok(())
}

/// Ends it in good order, which it hears of when it has begun to.
fn finish(agave: Agave, yard: &Yard) -> Result<Summary> {
    let state = yard.state();
    let state = state.to_str().context("a path that is not text")?;
    let deadline = Instant::now() + LIMIT;
    let top = ["top", "--once", "--flow", "yard", "--state", state];
    while !agave.beside(top)?.status.success() {
        ensure!(Instant::now() < deadline, "it cannot be asked");
    }
    agave.signal(Signal::TERM)?;
    Ok(agave.finish(LIMIT)?.summary)
}

fn alert(key: &str, phase: Phase) -> Alert {
    Alert {
        key: key.to_owned(),
        kind: "forbidden-object".to_owned(),
        phase,
        severity: Severity::Critical,
        at: Timestamp::now(),
        frame: 1,
        class: "object".to_owned(),
        zone: Some("forbidden".to_owned()),
        detection: Detection {
            id: 0,
            class: 0,
            confidence: 0.9,
            bbox: BoundingBox {
                left: 0.4,
                top: 0.6,
                width: 0.1,
                height: 0.2,
            },
            track: None,
            zones: 1,
        },
        count: 1,
        attributes: Vec::new(),
    }
}

fn relay(device: &HikvisionDevice, more: &Value) -> Value {
    let mut relay = json!({ "device": device.origin(), "output": 2 });
    if let (Some(relay), Some(more)) = (relay.as_object_mut(), more.as_object()) {
        relay.extend(more.clone());
    }
    json!({ "relay": relay, "authentication": { "digest": "nvr" } })
}

fn wrong(requests: &[HikvisionRequest]) -> usize {
    requests.iter().filter(|request| request.wrong).count()
}

#[test]
fn an_output_is_on_for_its_pulse_and_a_nonce_that_is_refused_is_renewed() -> Result<()> {
    let mut device = HikvisionDevice::start(PASSWORD, &["--nonce-uses", "1"])?;
    let yard = Yard::new(&device.origin(), &relay(&device, &json!({ "pulse": "1s" })))?;
    yard.leave(&[alert("one", Phase::Begin)])?;
    let agave = yard.run(PASSWORD)?;
    let mut requests = device.until_it_did("output 2 high")?;
    let on = requests.last().context("no request")?.at;
    requests.extend(device.until_it_did("output 2 low")?);
    let off = requests.last().context("no request")?.at;
    ensure!((0.9..3.0).contains(&(off - on)), "on for {} s", off - on);
    assert_eq!(wrong(&requests), 0);
    // Asked once, then the nonce of the first is refused for the second.
    let statuses: Vec<u16> = requests.iter().map(|request| request.status).collect();
    assert_eq!(statuses, [401, 200, 401, 200]);
    ensure!(requests.iter().any(|request| request.stale), "{requests:?}");
    assert_eq!(finish(agave, &yard)?.passed(NODE)?, 1);
    ensure!(device.stop()?.is_empty(), "it is off once");
    Ok(())
}

/// Nothing else is delivered, so that nothing else looks after what is on.
#[test]
fn an_output_that_a_test_switched_on_is_off_after_its_pulse() -> Result<()> {
    let mut device = HikvisionDevice::start(PASSWORD, &[])?;
    let yard = Yard::new(&device.origin(), &relay(&device, &json!({ "pulse": "1s" })))?;
    let agave = yard.run(PASSWORD)?;
    let ask = || OutboxStatus::of(&agave, "yard", &yard.state(), NODE);
    until("the flow runs", LIMIT, ask, Option::is_some)?;
    let state = yard.state();
    let state = state.to_str().context("a path that is not text")?;
    let tested = agave.beside(["outbox", "test", NODE, "--state", state])?;
    assert!(tested.status.success(), "{}", tested.stderr);
    device.until_it_did("output 2 high")?;
    device.until_it_did("output 2 low")?;
    finish(agave, &yard)?;
    Ok(())
}

#[test]
fn an_output_that_is_held_is_off_when_all_is_over() -> Result<()> {
    let mut device = HikvisionDevice::start(PASSWORD, &[])?;
    let yard = Yard::new(&device.origin(), &relay(&device, &json!({ "hold": true })))?;
    yard.leave(&[alert("one", Phase::Begin), alert("two", Phase::Begin)])?;
    let agave = yard.run(PASSWORD)?;
    device.until_it_did("output 2 high")?;
    device.until_it_did("output 2 high")?;
    // It is off for as long as nobody could switch it off, and the first end leaves it on.
    finish(agave, &yard)?;
    device.until_it_did("output 2 low")?;
    yard.leave(&[alert("one", Phase::End)])?;
    let agave = yard.run(PASSWORD)?;
    let requests = device.until_it_did("output 2 high")?;
    let did = requests.iter().filter(|one| one.did.is_some()).count();
    assert_eq!(did, 1, "{requests:?}");
    until_settled(&agave, &yard, 1)?;
    let summary = finish(agave, &yard)?;
    assert_eq!(summary.passed(NODE)?, 1);
    device.until_it_did("output 2 low")?;
    yard.leave(&[alert("two", Phase::End)])?;
    let agave = yard.run(PASSWORD)?;
    device.until_it_did("output 2 low")?;
    until_settled(&agave, &yard, 1)?;
    finish(agave, &yard)?;
    let after = device.stop()?;
    ensure!(after.iter().all(|one| one.did.is_none()), "{after:?}");
    Ok(())
}

#[test]
fn an_output_does_not_stay_on_when_its_node_is_taken_out() -> Result<()> {
    let mut device = HikvisionDevice::start(PASSWORD, &[])?;
    let yard = Yard::new(&device.origin(), &relay(&device, &json!({ "hold": true })))?;
    yard.leave(&[alert("one", Phase::Begin)])?;
    let agave = yard.run(PASSWORD)?;
    device.until_it_did("output 2 high")?;
    let mut flow: Value = serde_json::from_slice(&fs::read(&yard.flow)?)?;
    let nodes = flow.get_mut("nodes").and_then(Value::as_object_mut);
    nodes.context("a flow has nodes")?.remove(NODE);
    fs::write(&yard.flow, flow.to_string())?;
    device.until_it_did("output 2 low")?;
    finish(agave, &yard)?;
    Ok(())
}

#[test]
fn an_output_does_not_stay_on_when_agave_stops() -> Result<()> {
    let mut device = HikvisionDevice::start(PASSWORD, &[])?;
    let yard = Yard::new(&device.origin(), &relay(&device, &json!({ "pulse": "1h" })))?;
    yard.leave(&[alert("one", Phase::Begin)])?;
    let agave = yard.run(PASSWORD)?;
    device.until_it_did("output 2 high")?;
    finish(agave, &yard)?;
    let requests = device.stop()?;
    let is_off = |request: &HikvisionRequest| request.did.as_deref() == Some("output 2 low");
    ensure!(requests.iter().any(is_off), "it stays on: {requests:?}");
    Ok(())
}

#[test]
fn an_output_does_not_stay_on_when_the_process_is_killed() -> Result<()> {
    let mut device = HikvisionDevice::start(PASSWORD, &[])?;
    let yard = Yard::new(&device.origin(), &relay(&device, &json!({ "pulse": "2s" })))?;
    yard.leave(&[alert("one", Phase::Begin)])?;
    let agave = yard.run(PASSWORD)?;
    device.until_it_did("output 2 high")?;
    agave.kill()?;
    let agave = yard.run(PASSWORD)?;
    device.until_it_did("output 2 low")?;
    finish(agave, &yard)?;
    Ok(())
}

#[test]
fn a_wrong_password_is_tried_once_and_only_once() -> Result<()> {
    let device = HikvisionDevice::start(PASSWORD, &["--lock-after", "3"])?;
    let yard = Yard::new(
        &device.origin(),
        &relay(&device, &json!({ "pulse": "300ms" })),
    )?;
    let alerts = ["one", "two", "three", "four"].map(|key| alert(key, Phase::Begin));
    yard.leave(&alerts)?;
    let agave = yard.run("wrong horse")?;
    // They wait: somebody will put the password right.
    let ask = || OutboxStatus::of(&agave, "yard", &yard.state(), NODE);
    let is_away = |status: &OutboxStatus| status.tries_again_in_s.is_some();
    until("the device is away", LIMIT, ask, |status| {
        status.as_ref().is_some_and(is_away)
    })?;
    let summary = finish(agave, &yard)?;
    assert_eq!(summary.waiting(NODE)?, 4);
    let requests = device.stop()?;
    assert_eq!(wrong(&requests), 1, "{requests:?}");
    let logins = requests.iter().filter(|request| request.login).count();
    assert_eq!(logins, 1, "{requests:?}");
    ensure!(requests.iter().all(|request| request.did.is_none()));
    Ok(())
}

#[test]
fn a_device_without_a_free_connection_is_asked_again() -> Result<()> {
    let mut device = HikvisionDevice::start(PASSWORD, &["--sockets", "2"])?;
    let others: Result<Vec<TcpStream>, _> = (0..2)
        .map(|_| TcpStream::connect(("127.0.0.1", device.port())))
        .collect();
    let others = others?;
    let yard = Yard::new(
        &device.origin(),
        &relay(&device, &json!({ "pulse": "300ms" })),
    )?;
    yard.leave(&[alert("one", Phase::Begin)])?;
    let agave = yard.run(PASSWORD)?;
    device.until("a refusal", |request| request.status == 403)?;
    drop(others);
    let requests = device.until_it_did("output 2 high")?;
    assert_eq!(wrong(&requests), 0);
    assert_eq!(finish(agave, &yard)?.passed(NODE)?, 1);
    Ok(())
}

#[test]
fn a_device_that_is_busy_is_asked_again() -> Result<()> {
    let mut device = HikvisionDevice::start(PASSWORD, &["--busy", "1"])?;
    let yard = Yard::new(&device.origin(), &relay(&device, &json!({ "pulse": "4s" })))?;
    yard.leave(&[alert("one", Phase::Begin), alert("two", Phase::Begin)])?;
    let agave = yard.run(PASSWORD)?;
    device.until_it_did("output 2 high")?;
    device.until("a refusal", |request| request.status == 503)?;
    device.until_it_did("output 2 high")?;
    device.until_it_did("output 2 low")?;
    finish(agave, &yard)?;
    Ok(())
}

#[test]
fn a_soft_input_is_started_and_stopped() -> Result<()> {
    let mut device = HikvisionDevice::start(PASSWORD, &[])?;
    let config = json!({
        "soft-input": { "device": device.origin(), "input": 4 },
        "authentication": { "digest": "nvr" },
    });
    let yard = Yard::new(&device.origin(), &config)?;
    yard.leave(&[alert("one", Phase::Begin), alert("one", Phase::End)])?;
    let agave = yard.run(PASSWORD)?;
    device.until_it_did("input 4 start")?;
    device.until_it_did("input 4 stop")?;
    assert_eq!(finish(agave, &yard)?.passed(NODE)?, 2);
    Ok(())
}

#[test]
fn an_event_is_pushed_as_a_device_pushes_it() -> Result<()> {
    let mut device = HikvisionDevice::start(PASSWORD, &[])?;
    let config = json!({
        "push": {
            "url": format!("{}/alarm", device.origin()),
            "channels": { "field": 7 },
            "event-types": { "forbidden-object": "linedetection" },
        },
        "authentication": { "digest": "nvr" },
    });
    let yard = Yard::new(&device.origin(), &config)?;
    yard.leave(&[alert("one", Phase::Begin), alert("one", Phase::End)])?;
    let agave = yard.run(PASSWORD)?;
    device.until_it_did("alarm 7 linedetection active")?;
    device.until_it_did("alarm 7 linedetection inactive")?;
    assert_eq!(finish(agave, &yard)?.passed(NODE)?, 2);
    Ok(())
}

#[test]
fn a_device_that_is_not_granted_is_not_asked() -> Result<()> {
    let device = HikvisionDevice::start(PASSWORD, &[])?;
    let yard = Yard::new("http://127.0.0.1:9", &relay(&device, &json!({})))?;
    yard.leave(&[alert("one", Phase::Begin)])?;
    let agave = yard.run(PASSWORD)?;
    until_settled(&agave, &yard, 1)?;
    assert_eq!(finish(agave, &yard)?.dropped(NODE, "rejected")?, 1);
    ensure!(device.stop()?.is_empty());
    Ok(())
}
