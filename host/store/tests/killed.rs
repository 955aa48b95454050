//! A writer that is killed in the middle: what it has written is there, and nothing of what it
//! was writing is there in part.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use agave_store::{AlertQuery, Batch, NewAlert, NewCheckpoint, NodeState, Store};

/// Names the folder to the child that writes.
const FOLDER: &str = "AGAVE_TEST_WRITES_TO";
const ROUNDS: u64 = 25;

/// Writes until it is killed. Each batch holds alerts and a state that says how many there are.
fn write_for_ever(folder: &Path) -> ! {
    let store = Store::open(folder).unwrap();
    let mut total = store.alerts(&everything()).unwrap().len() as u64;
    loop {
        let in_batch = total % 4 + 1;
        total += in_batch;
        let alert = NewAlert {
            node: "calm",
            camera: "yard",
            key: "key",
            phase: "begin",
            at: total,
            media_time: total,
            left_the_flow: true,
            body: "x".repeat(2000),
            adapters: vec!["hook"],
            refused_by: Vec::new(),
        };
        let state = total.to_le_bytes();
        let batch = Batch {
            alerts: (0..in_batch).map(|_| alert.clone()).collect(),
            checkpoints: vec![NewCheckpoint {
                camera: "yard",
                frame: total,
                at: total,
                classes: String::new(),
                changed: vec![NodeState {
                    node: "calm",
                    plugin: "debounce",
                    version: 1,
                    data: &state,
                    holds: 0,
                }],
                all: vec!["calm"],
            }],
            written_at: 1,
            ..Batch::default()
        };
        store.write(&batch).unwrap();
        let mut output = std::io::stdout();
        writeln!(output, "\nwritten {total}").unwrap();
        output.flush().unwrap();
    }
}

fn everything() -> AlertQuery {
    AlertQuery {
        most: usize::MAX,
        ..AlertQuery::default()
    }
}

#[test]
fn alerts_and_the_state_that_knows_of_them_are_there_together() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        write_for_ever(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut last = 0;
    for round in 0..ROUNDS {
        let said = last_word_of_a_killed_writer(folder.path(), round % 7 + 1);
        let store = Store::open(folder.path()).expect("a killed process holds no lock");
        let alerts = store.alerts(&everything()).unwrap().len() as u64;
        let due = store.due("hook", "yard", 0, usize::MAX).unwrap().len() as u64;
        let checkpoints = store.checkpoints().unwrap();
        let state = &checkpoints[0].nodes[0].data;
        let known = u64::from_le_bytes(state.as_slice().try_into().unwrap());
        assert_eq!((alerts, due), (known, known), "in round {round}");
        assert!(known >= said && said > last, "{last}, {said}, {known}");
        last = known;
    }
}

/// Kills a writer somewhere behind its `words`th word, and gives the last that it said by then.
fn last_word_of_a_killed_writer(folder: &Path, words: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut said = output.lines().map_while(Result::ok).filter_map(|line| {
        let number = line.strip_prefix("written ")?;
        number.parse::<u64>().ok()
    });
    let last = said.nth(usize::try_from(words).unwrap() - 1);
    child.kill().unwrap();
    child.wait().unwrap();
    last.expect("the child writes")
}
