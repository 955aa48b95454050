//! What a plugin writes into the log is at most so much, and every line of the log is one that
//! the host wrote.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use agave_core::Timestamp;
use agave_plugin::{OnFailure, Supervised};
use serde_json::json;

use crate::common::{BAD, assert_readable, frame, plugin, setup};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that `work` leaves in the log, as the program writes it.
fn log_of(work: impl FnOnce()) -> Vec<String> {
    let kept = Kept::default();
    let writer = kept.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    tracing::subscriber::with_default(subscriber, work);
    let bytes = kept.0.lock().unwrap().clone();
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.iter().for_each(|line| assert_readable(line));
    lines
}

fn log_of_mode(mode: &str) -> Vec<String> {
    let chaos = plugin("chaos");
    let setup = setup(BAD, json!({ "mode": mode, "camera": BAD }));
    log_of(|| {
        let mut supervised = Supervised::start(chaos, setup, OnFailure::Restart).unwrap();
        supervised.call(Timestamp(1), |instance| instance.process(&frame(1)));
    })
}

#[test]
fn a_forged_line_stays_one_line_of_its_plugin() {
    for (mode, lines) in [
        ("forged-log-line", 1),
        ("forged-error", 1),
        ("forged-trap", 2),
    ] {
        let log = log_of_mode(mode);
        assert_eq!(log.len(), lines, "{mode}: {log:?}");
        for line in log {
            assert!(line.contains("node=\"chaos\""), "{mode}: {line}");
            assert!(line.contains("camera=\"bad\""), "{mode}: {line}");
        }
    }
}

#[test]
fn a_flood_is_cut_and_the_cut_is_said() {
    let log = log_of_mode("log-flood");
    // Where a call takes more than a second, the next second has lines of its own.
    assert!(log.len() <= 4 * 51, "{} lines", log.len());
    let cuts = log.iter().filter(|line| line.contains("left out")).count();
    assert!(cuts > 0);
}
