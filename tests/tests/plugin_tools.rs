//! What the author of a plugin works with: `agave plugin test`, `inspect` and `bench`, on the
//! plugins that are shipped.

use std::fs;
use std::path::{Path, PathBuf};

use agave_tests::{Finished, agave, repository};
use anyhow::{Context, Result};
use serde_json::Value;

const SHIPPED: [&str; 6] = [
    "roi",
    "track",
    "forbidden-object",
    "crowd",
    "debounce",
    "webhook",
];

/// Runs the tests in `file`, which has this text, on `plugin`.
fn tested(plugin: &str, text: &str, more: &[&str]) -> Result<Finished> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("tests.yaml");
    fs::write(&file, text)?;
    let file = file.to_str().context("a path is not text")?;
    let mut arguments = vec!["plugin", "test", plugin, "--tests", file];
    arguments.extend(more);
    agave(arguments)
}

fn json_lines(finished: &Finished) -> Result<Vec<Value>> {
    let lines = finished.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).with_context(|| format!("not JSON: {line}")))
        .collect()
}

fn tests_of(plugin: &str) -> PathBuf {
    repository().join("plugins").join(plugin).join("tests")
}

#[test]
fn every_shipped_plugin_passes_its_tests() -> Result<()> {
    for plugin in SHIPPED {
        let folder = tests_of(plugin);
        let tests: [&Path; 5] = [
            "plugin".as_ref(),
            "test".as_ref(),
            plugin.as_ref(),
            "--tests".as_ref(),
            &folder,
        ];
        let finished = agave(tests)?;
        assert!(
            finished.status.success(),
            "{}{}",
            finished.stdout,
            finished.stderr
        );
        assert!(finished.stdout.contains("passed"), "{}", finished.stdout);
    }
    Ok(())
}

#[test]
fn a_test_that_fails_says_what_was_different_and_what_led_there() -> Result<()> {
    let text = "\
stream: { classes: [object], zones: { yard: [[0, 0], [1, 0], [1, 1], [0, 1]] } }
tests:
  - name: it is announced at once
    config: { zone: yard, alert: [object] }
    given:
      - { at: 0s, detections: [{ class: object, zones: [yard] }] }
      - { at: 1s, detections: [{ class: object, zones: [yard] }] }
    expect: [[], [{ phase: begin, severity: info }]]
    log: [announced]
";
    let finished = tested("forbidden-object", text, &[])?;
    assert_eq!(finished.status.code(), Some(1));
    for said in [
        "FAILED  it is announced at once",
        "at 1s: alert 1: expected severity info, got critical",
        "expected the log line 'announced', and nothing was logged",
        "begin of forbidden-object: object in yard, critical, at 1s",
        "1 test, FAILED: 1",
    ] {
        assert!(
            finished.stdout.contains(said),
            "{said}:\n{}",
            finished.stdout
        );
    }
    let lines = json_lines(&tested("forbidden-object", text, &["--json"])?)?;
    let [line] = lines.as_slice() else {
        panic!("one line for one test: {lines:?}");
    };
    assert_eq!(line["passed"], false);
    assert_eq!(line["steps"][0]["came"], serde_json::json!([]));
    assert_eq!(line["steps"][1]["came"][0]["severity"], "critical");
    assert_eq!(line["steps"][1]["as_expected"], false);
    Ok(())
}

#[test]
fn a_test_says_whose_frame_it_is_where_there_are_several_cameras() -> Result<()> {
    let given = |stream: &str, given: &str| {
        format!(
            "stream: {{ {stream} }}\ntests:\n  - name: cameras\n    config: {{ more-than: 0, zone: \
             yard, after: 0s }}\n    given: [{{ {given}, detections: [] }}]\n"
        )
    };
    let yard = "cameras: [gate, yard], zones: { yard: [[0, 0], [1, 0], [1, 1]] }";
    for (plugin, text, said) in [
        (
            "crowd",
            given(yard, "at: 0s"),
            "say of which camera it is, with `camera`: gate, yard",
        ),
        (
            "crowd",
            given(yard, "camera: gaet"),
            "camera 'gaet' is not in `stream.cameras`; did you mean 'gate'?",
        ),
        (
            "forbidden-object",
            given(yard, "camera: gate").replace("more-than: 0, ", ""),
            "`stream.cameras` is for a plugin that looks at several cameras",
        ),
    ] {
        let finished = tested(plugin, &text, &[])?;
        assert_eq!(finished.status.code(), Some(1));
        let output = format!("{}{}", finished.stdout, finished.stderr);
        assert!(output.contains(said), "{said}:\n{output}");
    }
    Ok(())
}

#[test]
fn mistakes_in_a_file_have_their_place() -> Result<()> {
    let finished = tested(
        "roi",
        "tests:\n  - name: a slip\n    given: [{ detectoins: [] }]\n",
        &[],
    )?;
    assert_eq!(finished.status.code(), Some(1));
    assert!(
        finished.stderr.contains("tests.yaml:3:15"),
        "{}",
        finished.stderr
    );
    assert!(
        finished.stderr.contains("did you mean 'detections'?"),
        "{}",
        finished.stderr
    );
    Ok(())
}

