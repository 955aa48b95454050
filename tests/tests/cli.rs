//! The commands beside `run`, and how `run` ends: what a person sees when something is wrong,
//! and when nothing is.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use agave_tests::{Agave, Backlog, agave, agave_in, flow, repository, test_data};
use anyhow::{Context, Result};
use serde_json::Value;

const BROKEN: &str = "\
version: 1
name: broken
models:
  pina: { path: model.onnx }
cameras:
  gate:
    url: clip.mp4
    fsp: 8
nodes:
  detect: { infer: pina, from: camera }
";

#[test]
fn check_names_the_place_of_every_mistake_at_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("broken.yaml");
    fs::write(&file, BROKEN)?;
    let checked = agave(["check".as_ref(), file.as_os_str()])?;
    assert_eq!(checked.status.code(), Some(1));
    let said = checked.stderr + &checked.stdout;
    assert!(
        said.contains("broken.yaml:8:5"),
        "an unknown key has its place:\n{said}"
    );
    assert!(said.contains("'fps'"), "and a hint:\n{said}");
    assert!(
        said.contains("broken.yaml:10:"),
        "a missing name has its place:\n{said}"
    );
    Ok(())
}

#[test]
fn check_leaves_alone_what_the_running_flow_has() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let demo = fs::read_to_string(flow("demo.yaml"))?;
    let demo = demo.replace(
        "../models",
        &repository().join("models").display().to_string(),
    );
    let (nodes, _tests) = demo.split_once("\ntests:").context("the demo has tests")?;
    let sinks = format!(
        "  trail: {{ store: alerts, from: calm }}\n\
         \x20 device:\n    serve: isapi\n    from: calm\n    device: {{ listen: \"{}\", username: anna, password: Pass1234 }}\n",
        taken.local_addr()?
    );
    let file = folder.path().join("sinks.yaml");
    fs::write(&file, format!("{nodes}\n{sinks}"))?;
    let checked = agave(["check".as_ref(), file.as_os_str()])?;
    assert!(checked.status.success(), "{}", checked.stderr);
    assert!(checked.stdout.contains("no errors"), "{}", checked.stdout);
    Ok(())
}

#[test]
fn check_looks_at_a_file_as_an_override_leaves_it() -> Result<()> {
    let demo = repository().join("flows/demo.yaml");
    let wrong = "nodes.calm.config.hold=soon";
    let checked = agave([
        "check".as_ref(),
        "--set".as_ref(),
        wrong.as_ref(),
        demo.as_os_str(),
    ])?;
    assert_eq!(checked.status.code(), Some(1));
    let said = checked.stderr + &checked.stdout;
    assert!(said.contains("hold"), "the override is named:\n{said}");
    Ok(())
}

