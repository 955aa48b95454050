//! The files of a running flow are edited, replaced, halved and exchanged, and the flow goes on:
//! with what they say, or as it was.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use agave_tests::{Agave, Login, Process, Reload, RtspServer, Signal, Yard, repository};
use anyhow::{Context, Result, ensure};

/// From a save until what it did is told, on a busy machine.
const RELOAD_LIMIT: Duration = Duration::from_secs(60);
/// Until a run that was asked to end has ended.
const STOP_LIMIT: Duration = Duration::from_secs(20);

fn applied(agave: &mut Agave) -> Result<Reload> {
    told(agave, "applied")
}

fn told(agave: &mut Agave, result: &str) -> Result<Reload> {
    let reload = agave.next_reload(RELOAD_LIMIT)?;
    ensure!(reload.result == result, "not {result}: {reload:?}");
    ensure!(reload.flow == "yard" && reload.why == "files", "{reload:?}");
    Ok(reload)
}

#[test]
fn every_way_to_save_a_file_changes_the_flow_once() -> Result<()> {
    let yard = Yard::new()?;
    let mut agave = yard.run()?;
    let text = yard.flow("yard");

    // In place.
    yard.write("yard.yaml", text.replace("hold: 2s", "hold: 3s"))?;
    let reload = applied(&mut agave)?;
    assert_eq!(reload.files, [yard.at("yard.yaml")]);
    assert!(reload.changes_node("calm") && !reload.changes_node("rule"));

    // Renamed over.
    yard.save("yard.yaml", text.replace("hold: 2s", "hold: 4s"))?;
    assert!(applied(&mut agave)?.changes_node("calm"));

    // Moved away as a backup, and created anew.
    fs::rename(yard.at("yard.yaml"), yard.at("yard.yaml~"))?;
    yard.write("yard.yaml", text.replace("hold: 2s", "hold: 5s"))?;
    assert!(applied(&mut agave)?.changes_node("calm"));

    // Deleted, and created a second time.
    fs::remove_file(yard.at("yard.yaml"))?;
    yard.write("yard.yaml", text.replace("hold: 2s", "hold: 6s"))?;
    assert!(applied(&mut agave)?.changes_node("calm"));

    // A comment, and another order: other bytes that mean the same.
    let hold = text.replace("hold: 2s", "hold: 6s");
    yard.save("yard.yaml", format!("# all is well\n{hold}"))?;
    told(&mut agave, "unchanged")?;
    let (head, nodes) = hold.split_once("nodes:\n").context("it has nodes")?;
    let reversed: Vec<&str> = nodes.lines().rev().collect();
    let (head, cameras) = head.split_once("cameras:\n").context("it has cameras")?;
    let shuffled = format!("nodes:\n{}\ncameras:\n{cameras}{head}", reversed.join("\n"));
    yard.save("yard.yaml", shuffled)?;
    told(&mut agave, "unchanged")?;

    // And it still does what it is told.
    yard.save("yard.yaml", text)?;
    assert!(applied(&mut agave)?.changes_node("calm"));
    yard.finish(agave)?;
    Ok(())
}

#[test]
fn what_is_broken_is_told_once_and_what_ran_goes_on() -> Result<()> {
    let yard = Yard::new()?;
    let mut agave = yard.run()?;

    yard.edit("yard.yaml", "hold: 2s", "hold: soon")?;
    let refused = told(&mut agave, "refused")?;
    assert!(refused.problems().contains("yard.yaml:16:"), "{refused:?}");
    assert!(refused.problems().contains("`hold`"), "{refused:?}");
    let shown = agave.beside(["top"])?;
    assert!(shown.stdout.contains("what runs is not what the files say"));
    assert!(shown.stdout.contains("1 refused"), "{}", shown.stdout);

    // Only what a built flow can show.
    yard.edit("yard.yaml", "hold: soon", "hold: 2s")?;
    told(&mut agave, "unchanged")?;
    yard.edit("yard.yaml", "zone: forbidden", "zone: elsewhere")?;
    let refused = told(&mut agave, "refused")?;
    assert!(refused.problems().contains("elsewhere"), "{refused:?}");
    assert!(refused.problems().contains("yard.yaml:15:"), "{refused:?}");

    // Another name would be another flow.
    yard.edit("yard.yaml", "zone: elsewhere", "zone: forbidden")?;
    told(&mut agave, "unchanged")?;
    yard.edit("yard.yaml", "name: yard", "name: field")?;
    let refused = told(&mut agave, "refused")?;
    assert!(refused.problems().contains("'yard'"), "{refused:?}");

    // A plugin that is not there yet is what is missing.
    yard.edit("yard.yaml", "name: field", "name: yard")?;
    told(&mut agave, "unchanged")?;
    yard.edit("yard.yaml", "plugin: roi", "plugin: ./mine.wasm")?;
    let refused = told(&mut agave, "refused")?;
    assert!(refused.problems().contains("mine.wasm"), "{refused:?}");
    yard.save("mine.wasm", yard.plugin("roi")?)?;
    let mended = applied(&mut agave)?;
    assert_eq!(mended.files, [yard.at("mine.wasm")]);
    let shown = agave.beside(["top"])?;
    assert!(
        !shown.stdout.contains("what runs is not"),
        "{}",
        shown.stdout
    );

    // Gone for good: said once, and it is welcome back.
    let text = fs::read_to_string(yard.at("yard.yaml"))?;
    fs::remove_file(yard.at("yard.yaml"))?;
    let refused = told(&mut agave, "refused")?;
    assert!(refused.problems().contains("no such file"), "{refused:?}");
    yard.save("yard.yaml", text)?;
    told(&mut agave, "unchanged")?;
    yard.finish(agave)?;
    Ok(())
}

