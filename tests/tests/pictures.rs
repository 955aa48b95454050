//! Pictures of alerts at real receivers: decoded again, they show the frame or the object, and
//! the box is where the detection is.

use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use agave_tests::{
    Backlog, BrokerOptions, Counterpart, HttpReceiver, HttpRequest, Mosquitto, Process, Receiver,
    Signal, free_port, repository,
};
use anyhow::{Context, Result, ensure};
use serde_json::Value;

#[path = "pictures/decoded.rs"]
mod decoded;
#[path = "pictures/flow.rs"]
mod flow;

use decoded::{Decoded, decoded, from_base64};
use flow::{LIMIT, run, run_with};

const PASSWORD: &str = "correct horse";

/// What was posted to `path`, by the incident's key and its phase.
fn posted<'r>(requests: &'r [HttpRequest], path: &str) -> Vec<&'r Value> {
    let posted = requests.iter().filter(|request| request.path == path);
    posted.map(|request| &request.body).collect()
}

fn same<'v>(among: &[&'v Value], alert: &Value) -> Result<&'v Value> {
    let is_same = |one: &&&Value| one["key"] == alert["key"] && one["phase"] == alert["phase"];
    among
        .iter()
        .find(is_same)
        .copied()
        .context("it is not there")
}

/// The picture in an alert's JSON, whose size is as it says.
fn picture(alert: &Value) -> Result<Decoded> {
    let picture = &alert["picture"];
    assert_eq!(picture["media_type"], "image/jpeg", "{alert}");
    assert_eq!(picture["ts"], alert["ts"]);
    let decoded = from_base64(picture["data"].as_str().context("it has no data")?)?;
    assert_eq!(picture["width"], decoded.width);
    assert_eq!(picture["height"], decoded.height);
    Ok(decoded)
}

#[test]
fn a_webhook_gets_the_frame_and_the_object_with_boxes_or_without() -> Result<()> {
    let receiver = HttpReceiver::start(&["200"])?;
    let origin = format!("http://127.0.0.1:{}", receiver.port());
    let node = |name: &str, picture: &str| {
        format!(
            "  {name}: {{ plugin: webhook, from: forbidden, \
             config: {{ url: \"{origin}/{name}\", picture: {picture} }}, \
             allow: {{ http: [\"{origin}\"], frames: true }} }}\n"
        )
    };
    let nodes = [
        node("plain", "{ boxes: false }"),
        node("boxes", "{}"),
        node("small", "{ boxes: false, side: 160 }"),
        node("object", "{ of: object }"),
        node("form", "{ as: part }"),
    ];
    let outcome = run(&nodes.concat())?;
    let requests = receiver.stop()?;
    let boxes = posted(&requests, "/boxes");
    assert_eq!(boxes.len(), outcome.alerts.len());
    let of_others = |path| posted(&requests, path);
    let (plain, small, object) = (
        of_others("/plain"),
        of_others("/small"),
        of_others("/object"),
    );
    for alert in boxes {
        let with = picture(alert)?;
        let without = picture(same(&plain, alert)?)?;
        assert_eq!((with.width, with.height), (without.width, without.height));
        with.has_a_box_where(&alert["bbox"], &without)?;

        let small = picture(same(&small, alert)?)?;
        assert_eq!(small.width, 160);
        assert_eq!(small.height, 160 * with.height / with.width);

        let object = picture(same(&object, alert)?)?;
        ensure!(object.width < with.width && object.height < with.height);
        object.has_a_box_in_its_middle()?;
    }
    for form in posted(&requests, "/form") {
        let [alert, picture] = form.as_array().context("no form")?.as_slice() else {
            anyhow::bail!("not two parts: {form}");
        };
        assert_eq!(
            (&alert["name"], &picture["name"]),
            (&"alert".into(), &"picture".into())
        );
        assert_eq!(picture["content_type"], "image/jpeg");
        let said = &alert["json"]["picture"];
        assert_eq!(said["part"], "picture");
        let decoded = from_base64(picture["base64"].as_str().context("no data")?)?;
        assert_eq!(
            (&said["width"], &said["height"]),
            (&decoded.width.into(), &decoded.height.into())
        );
    }
    assert_eq!(posted(&requests, "/form").len(), outcome.alerts.len());
    Ok(())
}

#[test]
fn an_alert_whose_frame_is_gone_is_delivered_without_a_picture() -> Result<()> {
    let port = free_port()?;
    let mut receiver = Receiver::web(port, 0.0, 0)?;
    let origin = format!("http://127.0.0.1:{port}");
    let node = format!(
        "plugin: webhook\n\
         config: {{ url: \"{origin}/\", picture: {{}} }}\n\
         allow: {{ http: [\"{origin}\"], frames: true }}"
    );
    let backlog = Backlog::new(8, &node, "")?;
    let run = backlog.run()?;
    for _ in 0..8 {
        let taken = receiver.next(LIMIT)?;
        let body: Value = serde_json::from_str(&taken.context("nothing came")?.body)?;
        assert_eq!(body["class"], "object");
        assert_eq!(body["picture"], Value::Null);
        let why = body["picture_missing"]
            .as_str()
            .context("it does not say why")?;
        ensure!(
            why.contains("has not been looked at since the start"),
            "{why}"
        );
    }
    run.signal(Signal::TERM)?;
    run.finish(LIMIT)?;
    Ok(())
}

