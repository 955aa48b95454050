//! What is added to a flow through the API: it is planned before, made against what was seen, and a
//! login that comes with it stays where it belongs.

use std::fs;
use std::path::Path;
use std::time::Duration;

use agave_tests::{
    Api, ApiAnswer, ApiRequest, Login, RtspServer, Yard, free_port, repository, served,
};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

const FLOW: &str = "/api/v1/flows/yard";
/// Until a camera plays, which it does for those whom it knows.
const CAMERA_LIMIT: Duration = Duration::from_secs(60);
const PASSWORD: &str = "pass:w0rd/of#the%gate";

fn change(api: &Api, method: &str, path: &str, tag: &str, body: &Value) -> Result<ApiAnswer> {
    api.ask(&ApiRequest {
        method,
        path: &format!("{FLOW}/{path}"),
        headers: &[("if-match", tag), ("content-type", "application/json")],
        body: &body.to_string(),
    })
}

fn tag(api: &Api) -> Result<String> {
    Ok(api.get(&format!("{FLOW}/file"))?.header("etag").to_owned())
}

fn noted(api: &Api) -> Result<String> {
    Ok(api.json("/api/v1/audit")?.to_string())
}

#[test]
fn what_is_planned_changes_nothing_and_is_no_change() -> Result<()> {
    let yard = Yard::new()?;
    let (running, api) = served(&yard)?;
    let before = fs::read_to_string(yard.at("yard.yaml"))?;
    let rule =
        json!({ "camera": "field", "zone": "forbidden", "classes": ["worker"], "name": "nobody" });
    let seen = tag(&api)?;
    for (method, path, body) in [
        ("POST", "rules?plan=true", &rule),
        (
            "PATCH",
            "nodes/calm/settings?plan=true",
            &json!({ "hold": "9s" }),
        ),
        ("DELETE", "nodes/calm?plan=true", &Value::Null),
    ] {
        let planned = change(&api, method, path, &seen, body)?;
        assert_eq!(planned.status, 200, "{method} {path}: {}", planned.shown());
    }
    assert_eq!(fs::read_to_string(yard.at("yard.yaml"))?, before);
    let audit = noted(&api)?;
    ensure!(!audit.contains(FLOW), "plans are no changes: {audit}");

    let made = change(&api, "POST", "rules", &seen, &rule)?;
    assert_eq!(made.status, 200, "{}", made.shown());
    let after = fs::read_to_string(yard.at("yard.yaml"))?;
    ensure!(after.contains("nobody"), "{after}");
    let audit = noted(&api)?;
    ensure!(audit.contains(&format!("POST {FLOW}/rules")), "{audit}");

    // Who saw the file as it was before is told.
    let late = change(&api, "DELETE", "nodes/nobody", &seen, &Value::Null)?;
    assert_eq!(late.status, 412, "{}", late.shown());
    let removed = change(&api, "DELETE", "nodes/nobody", &tag(&api)?, &Value::Null)?;
    assert_eq!(removed.status, 200, "{}", removed.shown());
    // A word in the address of a change that knows no plans hides nothing.
    let zone = json!({ "points": [[0.1, 0.1], [0.2, 0.1], [0.15, 0.9]] });
    let drawn = change(
        &api,
        "PUT",
        "cameras/field/zones/shed?plan=true",
        &tag(&api)?,
        &zone,
    )?;
    let audit = noted(&api)?;
    ensure!(
        drawn.status != 200 || audit.contains("zones/shed"),
        "{} {audit}",
        drawn.shown()
    );
    yard.finish(running)?;
    Ok(())
}

