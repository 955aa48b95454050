//! What the control API says of cameras that are lost, and how one is tried at once.

use std::time::{Duration, Instant};

use agave_tests::{
    Api, ApiAnswer, ApiRequest, Login, RtspServer, Yard, free_port, repository, served,
};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// Until a camera is lost, waits for so long, or is there again.
const CAMERA_LIMIT: Duration = Duration::from_secs(120);
/// A camera that still waits for so long was not tried by itself meanwhile.
const LONG_S: f64 = 10.0;
/// In less than that it is tried by hand.
const SOON: Duration = Duration::from_secs(6);
const PASSWORD: &str = "not-this-one";

fn try_now(api: &Api, name: &str) -> Result<ApiAnswer> {
    api.ask(&ApiRequest {
        method: "POST",
        path: &format!("/api/v1/flows/yard/cameras/{name}/try-now"),
        headers: &[],
        body: "",
    })
}

/// The camera as it is once `is_so`.
fn wait(api: &Api, name: &str, within: Duration, is_so: fn(&Value) -> bool) -> Result<Value> {
    let mut live = api.socket("/api/v1/flows/yard/live")?;
    let deadline = Instant::now() + within;
    loop {
        let status = live.until("status")?;
        let cameras = status.get("cameras").and_then(Value::as_array);
        let mut cameras = cameras.into_iter().flatten();
        let camera = cameras.find(|camera| camera.get("name") == Some(&json!(name)));
        let camera = camera.with_context(|| format!("no {name} in {status}"))?;
        if is_so(camera) {
            return Ok(camera.clone());
        }
        ensure!(Instant::now() < deadline, "{camera}");
    }
}

fn is_live(camera: &Value) -> bool {
    camera.get("health") == Some(&json!("live"))
}

fn is_lost(camera: &Value) -> bool {
    camera.get("health") == Some(&json!("lost"))
}

fn waits_long(camera: &Value) -> bool {
    let left = camera.get("tries_again_in_s").and_then(Value::as_f64);
    left.is_some_and(|left| left >= LONG_S)
}

#[test]
fn a_camera_that_is_lost_is_explained_and_tried_at_once() -> Result<()> {
    let yard = Yard::new()?;
    let clip = repository().join("models/yolov8n_pina/demo/demo.mp4");
    let locked = Login {
        scheme: "digest",
        user: "viewer",
        password: "right",
    };
    let shed = RtspServer::start(&clip, Some(locked), false)?;
    let port = free_port()?;
    let gate = format!("rtsp://127.0.0.1:{port}/clip");
    yard.edit("yard.yaml", "from: cameras", "from: field")?;
    yard.edit(
        "yard.yaml",
        "cameras:\n",
        &format!(
            "cameras:\n  gate: {{ url: \"{gate}\", fps: 1 }}\n  shed: {{ url: \"{}\", fps: 1 }}\n",
            shed.url_with("viewer", PASSWORD)
        ),
    )?;
    yard.edit(
        "yard.yaml",
        "nodes:\n",
        "nodes:\n  look: { infer: pina, from: [gate, shed] }\n",
    )?;
    let (running, api) = served(&yard)?;

    // In the words of a trial, with what the program says beside them.
    let lost = wait(&api, "gate", CAMERA_LIMIT, is_lost)?;
    assert_eq!(lost.pointer("/trouble/kind"), Some(&json!("refused")));
    let said = format!("127.0.0.1 is there, and nothing listens at port {port}.");
    assert_eq!(lost.pointer("/trouble/said"), Some(&json!(said)));
    let reason = lost.get("reason").and_then(Value::as_str);
    ensure!(
        reason.is_some_and(|it| it.contains("Connection refused")),
        "{lost}"
    );
    let since = lost.get("since").cloned();

    // It stays lost since then, however often it is tried; and by hand it is tried at once.
    let waits = wait(&api, "gate", CAMERA_LIMIT, waits_long)?;
    assert_eq!(waits.get("since").cloned(), since);
    let _there = RtspServer::start_on(port, &clip, None, false)?;
    let tried = try_now(&api, "gate")?;
    assert_eq!(tried.status, 200, "{}", tried.shown());
    let is_tried = |camera: &Value| is_live(camera) || !waits_long(camera);
    let at_once = wait(&api, "gate", SOON, is_tried)?;
    ensure!(!waits_long(&at_once), "{at_once}");
    let live = wait(&api, "gate", CAMERA_LIMIT, is_live)?;
    assert_eq!(live.get("trouble"), Some(&Value::Null));
    let again = try_now(&api, "gate")?;
    assert_eq!(again.status, 409, "{}", again.shown());
    ensure!(
        again.shown().contains("only what is lost"),
        "{}",
        again.shown()
    );

    // Cameras lock accounts.
    let refused = wait(&api, "shed", CAMERA_LIMIT, is_lost)?;
    assert_eq!(refused.pointer("/trouble/kind"), Some(&json!("login")));
    let warned = try_now(&api, "shed")?.json()?;
    let said = warned.get("said").and_then(Value::as_str);
    ensure!(
        said.context("nothing was said")?
            .contains("lock an account"),
        "{warned}"
    );
    let too_soon = wait_until_refused(&api)?;
    assert_eq!(too_soon.status, 409);
    ensure!(too_soon.shown().contains("10 min"), "{}", too_soon.shown());
    let audit = api.json("/api/v1/audit")?.to_string();
    ensure!(audit.contains("cameras/gate/try-now"), "{audit}");
    ensure!(!too_soon.shown().contains(PASSWORD) && !audit.contains(PASSWORD));
    assert_eq!(try_now(&api, "nothing")?.status, 404);
    yard.finish(running)?;
    Ok(())
}

/// The answer once the camera has refused the login that was tried by hand.
fn wait_until_refused(api: &Api) -> Result<ApiAnswer> {
    wait(api, "shed", CAMERA_LIMIT, |camera| {
        is_lost(camera) && camera.get("tries_again_in_s") != Some(&Value::Null)
    })?;
    try_now(api, "shed")
}
