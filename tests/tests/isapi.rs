//! `serve: isapi`: a real client of Hikvision cameras subscribes to a running flow.

use std::fs;
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use agave_tests::{Agave, Process, Signal, free_port, python_packages, repository};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use tempfile::TempDir;

const PASSWORD: &str = "correct horse";
/// As in the tests of `host/isapi`, so that they are installed once.
const CLIENTS: [&str; 2] = ["pyHik==0.4.8", "hikvisionapi==0.3.2"];

/// Until the model is loaded, the plugins are compiled and something happens in the clip.
const LIMIT: Duration = Duration::from_secs(60);
/// From an alert that is printed until the client says so.
const SEEN: Duration = Duration::from_secs(1);

/// The demo in real time, with a device at `port`.
fn flow(folder: &TempDir, port: u16) -> Result<String> {
    let models = repository().join("models/yolov8n_pina");
    let text = json!({
        "version": 1,
        "name": "yard",
        "models": { "pina": { "path": models.join("1/model.onnx"), "confidence": 0.4 } },
        "cameras": { "field": {
            "url": models.join("demo/demo.mp4"),
            "fps": 8,
            "pace": "realtime",
            "zones": { "forbidden": [
                [0.205, 0.925], [0.795, 0.925], [0.715, 0.623], [0.285, 0.623]
            ] },
        } },
        "nodes": {
            "detect": { "infer": "pina", "from": "cameras" },
            "zoned": { "plugin": "roi", "from": "detect" },
            "rule": {
                "plugin": "forbidden-object",
                "from": "zoned",
                "config": { "zone": "forbidden", "alert": ["object"], "after": "500ms" },
            },
            "device": {
                "serve": "isapi",
                "from": "rule",
                "device": {
                    "listen": format!("127.0.0.1:{port}"),
                    "username": "admin",
                    "password": "${secret:device}",
                },
            },
        },
    });
    let path = folder.path().join("yard.yaml");
    fs::write(&path, text.to_string())?;
    path.to_str()
        .map(str::to_owned)
        .context("a path that is not text")
}

#[test]
fn pyhik_sees_what_happens_in_a_running_flow() -> Result<()> {
    let Some(python) = python_packages("isapi-python", &CLIENTS)? else {
        return Ok(());
    };
    let (folder, port) = (TempDir::new()?, free_port()?);
    let flow = flow(&folder, port)?;
    let mut agave = Agave::run_with(
        flow.as_ref(),
        &["--workers", "1"],
        &[("AGAVE_SECRET_DEVICE", PASSWORD)],
    )?;
    let deadline = Instant::now() + LIMIT;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        ensure!(Instant::now() < deadline, "nobody listens");
        std::thread::sleep(Duration::from_millis(20));
    }
    let script = repository().join("tests/clients/pyhik_client.py");
    let mut command = Command::new(python);
    command
        .arg(script)
        .arg(port.to_string())
        .env("DEVICE_PASSWORD", PASSWORD);
    let mut client = Process::start("pyHik", &mut command)?;
    assert_eq!(client.wait_for("type", LIMIT)?, "CAM");
    client.wait_for("watches Field Detection 1", LIMIT)?;
    // The first may have begun before it was there.
    agave.next_begin(LIMIT)?;
    client.wait_for("active Field Detection 1", LIMIT)?;
    client.wait_for("inactive Field Detection 1", LIMIT)?;
    agave.next_begin(LIMIT)?;
    let printed = Instant::now();
    client.wait_for("active Field Detection 1", LIMIT)?;
    ensure!(printed.elapsed() <= SEEN, "it took {:?}", printed.elapsed());
    agave.signal(Signal::TERM)?;
    agave.finish(LIMIT)?;
    Ok(())
}
