//! `agave record` and `agave replay`: what the models saw, and the same alerts from it, byte by
//! byte, however often and however compiled.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use agave_tests::{Finished, agave, agave_with, agave_within, crates, flow, repository};
use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Building four small crates for WebAssembly.
const BUILD_LIMIT: Duration = Duration::from_secs(600);
const RUN_LIMIT: Duration = Duration::from_secs(120);

/// The demo with things followed through it: floats in every frame, and state.
fn tracked_demo(folder: &Path) -> Result<PathBuf> {
    let demo = fs::read_to_string(flow("demo.yaml"))?;
    let (nodes, _) = demo.split_once("\ntests:").context("the demo has tests")?;
    let models = repository().join("models");
    let text = nodes
        .replace("../models", &models.display().to_string())
        .replace("    from: zoned\n", "    from: tracked\n")
        .replace(
            "  forbidden:\n    plugin",
            "  tracked: { plugin: track, from: zoned }\n  forbidden:\n    plugin",
        );
    ensure!(
        text.contains("from: tracked"),
        "the demo has changed:\n{text}"
    );
    let file = folder.join("tracked.yaml");
    fs::write(&file, text)?;
    Ok(file)
}

struct Recorded {
    folder: tempfile::TempDir,
    flow: PathBuf,
    recording: PathBuf,
    /// The alerts of the run that was recorded, line by line.
    alerts: Vec<String>,
}

impl Recorded {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let flow = tracked_demo(folder.path())?;
        let recording = folder.path().join("demo.agrec");
        let arguments: [&OsStr; 5] = [
            "record".as_ref(),
            flow.as_ref(),
            "--out".as_ref(),
            recording.as_ref(),
            "--json".as_ref(),
        ];
        let ran = agave_within(RUN_LIMIT, arguments)?;
        ensure!(ran.status.success(), "{}", ran.stderr);
        let alerts = alerts(&ran);
        ensure!(!alerts.is_empty(), "the demo has incidents");
        Ok(Self {
            folder,
            flow,
            recording,
            alerts,
        })
    }

    fn replay(&self, more: &[&str], variables: &[(&str, &OsStr)]) -> Result<Finished> {
        let arguments: [&OsStr; 5] = [
            "replay".as_ref(),
            self.recording.as_ref(),
            "--flow".as_ref(),
            self.flow.as_ref(),
            "--json".as_ref(),
        ];
        let more = more.iter().map(|&one| one.as_ref());
        agave_with(variables, arguments.into_iter().chain(more))
    }

    /// The same recording without its last `bytes`.
    fn cut(&self, bytes: usize) -> Result<PathBuf> {
        let whole = fs::read(&self.recording)?;
        let file = self.folder.path().join("cut.agrec");
        let length = whole.len().saturating_sub(bytes);
        fs::write(&file, whole.get(..length).unwrap_or_default())?;
        Ok(file)
    }
}

fn alerts(ran: &Finished) -> Vec<String> {
    let lines = ran.stdout.lines();
    let alerts = lines.filter(|line| !line.starts_with("{\"summary\""));
    alerts.map(str::to_owned).collect()
}

fn summary(ran: &Finished) -> Result<Value> {
    let last = ran.stdout.lines().last().context("nothing was printed")?;
    let summary: Value = serde_json::from_str(last)?;
    summary.get("summary").cloned().context("no summary")
}

#[test]
fn a_recording_is_not_written_over_something_else() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let flow = folder.path().join("flow.yaml");
    let demo = std::fs::read_to_string(repository().join("flows/demo.yaml"))?;
    let models = repository().join("models").display().to_string();
    std::fs::write(&flow, demo.replace("../models", &models))?;
    let before = std::fs::read(&flow)?;
    let recorded = agave([
        "record".as_ref(),
        flow.as_os_str(),
        "--out".as_ref(),
        flow.as_os_str(),
    ])?;
    assert!(!recorded.status.success());
    assert!(
        recorded.stderr.contains("is no recording"),
        "{}",
        recorded.stderr
    );
    assert_eq!(std::fs::read(&flow)?, before);
    Ok(())
}

