//! Child processes. A failing one is named together with the line that runs it again by itself;
//! a chatty one writes into a log that is only shown when it fails.

use std::env;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::paths::{Paths, set};

/// How much of a log is worth showing.
const TAIL: usize = 25;

/// Cargo, in the repository's root and with its output outside the clone.
pub(crate) fn cargo(paths: &Paths) -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command
        .current_dir(&paths.root)
        .env("CARGO_TARGET_DIR", &paths.target);
    command
}

/// Gives a command what agave needs to find its parts.
pub(crate) fn with_parts(command: &mut Command, paths: &Paths) {
    command.env("AGAVE_PLUGINS", paths.plugins());
    if set("ORT_DYLIB_PATH").is_none() {
        command.env("ORT_DYLIB_PATH", paths.onnxruntime());
    }
}

/// The same with the plugins of tests and benches.
pub(crate) fn with_test_parts(command: &mut Command, paths: &Paths) -> Result<()> {
    with_parts(command, paths);
    let folders = env::join_paths([paths.plugins(), paths.test_plugins()]);
    command.env("AGAVE_PLUGINS", folders.context("the build folder's name")?);
    Ok(())
}

/// Runs a command whose output is for people: all of it goes to standard error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .stdout(Stdio::from(io::stderr()))
        .status()
        .with_context(|| cannot_start(command))?;
    if !status.success() {
        bail!(
            "this failed ({status}):\n  {}\nWhat it printed is above; run that line in {} to see it again.",
            line(command),
            folder(command)
        );
    }
    Ok(())
}

/// Runs a chatty command with its output in `log`, and shows the log's end when it fails.
pub(crate) fn run_quietly(command: &mut Command, log: &Path) -> Result<()> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let start = fs::metadata(log).map_or(0, |file| file.len());
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("cannot write {}", log.display()))?;
    let status = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .status()
        .with_context(|| cannot_start(command))?;
    if status.success() {
        return Ok(());
    }
    let written = fs::read(log).unwrap_or_default();
    let mine = written.get(start as usize..).unwrap_or_default();
    let mine = String::from_utf8_lossy(mine);
    let lines: Vec<&str> = mine.lines().collect();
    let tail = lines
        .get(lines.len().saturating_sub(TAIL)..)
        .unwrap_or_default();
    bail!(
        "this failed ({status}):\n  {}\nThe end of what it printed (the whole is in {}):\n{}",
        line(command),
        log.display(),
        tail.join("\n")
    );
}

/// What a command prints, or nothing when it fails or is not there.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether a command runs and succeeds, whatever it prints.
pub(crate) fn succeeds(words: &[&str]) -> bool {
    words
        .split_first()
        .is_some_and(|(program, arguments)| output(Command::new(program).args(arguments)).is_some())
}

/// Becomes `command`, so that its exit code and what a terminal sends it are its own.
pub(crate) fn replace(command: &mut Command) -> Result<()> {
    let error = command.exec();
    Err(error).with_context(|| cannot_start(command))
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start {}", command.get_program().display())
}

fn folder(command: &Command) -> String {
    command.get_current_dir().map_or_else(
        || "this folder".to_owned(),
        |folder| folder.display().to_string(),
    )
}

/// The command as a line that can be pasted into a shell.
pub(crate) fn line(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| {
        Some(format!(
            "{}={}",
            name.display(),
            quoted(&value?.to_string_lossy())
        ))
    });
    let words = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| quoted(&word.to_string_lossy()));
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "-_./=:+,@%".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_a_line_that_can_be_pasted() {
        let mut command = Command::new("cargo");
        command.args(["test", "it's"]).env("A", "b c");
        assert_eq!(line(&command), r"A='b c' cargo test 'it'\''s'");
    }

    #[test]
    fn a_failing_command_is_named() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert!(error.to_string().contains("sh -c 'exit 3'"), "{error}");
    }
}
