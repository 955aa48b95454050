//! The real clips as a camera sends them: GStreamer's RTSP server in real time, over UDP and
//! TCP, with logins, goodbyes and a server that goes away.

use std::path::PathBuf;
use std::time::Duration;

use agave_tests::{
    Agave, Login, Outcome, RtspServer, Signal, Truth, begins, flow, repository, test_data,
};
use anyhow::Result;

const USER: &str = "viewer";
const PASSWORD: &str = "hunter2-is-secret";
const DIGEST: Login<'_> = Login {
    scheme: "digest",
    user: USER,
    password: PASSWORD,
};
const BASIC: Login<'_> = Login {
    scheme: "basic",
    ..DIGEST
};

/// A flow and its camera, whose file is replaced by the server.
#[derive(Clone, Copy)]
struct Scene {
    flow: &'static str,
    camera: &'static str,
}

const DEMO: Scene = Scene {
    flow: "demo.yaml",
    camera: "field",
};
const BOTTLE: Scene = Scene {
    flow: "bottle.yaml",
    camera: "table",
};
const PERSON: Scene = Scene {
    flow: "person.yaml",
    camera: "room",
};

/// Until the model is loaded, the plugins are compiled and the camera has answered.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Until a run that was asked to end has ended.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// Starts a flow with its camera at `url`.
fn watch(scene: Scene, url: &str, transport: &str, more: &[&str]) -> Result<Agave> {
    let Scene { flow: file, camera } = scene;
    let url = format!("cameras.{camera}.url={url}");
    let transport = format!("cameras.{camera}.transport={transport}");
    let mut arguments = vec!["--set", &url, "--set", &transport];
    arguments.extend(more);
    Agave::run(&flow(file), &arguments)
}

fn demo_clip() -> PathBuf {
    repository().join("models/yolov8n_pina/demo/demo.mp4")
}

fn says_no_password(outcome: &Outcome) {
    let output = &outcome.output;
    assert!(
        !output.stdout.contains(PASSWORD),
        "the password is in the output"
    );
    assert!(
        !output.stderr.contains(PASSWORD),
        "the password is in the log"
    );
}

/// A real clip once, in real time, with `seconds` a little over its length.
fn whole_clip(
    scene: Scene,
    clip: &str,
    login: Login<'_>,
    transport: &str,
    seconds: u64,
) -> Result<()> {
    let Some(data) = test_data() else {
        return Ok(());
    };
    let truth = Truth::of_real_clip(&data.join("truth.yaml"), clip)?;
    let server = RtspServer::start(&data.join(clip), Some(login), true)?;
    let url = server.url_with(USER, PASSWORD);
    let duration = format!("{seconds}s");
    let agave = watch(scene, &url, transport, &["--for", &duration])?;
    let outcome = agave.finish(Duration::from_secs(seconds) + START_LIMIT)?;
    says_no_password(&outcome);
    truth.compare(&outcome.alerts)
}

#[test]
fn bottles_over_udp_with_digest() -> Result<()> {
    whole_clip(BOTTLE, "bottle-detection.mp4", DIGEST, "udp", 46)
}

#[test]
fn people_over_tcp_with_basic() -> Result<()> {
    whole_clip(PERSON, "one-by-one-person-detection.mp4", BASIC, "tcp", 145)
}

/// A signal in mid-stream ends the run as it should end: goodbye, summary, success.
fn stopped_by(signal: Signal, transport: &str) -> Result<()> {
    let mut server = RtspServer::start(&demo_clip(), None, false)?;
    let mut agave = watch(DEMO, &server.url(), transport, &[])?;
    server.wait_for("play", START_LIMIT)?;
    // An alert: the stream is known to flow.
    agave.next_begin(START_LIMIT)?;
    agave.signal(signal)?;
    let outcome = agave.finish(STOP_LIMIT)?;
    assert!(outcome.summary.frames(DEMO.camera, "read")? > 0);
    server.wait_for("teardown", STOP_LIMIT)
}

#[test]
fn an_interrupt_says_goodbye_to_the_camera() -> Result<()> {
    stopped_by(Signal::INT, "tcp")
}

#[test]
fn a_termination_says_goodbye_to_the_camera() -> Result<()> {
    stopped_by(Signal::TERM, "udp")
}

#[test]
fn a_camera_that_comes_back_is_watched_again() -> Result<()> {
    let clip = demo_clip();
    let server = RtspServer::start(&clip, Some(DIGEST), false)?;
    let (port, url) = (server.port(), server.url_with(USER, PASSWORD));
    let mut agave = watch(DEMO, &url, "tcp", &[])?;
    agave.next_begin(START_LIMIT)?;
    server.kill()?;

    let mut server = RtspServer::start_on(port, &clip, Some(DIGEST), false)?;
    server.wait_for("play", START_LIMIT)?;
    // Only the second server gets as far as another incident.
    agave.next_begin(START_LIMIT)?;
    agave.signal(Signal::TERM)?;
    let outcome = agave.finish(STOP_LIMIT)?;
    assert!(begins(&outcome.alerts).len() >= 2);
    says_no_password(&outcome);
    Ok(())
}

#[test]
fn a_wrong_password_is_reported_and_not_shown() -> Result<()> {
    let right = Login {
        password: "another",
        ..DIGEST
    };
    let server = RtspServer::start(&demo_clip(), Some(right), false)?;
    let url = server.url_with(USER, PASSWORD);
    let agave = watch(DEMO, &url, "tcp", &["--for", "4s"])?;
    let outcome = agave.finish(START_LIMIT)?;
    assert_eq!(outcome.summary.frames(DEMO.camera, "read")?, 0);
    let said = &outcome.output.stderr;
    assert!(
        said.contains("401"),
        "nobody is told that the login is wrong"
    );
    says_no_password(&outcome);
    Ok(())
}