#[test]
fn a_replay_gives_the_alerts_of_the_run_byte_by_byte() -> Result<()> {
    let recorded = Recorded::new()?;
    let first = recorded.replay(&[], &[])?;
    assert!(first.status.success(), "{}", first.stderr);
    assert_eq!(alerts(&first), recorded.alerts);
    let again = recorded.replay(&[], &[])?;
    assert_eq!(first.stdout, again.stdout);
    let summary = summary(&first)?;
    for node in summary
        .get("nodes")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let number = |key: &str| node.1.get(key).and_then(Value::as_u64).unwrap_or(0);
        let dropped = node.1.get("dropped").and_then(Value::as_object);
        let dropped: u64 = dropped
            .into_iter()
            .flatten()
            .filter_map(|(_, n)| n.as_u64())
            .sum();
        assert_eq!(
            number("in"),
            number("out") + dropped + number("waiting"),
            "{node:?}"
        );
    }
    let whole = summary.pointer("/recording/whole").and_then(Value::as_bool);
    assert_eq!(whole, Some(true));
    Ok(())
}

/// The plugins again, compiled by the Rust compiler without optimisation and with its checks of
/// overflow, and by the engine without optimisation: other machine code, the same bytes.
#[test]
fn other_optimisation_levels_give_the_same_bytes() -> Result<()> {
    let recorded = Recorded::new()?;
    let expected = recorded.replay(&[], &[])?.stdout;
    let by_engine = recorded.replay(&[], &[("AGAVE_OPTIMISE", "none".as_ref())])?;
    assert!(by_engine.status.success(), "{}", by_engine.stderr);
    assert_eq!(by_engine.stdout, expected);

    let plugins = recorded.folder.path().join("unoptimised");
    build_without_optimisation(&plugins)?;
    let other: [(&str, &OsStr); 1] = [("AGAVE_PLUGINS", plugins.as_ref())];
    let by_compiler = recorded.replay(&[], &other)?;
    assert!(by_compiler.status.success(), "{}", by_compiler.stderr);
    assert_eq!(by_compiler.stdout, expected);
    Ok(())
}

fn build_without_optimisation(out: &Path) -> Result<()> {
    let folders = ["roi", "track", "forbidden-object", "debounce"];
    let folders = folders.map(|name| repository().join("plugins").join(name));
    let mut arguments: Vec<&OsStr> = vec!["plugin".as_ref(), "build".as_ref()];
    arguments.extend(folders.iter().map(|folder| folder.as_os_str()));
    arguments.extend::<[&OsStr; 2]>(["--out".as_ref(), out.as_ref()]);
    let target = crates()?.join("unoptimised");
    let variables: [(&str, &OsStr); 6] = [
        ("CARGO_TARGET_DIR", target.as_ref()),
        ("CARGO_PROFILE_PLUGIN_OPT_LEVEL", "0".as_ref()),
        ("CARGO_PROFILE_PLUGIN_LTO", "off".as_ref()),
        ("CARGO_PROFILE_PLUGIN_CODEGEN_UNITS", "16".as_ref()),
        ("CARGO_PROFILE_PLUGIN_OVERFLOW_CHECKS", "true".as_ref()),
        ("CARGO_PROFILE_PLUGIN_DEBUG_ASSERTIONS", "true".as_ref()),
    ];
    let built = agave_tests::agave_with_within(BUILD_LIMIT, &variables, arguments)?;
    ensure!(built.status.success(), "{}", built.stderr);
    Ok(())
}

#[test]
fn a_recording_that_was_cut_off_is_replayed_as_far_as_it_goes() -> Result<()> {
    let recorded = Recorded::new()?;
    for bytes in [1, 40_000] {
        let cut = recorded.cut(bytes)?;
        let arguments: [&OsStr; 5] = [
            "replay".as_ref(),
            cut.as_ref(),
            "--flow".as_ref(),
            recorded.flow.as_ref(),
            "--json".as_ref(),
        ];
        let ran = agave(arguments)?;
        assert!(ran.status.success(), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("the recording was cut off"),
            "{}",
            ran.stderr
        );
        let got = alerts(&ran);
        assert_eq!(got, recorded.alerts.get(..got.len()).unwrap_or_default());
        let whole = summary(&ran)?
            .pointer("/recording/whole")
            .and_then(Value::as_bool);
        assert_eq!(whole, Some(false));
    }
    Ok(())
}

#[test]
fn damage_ends_a_replay_with_its_place() -> Result<()> {
    let recorded = Recorded::new()?;
    let mut bytes = fs::read(&recorded.recording)?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 0x55;
    }
    fs::write(&recorded.recording, &bytes)?;
    let ran = recorded.replay(&[], &[])?;
    assert_eq!(ran.status.code(), Some(1));
    assert!(ran.stderr.contains("byte "), "{}", ran.stderr);
    fs::write(&recorded.recording, "version: 1\n")?;
    let ran = recorded.replay(&[], &[])?;
    assert_eq!(ran.status.code(), Some(1));
    assert!(
        ran.stderr.contains("this is not a recording"),
        "{}",
        ran.stderr
    );
    Ok(())
}

