//! What an author in Python sees when something goes wrong: the exception, and what was printed.
//! In a component both would otherwise be traps that say nothing.

use std::fs;
use std::time::Duration;

use agave_tests::agave_in;
use anyhow::{Context, Result};

/// The tools may have to be fetched first.
const LIMIT: Duration = Duration::from_secs(900);

#[test]
fn an_exception_is_an_error_with_its_traceback_and_print_goes_to_the_log() -> Result<()> {
    let place = tempfile::tempdir()?;
    let new = [
        "plugin", "new", "boom", "--role", "filter", "--lang", "python",
    ];
    assert!(agave_in(place.path(), LIMIT, new)?.status.success());
    let project = place.path().join("boom");
    let source = fs::read_to_string(project.join("plugin.py"))?;
    let (before, process) = source
        .split_once("def process")
        .context("a filter processes")?;
    let (signature, body) = process.split_once('\n').context("it has a body")?;
    let raising = "        print('printed here')\n        raise ValueError('raised here')";
    let source = format!("{before}def process{signature}\n{raising}\n{body}");
    fs::write(project.join("plugin.py"), source)?;

    let tested = agave_in(&project, LIMIT, ["plugin", "test"])?;
    assert!(!tested.status.success());
    let said = tested.stdout + &tested.stderr;
    for part in [
        "the plugin returned an error: ValueError: raised here",
        "INFO printed here",
        "plugin.py\", line",
    ] {
        assert!(said.contains(part), "`{part}` is not in:\n{said}");
    }
    assert!(!said.contains("unreachable"), "{said}");
    Ok(())
}
