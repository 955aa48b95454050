//! The control API of a running flow: what it shows, and what it changes.

use std::fs;
use std::time::Duration;

use agave_tests::{ApiRequest, Yard, served};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

const ALERT_LIMIT: Duration = Duration::from_secs(60);

#[test]
fn a_flow_is_shown_as_it_is() -> Result<()> {
    let yard = Yard::new()?;
    let (mut running, api) = served(&yard)?;
    running.next_begin(ALERT_LIMIT)?;

    let flows = api.json("/api/v1/flows")?;
    assert_eq!(flows.pointer("/items/0/name"), Some(&json!("yard")));
    let status = api.json("/api/v1/flows/yard/status")?;
    assert_eq!(status.pointer("/cameras/0/health"), Some(&json!("live")));
    let graph = api.json("/api/v1/flows/yard/graph")?;
    let edge = json!({ "from": "camera:field", "to": "node:detect", "carries": "frames" });
    let edges = graph.get("edges").and_then(Value::as_array);
    ensure!(edges.is_some_and(|edges| edges.contains(&edge)), "{graph}");

    let node = api.json("/api/v1/flows/yard/nodes/rule")?;
    assert_eq!(
        node.pointer("/plugin/name"),
        Some(&json!("forbidden-object"))
    );
    assert_eq!(node.pointer("/config/after"), Some(&json!("500ms")));
    let yaml = node.get("yaml").and_then(Value::as_str).unwrap_or_default();
    ensure!(yaml.contains("rule: { plugin: forbidden-object"), "{node}");

    let camera = api.json("/api/v1/flows/yard/cameras/field")?;
    assert_eq!(camera.pointer("/codec"), Some(&json!("h264")));
    assert_eq!(camera.pointer("/classes/2"), Some(&json!("object")));
    assert_eq!(camera.pointer("/zones/0/name"), Some(&json!("forbidden")));

    let alerts = api.json("/api/v1/flows/yard/alerts?class=object&phase=begin")?;
    let alert = alerts.pointer("/items/0").context("there is no alert")?;
    let sequence = alert.get("sequence").and_then(Value::as_u64);
    let path = format!("/api/v1/flows/yard/alerts/{}", sequence.unwrap_or_default());
    let details = api.json(&path)?;
    let steps = details.pointer("/why/steps").and_then(Value::as_array);
    let nodes: Vec<&str> = steps
        .into_iter()
        .flatten()
        .filter_map(|step| step.get("node")?.as_str())
        .collect();
    ensure!(nodes.starts_with(&["detect", "zoned", "rule"]), "{details}");

    for path in [
        format!("{path}/picture.jpg"),
        picture("boxes=all&width=320"),
    ] {
        let picture = api.get(&path)?;
        ensure!(picture.status == 200, "{path}: {}", picture.shown());
        assert_eq!(picture.header("content-type"), "image/jpeg");
        ensure!(picture.body.starts_with(&[0xff, 0xd8]), "{path} is no JPEG");
    }
    let figures = String::from_utf8(api.get("/metrics")?.body)?;
    ensure!(
        figures.contains("agave_camera_up{flow=\"yard\",camera=\"field\"} 1"),
        "{figures}"
    );
    assert_eq!(api.json("/health/ready")?.get("status"), Some(&json!("ok")));
    yard.finish(running)?;
    Ok(())
}

fn picture(query: &str) -> String {
    format!("/api/v1/flows/yard/cameras/field/picture.jpg?{query}")
}