#[test]
fn a_recording_comes_through_a_pipe_too() -> Result<()> {
    let recorded = Recorded::new()?;
    let expected = recorded.replay(&[], &[])?.stdout;
    let program = agave_tests::program()?;
    let output = Command::new(program)
        .args(["replay", "-", "--json", "--flow"])
        .arg(&recorded.flow)
        .env("AGAVE_PLUGINS", agave_tests::plugin_folders()?)
        .stdin(Stdio::from(fs::File::open(&recorded.recording)?))
        .output()?;
    assert_eq!(String::from_utf8(output.stdout)?, expected);
    Ok(())
}

/// The recording's camera plays another one, of a flow whose model, secret and receiver are
/// nowhere.
#[test]
fn a_replay_needs_neither_camera_nor_model_nor_secret() -> Result<()> {
    let recorded = Recorded::new()?;
    let text = fs::read_to_string(&recorded.flow)?;
    let models = repository().join("models").display().to_string();
    let elsewhere = text
        .replace(
            &format!("{models}/yolov8n_pina/1/model.onnx"),
            "/nowhere/model.onnx",
        )
        .replace(
            &format!("{models}/yolov8n_pina/demo/demo.mp4"),
            "\"rtsp://${secret:gate-login}@10.0.0.5/stream\"",
        )
        .replace("  field:\n", "  gate:\n")
        + "  hook:\n    plugin: webhook\n    from: calm\n    config: { url: \
           \"https://example.org/alerts\" }\n    allow: { http: [\"https://example.org\"] }\n";
    ensure!(elsewhere.contains("/nowhere/"), "{elsewhere}");
    fs::write(&recorded.flow, elsewhere)?;

    let wrong = recorded.replay(&[], &[])?;
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        wrong
            .stderr
            .contains("camera 'gate' is not in the recording; there is only 'field'"),
        "{}",
        wrong.stderr
    );
    let ran = recorded.replay(&["--camera", "field=gate"], &[])?;
    assert!(ran.status.success(), "{}", ran.stderr);
    assert_eq!(alerts(&ran).len(), recorded.alerts.len());
    let not_run = summary(&ran)?.pointer("/not_run/0").cloned();
    assert_eq!(not_run, Some(Value::from("hook")));
    Ok(())
}

#[test]
fn a_model_that_saw_nothing_is_said_with_what_may_be_meant() -> Result<()> {
    let recorded = Recorded::new()?;
    let text = fs::read_to_string(&recorded.flow)?;
    let text = text
        .replace("  pina:\n", "  pino:\n")
        .replace("infer: pina", "infer: pino");
    fs::write(&recorded.flow, text)?;
    let ran = recorded.replay(&[], &[])?;
    assert_eq!(ran.status.code(), Some(1));
    assert!(
        ran.stderr.contains("did you mean 'pina'?"),
        "{}",
        ran.stderr
    );
    Ok(())
}

#[test]
fn a_test_of_a_flow_plays_a_recording() -> Result<()> {
    let recorded = Recorded::new()?;
    let mut text = fs::read_to_string(&recorded.flow)?;
    text.push_str(
        "tests:\n  - name: as it was recorded\n    camera: field\n    given: { recording: \
         demo.agrec }\n    expect: { forbidden: [{ phase: begin }] }\n",
    );
    fs::write(&recorded.flow, &text)?;
    let arguments: [&OsStr; 2] = ["test".as_ref(), recorded.flow.as_ref()];
    let ran = agave(arguments)?;
    // The recording has more in it than the test expects, and the test says what.
    assert_eq!(ran.status.code(), Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("nothing expects"), "{}", ran.stdout);
    let arguments: [&OsStr; 3] = ["test".as_ref(), recorded.flow.as_ref(), "--json".as_ref()];
    let ran = agave(arguments)?;
    let line = ran.stdout.lines().next().context("no test")?;
    let test: Value = serde_json::from_str(line)?;
    let came = test
        .pointer("/nodes/forbidden/came")
        .and_then(Value::as_array);
    assert_eq!(came.map_or(0, Vec::len), recorded.alerts.len());
    Ok(())
}
