//! Pictures that somebody sends to a model of a running flow, zones by their other name, and what
//! is said of models, failures and deliveries.

use agave_tests::{
    Agave, Api, ApiRequest, HttpReceiver, Yard, free_port, repository, served, token,
};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);
/// Of a camera, while pictures are looked at one after the other: the machine may be busy with
/// other things.
const MOST_DROPPED: u64 = 2;
const PICTURE: &str = "/api/v1/flows/yard/cameras/field/picture.jpg?width=960";

#[test]
fn a_picture_is_looked_at_while_cameras_go_on() -> Result<()> {
    let yard = Yard::new()?;
    let (mut running, api) = served(&yard)?;
    running.next_begin(LIMIT)?;
    let picture = api.get(PICTURE)?;
    ensure!(picture.status == 200, "{}", picture.shown());
    let looked = api.post("/api/v1/infer", "image/jpeg", &picture.body)?;
    ensure!(looked.status == 200, "{}", looked.shown());
    let seen = looked.json()?;
    assert_eq!(seen.pointer("/flow"), Some(&json!("yard")));
    assert_eq!(seen.pointer("/model"), Some(&json!("pina")));
    assert_eq!(seen.pointer("/width"), Some(&json!(960)));
    let detections = seen.get("detections").and_then(Value::as_array);
    let detections = detections.context("there are no detections")?;
    ensure!(!detections.is_empty(), "{seen}");
    for detection in detections {
        let of = |name: &str| detection.get(name).cloned().unwrap_or_default();
        let confidence = of("confidence").as_f64().unwrap_or_default();
        ensure!((0.4..=1.0).contains(&confidence), "{detection}");
        let bbox: Vec<f64> = serde_json::from_value(of("bbox"))?;
        let [left, top, width, height] = bbox
            .try_into()
            .map_err(|_| anyhow::anyhow!("{detection}"))?;
        ensure!(left >= 0.0 && top >= 0.0 && left + width <= 1.001 && top + height <= 1.001);
        ensure!(
            ["pina", "worker", "object"]
                .iter()
                .any(|class| of("class") == *class)
        );
    }

    // Many more, and the camera goes on.
    let dropped = |api: &agave_tests::Api| -> Result<(u64, u64)> {
        let status = api.json("/api/v1/flows/yard/status")?;
        let inferred = status
            .pointer("/cameras/0/inferred")
            .and_then(Value::as_u64);
        let dropped = status
            .pointer("/cameras/0/dropped")
            .and_then(Value::as_object);
        let dropped = dropped.into_iter().flatten();
        let dropped = dropped.filter_map(|(_, count)| count.as_u64()).sum();
        Ok((dropped, inferred.unwrap_or_default()))
    };
    let before = dropped(&api)?;
    let deadline = Instant::now() + LIMIT;
    loop {
        let looked = api.post(
            "/api/v1/infer?flow=yard&model=pina",
            "image/jpeg",
            &picture.body,
        )?;
        ensure!(looked.status == 200, "{}", looked.shown());
        let now = dropped(&api)?;
        ensure!(now.0 <= before.0 + MOST_DROPPED, "{now:?} after {before:?}");
        if now.1 >= before.1 + 6 {
            break;
        }
        ensure!(Instant::now() < deadline, "the camera stands still");
    }

    let status = |path: &str, kind: &str, body: &[u8]| -> Result<u16> {
        Ok(api.post(path, kind, body)?.status)
    };
    let infer = "/api/v1/infer";
    assert_eq!(status(infer, "image/webp", &picture.body)?, 415);
    assert_eq!(status(infer, "image/png", &picture.body)?, 422);
    assert_eq!(status(infer, "image/jpeg", b"no picture")?, 422);
    assert_eq!(
        status("/api/v1/infer?model=other", "image/jpeg", &picture.body)?,
        404
    );
    assert_eq!(
        status("/api/v1/infer?flow=other", "image/jpeg", &picture.body)?,
        404
    );
    assert_eq!(status(infer, "image/jpeg", &vec![0; 17 << 20])?, 413);
    let viewer = api.with_token(&token(&running, "anna", "viewer")?);
    assert_eq!(viewer.post(infer, "image/jpeg", &picture.body)?.status, 403);

    let models = viewer.json("/api/v1/models")?;
    assert_eq!(models.pointer("/items/0/flow"), Some(&json!("yard")));
    assert_eq!(models.pointer("/items/0/width"), Some(&json!(416)));
    assert_eq!(
        models.pointer("/items/0/provider"),
        Some(&json!("CPUExecutionProvider"))
    );
    yard.finish(running)?;
    Ok(())
}

/// Nobody has to be trusted to send what they have begun to send.
#[test]
fn pictures_that_do_not_come_hold_no_memory() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = served(&yard)?;
    // Whoever is told to go on has a place for a picture.
    let head = "POST /api/v1/infer HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\
        Content-Type: image/jpeg\r\nContent-Length: 1000000\r\n\r\n";
    let begun = || -> Result<TcpStream> {
        let mut stream = TcpStream::connect(("127.0.0.1", api.port()))?;
        stream.write_all(head.as_bytes())?;
        let mut told = [0; 12];
        stream.read_exact(&mut told)?;
        assert_eq!(&told, b"HTTP/1.1 100");
        Ok(stream)
    };
    let slow: Vec<TcpStream> = (0..4).map(|_| begun()).collect::<Result<_>>()?;
    let full = api.post("/api/v1/infer", "image/jpeg", b"no picture")?;
    assert_eq!(full.status, 503, "{}", full.shown());
    assert_eq!(full.header("retry-after"), "2");
    drop(slow);
    let deadline = Instant::now() + LIMIT;
    loop {
        let answer = api.post("/api/v1/infer", "image/jpeg", b"no picture")?;
        if answer.status == 422 {
            break;
        }
        ensure!(Instant::now() < deadline, "{}", answer.shown());
    }
    yard.finish(running)?;
    Ok(())
}

