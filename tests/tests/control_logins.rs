//! Logins that come to a camera through the API: they stay where they belong, and are used again
//! where nobody says another one.

use std::fs;
use std::path::Path;
use std::time::Duration;

use agave_tests::{Api, ApiAnswer, ApiRequest, Login, RtspServer, Yard, repository, served};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

const FLOW: &str = "/api/v1/flows/yard";
/// Until a camera plays, which it does for those whom it knows.
const CAMERA_LIMIT: Duration = Duration::from_secs(60);
const PASSWORD: &str = "pass:w0rd/of#the%gate";

/// With the tag of the flow file as it is.
fn change(api: &Api, method: &str, path: &str, body: &Value) -> Result<ApiAnswer> {
    let tag = api.get(&format!("{FLOW}/file"))?.header("etag").to_owned();
    api.change(method, &format!("{FLOW}/{path}"), &tag, body)
}

fn guarded() -> Result<RtspServer> {
    let clip = repository().join("models/yolov8n_pina/demo/demo.mp4");
    let login = Login {
        scheme: "basic",
        user: "viewer",
        password: PASSWORD,
    };
    RtspServer::start(&clip, Some(login), false)
}

fn kept(secrets: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(secrets)?;
    entries
        .map(|entry| Ok(fs::read_to_string(entry?.path())?))
        .collect()
}

#[test]
fn a_login_stays_in_the_folder_for_state() -> Result<()> {
    let yard = Yard::new()?;
    // The rule is about a zone that only this camera has.
    yard.edit("yard.yaml", "from: cameras", "from: field")?;
    let mut camera = guarded()?;
    let (running, api) = served(&yard)?;
    let gate = json!({ "name": "gate", "address": {
        "url": camera.url(), "user": "viewer", "password": PASSWORD,
    }});
    let added = change(&api, "POST", "cameras", &gate)?;
    assert_eq!(added.status, 200, "{}", added.shown());
    let secrets = running.state().join("secrets");
    // As it stands in an address, where `%` begins a code.
    let login = format!("viewer:{}", PASSWORD.replace('%', "%25"));
    assert_eq!(kept(&secrets)?, [login.as_str()]);
    camera.wait_for("play", CAMERA_LIMIT)?;

    // Who is late has left nothing behind, and taken nothing away.
    let late = api.change("POST", &format!("{FLOW}/cameras"), "\"old\"", &gate)?;
    let again = change(&api, "POST", "cameras", &gate)?;
    for (again, status) in [(late, 412), (again, 422)] {
        assert_eq!(again.status, status, "{}", again.shown());
        ensure!(!again.shown().contains(PASSWORD), "{}", again.shown());
        assert_eq!(kept(&secrets)?, [login.as_str()]);
    }

    // What looks like a path is the end of a password.
    let careless = json!({ "name": "shed", "address": { "url": "rtsp://admin:12/34@10.0.0.5/s" } });
    let refused = change(&api, "POST", "cameras", &careless)?;
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
    let audit = api.json("/api/v1/audit")?.to_string();
    ensure!(!audit.contains(PASSWORD), "the audit log");
    let outcome = yard.finish(running)?;
    ensure!(!outcome.output.stderr.contains(PASSWORD), "the log");
    Ok(())
}

/// A camera gets another address, and nobody types its login again.
#[test]
fn a_login_goes_with_its_camera_to_another_address() -> Result<()> {
    let yard = Yard::new()?;
    yard.edit("yard.yaml", "from: cameras", "from: field")?;
    let (mut first, mut second) = (guarded()?, guarded()?);
    let (running, api) = served(&yard)?;
    let gate = json!({ "name": "gate", "address": {
        "url": first.url(), "user": "viewer", "password": PASSWORD,
    }});
    let added = change(&api, "POST", "cameras", &gate)?;
    assert_eq!(added.status, 200, "{}", added.shown());
    first.wait_for("play", CAMERA_LIMIT)?;
    let cameras = api.json(&format!("{FLOW}/cameras"))?;
    assert_eq!(cameras.pointer("/items/1/has_login"), Some(&json!(true)));
    assert_eq!(cameras.pointer("/items/0/has_login"), Some(&json!(false)));

    let trial = |address: Value| {
        api.ask(&ApiRequest {
            method: "POST",
            path: &format!("{FLOW}/camera-trials"),
            headers: &[("content-type", "application/json")],
            body: &address.to_string(),
        })
    };
    let alone = trial(json!({ "url": second.url() }))?.json()?;
    assert_eq!(alone.pointer("/trouble/kind"), Some(&json!("login")));
    let known = json!({ "url": second.url(), "login_of": "gate" });
    let tried = trial(known.clone())?;
    ensure!(!tried.shown().contains(PASSWORD), "{}", tried.shown());
    assert_eq!(tried.json()?.get("trouble"), Some(&Value::Null));
    let nobody = trial(json!({ "url": second.url(), "login_of": "nobody" }))?;
    assert_eq!(nobody.status, 422, "{}", nobody.shown());

    let moved = change(&api, "PUT", "cameras/gate/address", &known)?;
    assert_eq!(moved.status, 200, "{}", moved.shown());
    second.wait_for("play", CAMERA_LIMIT)?;
    let flow = fs::read_to_string(yard.at("yard.yaml"))?;
    ensure!(flow.contains("${secret:gate-login}@"), "{flow}");
    assert_eq!(kept(&running.state().join("secrets"))?.len(), 1);
    yard.finish(running)?;
    Ok(())
}