#[test]
fn what_passes_is_seen_as_it_passes() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = served(&yard)?;
    let mut tap = api.socket("/api/v1/flows/yard/nodes/zoned/tap")?;
    let passed = tap.until("passed")?;
    assert_eq!(passed.pointer("/detections/camera"), Some(&json!("field")));

    let mut live = api.socket("/api/v1/flows/yard/live")?;
    let status = live.until("status")?;
    assert_eq!(status.get("flow"), Some(&json!("yard")));
    assert_eq!(live.until("alert")?.get("camera_id"), Some(&json!("field")));
    yard.edit("yard.yaml", "hold: 2s", "hold: 3s")?;
    assert_eq!(live.until("reload")?.get("result"), Some(&json!("applied")));

    // The camera's own pictures, from a key frame on, and detections that belong to them.
    let mut video = api.socket("/api/v1/flows/yard/cameras/field/video")?;
    let config = video.until("config")?;
    let codec = config
        .get("codec")
        .and_then(Value::as_str)
        .unwrap_or_default();
    ensure!(codec.starts_with("avc1."), "{config}");
    let packet = video.next_bytes()?;
    assert_eq!(packet.first(), Some(&1), "the first picture is a key frame");
    ensure!(
        packet.get(9..13) == Some(&[0, 0, 0, 1]),
        "it has start codes"
    );
    let frame = video.until("frame")?;
    assert_eq!(frame.get("node"), Some(&json!("zoned")));
    ensure!(frame.get("pts_us").is_some_and(Value::is_i64), "{frame}");
    yard.finish(running)?;
    Ok(())
}

#[test]
fn the_flow_file_is_written_by_whoever_saw_it_last() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = served(&yard)?;
    let path = "/api/v1/flows/yard/file";
    let file = api.get(path)?;
    let tag = file.header("etag").to_owned();
    let text = String::from_utf8(file.body)?;
    let put = |tag: &str, text: &str| {
        api.ask(&ApiRequest {
            method: "PUT",
            path,
            headers: &[("if-match", tag), ("content-type", "application/yaml")],
            body: text,
        })
    };
    let edited = text.replace("hold: 2s", "hold: 4s");
    let plan = api.ask(&ApiRequest {
        method: "POST",
        path: "/api/v1/flows/yard/plan",
        body: &edited,
        ..ApiRequest::default()
    })?;
    assert_eq!(
        plan.json()?.get("result"),
        Some(&json!("planned")),
        "{}",
        plan.shown()
    );
    let applied = put(&tag, &edited)?;
    assert_eq!(
        applied.json()?.get("result"),
        Some(&json!("applied")),
        "{}",
        applied.shown()
    );
    assert_eq!(fs::read_to_string(yard.at("yard.yaml"))?, edited);

    // Somebody else has seen the text before.
    assert_eq!(put(&tag, &text)?.status, 412);
    let without = api.ask(&ApiRequest {
        method: "PUT",
        path,
        body: &text,
        ..ApiRequest::default()
    })?;
    assert_eq!(without.status, 428);
    // What cannot run is not written, and says where.
    let tag = applied.header("etag").to_owned();
    let broken = put(&tag, &edited.replace("plugin: roi", "plugin: rio"))?;
    assert_eq!(broken.status, 422, "{}", broken.shown());
    let problem = broken.json()?;
    let line = problem.pointer("/problems/0/line").and_then(Value::as_u64);
    assert_eq!(line, Some(14), "{problem}");
    assert_eq!(fs::read_to_string(yard.at("yard.yaml"))?, edited);

    // And back.
    let versions = api.json("/api/v1/flows/yard/versions")?;
    assert_eq!(
        versions.pointer("/items/0/why"),
        Some(&json!("page")),
        "{versions}"
    );
    let restored = api.ask(&ApiRequest {
        method: "POST",
        path: "/api/v1/flows/yard/versions/1/restore",
        headers: &[("if-match", &tag)],
        body: "",
    })?;
    assert_eq!(restored.status, 200, "{}", restored.shown());
    assert_eq!(fs::read_to_string(yard.at("yard.yaml"))?, text);
    yard.finish(running)?;
    Ok(())
}

