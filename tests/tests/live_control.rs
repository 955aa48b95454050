//! The commands that reach into a running flow: reload, plan, tap, top; SIGHUP; the socket
//! between them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use agave_tests::{Agave, Signal, Yard, agave, flow};
use anyhow::{Context, Result, ensure};
use serde_json::Value;

const RELOAD_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(20);

#[test]
fn a_reload_on_request_says_what_it_did() -> Result<()> {
    let yard = Yard::new()?;
    let mut running = yard.run()?;
    let same = running.beside(["reload"])?;
    assert!(same.status.success(), "{}", same.stderr);
    assert!(
        same.stdout.contains("nothing is different"),
        "{}",
        same.stdout
    );
    assert_eq!(running.next_reload(RELOAD_LIMIT)?.why, "command");

    // Many in a row, each with another change, half of them broken.
    for number in 1..=20 {
        let good = format!("hold: {number}s");
        let bad = format!("hold: {number}x");
        let base = yard.flow("yard");
        yard.save("yard.yaml", base.replace("hold: 2s", &bad))?;
        let refused = running.beside(["reload", "yard"])?;
        ensure!(refused.status.code() == Some(1), "{}", refused.stdout);
        ensure!(refused.stderr.contains("`hold`"), "{}", refused.stderr);
        yard.save("yard.yaml", base.replace("hold: 2s", &good))?;
        let path = yard.at("yard.yaml");
        let applied = running.beside(["reload".as_ref(), path.as_os_str()])?;
        ensure!(applied.status.success(), "{}", applied.stderr);
    }
    // What a reload on request has read, the watch does not tell again. It may have been first.
    let last = loop {
        let reload = running.next_reload(RELOAD_LIMIT)?;
        let config = reload.details.pointer("/nodes/calm/what/0/now");
        if config.is_some_and(|now| now == "hold: 20s") {
            break reload;
        }
    };
    assert_eq!(last.result, "applied");

    running.signal(Signal::HUP)?;
    // Where the watch was first, the command finds nothing new, and says so before.
    let reload = loop {
        let reload = running.next_reload(RELOAD_LIMIT)?;
        if reload.why == "signal" {
            break reload;
        }
    };
    assert_eq!(reload.result, "unchanged");
    let outcome = yard.finish(running)?;
    assert!(outcome.output.stderr.contains("flow 'yard': SIGHUP"));
    Ok(())
}

#[test]
fn a_plan_says_what_would_change_and_changes_nothing() -> Result<()> {
    let yard = Yard::new()?;
    let running = yard.run()?;
    let changed = yard
        .flow("yard")
        .replace("hold: 2s", "hold: 9s")
        .replace("fps: 2", "fps: 3");
    yard.write("next.yaml", &changed)?;
    let next = yard.at("next.yaml");
    let planned = running.beside(["plan".as_ref(), next.as_os_str()])?;
    ensure!(planned.status.success(), "{}", planned.stderr);
    for expected in [
        "~ node 'calm': state kept, new instances",
        "hold: 2s → hold: 9s",
        "~ camera 'field': reconnects",
        "fps: 2 → 3",
    ] {
        ensure!(planned.stdout.contains(expected), "{}", planned.stdout);
    }
    let again = running.beside(["plan".as_ref(), yard.at("yard.yaml").as_os_str()])?;
    assert_eq!(again.stdout, "nothing changes\n");

    // Two files, and no running flow.
    let now = yard.at("yard.yaml");
    let files = [
        "plan".as_ref(),
        next.as_os_str(),
        "--from".as_ref(),
        now.as_os_str(),
    ];
    assert_eq!(agave(files)?.stdout, planned.stdout);

    yard.write("broken.yaml", changed.replace("hold: 9s", "hold: 9x"))?;
    let broken = running.beside(["plan".as_ref(), yard.at("broken.yaml").as_os_str()])?;
    assert_eq!(broken.status.code(), Some(1));
    assert!(broken.stderr.contains("`hold`"), "{}", broken.stderr);

    let outcome = yard.finish(running)?;
    assert!(outcome.reloads.is_empty(), "{:?}", outcome.reloads);

    let nothing_runs = agave(["plan".as_ref(), now.as_os_str()])?;
    ensure!(nothing_runs.status.success(), "{}", nothing_runs.stderr);
    assert!(nothing_runs.stderr.contains("does not run"));
    assert!(
        nothing_runs.stdout.contains("+ node 'calm'"),
        "{}",
        nothing_runs.stdout
    );
    Ok(())
}