#[test]
fn a_receiver_that_takes_no_pictures_gets_the_alert_without() -> Result<()> {
    let receiver = HttpReceiver::start(&["413", "200"])?;
    let origin = format!("http://127.0.0.1:{}", receiver.port());
    let outcome = run(&format!(
        "  hook: {{ plugin: webhook, from: forbidden, \
         config: {{ url: \"{origin}/\", picture: {{}} }}, \
         allow: {{ http: [\"{origin}\"], frames: true }} }}\n"
    ))?;
    let requests = receiver.stop()?;
    assert_eq!(requests.len(), outcome.alerts.len() + 1);
    let [first, second, rest @ ..] = requests.as_slice() else {
        anyhow::bail!("there are too few requests");
    };
    assert_eq!(
        first.headers["idempotency-key"],
        second.headers["idempotency-key"]
    );
    picture(&first.body)?;
    assert_eq!(second.body["picture"], Value::Null);
    assert_eq!(
        second.body["picture_missing"],
        "a request with it is too large"
    );
    for request in rest {
        picture(&request.body)?;
    }
    Ok(())
}

#[test]
fn pictures_without_a_grant_are_refused_before_the_first_alert() -> Result<()> {
    let node = "  hook: { plugin: webhook, from: forbidden, \
                config: { url: \"http://127.0.0.1:9/\", picture: {} }, \
                allow: { http: [\"http://127.0.0.1:9\"] } }\n";
    let checked = flow::check(node)?;
    ensure!(!checked.status.success());
    let said = checked.stderr;
    ensure!(
        said.contains("add `frames: true` to the node's `allow`"),
        "{said}"
    );
    Ok(())
}

#[test]
fn a_broker_keeps_the_last_picture_of_each_camera_and_zone() -> Result<()> {
    let broker = Mosquitto::start(BrokerOptions::default())?;
    let node = |name: &str, picture: &str| {
        format!(
            "  {name}: {{ plugin: mqtt, from: forbidden, \
             config: {{ broker: farm, base: {name}, frigate: {{ prefix: {name} }}, \
             picture: {picture} }}, allow: {{ mqtt: [farm], frames: true }} }}\n"
        )
    };
    let nodes = node("boxes", "{}") + &node("plain", "{ boxes: false }");
    let brokers = format!("brokers: {{ farm: {{ mqtt: \"{}\" }} }}", broker.url());
    let outcome = run_with(&nodes, &brokers)?;
    let mut told = outcome.alerts.iter().map(|alert| &alert.line);
    let last = told.rfind(|line| line["phase"] != "end");
    let last = last.context("nothing began")?;
    let jpeg = broker.retained("boxes/field/picture")?;
    let plain = decoded(&broker.retained("plain/field/picture")?)?;
    decoded(&jpeg)?.has_a_box_where(&last["bbox"], &plain)?;
    for same in [
        "boxes/field/zones/yard/picture",
        "boxes/field/object/snapshot",
    ] {
        ensure!(broker.retained(same)? == jpeg, "{same} is another picture");
    }
    Ok(())
}

#[test]
fn a_push_shows_what_began_with_its_box() -> Result<()> {
    let receiver = HttpReceiver::start(&["200"])?;
    let origin = format!("http://127.0.0.1:{}", receiver.port());
    let node = |name: &str, boxes: bool| {
        format!(
            "  {name}: {{ plugin: hikvision, from: forbidden, \
             config: {{ push: {{ url: \"{origin}/{name}\", boxes: {boxes}, ends: false }} }}, \
             allow: {{ http: [\"{origin}\"], frames: true }} }}\n"
        )
    };
    let outcome = run(&(node("boxes", true) + &node("plain", false)))?;
    let requests = receiver.stop()?;
    let picture = |path: &str, key: &str| -> Result<Decoded> {
        let mut pushed = requests.iter().filter(|request| {
            let id = request.headers.get("idempotency-key");
            request.path == path && id.is_some_and(|id| id.contains(key))
        });
        let parts = &pushed.next().context("it was not pushed")?.body;
        assert_eq!(parts[1]["name"], "fieldDetectionImage");
        from_base64(parts[1]["base64"].as_str().context("it has no picture")?)
    };
    let told = outcome.alerts.iter().map(|alert| &alert.line);
    for begin in told.filter(|line| line["phase"] == "begin") {
        let key = begin["key"].as_str().context("it has no key")?;
        let plain = picture("/plain", key)?;
        picture("/boxes", key)?.has_a_box_where(&begin["bbox"], &plain)?;
    }
    Ok(())
}

#[test]
fn a_host_of_the_device_is_shown_what_began_with_its_box() -> Result<()> {
    let mut receiver = HttpReceiver::start(&["200"])?;
    let listens = free_port()?;
    let node = format!(
        "  device: {{ serve: isapi, from: forbidden, device: {{ listen: \"127.0.0.1:{listens}\", \
         username: admin, password: \"{PASSWORD}\", boxes: true }} }}\n"
    );
    let (_folder, mut agave) = flow::start(&node, "pace: realtime")?;
    register(listens, receiver.port())?;
    let begin = agave.next_begin(LIMIT)?;
    let parts = receiver.request(LIMIT)?.body;
    let pushed = from_base64(parts[1]["base64"].as_str().context("it has no picture")?)?;
    pushed.has_a_box(&begin.line["bbox"])?;
    agave.signal(Signal::TERM)?;
    agave.finish(LIMIT)?;
    Ok(())
}

/// Has the device at `device` push to the receiver at `host`, once it listens.
fn register(device: u16, host: u16) -> Result<()> {
    let deadline = Instant::now() + LIMIT;
    while TcpStream::connect(("127.0.0.1", device)).is_err() {
        ensure!(Instant::now() < deadline, "nobody listens");
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut command = Command::new("/usr/bin/python3");
    command
        .arg(repository().join("tests/clients/register_host.py"))
        .args([device.to_string(), host.to_string()])
        .env("DEVICE_PASSWORD", PASSWORD);
    let registered = Process::start("the client", &mut command)?.finish(LIMIT)?;
    ensure!(registered.status.success(), "{}", registered.stderr);
    Ok(())
}