/// A model is loaded before there is a camera for it: a scene can be looked at before.
#[test]
fn a_model_waits_for_its_camera() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (file, port) = (folder.path().join("yard.yaml"), free_port()?);
    let model = repository().join("models/yolov8n_pina/1/model.onnx");
    let flow = json!({ "version": 1, "name": "yard", "models": { "pina": { "path": model } } });
    fs::write(&file, flow.to_string())?;
    let listen = format!("127.0.0.1:{port}");
    let running = Agave::run(&file, &["--listen", &listen, "--workers", "1"])?;
    let api = Api::at(port);
    api.wait(LIMIT)?;
    let models = api.json("/api/v1/models")?;
    assert_eq!(models.pointer("/items/0/width"), Some(&json!(416)));
    let refused = api.post("/api/v1/infer", "image/jpeg", b"no picture")?;
    assert_eq!(refused.status, 422, "{}", refused.shown());
    // There is no ledger to look at.
    running.kill()?;
    Ok(())
}

#[test]
fn zones_have_another_name() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = served(&yard)?;
    let all = api.json("/api/v1/config/rois")?;
    assert_eq!(all.pointer("/items/0/camera"), Some(&json!("field")));
    assert_eq!(
        all.pointer("/items/0/zones/0/name"),
        Some(&json!("forbidden"))
    );
    let one = api.get("/api/v1/config/rois/field/forbidden")?;
    assert_eq!(
        one.json()?.pointer("/points/0"),
        Some(&json!([0.205, 0.925]))
    );
    let add = |name: &str, tag: &str| {
        let zone = json!({ "name": name, "points": [[0.1, 0.1], [0.2, 0.1], [0.1, 0.2]] });
        api.ask(&ApiRequest {
            method: "POST",
            path: "/api/v1/config/rois/field",
            headers: &[("if-match", tag), ("content-type", "application/json")],
            body: &zone.to_string(),
        })
    };
    let added = add("shed", one.header("etag"))?;
    assert_eq!(added.status, 201, "{}", added.shown());
    let place = added.header("location").to_owned();
    assert_eq!(place, "/api/v1/config/rois/field/shed");
    assert_eq!(
        api.json(&place)?.pointer("/points/2"),
        Some(&json!([0.1, 0.2]))
    );
    assert_eq!(add("shed", added.header("etag"))?.status, 409);
    assert_eq!(add("gate", one.header("etag"))?.status, 412);
    assert_eq!(api.get("/api/v1/config/rois/field/gate")?.status, 404);
    yard.finish(running)?;
    Ok(())
}

#[test]
fn only_what_is_known_of_a_delivery_is_said() -> Result<()> {
    let receiver = HttpReceiver::start(&["200"])?;
    let address = format!("http://127.0.0.1:{}", receiver.port());
    let yard = Yard::new()?;
    let hook = |name: &str| {
        format!(
            "  {name}: {{ plugin: webhook, from: calm, config: {{ url: \"{address}/alerts\" }}, allow: {{ http: [\"{address}\"] }} }}\n"
        )
    };
    yard.write("yard.yaml", yard.flow("yard") + &hook("hook"))?;
    let (mut running, api) = served(&yard)?;
    running.next_begin(LIMIT)?;
    let states = || -> Result<Vec<(String, String)>> {
        let alerts = api.json("/api/v1/flows/yard/alerts?phase=begin")?;
        let items = alerts.get("items").and_then(Value::as_array);
        let first = items.and_then(|items| items.last()).context("no alert")?;
        let number = first
            .get("sequence")
            .and_then(Value::as_u64)
            .unwrap_or_default();
        let details = api.json(&format!("/api/v1/flows/yard/alerts/{number}"))?;
        let deliveries = details.get("deliveries").and_then(Value::as_array);
        let of = |delivery: &Value, name: &str| -> String {
            let value = delivery.get(name).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let all = deliveries.into_iter().flatten();
        Ok(all
            .map(|one| (of(one, "adapter"), of(one, "state")))
            .collect())
    };
    let deadline = Instant::now() + LIMIT;
    while states()? != [("hook".to_owned(), "delivered".to_owned())] {
        ensure!(Instant::now() < deadline, "{:?}", states()?);
        std::thread::yield_now();
    }
    // One that came later had nothing to do with it.
    yard.edit("yard.yaml", &hook("hook"), &(hook("hook") + &hook("later")))?;
    ensure!(running.next_reload(LIMIT)?.result == "applied");
    assert_eq!(states()?, [("hook".to_owned(), "delivered".to_owned())]);
    yard.finish(running)?;
    drop(receiver.stop()?);
    Ok(())
}