#[test]
fn half_a_file_is_refused_and_the_other_half_mends_it() -> Result<()> {
    let yard = Yard::new()?;
    yard.write("mine.wasm", yard.plugin("roi")?)?;
    yard.edit("yard.yaml", "plugin: roi", "plugin: ./mine.wasm")?;
    let mut agave = yard.run()?;

    let text = fs::read_to_string(yard.at("yard.yaml"))?.replace("hold: 2s", "hold: 3s");
    let middle = text.find("after:").context("the rule is in the middle")?;
    yard.write("yard.yaml", text.get(..middle).context("it is text")?)?;
    told(&mut agave, "refused")?;
    yard.write("yard.yaml", &text)?;
    assert!(applied(&mut agave)?.changes_node("calm"));

    // Another build of the plugin: the same with a section that says nothing.
    let mut build = yard.plugin("roi")?;
    build.extend(b"\x00\x05\x04note");
    yard.write("mine.wasm", build.get(..build.len() / 2).context("half")?)?;
    let refused = told(&mut agave, "refused")?;
    assert!(refused.problems().contains("mine.wasm"), "{refused:?}");
    yard.write("mine.wasm", &build)?;
    let reload = applied(&mut agave)?;
    assert!(reload.changes_node("zoned"), "{reload:?}");
    yard.finish(agave)?;
    Ok(())
}

/// Reads what passes a node until `wanted` holds for a line.
fn tapped(tap: &mut Process, wanted: impl Fn(&str) -> bool) -> Result<()> {
    while let Some(line) = tap.line("what was changed", RELOAD_LIMIT)? {
        if wanted(&line) {
            return Ok(());
        }
    }
    anyhow::bail!("the tap ended")
}

/// Another build of `plugin`: `from` is called `to` in it, which is as long.
fn rebuilt(plugin: &[u8], from: &str, to: &str) -> Result<Vec<u8>> {
    ensure!(from.len() == to.len(), "'{to}' moves everything behind it");
    let mut build = plugin.to_vec();
    let mut found = 0;
    for at in 0..build.len().saturating_sub(from.len()) {
        if let Some(here) = build.get_mut(at..at + from.len())
            && here == from.as_bytes()
        {
            here.copy_from_slice(to.as_bytes());
            found += 1;
        }
    }
    ensure!(found > 0, "'{from}' is not in the plugin");
    Ok(build)
}