#[test]
fn passwords_in_the_flow_file_stay_on_the_machine() -> Result<()> {
    let yard = Yard::new()?;
    let flow = yard.flow("yard");
    let brokers = "brokers:\n  home:\n    mqtt: mqtt://127.0.0.1:1\n    username: anna\n    password: hunter2 # ours\n";
    yard.write("yard.yaml", format!("{flow}{brokers}"))?;
    let (running, api) = served(&yard)?;
    let path = "/api/v1/flows/yard/file";
    let file = api.get(path)?;
    let text = String::from_utf8(file.body.clone())?;
    ensure!(text.contains("    password: <hidden-1> # ours"), "{text}");
    let put = api.ask(&ApiRequest {
        method: "PUT",
        path,
        headers: &[("if-match", file.header("etag"))],
        body: &text.replace("hold: 2s", "hold: 4s"),
    })?;
    assert_eq!(put.status, 200, "{}", put.shown());
    let written = fs::read_to_string(yard.at("yard.yaml"))?;
    assert_eq!(
        written,
        format!("{flow}{brokers}").replace("hold: 2s", "hold: 4s")
    );
    for path in [
        "status",
        "versions",
        "versions/1",
        "nodes/calm",
        "cameras",
        "graph",
    ] {
        let shown = api.get(&format!("/api/v1/flows/yard/{path}"))?;
        ensure!(
            !String::from_utf8_lossy(&shown.body).contains("hunter2"),
            "{path}"
        );
    }
    yard.finish(running)?;
    Ok(())
}

#[test]
fn a_zone_changes_its_line_and_no_other() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = served(&yard)?;
    let before = fs::read_to_string(yard.at("yard.yaml"))?;
    let zones = api.get("/api/v1/flows/yard/cameras/field/zones")?;
    let tag = zones.header("etag").to_owned();
    let put = |path: &str, tag: &str, points: Value| {
        api.ask(&ApiRequest {
            method: "PUT",
            path,
            headers: &[("if-match", tag), ("content-type", "application/json")],
            body: &json!({ "points": points }).to_string(),
        })
    };
    let path = "/api/v1/flows/yard/cameras/field/zones/forbidden";
    let crossed = put(
        path,
        &tag,
        json!([[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]),
    )?;
    assert_eq!(crossed.status, 422, "{}", crossed.shown());
    let changed = put(path, &tag, json!([[0.25, 0.5], [0.75, 0.5], [0.5, 0.95]]))?;
    assert_eq!(changed.status, 200, "{}", changed.shown());
    let after = fs::read_to_string(yard.at("yard.yaml"))?;
    let differs = before
        .lines()
        .zip(after.lines())
        .filter(|(one, other)| one != other);
    let differs: Vec<_> = differs.collect();
    assert_eq!(
        differs,
        [(
            "      forbidden: [[0.205, 0.925], [0.795, 0.925], [0.715, 0.623], [0.285, 0.623]]",
            "      forbidden: [[0.25, 0.5], [0.75, 0.5], [0.5, 0.95]]"
        )]
    );
    assert_eq!(before.lines().count(), after.lines().count());
    // By the other name for it.
    let rois = api.get("/api/v1/config/rois/field")?;
    assert_eq!(
        rois.json()?.pointer("/items/0/points/2"),
        Some(&json!([0.5, 0.95]))
    );
    let added = put(
        "/api/v1/config/rois/field/gate",
        rois.header("etag"),
        json!([[0.0, 0.0], [0.1, 0.0], [0.0, 0.1]]),
    )?;
    assert_eq!(added.status, 200, "{}", added.shown());
    let removed = api.ask(&ApiRequest {
        method: "DELETE",
        path: "/api/v1/config/rois/field/gate",
        headers: &[("if-match", added.header("etag"))],
        body: "",
    })?;
    assert_eq!(removed.status, 200, "{}", removed.shown());
    assert_eq!(fs::read_to_string(yard.at("yard.yaml"))?, after);
    yard.finish(running)?;
    Ok(())
}
