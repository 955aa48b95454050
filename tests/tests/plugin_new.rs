//! What `agave plugin new` makes, used as its README says: a project in an empty folder builds,
//! passes its unit tests and its flow tests, and its adapter delivers from a real flow. Rust, C,
//! TypeScript and Python take part always, in two roles; the others, and all roles, with
//! `cargo xtask test --all-languages`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use agave_core::{BoundingBox, Detection, FrameDetections, StreamInfo, Timestamp};
use agave_plugin::{Engine, Grants, Instance, Limits, NodeSetup, Outside, Plugin};
use agave_tests::{Agave, HttpReceiver, HttpRequest, agave_in, crates, flow, tool_path};
use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The first build in a language may have to fetch its tools and to compile its libraries.
const BUILD_LIMIT: Duration = Duration::from_secs(900);
/// The demo clip as fast as possible, and the deliveries after it.
const RUN_LIMIT: Duration = Duration::from_secs(180);

/// Those of a shorter run come first.
const ROLES: [&str; 4] = ["adapter", "rule", "filter", "gate"];
const FEW_ROLES: usize = 2;

fn all_languages() -> bool {
    std::env::var("AGAVE_ALL_LANGUAGES").is_ok_and(|value| value == "1")
}

/// Makes, builds and tests a project in each role, and runs the README's line for unit tests.
fn try_out(language: &str, unit_tests: &str) -> Result<()> {
    let place = tempfile::tempdir()?;
    let count = if all_languages() {
        ROLES.len()
    } else {
        FEW_ROLES
    };
    for role in ROLES.iter().take(count) {
        try_role(place.path(), language, role, unit_tests)
            .with_context(|| format!("a {role} in {language}"))?;
    }
    Ok(())
}

fn try_role(place: &Path, language: &str, role: &str, unit_tests: &str) -> Result<()> {
    let folder = made(place, language, role)?;
    let readme = std::fs::read_to_string(folder.join("README.md"))?;
    ensure!(
        readme.contains(unit_tests),
        "its README does not say `{unit_tests}`:\n{readme}"
    );
    let name = format!("my-{role}");
    let built = agave(&folder, &["plugin", "build"])?;
    ensure!(
        built.contains(&format!("plugins/{name}.wasm")),
        "it says: {built}"
    );
    shell(&folder, unit_tests)?;
    agave(&folder, &["plugin", "test"])?;
    let inspected = agave(
        &folder,
        &[
            "plugin",
            "inspect",
            &format!("plugins/{name}.wasm"),
            "--json",
        ],
    )?;
    let said: Value = serde_json::from_str(&inspected)?;
    ensure!(
        said.get("name").is_some_and(|said| *said == *name)
            && said.get("role").is_some_and(|said| *said == *role),
        "it says: {said}"
    );
    ensure!(!inspected.contains("wasi:"), "it imports WASI: {said}");
    Ok(())
}

fn made(place: &Path, language: &str, role: &str) -> Result<PathBuf> {
    let name = format!("my-{role}");
    agave(
        place,
        &["plugin", "new", &name, "--role", role, "--lang", language],
    )?;
    Ok(place.join(name))
}

/// Runs the program to its end, which has to be a good one. Gives what it said.
fn agave(folder: &Path, arguments: &[&str]) -> Result<String> {
    let finished = agave_in(folder, BUILD_LIMIT, arguments)?;
    let said = format!("{}{}", finished.stdout, finished.stderr);
    ensure!(
        finished.status.success(),
        "agave {}:\n{said}",
        arguments.join(" ")
    );
    Ok(said)
}