#[test]
fn a_replaced_plugin_is_the_one_that_runs() -> Result<()> {
    let yard = Yard::new()?;
    let first = yard.plugin("forbidden-object")?;
    let second = rebuilt(&first, "forbidden-object", "unwanted--things")?;
    yard.write("mine.wasm", &first)?;
    let to_mine = ("plugin: forbidden-object", "plugin: ./mine.wasm");
    yard.edit("yard.yaml", to_mine.0, to_mine.1)?;
    let mut agave = yard.run()?;
    let mut tap = agave.start_beside(["tap", "rule", "--json"])?;
    let kind = |line: &str, kind: &str| line.contains(&format!(r#""kind":"{kind}""#));
    tapped(&mut tap, |line| kind(line, "forbidden-object"))?;
    yard.save("mine.wasm", &second)?;
    let reload = applied(&mut agave)?;
    assert!(reload.changes_node("rule") && !reload.changes_node("zoned"));
    tapped(&mut tap, |line| kind(line, "unwanted--things"))?;
    yard.save("mine.wasm", &first)?;
    assert!(applied(&mut agave)?.changes_node("rule"));
    tapped(&mut tap, |line| kind(line, "forbidden-object"))?;

    // One that cannot read what the one before it remembers is not put in its place.
    yard.edit("yard.yaml", "plugin: roi", "plugin: track")?;
    let refused = told(&mut agave, "refused")?;
    assert!(refused.problems().contains("node 'zoned'"), "{refused:?}");
    assert!(refused.problems().contains("state"), "{refused:?}");
    yard.finish(agave)?;
    Ok(())
}

#[test]
fn a_plugin_that_is_nearer_takes_the_place_of_the_one_that_runs() -> Result<()> {
    let yard = Yard::new()?;
    let mut agave = yard.run()?;
    let mut build = yard.plugin("debounce")?;
    build.extend(b"\x00\x05\x04note");
    fs::create_dir(yard.at("plugins"))?;
    yard.write("plugins/debounce.wasm", build)?;
    let reload = applied(&mut agave)?;
    assert!(reload.changes_node("calm") && !reload.changes_node("zoned"));
    assert_eq!(reload.files, [yard.at("plugins/debounce.wasm")]);
    fs::remove_dir_all(yard.at("plugins"))?;
    assert!(applied(&mut agave)?.changes_node("calm"));
    yard.finish(agave)?;
    Ok(())
}

#[test]
fn a_password_that_is_replaced_reaches_the_camera_at_once() -> Result<()> {
    let clip = repository().join("models/yolov8n_pina/demo/demo.mp4");
    let login = Login {
        scheme: "digest",
        user: "viewer",
        password: "the-new-one",
    };
    let camera = RtspServer::start(&clip, Some(login), false)?;
    let yard = Yard::new()?;
    let text = yard.flow("yard");
    let (before, rest) = text.split_once("url: ").context("it has a camera")?;
    let (_, after) = rest.split_once('\n').context("and more")?;
    let url = camera.url_with("viewer", "${secret:field}");
    yard.save("yard.yaml", format!("{before}url: \"{url}\"\n{after}"))?;
    fs::create_dir(yard.at("secrets"))?;
    yard.write("secrets/field", "the-old-one\n")?;
    let secrets = yard.at("secrets").display().to_string();
    let variables = [("AGAVE_SECRETS_DIR", secrets.as_str())];
    let mut agave = Agave::run_with(&yard.at("yard.yaml"), &["--workers", "1"], &variables)?;
    // After a refused login it would wait for a minute.
    agave.wait_until_shown("yard", " lost ", RELOAD_LIMIT)?;
    yard.write("secrets/field", "the-new-one\n")?;
    let reload = applied(&mut agave)?;
    assert_eq!(reload.files, [yard.at("secrets/field")]);
    agave.wait_until_live("yard", Duration::from_secs(30))?;
    agave.signal(Signal::TERM)?;
    let outcome = agave.finish(STOP_LIMIT)?;
    let printed = outcome.output.stdout + &outcome.output.stderr;
    assert!(!printed.contains("the-old-one") && !printed.contains("the-new-one"));
    Ok(())
}

#[test]
fn a_camera_with_a_file_of_its_own_comes_and_goes_with_it() -> Result<()> {
    let yard = Yard::new()?;
    let text = yard.flow("yard");
    let (models, rest) = text.split_once("cameras:\n").context("it has cameras")?;
    let (field, nodes) = rest.split_once("nodes:\n").context("it has nodes")?;
    fs::create_dir(yard.at("cameras"))?;
    yard.write("cameras/field.yaml", format!("cameras:\n{field}"))?;
    let main = format!("{models}include: cameras/*.yaml\nnodes:\n{nodes}");
    yard.save("yard.yaml", main)?;
    let mut agave = yard.run()?;
    let camera = |reload: &Reload, name: &str, change: &str| {
        let changed = reload.details.pointer(&format!("/cameras/{name}/change"));
        changed.is_some_and(|what| what == change)
    };

    let gate = field.replace("field:", "gate:");
    yard.write("cameras/gate.yaml", format!("cameras:\n{gate}"))?;
    let reload = applied(&mut agave)?;
    assert!(camera(&reload, "gate", "added"), "{reload:?}");
    assert!(!camera(&reload, "field", "changed"), "{reload:?}");
    agave.wait_until_shown("yard", "\ngate ", RELOAD_LIMIT)?;

    let zone = field.replace("0.205", "0.305");
    yard.write("cameras/field.yaml", format!("cameras:\n{zone}"))?;
    let reload = applied(&mut agave)?;
    assert_eq!(reload.files, [yard.at("cameras/field.yaml")]);
    assert!(camera(&reload, "field", "changed"), "{reload:?}");

    fs::remove_file(yard.at("cameras/gate.yaml"))?;
    let reload = applied(&mut agave)?;
    assert!(camera(&reload, "gate", "removed"), "{reload:?}");
    yard.finish(agave)?;
    Ok(())
}

#[test]
fn a_config_map_is_exchanged_whole() -> Result<()> {
    let yard = Yard::new()?;
    let version = |name: &str, hold: &str| -> Result<()> {
        fs::create_dir(yard.at(name))?;
        let text = yard.flow("yard").replace("hold: 2s", hold);
        yard.write(&format!("{name}/yard.yaml"), text)
    };
    // As the kubelet lays it out, and as it exchanges it.
    version("..2026_01", "hold: 2s")?;
    symlink("..2026_01", yard.at("..data"))?;
    fs::remove_file(yard.at("yard.yaml"))?;
    symlink("..data/yard.yaml", yard.at("yard.yaml"))?;
    let mut agave = yard.run()?;
    let mut before = "..2026_01".to_owned();
    for number in 2..5 {
        let next = format!("..2026_0{number}");
        version(&next, &format!("hold: {number}0s"))?;
        symlink(&next, yard.at("..data_tmp"))?;
        fs::rename(yard.at("..data_tmp"), yard.at("..data"))?;
        fs::remove_dir_all(yard.at(&before))?;
        assert!(applied(&mut agave)?.changes_node("calm"));
        before = next;
    }
    yard.finish(agave)?;
    Ok(())
}
