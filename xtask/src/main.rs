//! What people do often with this repository, each as one command that a person and a machine
//! run in the same way. A fresh clone builds this before anything else, so it depends on next
//! to nothing.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing what it does is this program's whole surface"
)]

mod arguments;
mod bench;
mod build;
mod demo;
mod page;
mod paths;
mod schema;
mod setup;
mod shell;
mod test;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::arguments::Arguments;

const HELP: &str = "\
What people do often with this repository.

Usage: cargo xtask COMMAND [OPTIONS]

Commands:
  demo [--headless | --once] [--json] [AGAVE ARGUMENTS]
          Set up and build what is missing, then run the shipped clip, model and flow.
          --headless   as fast as the machine can, nothing to look at; otherwise the clip
                       plays in real time and alerts appear as they happen
          --json       alerts and summary as JSON lines on standard output
          What follows is handed to `agave run`, for example --for 5s
  test [--filter NAME] [--no-lint] [--all-languages]
          Set up what the tests need, then run format check, clippy, build and every test.
          --filter     only the integration test file NAME, or tests whose name contains it
          --no-lint    leave the format check and clippy out
          --all-languages   build and run the example plugins in C++, Go and Zig too
          AGAVE_TEST_DATA names the folder with the real clips; tests without it are skipped
  bench [NAME] [--json] [--peers]
          Run the benches (all, or the one called NAME) and print a table or JSON lines;
          with --peers, `hop` builds Extism as well and runs the same filter on it
  bench languages --markdown
          The same plugin in every language, as the table of docs/plugins.md
  setup [--for demo|test|all-languages]
          Install what is missing and nothing else (default: demo)
  plugins Build the plugins
  page [--check]
          Build the inspector's page with npm; with --check, run its tests and only say whether
          what is kept is up to date
  schema [--check]
          Write the JSON Schemas in flows; with --check, only say whether they are up to date
  help    This text

Everything is built with the release profile into CARGO_TARGET_DIR or, where that is not set,
into the folder `agave/target` of the user's cache.";

fn main() -> ExitCode {
    match run(Arguments::from_environment()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: Arguments) -> Result<()> {
    let command = arguments.next().unwrap_or_else(|| "help".to_owned());
    if arguments.wants_help() || ["help", "--help", "-h"].contains(&command.as_str()) {
        println!("{HELP}");
        return Ok(());
    }
    match command.as_str() {
        "demo" => demo::run(arguments),
        "test" => test::run(arguments),
        "bench" => bench::run(arguments),
        "setup" => setup::command(arguments),
        "plugins" => build::command(arguments),
        "page" => page::command(arguments),
        "schema" => schema::command(arguments),
        other => bail!("there is no command '{other}'; `cargo xtask help` lists them"),
    }
}
