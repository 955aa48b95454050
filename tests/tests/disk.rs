//! What a run does when its disk is full, may not be written or is damaged: it says so, nothing
//! that was taken in is lost, and it goes on when there is room again.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use agave_tests::{Agave, agave, flow, skipped, until};
use anyhow::{Context, Result, ensure};

const LIMIT: Duration = Duration::from_secs(180);

/// A small disk of its own. Making one takes a right that not everyone has.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new(size: &str) -> Result<Option<Self>> {
        let folder = tempfile::tempdir()?;
        let options = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(folder.path())
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Ok(Some(Self(folder)));
        }
        skipped("no disk of a test's own can be mounted here");
        Ok(None)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn text(&self) -> Result<&str> {
        self.path().to_str().context("a path that is not text")
    }

    fn remount(&self, options: &str) -> Result<()> {
        let mut mount = Command::new("mount");
        let mount = mount.args(["-o", options]).arg(self.path());
        ensure!(mount.status()?.success(), "cannot remount with {options}");
        Ok(())
    }

    /// Takes all the room that is left.
    fn fill(&self) -> Result<()> {
        let mut filler = fs::File::create(self.path().join("filler"))?;
        let block = [0; 4096];
        while std::io::Write::write_all(&mut filler, &block).is_ok() {}
        Ok(())
    }

    fn make_room(&self) -> Result<()> {
        Ok(fs::remove_file(self.path().join("filler"))?)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Nobody uses it any more.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn status(state: &str) -> Result<String> {
    let status = agave(["outbox", "status", "demo", "--state", state])?;
    Ok(status.stdout)
}

#[test]
fn on_a_full_disk_alerts_wait_and_none_is_lost() -> Result<()> {
    let Some(disk) = Disk::new("4m")? else {
        return Ok(());
    };
    let state = disk.text()?;
    let slowly = ["--set", "cameras.field.pace=realtime", "--state", state];
    let mut run = Agave::run(&flow("demo.yaml"), &slowly)?;
    run.next_begin(LIMIT)?;
    disk.fill()?;
    let cannot = |status: &String| status.contains("journal cannot be written");
    until(
        "the journal cannot be written",
        LIMIT,
        || status(state),
        cannot,
    )?;
    disk.make_room()?;
    let can = |status: &String| !cannot(status);
    until("the journal is written again", LIMIT, || status(state), can)?;
    let outcome = run.finish(LIMIT)?;
    let said = &outcome.output.stderr;
    ensure!(
        said.contains("cannot be written, and its alerts wait"),
        "{said}"
    );
    ensure!(said.contains("can be written again"), "{said}");
    let kept = agave(["alerts", "demo", "--json", "--state", state])?;
    let undisturbed = Agave::run(&flow("demo.yaml"), &["--no-state"])?.finish(LIMIT)?;
    assert_eq!(outcome.alerts.len(), undisturbed.alerts.len());
    assert_eq!(kept.stdout.lines().count(), undisturbed.alerts.len());
    Ok(())
}

#[test]
fn a_disk_that_may_not_be_written_is_named() -> Result<()> {
    let Some(disk) = Disk::new("4m")? else {
        return Ok(());
    };
    disk.remount("remount,ro")?;
    let demo = flow("demo.yaml");
    let demo = demo.to_str().context("a path that is not text")?;
    let refused = agave(["run", demo, "--state", disk.text()?])?;
    assert_eq!(refused.status.code(), Some(1));
    for part in [disk.text()?, "Read-only"] {
        ensure!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
    Ok(())
}

#[test]
fn a_damaged_file_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let state = folder.path().to_str().context("a path that is not text")?;
    Agave::run(&flow("demo.yaml"), &["--state", state])?.finish(LIMIT)?;
    let file = folder.path().join("demo/state.db");
    let mut bytes = fs::read(&file)?;
    let middle = bytes.len() / 2;
    for byte in bytes.iter_mut().skip(middle).take(4096) {
        *byte = 0xa5;
    }
    fs::write(&file, &bytes)?;
    let demo = flow("demo.yaml");
    let demo = demo.to_str().context("a path that is not text")?;
    let refused = agave(["run", demo, "--state", state])?;
    assert_eq!(refused.status.code(), Some(1), "{}", refused.stderr);
    for part in ["state.db", "damaged", "recover"] {
        ensure!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
    Ok(())
}

/// A recorder's time server goes wrong, and the clock is set back by an hour.
#[test]
fn a_clock_that_is_set_back_loses_nothing() -> Result<()> {
    let library = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"]
        .map(|folder| format!("{folder}/faketime/libfaketime.so.1"))
        .into_iter()
        .find(|file| Path::new(file).exists());
    let Some(library) = library else {
        skipped("libfaketime is not installed");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let state = folder.path().to_str().context("a path that is not text")?;
    let port = agave_tests::free_port()?;
    let arguments = |state: &str| {
        let origin = format!("http://127.0.0.1:{port}");
        [
            "--state".to_owned(),
            state.to_owned(),
            "--set".to_owned(),
            format!("nodes.hook.config.url={origin}/alerts"),
            "--set".to_owned(),
            format!("nodes.hook.allow.http=[\"{origin}\"]"),
        ]
    };
    let arguments = arguments(state);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // Nobody listens: what happens now waits.
    let mut first = Agave::run(&flow("webhook.yaml"), &arguments)?;
    first.next_begin(LIMIT)?;
    let first = first.kill()?;
    ensure!(!first.is_empty());
    let receiver = agave_tests::HttpReceiver::start_on(port, &["200"])?;
    // The clock on the wall and no other: no time server sets the one that waits are counted by.
    let variables = [
        ("LD_PRELOAD", library.as_str()),
        ("FAKETIME", "-1h"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ];
    let second = Agave::run_with(&flow("webhook.yaml"), &arguments, &variables)?.finish(LIMIT)?;
    let requests = receiver.stop()?;
    assert!(requests.len() >= first.len() + second.alerts.len());
    Ok(())
}