#[test]
fn a_login_stays_in_the_folder_for_state() -> Result<()> {
    let yard = Yard::new()?;
    // The rule is about a zone that only this camera has.
    yard.edit("yard.yaml", "from: cameras", "from: field")?;
    let clip = repository().join("models/yolov8n_pina/demo/demo.mp4");
    let login = Login {
        scheme: "basic",
        user: "viewer",
        password: PASSWORD,
    };
    let mut camera = RtspServer::start(&clip, Some(login), false)?;
    let (running, api) = served(&yard)?;
    let gate = json!({ "name": "gate", "address": {
        "url": camera.url(), "user": "viewer", "password": PASSWORD,
    }});
    let added = change(&api, "POST", "cameras", &tag(&api)?, &gate)?;
    assert_eq!(added.status, 200, "{}", added.shown());
    let secrets = running.state().join("secrets");
    // As it stands in an address, where `%` begins a code.
    let login = format!("viewer:{}", PASSWORD.replace('%', "%25"));
    assert_eq!(kept(&secrets)?, [login.as_str()]);
    camera.wait_for("play", CAMERA_LIMIT)?;

    // Who is late has left nothing behind, and taken nothing away.
    for (tag, status) in [("\"old\"".to_owned(), 412), (tag(&api)?, 422)] {
        let again = change(&api, "POST", "cameras", &tag, &gate)?;
        assert_eq!(again.status, status, "{}", again.shown());
        ensure!(!again.shown().contains(PASSWORD), "{}", again.shown());
        assert_eq!(kept(&secrets)?, [login.as_str()]);
    }

    // What looks like a path is the end of a password.
    let careless = json!({ "name": "shed", "address": { "url": "rtsp://admin:12/34@10.0.0.5/s" } });
    let refused = change(&api, "POST", "cameras", &tag(&api)?, &careless)?;
    assert_eq!(refused.status, 422, "{}", refused.shown());

    let flow = fs::read_to_string(yard.at("yard.yaml"))?;
    ensure!(flow.contains("${secret:gate-login}"), "{flow}");
    ensure!(
        !flow.contains(PASSWORD) && !flow.contains("12/34"),
        "{flow}"
    );
    for path in ["file", "cameras", "graph", "status", "versions"] {
        let shown = api.get(&format!("{FLOW}/{path}"))?.shown();
        ensure!(!shown.contains(PASSWORD), "{path}: {shown}");
    }
    ensure!(!noted(&api)?.contains(PASSWORD), "the audit log");
    let outcome = yard.finish(running)?;
    ensure!(!outcome.output.stderr.contains(PASSWORD), "the log");
    Ok(())
}

#[test]
fn what_is_given_as_data_refers_to_nothing() -> Result<()> {
    let yard = Yard::new()?;
    // The rule is about a zone that only this camera has.
    yard.edit("yard.yaml", "from: cameras", "from: field")?;
    let (running, api) = served(&yard)?;
    let nobody = format!("rtsp://127.0.0.1:{}/a?b=${{env:PATH}}", free_port()?);
    let gate =
        json!({ "name": "gate", "address": { "url": nobody, "user": "anna", "password": "p" } });
    let added = change(&api, "POST", "cameras", &tag(&api)?, &gate)?;
    assert_eq!(added.status, 200, "{}", added.shown());
    let moved = change(
        &api,
        "PUT",
        "cameras/gate/address",
        &tag(&api)?,
        &json!({ "url": nobody }),
    )?;
    assert_eq!(moved.status, 200, "{}", moved.shown());
    let rule = json!({
        "camera": "field", "zone": "forbidden", "classes": ["${env:PATH}"], "name": "odd",
    });
    let planned = change(&api, "POST", "rules?plan=true", &tag(&api)?, &rule)?;
    let planned = planned.json()?;
    let text = planned.pointer("/text").and_then(Value::as_str);
    ensure!(
        text.is_some_and(|text| text.contains("$${env:PATH}")),
        "{planned}"
    );
    let flow = fs::read_to_string(yard.at("yard.yaml"))?;
    ensure!(flow.contains("/a?b=$${env:PATH}"), "{flow}");
    let cameras = api.get(&format!("{FLOW}/cameras"))?.shown();
    ensure!(cameras.contains("/a?b=${env:PATH}"), "{cameras}");
    yard.finish(running)?;
    Ok(())
}

/// A thread has the priority of the one that starts it, and those who look on have a low one.
#[test]
fn a_camera_that_the_page_adds_is_no_less_than_others() -> Result<()> {
    let yard = Yard::new()?;
    // The rule is about a zone that only this camera has.
    yard.edit("yard.yaml", "from: cameras", "from: field")?;
    let (running, api) = served(&yard)?;
    let nobody = format!("rtsp://127.0.0.1:{}/a", free_port()?);
    let gate = json!({ "name": "gate", "address": { "url": nobody } });
    let added = change(&api, "POST", "cameras", &tag(&api)?, &gate)?;
    assert_eq!(added.status, 200, "{}", added.shown());
    let usual = running.niceness("field")?;
    assert_eq!(usual.len(), 1);
    assert_eq!(running.niceness("gate")?, usual);
    yard.finish(running)?;
    Ok(())
}

fn kept(secrets: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(secrets)?;
    entries
        .map(|entry| Ok(fs::read_to_string(entry?.path())?))
        .collect()
}
