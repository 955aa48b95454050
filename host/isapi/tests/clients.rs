//! The clients that people have, as they are in their registries: each logs in and sees an alert
//! begin and end within a second of its being raised.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use agave_core::Phase;
use agave_isapi::{DeviceSettings, Framing};
use agave_tests::{Process, free_port, node_packages, python_packages, repository};
use anyhow::{Result, ensure};
use serde_json::json;

use crate::common::{JPEG, PASSWORD, USER, World, notice};

const PYTHON_CLIENTS: [&str; 2] = ["pyHik==0.4.8", "hikvisionapi==0.3.2"];
const NODE_RED: [&str; 2] = [
    "node-red@4.1.1",
    "node-red-contrib-hikvision-ultimate@1.3.0",
];
/// What the latter reads a device with.
const NODE_LIBRARIES: [&str; 2] = ["dicer@0.3.1", "fast-xml-parser@4.0.13"];

/// Until a client has started, logged in and asked what it asks.
const START: Duration = Duration::from_secs(30);
/// From an alert until its client says so.
const SEEN: Duration = Duration::from_secs(1);

/// A client that speaks of what it sees.
struct Client(Process);

impl Client {
    /// One of `tests/clients`; none where its package cannot be had.
    fn python(script: &str, world: &World, arguments: &[&str]) -> Result<Option<Self>> {
        let Some(python) = python_packages("isapi-python", &PYTHON_CLIENTS)? else {
            return Ok(None);
        };
        let mut command = Command::new(python);
        command.arg(client(script)).arg(world.port().to_string());
        command.args(arguments).env("DEVICE_PASSWORD", PASSWORD);
        Ok(Some(Self(Process::start(script, &mut command)?)))
    }

    /// Node-RED with the nodes for Hikvision; none where they cannot be had.
    fn node_red(world: &World, folder: &Path) -> Result<Option<Self>> {
        let Some(packages) = node_packages("isapi-node-red", &NODE_RED)? else {
            return Ok(None);
        };
        let flows = fs::read_to_string(client("node_red/flows.json"))?;
        let port = world.port().to_string();
        fs::write(folder.join("flows.json"), flows.replace("{{port}}", &port))?;
        let login = json!({ "device": { "user": USER, "password": PASSWORD } });
        fs::write(folder.join("flows_cred.json"), login.to_string())?;
        let mut command = Command::new("node");
        command.arg(packages.join("node_modules/node-red/red.js"));
        command.arg("--userDir").arg(folder);
        command
            .arg("--settings")
            .arg(client("node_red/settings.js"));
        command.arg("flows.json");
        command.env("NODE_RED_PORT", free_port()?.to_string());
        Ok(Some(Self(Process::start("Node-RED", &mut command)?)))
    }

    /// What Node-RED's nodes are made of, without Node-RED.
    fn node(world: &World) -> Result<Option<Self>> {
        let Some(packages) = node_packages("isapi-node", &NODE_LIBRARIES)? else {
            return Ok(None);
        };
        let mut command = Command::new("node");
        command.arg(client("multipart_client.js"));
        command.arg(world.port().to_string());
        command.env("NODE_PATH", packages.join("node_modules"));
        command.env("DEVICE_PASSWORD", PASSWORD);
        Ok(Some(Self(Process::start("node", &mut command)?)))
    }

    fn says(&mut self, line: &str) -> Result<String> {
        self.0.wait_for(line, START)
    }

    /// Waits for a line that has to come at once after `cause`.
    fn sees(&mut self, line: &str, cause: impl FnOnce()) -> Result<String> {
        let begin = Instant::now();
        cause();
        let rest = self.0.wait_for(line, START)?;
        let took = begin.elapsed();
        ensure!(took <= SEEN, "`{line}` took {took:?}");
        Ok(rest)
    }
}

fn client(script: &str) -> PathBuf {
    repository().join("tests/clients").join(script)
}

fn pyhik(change: impl FnOnce(&mut DeviceSettings)) -> Result<()> {
    let world = World::new(change)?;
    let raise = |camera: &str, phase| world.device.raise(&notice(camera, "one", phase));
    let Some(mut client) = Client::python("pyhik_client.py", &world, &[])? else {
        return Ok(());
    };
    assert_eq!(client.says("type")?, "NVR");
    assert_eq!(client.says("motion")?, "True");
    client.says("watches Field Detection 2")?;
    assert_ne!(client.says("snapshot")?, "0");
    world.until("a stream", |device| device.report().clients == 1)?;
    for (camera, channel) in [("yard", 1), ("gate", 2)] {
        let seen = client.sees(&format!("active Field Detection {channel}"), || {
            raise(camera, Phase::Begin);
        })?;
        assert_eq!(seen, "human", "the target");
        client.sees(&format!("inactive Field Detection {channel}"), || {
            raise(camera, Phase::End);
        })?;
    }
    assert!(world.device.report().dropped.is_empty(), "it never guessed");
    Ok(())
}

