//! Several flows in one process: they share it, and nothing else.

use std::time::Duration;

use agave_tests::{Agave, Signal, Yard, agave};
use anyhow::{Result, ensure};

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn what_happens_to_one_flow_happens_to_no_other() -> Result<()> {
    let yard = Yard::new()?;
    // A clip that is over while the other goes on, and a plugin that traps at each frame.
    let clip = agave_tests::repository().join("models/yolov8n_pina/demo/demo.mp4");
    let url = |text: &str| {
        let start = text.find("url: ").unwrap_or(0);
        let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        text[start..end].to_owned()
    };
    let text = yard.flow("short");
    let short = text
        .replace(&url(&text), &format!("url: \"{}\"", clip.display()))
        .replace(
            "{ plugin: roi, from: detect }",
            "{ plugin: chaos, from: detect, config: { mode: trap, camera: field } }",
        );
    yard.write("short.yaml", short)?;
    let files = [yard.at("yard.yaml"), yard.at("short.yaml")];
    let mut both = Agave::run_all(&[&files[0], &files[1]], &["--workers", "1"])?;
    both.wait_until_live("yard", LIMIT)?;

    // The one that ended says so, and the other goes on.
    let short = both.next_summary(LIMIT)?;
    assert_eq!(short.flow()?, "short");
    ensure!(short.dropped("zoned", "trap")? > 0, "the plugin trapped");
    short.check_ledger()?;

    let none = both.beside(["reload", "short"])?;
    assert_eq!(none.status.code(), Some(1));
    assert!(
        none.stderr.contains("what runs is 'yard'"),
        "{}",
        none.stderr
    );

    yard.edit("short.yaml", "hold: 2s", "hold: 3s")?;
    yard.edit("yard.yaml", "hold: 2s", "hold: 4s")?;
    let reload = both.next_reload(LIMIT)?;
    assert_eq!(
        (reload.flow.as_str(), reload.result.as_str()),
        ("yard", "applied")
    );
    // An incident begins in every showing of the clip.
    let alert = both.next_begin(LIMIT)?;
    assert_eq!(alert.flow(), "yard");
    both.signal(Signal::TERM)?;
    let outcome = both.finish(LIMIT)?;
    assert_eq!(outcome.summaries.len(), 2);
    assert_eq!(outcome.summary.flow()?, "yard");
    assert_eq!(outcome.summary.failures("zoned")?, 0);
    Ok(())
}

#[test]
fn two_live_flows_are_changed_each_by_itself() -> Result<()> {
    let yard = Yard::new()?;
    yard.write("gate.yaml", yard.flow("gate"))?;
    let files = [yard.at("yard.yaml"), yard.at("gate.yaml")];
    let mut both = Agave::run_all(&[&files[0], &files[1]], &["--workers", "1"])?;
    both.wait_until_live("yard", LIMIT)?;
    both.wait_until_live("gate", LIMIT)?;

    yard.edit("gate.yaml", "hold: 2s", "hold: x")?;
    let reload = both.next_reload(LIMIT)?;
    assert_eq!(
        (reload.flow.as_str(), reload.result.as_str()),
        ("gate", "refused")
    );
    yard.edit("yard.yaml", "hold: 2s", "hold: 3s")?;
    let reload = both.next_reload(LIMIT)?;
    assert_eq!(
        (reload.flow.as_str(), reload.result.as_str()),
        ("yard", "applied")
    );

    let which = both.beside(["reload"])?;
    assert_eq!(which.status.code(), Some(1));
    assert!(which.stderr.contains("say which one"), "{}", which.stderr);
    let shown = both.beside(["top"])?;
    assert!(shown.stdout.contains("\ngate ") || shown.stdout.starts_with("gate "));

    both.signal(Signal::HUP)?;
    let mut results = Vec::new();
    for _ in 0..2 {
        let reload = both.next_reload(LIMIT)?;
        results.push((reload.flow, reload.result));
    }
    results.sort();
    let expected = [("gate", "refused"), ("yard", "unchanged")];
    assert_eq!(results, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    both.signal(Signal::TERM)?;
    both.finish(LIMIT)?;
    Ok(())
}

#[test]
fn what_is_wrong_with_any_of_them_is_said_before_one_starts() -> Result<()> {
    let yard = Yard::new()?;
    yard.write("one.yaml", yard.flow("one").replace("hold: 2s", "hold: x"))?;
    yard.write(
        "two.yaml",
        yard.flow("two")
            .replace("zone: forbidden", "zone: elsewhere"),
    )?;
    yard.write("three.yaml", yard.flow("yard"))?;
    let mut arguments = vec!["run".to_owned()];
    for name in ["yard.yaml", "one.yaml", "two.yaml", "three.yaml"] {
        arguments.push(yard.at(name).display().to_string());
    }
    let refused = agave(&arguments)?;
    assert_eq!(refused.status.code(), Some(1));
    for expected in [
        "one.yaml:16:",
        "error[E045]: node 'rule'",
        "three.yaml: error: another of these flows is called 'yard'",
    ] {
        ensure!(
            refused.stderr.contains(expected),
            "{expected}:\n{}",
            refused.stderr
        );
    }
    ensure!(refused.stdout.is_empty(), "{}", refused.stdout);

    arguments.truncate(3);
    arguments.extend(["--set".to_owned(), "cameras.field.fps=3".to_owned()]);
    let refused = agave(&arguments)?;
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stderr.contains("--set"), "{}", refused.stderr);
    Ok(())
}
