//! The same plugin in every language, built as a user builds it and run through the host's own
//! library: the same inputs, the same outputs, the same bytes of state. Rust, C, TypeScript and
//! Python take part always, the others with `cargo xtask test --all-languages`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use agave_core::Role;
use agave_plugin::{Engine, Plugin, Snapshot};
use agave_tests::{agave_within, repository, tool_path};
use anyhow::{Context, Result, bail, ensure};

#[path = "languages/steady.rs"]
mod steady;

/// An example in `plugins/examples`.
struct Example {
    folder: &'static str,
    /// Whether it is built in every run of the tests.
    always: bool,
    /// The unit test of its own, as its README says to run it.
    unit_test: Option<&'static str>,
}

const EXAMPLES: [Example; 8] = [
    Example {
        folder: "rust",
        always: true,
        // They are among those of this workspace.
        unit_test: None,
    },
    Example {
        folder: "typescript",
        always: true,
        unit_test: Some("node --test build/tests/*.mjs"),
    },
    Example {
        folder: "python",
        always: true,
        unit_test: Some("python3 -m unittest"),
    },
    Example {
        folder: "javascript",
        always: false,
        unit_test: Some("node --test build/tests/*.mjs"),
    },
    Example {
        folder: "c",
        always: true,
        unit_test: Some("cc -Wall -Wextra -o build/json_test tests/json_test.c && build/json_test"),
    },
    Example {
        folder: "cpp",
        always: false,
        unit_test: Some(
            "c++ -Wall -Wextra -o build/json_test tests/json_test.cpp && build/json_test",
        ),
    },
    Example {
        folder: "go",
        always: false,
        unit_test: Some("go test ."),
    },
    Example {
        folder: "zig",
        always: false,
        unit_test: Some("zig test steady.zig"),
    },
];

/// The first time a tool of a language may have to be fetched, and to compile its own parts.
const BUILD_LIMIT: Duration = Duration::from_secs(900);

#[test]
fn the_same_plugin_in_every_language() -> Result<()> {
    let out = tempfile::tempdir()?;
    let all = std::env::var("AGAVE_ALL_LANGUAGES").is_ok_and(|value| value == "1");
    let engine = Engine::new()?;
    let mut failed = Vec::new();
    let mut before: Option<Snapshot> = None;
    for example in EXAMPLES.iter().filter(|example| all || example.always) {
        match check(&engine, example, out.path(), before.as_ref()) {
            Ok(saved) => before = Some(saved),
            Err(error) => failed.push(format!("{}: {error:#}", example.folder)),
        }
    }
    ensure!(failed.is_empty(), "{}", failed.join("\n\n"));
    Ok(())
}

/// Builds one example and tries it. Gives what it saved, for the next language to go on from.
fn check(
    engine: &Engine,
    example: &Example,
    out: &Path,
    before: Option<&Snapshot>,
) -> Result<Snapshot> {
    let component = build(example, out)?;
    if let Some(line) = example.unit_test {
        unit_test(example, line)?;
    }
    let plugin = Plugin::load(engine, &component)?;
    ensure!(plugin.role() == Role::Filter, "it is a {}", plugin.role());
    for import in plugin.imports() {
        ensure!(import.starts_with("agave:plugin/"), "it imports {import}");
    }
    steady::describes_itself(&plugin)?;
    steady::answers_and_logs(&plugin)?;
    steady::refuses(&plugin)?;
    steady::keeps_its_memory(&plugin)?;
    steady::remembers(&plugin, before)
}

fn build(example: &Example, out: &Path) -> Result<PathBuf> {
    let folder = repository().join("plugins/examples").join(example.folder);
    let arguments = [
        "plugin".as_ref(),
        "build".as_ref(),
        folder.as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
    ];
    let built = agave_within(BUILD_LIMIT, arguments)?;
    if !built.status.success() {
        bail!("it cannot be built:\n{}{}", built.stdout, built.stderr);
    }
    // A crate gives its own name to the component.
    let name = match example.folder {
        "rust" => "steady".to_owned(),
        folder => format!("steady-{folder}"),
    };
    Ok(out.join(name).with_extension("wasm"))
}

/// Runs the example's own unit test, with the tools that `agave plugin build` installed.
fn unit_test(example: &Example, line: &str) -> Result<()> {
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(repository().join("plugins/examples").join(example.folder))
        .env("PATH", tool_path()?)
        .output()
        .context("cannot start sh")?;
    ensure!(
        output.status.success(),
        "its unit test failed: {line}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
