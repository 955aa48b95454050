//! Everything that has to hold before a change lands, as one command: `.ci/run` calls exactly
//! this. One failing part does not hide what the others have to say.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::arguments::Arguments;
use crate::paths::{Paths, set};
use crate::{build, page, schema, setup, shell};

/// `cargo xtask test [--filter NAME] [--no-lint] [--all-languages]`
pub(crate) fn run(mut arguments: Arguments) -> Result<()> {
    let filter = arguments.option("--filter")?;
    let lint = !arguments.flag("--no-lint");
    let all_languages = arguments.flag("--all-languages");
    arguments.finish()?;
    let paths = Paths::find()?;
    let began = Instant::now();
    let purpose = if all_languages {
        setup::Purpose::TestAllLanguages
    } else {
        setup::Purpose::Test
    };
    setup::install(&paths, purpose)?;

    let mut report = Report::default();
    if lint {
        lints(&paths, &mut report);
    } else {
        report.skipped("format and clippy (--no-lint)");
    }
    let built = build::for_testing(&paths);
    if report.part("build", built) {
        report.part("schema", schema::check(&paths));
        page(&paths, &mut report);
        let mut counts = Counts::default();
        let mut cargo = test_command(&paths, filter.as_deref());
        if all_languages {
            cargo.env("AGAVE_ALL_LANGUAGES", "1");
        }
        let tested = tests(&paths, cargo, &mut counts);
        report.part(&counts.to_string(), tested);
    } else {
        report.skipped("tests (nothing to run them with)");
    }
    if !all_languages {
        report.skipped("plugins in C++, Go and Zig (--all-languages)");
    }
    if set("AGAVE_TEST_DATA").is_none() {
        report.skipped("tests on the real clips (AGAVE_TEST_DATA is not set)");
    }
    report.summary(began)
}

fn lints(paths: &Paths, report: &mut Report) {
    if shell::succeeds(&["cargo", "fmt", "--version"]) {
        let checked = shell::run(shell::cargo(paths).args(["fmt", "--all", "--check"]));
        report.part("format", checked);
    } else {
        report.skipped("format (there is no rustfmt: rustup component add rustfmt)");
    }
    if shell::succeeds(&["cargo", "clippy", "--version"]) {
        let mut clippy = shell::cargo(paths);
        clippy.args(["clippy", "--release", "--workspace", "--all-targets"]);
        clippy.args(["--", "--deny", "warnings"]);
        let checked = shell::run(&mut clippy);
        report.part("clippy", checked);
    } else {
        report.skipped("clippy (it is not there: rustup component add clippy)");
    }
}

fn page(paths: &Paths, report: &mut Report) {
    match page::check(paths) {
        Ok(page::Checked::Skipped(why)) => report.skipped(&format!("page ({why})")),
        Ok(page::Checked::UpToDate) => {
            report.part("page", Ok(()));
        }
        Err(error) => {
            report.part("page", Err(error));
        }
    }
}

/// Runs the tests with their output passed on as it comes, and counts them.
fn tests(paths: &Paths, mut cargo: Command, counts: &mut Counts) -> Result<()> {
    shell::with_test_parts(&mut cargo, paths)?;
    if set("RUST_LIB_BACKTRACE").is_none() {
        // Where an error came from inside a test hides what it says.
        cargo.env("RUST_LIB_BACKTRACE", "0");
    }
    let mut child = cargo
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo test")?;
    if let Some(printed) = child.stdout.take() {
        for line in BufReader::new(printed).lines() {
            let line = line.context("cannot read what cargo test prints")?;
            counts.read(&line);
            println!("{line}");
        }
    }
    if !child.wait()?.success() {
        bail!(
            "tests failed; the lines above say which. To run one of them again:\n  cargo xtask test --no-lint --filter NAME"
        );
    }
    Ok(())
}

fn test_command(paths: &Paths, filter: Option<&str>) -> Command {
    let mut cargo = shell::cargo(paths);
    cargo.args(["test", "--release", "--workspace", "--no-fail-fast"]);
    match filter {
        Some(name)
            if paths
                .root
                .join("tests/tests")
                .join(format!("{name}.rs"))
                .exists() =>
        {
            cargo.args(["--test", name]);
        }
        Some(name) => {
            cargo.arg(name);
        }
        None => {}
    }
    cargo
}

/// How many tests ran, from the lines in which each test program sums up.
#[derive(Default)]
struct Counts {
    passed: u32,
    failed: u32,
}

impl Counts {
    /// `test result: ok. 3 passed; 0 failed; 0 ignored; …`
    fn read(&mut self, line: &str) {
        let Some(figures) = line.strip_prefix("test result: ") else {
            return;
        };
        let words: Vec<&str> = figures.split_whitespace().collect();
        for pair in words.windows(2) {
            if let [number, what] = pair {
                let number = number.parse().unwrap_or(0);
                match *what {
                    "passed;" => self.passed += number,
                    "failed;" => self.failed += number,
                    _ => {}
                }
            }
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.failed {
            0 => write!(formatter, "{} tests", self.passed),
            failed => write!(formatter, "{failed} of {} tests", self.passed + failed),
        }
    }
}

/// What passed, what failed and what was not looked at.
#[derive(Default)]
struct Report {
    passed: Vec<String>,
    failed: Vec<String>,
    skipped: Vec<String>,
}

impl Report {
    /// Notes how `name` went, shows why when it failed, and says whether it passed.
    fn part(&mut self, name: &str, result: Result<()>) -> bool {
        match result {
            Ok(()) => {
                self.passed.push(name.to_owned());
                true
            }
            Err(error) => {
                eprintln!("{name}: {error:#}");
                self.failed.push(name.to_owned());
                false
            }
        }
    }

    fn skipped(&mut self, what: &str) {
        self.skipped.push(what.to_owned());
    }

    fn summary(&self, began: Instant) -> Result<()> {
        for what in &self.skipped {
            eprintln!("skipped: {what}");
        }
        let seconds = began.elapsed().as_secs();
        let took = format!("{}:{:02} min", seconds / 60, seconds % 60);
        if !self.failed.is_empty() {
            bail!("FAILED after {took}: {}", self.failed.join(", "));
        }
        println!("PASSED in {took}: {}", self.passed.join(", "));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_from_the_lines_that_sum_up() {
        let mut counts = Counts::default();
        counts.read("test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
        counts.read("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured");
        counts.read("test passed; 9 passed; in a name ... ok");
        assert_eq!((counts.passed, counts.failed), (4, 2));
        assert_eq!(counts.to_string(), "2 of 6 tests");
    }

    #[test]
    fn one_failing_part_fails_the_whole() {
        let mut report = Report::default();
        assert!(report.part("build", Ok(())));
        assert!(report.summary(Instant::now()).is_ok());
        assert!(!report.part("tests", Err(anyhow::anyhow!("two"))));
        assert!(report.summary(Instant::now()).is_err());
    }
}