#[test]
fn check_passes_what_is_shipped() -> Result<()> {
    if test_data().is_none() {
        return Ok(());
    }
    let mut flows: Vec<PathBuf> = fs::read_dir(repository().join("flows"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    flows.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    assert!(flows.len() >= 3, "{flows:?}");
    let mut arguments = vec![PathBuf::from("check")];
    arguments.extend(flows);
    let checked = agave(&arguments)?;
    assert!(checked.status.success(), "{}", checked.stderr);
    Ok(())
}

#[test]
fn the_schema_in_the_repository_is_that_of_the_program() -> Result<()> {
    let printed = agave(["schema"])?;
    assert!(printed.status.success(), "{}", printed.stderr);
    let printed: Value = serde_json::from_str(&printed.stdout)?;
    let kept = fs::read_to_string(flow("flow.schema.json"))
        .context("flows/flow.schema.json is missing: run cargo xtask schema")?;
    let kept: Value = serde_json::from_str(&kept)?;
    assert!(
        printed == kept,
        "run cargo xtask schema and commit what it writes"
    );
    assert!(
        printed.pointer("/properties/cameras").is_some(),
        "{printed}"
    );
    Ok(())
}

#[test]
fn a_code_is_explained_and_a_wrong_one_led_right() -> Result<()> {
    let page = agave(["explain", "E012"])?;
    assert!(page.status.success());
    for expected in ["E012, error: ", "Wrong:", "Right:", "zonez"] {
        assert!(page.stdout.contains(expected), "{}", page.stdout);
    }
    let all = agave(["explain"])?;
    assert!(all.stdout.starts_with("E001  "), "{}", all.stdout);
    assert!(all.stdout.contains("\nW054  "), "{}", all.stdout);
    let wrong = agave(["explain", "E0122"])?;
    assert!(!wrong.status.success());
    assert!(
        wrong.stderr.contains("did you mean 'E012'?"),
        "{}",
        wrong.stderr
    );
    Ok(())
}

/// Those that only a built flow shows have a place like all others.
#[test]
fn what_only_a_built_flow_shows_has_a_place() -> Result<()> {
    let demo = fs::read_to_string(repository().join("flows/demo.yaml"))?;
    let models = repository().join("models").display().to_string();
    let demo = demo.replace("../models", &models);
    let onnx = format!("{models}/yolov8n_pina/1/model.onnx");
    for (flow, code, line) in [
        (
            // In the node; its tests come later.
            demo.replacen("zone: forbidden", "zone: nope", 1),
            "E045",
            "zone: nope",
        ),
        (demo.replace(&onnx, "flow.yaml"), "E044", "path: flow.yaml"),
    ] {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("flow.yaml");
        fs::write(&file, &flow)?;
        let checked = agave(["check".as_ref(), file.as_os_str()])?;
        assert_eq!(checked.status.code(), Some(1));
        let at = flow.lines().position(|one| one.contains(line));
        let place = format!("flow.yaml:{}:", at.context("the line is there")? + 1);
        for expected in [&place, &format!("error[{code}]"), "^^^"] {
            assert!(
                checked.stderr.contains(expected),
                "{expected}\n{}",
                checked.stderr
            );
        }
    }
    Ok(())
}

#[test]
fn inspect_shows_the_role_of_a_plugin() -> Result<()> {
    for (plugin, role) in [
        ("roi", "filter"),
        ("forbidden-object", "rule"),
        ("webhook", "adapter"),
    ] {
        let shown = agave(["plugin", "inspect", plugin])?;
        assert!(shown.status.success(), "{}", shown.stderr);
        assert!(
            shown.stdout.contains(role),
            "{plugin} is a {role}:\n{}",
            shown.stdout
        );
    }
    Ok(())
}

#[test]
fn a_run_for_some_seconds_ends_early_with_a_summary() -> Result<()> {
    let agave = Agave::run(
        &flow("demo.yaml"),
        &["--for", "2s", "--set", "cameras.field.pace=realtime"],
    )?;
    let outcome = agave.finish(Duration::from_secs(30))?;
    let read = outcome.summary.frames("field", "read")?;
    assert!(read > 0, "nothing was read");
    // In real time the clip of about 20 s is far from over.
    let whole = Agave::run(&flow("demo.yaml"), &[])?.finish(Duration::from_secs(120))?;
    let all = whole.summary.frames("field", "read")?;
    assert!(read < all / 2, "{read} of {all} frames in 2 seconds");
    Ok(())
}

/// What it does is seen in the summary: the same frames as often as they were read, all in one
/// stream that nothing but the time ends.
#[test]
fn a_clip_that_is_repeated_goes_on_until_the_time_is_over() -> Result<()> {
    let arguments = [
        "--for",
        "10s",
        "--set",
        "cameras.field.repeat=true",
        "--set",
        "cameras.field.fps=1",
    ];
    let agave = Agave::run(&flow("demo.yaml"), &arguments)?;
    let outcome = agave.finish(Duration::from_secs(60))?;
    let read = outcome.summary.frames("field", "read")?;
    assert!(read > 2 * 570, "{read} frames in 10 seconds");
    Ok(())
}

#[test]
fn a_flow_that_is_over_says_what_still_waits() -> Result<()> {
    let node = "plugin: webhook\n\
                config: { url: \"http://127.0.0.1:9/\" }\n\
                allow: { http: [\"http://127.0.0.1:9\"] }";
    for (alerts, wanted) in [
        (0, "the flow 'backlog' does not run, and nothing waits\n"),
        (
            1,
            "the flow 'backlog' does not run; in its store:\nout: 1 wait, 0 dead letters\n",
        ),
    ] {
        let backlog = Backlog::new(alerts, node, "")?;
        let state = backlog.state();
        let state = state.parent().and_then(Path::to_str);
        let state = state.context("a path that is not text")?;
        let said = agave(["outbox", "status", "backlog", "--state", state])?;
        assert!(said.stdout.starts_with(wanted), "{}", said.stdout);
    }
    Ok(())
}

#[test]
fn who_names_no_dead_letter_is_told_of_all() -> Result<()> {
    for remedy in ["retry", "drop"] {
        let refused = agave(["dead-letters", remedy])?;
        assert_eq!(refused.status.code(), Some(2));
        assert!(refused.stderr.contains("--all"), "{}", refused.stderr);
        let both = agave(["dead-letters", remedy, "3", "--all"])?;
        assert_eq!(both.status.code(), Some(2));
    }
    Ok(())
}

#[test]
fn a_missing_flow_is_named() -> Result<()> {
    let ran = agave(["run", "flows/no-such-flow.yaml"])?;
    assert_eq!(ran.status.code(), Some(1));
    assert!(
        ran.stderr.contains("flows/no-such-flow.yaml"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    Ok(())
}

/// What is wrong with what was asked for is said before a flow is begun.
#[test]
fn nothing_is_begun_where_nothing_runs() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let limit = Duration::from_secs(60);
    let refused = agave_in(folder.path(), limit, ["run", "--listen", "0.0.0.0:0"])?;
    assert_eq!(refused.status.code(), Some(1), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("--clear-text"),
        "{}",
        refused.stderr
    );
    assert!(!folder.path().join("agave.yaml").exists());
    Ok(())
}