#[test]
fn what_the_shape_cannot_say_is_told_with_the_name_of_the_test() -> Result<()> {
    for (test, said) in [
        (
            "{ name: one, given: [{ detections: [{ class: objct }] }] }",
            "class 'objct' is not in `stream.classes`; did you mean 'object'?",
        ),
        (
            "{ name: one, given: [{ kind: x }] }",
            "a filter is given frames",
        ),
        (
            "{ name: one, stream: { camera: gate }, given: [{ detections: [] }], expect: [] }",
            "`expect` has 0 entries and `given` has 1",
        ),
        (
            "{ name: one, given: [{ detections: [] }], expect: [[{ kind: x }]] }",
            "a detection has no `kind`",
        ),
        (
            "{ name: one, given: [{ at: 2s, detections: [] }, { at: 1s, detections: [] }] }",
            "stream time does not go back",
        ),
        (
            "{ name: one, given: [{ detections: [] }], expect: [delivered] }",
            "a filter gives detections",
        ),
    ] {
        let finished = tested("roi", &format!("tests: [{test}]\n"), &[])?;
        assert_eq!(finished.status.code(), Some(1));
        assert!(
            finished.stderr.contains("test 'one'"),
            "{}",
            finished.stderr
        );
        assert!(
            finished.stderr.contains(said),
            "{said}:\n{}",
            finished.stderr
        );
    }
    Ok(())
}

#[test]
fn inputs_are_shown_with_what_came_of_them() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("inputs.yaml");
    fs::write(
        &file,
        "\
stream: { zones: { yard: [[0, 0], [1, 0], [1, 1], [0, 1]] } }
given:
  - { at: 0s, detections: [{ class: person, bbox: [0.1, 0.1, 0.2, 0.2] }] }
  - restart
  - { at: 1s, detections: [] }
",
    )?;
    let file = file.to_str().context("a path is not text")?;
    let shown = agave(["plugin", "test", "roi", "--given", file])?;
    assert!(shown.status.success(), "{}", shown.stderr);
    for part in ["came out", "in yard", "restarted", "nothing"] {
        assert!(shown.stdout.contains(part), "{part}:\n{}", shown.stdout);
    }
    let lines = json_lines(&agave([
        "plugin", "test", "roi", "--given", file, "--json",
    ])?)?;
    let steps = lines.first().and_then(|line| line["steps"].as_array());
    assert_eq!(steps.map(Vec::len), Some(3));
    Ok(())
}

#[test]
fn failures_can_be_expected_and_the_rest_goes_on() -> Result<()> {
    let text = "\
tests:
  - name: a trap is expected, and one call later it works again
    config: { mode: trap, camera: camera }
    given: [{ detections: [] }, { detections: [] }]
    expect: [{ fails: trap }, { fails: trap, message: trapped }]
";
    let finished = tested("chaos", text, &[])?;
    assert!(
        finished.status.success(),
        "{}{}",
        finished.stdout,
        finished.stderr
    );
    let unexpected = tested(
        "chaos",
        &text.replace("fails: trap }", "fails: error }"),
        &[],
    )?;
    assert_eq!(unexpected.status.code(), Some(1));
    assert!(
        unexpected.stdout.contains("expected fails error, got trap"),
        "{}",
        unexpected.stdout
    );
    Ok(())
}

#[test]
fn inspect_says_what_a_plugin_may_touch_and_which_settings_it_has() -> Result<()> {
    let shown = agave(["plugin", "inspect", "webhook"])?;
    assert!(shown.status.success(), "{}", shown.stderr);
    for part in [
        "role      adapter: alerts in, the outside world out",
        "sends requests to the servers that the node's `allow.http` names",
        "must be given",
        "duration",
    ] {
        assert!(shown.stdout.contains(part), "{part}:\n{}", shown.stdout);
    }
    let slip = agave(["plugin", "inspect", "webhok"])?;
    assert_eq!(slip.status.code(), Some(1));
    assert!(
        slip.stderr.contains("did you mean 'webhook'?"),
        "{}",
        slip.stderr
    );
    let json = agave(["plugin", "inspect", "roi", "--json"])?;
    let json: Value = serde_json::from_str(&json.stdout)?;
    assert!(
        json.pointer("/config_schema/properties/anchor").is_some(),
        "{json}"
    );
    Ok(())
}

#[test]
fn bench_measures_every_role() -> Result<()> {
    for (plugin, config) in [
        ("roi", "{}"),
        ("forbidden-object", r#"{"zone": "zone"}"#),
        ("debounce", "{}"),
        ("webhook", r#"{"url": "http://127.0.0.1:9/"}"#),
    ] {
        let finished = agave([
            "plugin",
            "bench",
            plugin,
            "--config",
            config,
            "--seconds",
            "0.05",
            "--json",
        ])?;
        assert!(finished.status.success(), "{plugin}: {}", finished.stderr);
        let lines = json_lines(&finished)?;
        for metric in [
            "size",
            "compile",
            "from_cache",
            "instantiate",
            "call_p50",
            "call_p99",
            "memory_at_start",
            "memory_at_end",
        ] {
            let line = lines.iter().find(|line| line["metric"] == metric);
            let value = line.and_then(|line| line["value"].as_f64());
            assert!(value.is_some_and(|value| value > 0.0), "{plugin} {metric}");
        }
    }
    let refused = agave(["plugin", "bench", "forbidden-object"])?;
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        refused.stderr.contains("needs the setting 'zone'"),
        "{}",
        refused.stderr
    );
    Ok(())
}
