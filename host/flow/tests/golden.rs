//! What a user reads when a flow file is wrong, and what a right one becomes: one file for each
//! case, with the answer beside it. `AGAVE_BLESS=1 cargo test -p agave-flow` writes the answers.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod world;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use agave_flow::{Code, Diagnostics, Flow, FlowText, Override, load};
use world::World;

/// The outcome of a case. A line `# --set PATH=VALUE` in it is an override.
fn outcome(case: &Path) -> (Option<Flow>, Diagnostics) {
    let bytes = std::fs::read(case).unwrap();
    let overrides: Vec<Override> = String::from_utf8_lossy(&bytes)
        .lines()
        .filter_map(|line| line.strip_prefix("# --set "))
        .map(|text| text.parse().unwrap())
        .collect();
    let shown = Path::new("flows").join(case.file_name().unwrap());
    match FlowText::from_bytes(&shown, bytes) {
        Ok(text) => load(&text, &overrides, &World),
        Err(diagnostics) => (None, diagnostics),
    }
}

fn cases(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder);
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    cases.sort();
    cases
}

/// Compares with the answer beside the case, or writes it.
fn compare(case: &Path, answer: &str, wrong: &mut String) {
    let expected = case.with_extension("expected");
    if std::env::var_os("AGAVE_BLESS").is_some() {
        std::fs::write(expected, answer).unwrap();
        return;
    }
    let before = std::fs::read_to_string(expected).unwrap_or_default();
    if before != answer {
        writeln!(wrong, "{}:\n{answer}\ninstead of\n{before}", case.display()).unwrap();
    }
}

#[test]
fn every_diagnostic_reads_as_expected() {
    let mut wrong = String::new();
    for case in cases("diagnostics") {
        let (flow, diagnostics) = outcome(&case);
        assert_eq!(
            flow.is_none(),
            diagnostics.has_errors(),
            "{}",
            case.display()
        );
        assert!(!diagnostics.is_empty(), "{} is right", case.display());
        compare(&case, &diagnostics.to_string(), &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_code_has_a_case() {
    let seen: BTreeSet<Code> = cases("diagnostics")
        .iter()
        .flat_map(|case| {
            outcome(case)
                .1
                .iter()
                .map(|one| one.code())
                .collect::<Vec<_>>()
        })
        .collect();
    let unseen: Vec<Code> = Code::ALL
        .iter()
        .copied()
        .filter(|code| !seen.contains(code) && !Code::OF_BUILT_FLOWS.contains(code))
        .collect();
    assert!(unseen.is_empty(), "no case for {unseen:?}");
    let numbers: BTreeSet<u16> = Code::ALL.iter().map(|code| code.number()).collect();
    assert_eq!(numbers.len(), Code::ALL.len(), "two codes have one number");
}

#[test]
fn right_files_become_flows() {
    let mut wrong = String::new();
    for case in cases("accepted") {
        let (flow, diagnostics) = outcome(&case);
        assert!(diagnostics.is_empty(), "{diagnostics}");
        compare(&case, &format!("{:#?}\n", flow.unwrap()), &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn nothing_that_is_printed_has_a_secret_in_it() {
    for folder in ["diagnostics", "accepted"] {
        for case in cases(folder) {
            let (flow, diagnostics) = outcome(&case);
            let json = serde_json::to_string(&diagnostics).unwrap();
            let printed = format!("{flow:?}{diagnostics}{diagnostics:?}{json}");
            for secret in ["hunter2", "p@ss/word", "p%40ss", "12345678"] {
                assert!(!printed.contains(secret), "{}: {secret}", case.display());
            }
        }
    }
}