fn shell(folder: &Path, line: &str) -> Result<()> {
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", crates()?)
        .env("PATH", tool_path()?)
        .output()
        .context("cannot start sh")?;
    ensure!(
        output.status.success(),
        "{line}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// What the templates of `new` post of an alert.
const FIELDS: [&str; 7] = [
    "camera_id",
    "key",
    "phase",
    "class",
    "severity",
    "kind",
    "zone",
];

/// The adapter that `new` makes, in the place of the webhook of the demo.
fn delivers(language: &str) -> Result<()> {
    let place = tempfile::tempdir()?;
    let folder = made(place.path(), language, "adapter")?;
    agave(&folder, &["plugin", "build"])?;
    let receiver = HttpReceiver::start(&["503", "200"])?;
    let origin = format!("http://127.0.0.1:{}", receiver.port());
    let component = folder.join("plugins/my-adapter.wasm");
    let outcome = Agave::run(
        &flow("webhook.yaml"),
        &[
            "--set",
            &format!("nodes.hook.plugin={}", component.display()),
            "--set",
            &format!("nodes.hook.config.url={origin}/alerts"),
            "--set",
            &format!("nodes.hook.allow.http=[\"{origin}\"]"),
        ],
    )?
    .finish(RUN_LIMIT)?;
    let requests = receiver.stop()?;
    ensure!(!outcome.alerts.is_empty(), "there was no alert");
    ensure!(
        requests.len() == outcome.alerts.len() + 1,
        "{} requests for {} alerts, one of them tried twice",
        requests.len(),
        outcome.alerts.len()
    );
    // The first was refused once, and came again with the same key; another incident does not
    // wait for that.
    let key = |request: &HttpRequest| request.headers.get("idempotency-key").cloned();
    let (refused, taken): (Vec<_>, Vec<_>) =
        requests.iter().partition(|request| request.answer == "503");
    let again = |request: &&&HttpRequest| refused.iter().any(|first| key(first) == key(request));
    ensure!(
        refused.len() == 1 && taken.iter().filter(again).count() == 1,
        "{requests:?}"
    );
    for alert in &outcome.alerts {
        let same = |request: &&&HttpRequest| {
            FIELDS
                .iter()
                .all(|&field| request.body.get(field) == alert.line.get(field))
        };
        ensure!(
            taken.iter().filter(same).count() == 1,
            "{} is not once in {taken:?}",
            alert.line
        );
    }
    Ok(())
}

macro_rules! languages {
    ($($language:ident: $always:literal, $unit_tests:literal;)*) => {
        $(
            #[test]
            fn $language() -> Result<()> {
                if $always || all_languages() {
                    try_out(stringify!($language), $unit_tests)?;
                }
                Ok(())
            }
        )*
    };
}

languages! {
    rust: true, "cargo test";
    typescript: true, "node --test build/tests/*.mjs";
    python: true, "python3 -m unittest";
    javascript: false, "node --test build/tests/*.mjs";
    c: true, "cc -o build/json_test tests/json_test.c && build/json_test";
    cpp: false, "c++ -o build/json_test tests/json_test.cpp && build/json_test";
    go: false, "go test .";
    zig: false, "zig test logic.zig";
}

/// A clock does not tick in steps of 256 ns, the finest that JavaScript knows of today's times.
#[test]
fn a_rule_in_typescript_raises_at_the_very_time_of_its_frame() -> Result<()> {
    let place = tempfile::tempdir()?;
    let folder = made(place.path(), "typescript", "rule")?;
    agave(&folder, &["plugin", "build"])?;
    let plugin = Plugin::load(&Engine::new()?, &folder.join("plugins/my-rule.wasm"))?;
    let stream = StreamInfo {
        camera: "gate".to_owned(),
        classes: vec!["person".to_owned()],
        ..StreamInfo::default()
    };
    let setup = NodeSetup {
        node: "rule".to_owned(),
        stream,
        cameras: Vec::new(),
        config: r#"{"class":"person","seconds":0}"#.to_owned(),
        limits: Limits::default(),
        grants: Grants::default(),
        outside: Outside::default(),
    };
    let bbox = BoundingBox {
        left: 0.25,
        top: 0.25,
        width: 0.5,
        height: 0.5,
    };
    for at in (1_795_365_327_466_000_000..).step_by(200).take(9) {
        let detection = Detection {
            id: 1,
            class: 0,
            confidence: 0.5,
            bbox,
            track: Some(1),
            zones: 0,
        };
        let frame = FrameDetections {
            frame: 7,
            at: Timestamp(at),
            detections: vec![detection],
        };
        let alerts = Instance::start(&plugin, &setup)?.evaluate(&frame)?;
        let raised: Vec<_> = alerts.iter().map(|alert| (alert.at, alert.frame)).collect();
        ensure!(raised == [(frame.at, 7)], "of {at} it makes {raised:?}");
    }
    Ok(())
}

#[test]
fn the_adapter_in_typescript_delivers_from_a_flow() -> Result<()> {
    delivers("typescript")
}

#[test]
fn the_adapter_in_python_delivers_from_a_flow() -> Result<()> {
    delivers("python")
}

#[test]
fn the_adapter_in_c_delivers_from_a_flow() -> Result<()> {
    delivers("c")
}

#[test]
fn the_adapters_in_the_other_languages_deliver_too() -> Result<()> {
    let languages: &[&str] = if all_languages() {
        &["cpp", "go", "zig"]
    } else {
        &[]
    };
    for language in languages {
        delivers(language).with_context(|| format!("in {language}"))?;
    }
    Ok(())
}

#[test]
fn what_is_missing_or_wrong_is_said_with_the_choices() -> Result<()> {
    let place = tempfile::tempdir()?;
    let refused = |arguments: &[&str], wanted: &[&str]| -> Result<()> {
        let finished = agave_in(place.path(), BUILD_LIMIT, arguments)?;
        ensure!(!finished.status.success(), "{arguments:?} is taken");
        for part in wanted {
            ensure!(
                finished.stderr.contains(part),
                "{part}: {}",
                finished.stderr
            );
        }
        Ok(())
    };
    let new = ["plugin", "new", "chime"];
    refused(
        &[&new[..], &["--lang", "python"]].concat(),
        &["--role <filter|rule|gate|adapter>"],
    )?;
    refused(
        &[&new[..], &["--role", "gate"]].concat(),
        &["--lang <rust|c|cpp|"],
    )?;
    refused(
        &[&new[..], &["--role", "sink", "--lang", "python"]].concat(),
        &["filter", "rule", "gate", "adapter"],
    )?;
    refused(
        &[
            "plugin", "new", "My Chime", "--role", "gate", "--lang", "python",
        ],
        &["lower case"],
    )?;
    agave(
        place.path(),
        &[
            "plugin", "new", "chime", "--role", "gate", "--lang", "python",
        ],
    )?;
    refused(
        &[&new[..], &["--role", "gate", "--lang", "python"]].concat(),
        &["not empty"],
    )
}