#[test]
fn pyhik_sees_an_alert_begin_and_end() -> Result<()> {
    pyhik(|_| ())
}

#[test]
fn pyhik_logs_in_where_sha_256_is_offered_and_reads_past_pictures() -> Result<()> {
    pyhik(|settings| {
        settings.sha_256 = true;
        settings.stream_pictures = true;
    })
}

#[test]
fn pyhik_takes_a_single_camera_for_a_camera() -> Result<()> {
    let world = World::new(|settings| settings.channels.truncate(1))?;
    let Some(mut client) = Client::python("pyhik_client.py", &world, &[])? else {
        return Ok(());
    };
    assert_eq!(client.says("type")?, "CAM");
    assert_ne!(client.says("snapshot")?, "0");
    Ok(())
}

#[test]
fn hikvisionapi_sees_an_alert_begin_and_end() -> Result<()> {
    // It hangs up after each event, and would miss the end between two.
    let rarely = Duration::from_secs(60);
    let world = World::new(|settings| settings.limits.repeat = rarely)?;
    let raise = |phase| world.device.raise(&notice("gate", "one", phase));
    let Some(mut client) = Client::python("hikvisionapi_client.py", &world, &[])? else {
        return Ok(());
    };
    assert_eq!(client.says("device")?, "Agave");
    world.until("a stream", |device| device.report().streams == 1)?;
    client.sees("active fielddetection 2", || raise(Phase::Begin))?;
    world.until("another stream", |device| device.report().streams == 2)?;
    client.sees("inactive fielddetection 2", || raise(Phase::End))?;
    Ok(())
}

#[test]
fn hikvisionapi_that_does_not_wait_sees_an_alert_begin_and_end() -> Result<()> {
    // Of parts that arrive together it takes the first and forgets the others: what is repeated
    // must not meet an end.
    let rarely = Duration::from_secs(60);
    for (sha_256, framing) in [(false, Framing::Close), (true, Framing::Chunked)] {
        let world = World::new(|settings| {
            settings.limits.repeat = rarely;
            settings.sha_256 = sha_256;
            settings.framing = framing;
        })?;
        let raise = |camera: &str, phase| world.device.raise(&notice(camera, "one", phase));
        let Some(mut client) = Client::python("hikvisionapi_client.py", &world, &["async"])? else {
            return Ok(());
        };
        assert_eq!(client.says("device")?, "Agave");
        world.until("a stream", |device| device.report().clients == 1)?;
        for (camera, channel) in [("yard", 1), ("gate", 2)] {
            let event = format!("fielddetection {channel}");
            client.sees(&format!("active {event}"), || raise(camera, Phase::Begin))?;
            client.sees(&format!("inactive {event}"), || raise(camera, Phase::End))?;
        }
    }
    Ok(())
}

/// Node-RED and what its nodes are made of see the same: events and pictures.
fn reads_a_multipart_stream(world: &World, client: &mut Client) -> Result<()> {
    world.until("a stream", |device| device.report().clients == 1)?;
    let raise = |camera: &str, phase| world.device.raise(&notice(camera, "one", phase));
    for (camera, channel) in [("yard", 1), ("gate", 2)] {
        let event = format!("fielddetection {channel}");
        client.sees(&format!("active {event}"), || raise(camera, Phase::Begin))?;
        if camera == "yard" {
            let bytes = client.sees("picture", || ())?;
            assert_eq!(bytes, JPEG.len().to_string());
        }
        client.sees(&format!("inactive {event}"), || raise(camera, Phase::End))?;
    }
    assert!(world.device.report().dropped.is_empty());
    Ok(())
}

#[test]
fn node_red_sees_an_alert_begin_and_end() -> Result<()> {
    let world = World::new(|settings| settings.stream_pictures = true)?;
    let folder = tempfile::tempdir()?;
    match Client::node_red(&world, folder.path())? {
        Some(mut client) => reads_a_multipart_stream(&world, &mut client),
        None => Ok(()),
    }
}

#[test]
fn the_libraries_of_node_red_s_nodes_see_an_alert_begin_and_end() -> Result<()> {
    for sha_256 in [false, true] {
        let world = World::new(|settings| {
            settings.stream_pictures = true;
            settings.sha_256 = sha_256;
        })?;
        if let Some(mut client) = Client::node(&world)? {
            reads_a_multipart_stream(&world, &mut client)?;
        }
    }
    Ok(())
}
