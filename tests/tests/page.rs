//! The inspector's page, looked at and worked with in a real browser while a flow runs.

#![allow(
    clippy::print_stderr,
    reason = "the test harness keeps it back and shows it only where a test fails"
)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use agave_tests::{
    Agave, Api, Crowd, HttpReceiver, HttpRequest, Login, Process, RtspServer, Signal, Yard,
    free_port, node_packages, repository, skipped,
};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use tempfile::TempDir;

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// For one script, which waits for nothing longer than half a minute.
const LOOK_LIMIT: Duration = Duration::from_secs(300);
const BROWSER: &str = "/usr/bin/chromium";
const PACKAGES: [&str; 2] = ["playwright-core@1.65.1", "axe-core@4.14.1"];

/// A browser and a flow keep two cores busy.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs `tests/clients/page/SCRIPT` on `yard`, which is served. `prepare` gives it variables. Nothing,
/// said aloud, where there is no browser.
fn look(
    script: &str,
    yard: &Yard,
    prepare: impl Fn(&Agave) -> Result<Vec<(&'static str, String)>>,
) -> Result<bool> {
    let Some(packages) = packages()? else {
        return Ok(false);
    };
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let port = free_port()?;
    let running = yard.run_with(&["--listen", &format!("127.0.0.1:{port}")])?;
    let variables = prepare(&running)?;
    browse(script, &packages, port, variables)?;
    // Not as a yard is finished: beside a browser its camera may have been late.
    running.signal(Signal::TERM)?;
    running.finish(STOP_LIMIT)?;
    Ok(true)
}

/// What scripts work with. Nothing, said aloud, where there is no browser.
fn packages() -> Result<Option<PathBuf>> {
    if !Path::new(BROWSER).exists() {
        skipped(&format!("there is no {BROWSER}"));
        return Ok(None);
    }
    node_packages("page", &PACKAGES)
}

/// Runs a script on the page that is served at `port`.
fn browse(
    script: &str,
    packages: &Path,
    port: u16,
    variables: Vec<(&'static str, String)>,
) -> Result<()> {
    browse_for(LOOK_LIMIT, script, packages, port, variables)?;
    Ok(())
}

/// The same for so long. Gives what the script said.
fn browse_for(
    limit: Duration,
    script: &str,
    packages: &Path,
    port: u16,
    variables: Vec<(&'static str, String)>,
) -> Result<String> {
    Api::at(port).wait(START_LIMIT)?;
    let mut node = Command::new("node");
    node.arg(repository().join("tests/clients/page").join(script))
        .arg(format!("http://127.0.0.1:{port}"))
        .env("PAGE_PACKAGES", packages)
        .envs(variables);
    let looked = Process::start(script, &mut node)?.finish(limit)?;
    ensure!(
        looked.status.success(),
        "{}{}",
        looked.stdout,
        looked.stderr
    );
    Ok(looked.stdout)
}

/// Goes about on the page of two hundred cameras for so long, and says what that measured.
fn look_at_a_crowd(seconds: u64) -> Result<()> {
    let Some(packages) = packages()? else {
        return Ok(());
    };
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (crowd, port) = (Crowd::new()?, free_port()?);
    let listen = format!("127.0.0.1:{port}");
    let running = Agave::run(&crowd.flow(), &["--listen", &listen])?;
    running.wait_until_live("crowd", START_LIMIT)?;
    let variables = vec![("SECONDS", seconds.to_string())];
    let limit = LOOK_LIMIT + Duration::from_secs(seconds);
    let said = browse_for(limit, "crowd.mjs", &packages, port, variables)?;
    eprintln!("{said}");
    running.signal(Signal::TERM)?;
    running.finish(STOP_LIMIT)?;
    Ok(())
}

#[test]
fn it_stays_usable_with_two_hundred_cameras() -> Result<()> {
    look_at_a_crowd(60)
}

/// `cargo test --release --workspace --test page -- --ignored --nocapture ten_minutes`
#[test]
#[ignore = "takes ten minutes"]
fn it_stays_usable_with_two_hundred_cameras_for_ten_minutes() -> Result<()> {
    look_at_a_crowd(600)
}

#[test]
fn it_shows_a_living_flow() -> Result<()> {
    look("look.mjs", &Yard::new()?, |_| Ok(Vec::new()))?;
    Ok(())
}

#[test]
fn it_says_what_is_wrong_with_a_lost_camera() -> Result<()> {
    let nobody = format!("rtsp://127.0.0.1:{}/clip", free_port()?);
    look("lost.mjs", &Yard::new()?, |_| {
        Ok(vec![("NOBODY", nobody.clone())])
    })?;
    Ok(())
}

#[test]
fn it_changes_a_flow_and_nothing_else_of_its_file() -> Result<()> {
    let yard = Yard::new()?;
    if !look("change.mjs", &yard, |_| Ok(Vec::new()))? {
        return Ok(());
    }
    let before = yard.flow("yard");
    let after = fs::read_to_string(yard.at("yard.yaml"))?;
    let differs: Vec<_> = before
        .lines()
        .zip(after.lines())
        .filter(|(one, other)| one != other)
        .collect();
    assert_eq!(
        differs,
        [(
            "      forbidden: [[0.205, 0.925], [0.795, 0.925], [0.715, 0.623], [0.285, 0.623]]",
            "      forbidden: [[0.205, 0.925], [0.795, 0.925], [0.715, 0.623], [0.284, 0.573]]"
        )]
    );
    assert_eq!(before.lines().count(), after.lines().count());
    Ok(())
}

/// What is in the file once a stranger has seen the first alert.
const GROWN: &str = r#"version: 1
name: "my-farm"

cameras:
  gate:
    url: "rtsp://${secret:gate-login}@ADDRESS/clip"
    zones:
      yard: [[0.2, 0.93], [0.8, 0.93], [0.72, 0.62], [0.28, 0.62]]

models:
  people: { path: models/people.onnx }

nodes:
  detect-gate: { infer: people, from: gate }
  zoned-gate: { plugin: roi, from: detect-gate }
  object-in-yard:
    plugin: forbidden-object
    from: zoned-gate
    config: { zone: yard, alert: [object], after: 500ms, severity: warning }
  calm-object-in-yard:
    plugin: debounce
    from: object-in-yard
    config: { hold: 2s }
  webhook:
    plugin: webhook
    from: alerts
    config: { url: "RECEIVER/alerts" }
    allow: { http: ["RECEIVER"] }
"#;

/// Nobody has a flow yet, nor read anything: there is a camera, and the page.
#[test]
fn a_stranger_comes_to_the_first_alert_by_the_page_alone() -> Result<()> {
    let Some(packages) = packages()? else {
        return Ok(());
    };
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (user, password) = ("viewer", "p@ss:w%41 rd");
    let clip = repository().join("models/yolov8n_pina/demo/demo.mp4");
    let login = Login {
        scheme: "digest",
        user,
        password,
    };
    let camera = RtspServer::camera_with(&clip, 20, login)?;
    let folder = TempDir::new()?;
    let farm = folder.path().join("My Farm");
    fs::create_dir(&farm)?;
    // On the computer of whoever looks at the page.
    let (model, no_model) = ("people.onnx", "letter.onnx");
    let shipped = repository().join("models/yolov8n_pina/1/model.onnx");
    fs::copy(&shipped, folder.path().join(model))?;
    fs::write(folder.path().join(no_model), "This is no model.")?;
    let port = free_port()?;
    let listen = format!("127.0.0.1:{port}");
    let running = Agave::begin_in(&farm, &["--listen", &listen, "--workers", "1"])?;
    let receiver = HttpReceiver::start(&["204"])?;
    let receives = format!("http://127.0.0.1:{}", receiver.port());
    let variables = vec![
        ("RECEIVER", format!("{receives}/alerts")),
        ("CAMERA", camera.url()),
        ("NOBODY", format!("rtsp://127.0.0.1:{}/clip", free_port()?)),
        ("CAMERA_USER", user.to_owned()),
        ("CAMERA_PASSWORD", password.to_owned()),
        ("MODEL", folder.path().join(model).display().to_string()),
        (
            "NO_MODEL",
            folder.path().join(no_model).display().to_string(),
        ),
    ];
    browse("first.mjs", &packages, port, variables)?;

    let written = fs::read_to_string(farm.join("agave.yaml"))?;
    let grown = GROWN.replace("ADDRESS", &format!("127.0.0.1:{}", camera.port()));
    let grown = grown.replace("RECEIVER", &receives);
    let (_, written) = written
        .split_once("is.\n")
        .context("it begins with words")?;
    assert_eq!(written, grown);
    let sent = fs::read(farm.join("models").join(model))?;
    ensure!(sent == fs::read(shipped)?, "the model that was sent");
    let secret = running.state().join("secrets/gate-login");
    assert_eq!(secret.metadata()?.permissions().mode() & 0o777, 0o600);
    running.signal(Signal::TERM)?;
    let ended = running.finish(STOP_LIMIT)?;
    let said = format!("{}{}", ended.output.stdout, ended.output.stderr);
    assert!(!said.contains("p@ss") && !said.contains("w%41"), "{said}");
    let tests = receiver.stop()?;
    let is_test = |request: &&HttpRequest| request.body.get("kind") == Some(&json!("test"));
    assert_eq!(tests.iter().filter(is_test).count(), 4, "{tests:?}");
    Ok(())
}

/// The demo's flow as it is shipped, on a camera that goes on, with a receiver for its alerts.
fn photographed(receiver: &str) -> Result<String> {
    let demo = fs::read_to_string(repository().join("flows/demo.yaml"))?;
    let (demo, _) = demo.split_once("tests:").context("the demo has tests")?;
    let demo = demo
        .replace("name: demo", "name: yard")
        .replace("../models", "models")
        .replace("fps: 8", "fps: 8\n    pace: realtime\n    repeat: true");
    Ok(format!(
        "{}
  hook:
    plugin: webhook
    from: calm
    config: {{ url: \"{receiver}/alerts\" }}
    allow: {{ http: [\"{receiver}\"] }}
",
        demo.trim_end()
    ))
}

/// `cargo test --release --workspace --test page -- --ignored` makes the pictures anew.
#[test]
#[ignore = "writes docs/images"]
fn it_is_photographed() -> Result<()> {
    let images = repository().join("docs/images");
    fs::create_dir_all(&images)?;
    let receiver = HttpReceiver::start(&["200"])?;
    let address = format!("http://127.0.0.1:{}", receiver.port());
    let yard = Yard::new()?;
    yard.write("yard.yaml", photographed(&address)?)?;
    symlink(repository().join("models"), yard.at("models"))?;
    look("photograph.mjs", &yard, |_| {
        Ok(vec![("IMAGES", images.display().to_string())])
    })?;
    drop(receiver.stop()?);
    Ok(())
}

#[test]
fn it_explains_the_api() -> Result<()> {
    look("docs.mjs", &Yard::new()?, |_| Ok(Vec::new()))?;
    Ok(())
}

#[test]
fn it_lets_nobody_do_what_is_not_theirs() -> Result<()> {
    look("login.mjs", &Yard::new()?, |running| {
        let token = |name, role| -> Result<String> {
            let made = running.beside(["token", "new", name, "--role", role])?;
            ensure!(made.status.success(), "{}", made.stderr);
            Ok(made.stdout.trim().to_owned())
        };
        Ok(vec![
            ("VIEWER", token("anna", "viewer")?),
            ("OPERATOR", token("otto", "operator")?),
        ])
    })?;
    Ok(())
}