#[test]
fn taps_and_top_show_a_running_flow_and_go() -> Result<()> {
    let yard = Yard::new()?;
    let running = yard.run()?;

    let mut tap = running.start_beside(["tap", "zoned"])?;
    let frame = tap.line("a frame", RELOAD_LIMIT)?.context("a frame")?;
    ensure!(
        frame.contains("field") && frame.contains("detections"),
        "{frame}"
    );
    let detection = tap.line("a detection", RELOAD_LIMIT)?.context("one")?;
    ensure!(detection.starts_with("    "), "{detection}");
    tap.kill()?;

    let mut tap = running.start_beside(["tap", "calm", "--json", "--flow", "yard"])?;
    let alert = tap.line("an alert", RELOAD_LIMIT)?.context("an alert")?;
    let alert: Value = serde_json::from_str(&alert)?;
    let kind = alert.pointer("/passed/alert/kind").and_then(Value::as_str);
    assert_eq!(kind, Some("forbidden-object"), "{alert}");

    let wrong = running.beside(["tap", "zond"])?;
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        wrong.stderr.contains("did you mean 'zoned'?"),
        "{}",
        wrong.stderr
    );

    let shown = running.beside(["top", "--once"])?;
    let nodes = ["detect", "zoned", "rule", "calm"];
    for wanted in nodes.iter().chain(&["yard", "live", "p99 ms"]) {
        ensure!(shown.stdout.contains(wanted), "{}", shown.stdout);
    }
    let json = running.beside(["top", "--json"])?;
    let json: Value = serde_json::from_str(&json.stdout)?;
    let names: Vec<&str> = json
        .pointer("/0/nodes")
        .and_then(Value::as_array)
        .context("it has nodes")?
        .iter()
        .filter_map(|node| node.get("name")?.as_str())
        .collect();
    assert_eq!(names, nodes);

    yard.finish(running)?;
    // Whoever looks on sees that it is over.
    ensure!(tap.finish(STOP_LIMIT)?.status.success(), "the tap failed");
    Ok(())
}

#[test]
fn a_socket_is_its_owners_and_one_processs() -> Result<()> {
    let yard = Yard::new()?;
    let first = yard.run()?;
    let socket = first.state().join("yard/control.sock");
    let mode = fs::metadata(&socket)?.permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let state = first.state().to_str().context("a path is text")?;
    let second = Agave::run(
        &yard.at("yard.yaml"),
        &[
            "--for",
            "2s",
            "--state",
            state,
            "--no-state",
            "--set",
            "cameras.field.fps=1",
        ],
    )?;
    let complaints = second.finish(RELOAD_LIMIT)?.output.stderr;
    assert!(
        complaints.contains("another process runs a flow of this name"),
        "{complaints}"
    );
    // The first one is still to be reached.
    let reloaded = first.beside(["reload"])?;
    ensure!(reloaded.status.success(), "{}", reloaded.stderr);
    let state = tempfile::tempdir()?;
    fs::create_dir(state.path().join("yard"))?;
    fs::rename(&socket, state.path().join("yard/control.sock"))?;
    first.signal(Signal::KILL)?;
    let nobody = agave([
        "reload".as_ref(),
        "--state".as_ref(),
        state.path().as_os_str(),
    ])?;
    assert_eq!(nobody.status.code(), Some(1));
    assert!(
        nobody.stderr.contains("no flow is running"),
        "{}",
        nobody.stderr
    );
    Ok(())
}

#[test]
fn a_graph_is_drawn_without_running_anything() -> Result<()> {
    let drawn = agave(["graph".as_ref(), flow("demo.yaml").as_os_str()])?;
    ensure!(drawn.status.success(), "{}", drawn.stderr);
    assert!(
        drawn.stdout.starts_with("flowchart LR\n"),
        "{}",
        drawn.stdout
    );
    assert!(
        drawn.stdout.contains("-- detections -->"),
        "{}",
        drawn.stdout
    );
    let demo = flow("demo.yaml");
    let dot = ["graph".as_ref(), "--format=dot".as_ref(), demo.as_os_str()];
    let drawn = agave(dot)?;
    assert!(
        drawn.stdout.starts_with("digraph \"demo\" {\n"),
        "{}",
        drawn.stdout
    );
    Ok(())
}
