//! After a thousand failures in a row, of each kind, the process is as large as before and the
//! pool of instances is as empty. The only test of its program: it measures the process.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;
mod puppet;

use std::time::Duration;

use agave_core::{DropReason, Role, Secret};
use agave_plugin::{Instance, NodeSetup, OnFailure, Plugin, Snapshot, Supervised, Verdict};
use common::{BAD, engine, frame, plugin, second, setup};
use puppet::{Answer, END, Puppet};
use serde_json::json;

const FAILURES: u64 = 1000;
/// What one kind may leave behind: allocators keep a little.
const MOST_GROWTH: usize = 4 << 20;

fn resident_bytes() -> usize {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    let line = rollup.lines().find(|line| line.starts_with("Rss:"));
    let kibibytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kibibytes.parse::<usize>().unwrap() << 10
}

/// Fails so many times, each time from the state that it is in otherwise.
type Kind = (&'static str, Box<dyn FnMut(u64)>);

/// A node that fails at every second frame and is well at the others, with as much stream time
/// between them that its restarts stay within their budget.
fn every_second_frame(mode: &'static str, reason: DropReason, tune: fn(&mut NodeSetup)) -> Kind {
    let config = json!({ "mode": mode, "camera": BAD, "every": 2 });
    let mut setup = setup(BAD, config);
    tune(&mut setup);
    let mut node = Supervised::start(plugin("chaos"), setup, OnFailure::Restart).unwrap();
    let mut number = 0;
    let fail = move |times| {
        let before = node.failures();
        for _ in 0..times {
            number += 1;
            let well = node.call(second(10 * number), |instance| {
                instance.process(&frame(2 * number - 1))
            });
            assert!(matches!(well, Verdict::Answered(_)), "{mode}: {well:?}");
            let failed = node.call(second(10 * number), |instance| {
                instance.process(&frame(2 * number))
            });
            assert_eq!(failed, Verdict::Dropped(reason), "{mode}");
        }
        assert_eq!(node.failures(), before + times, "{mode}");
        assert!(!node.quarantined());
    };
    (mode, Box::new(fail))
}

/// An instance that never gets anywhere, again and again.
fn each_instance(
    name: &'static str,
    plugin: Plugin,
    setup: NodeSetup,
    fails: fn(Instance) -> bool,
) -> Kind {
    let fail = move |times| {
        for _ in 0..times {
            let failed = match Instance::start(&plugin, &setup) {
                Ok(instance) => fails(instance),
                Err(_) => true,
            };
            assert!(failed, "{name}");
        }
    };
    (name, Box::new(fail))
}

fn kinds() -> Vec<Kind> {
    let untuned: fn(&mut NodeSetup) = |_| {};
    let chaos = |mode: &str| setup(BAD, json!({ "mode": mode, "camera": BAD }));
    let mut secrets = setup(BAD, json!({ "mode": "leak-secrets", "camera": BAD }));
    let secret = Secret::new("user:hunter2");
    secrets.grants.secrets.insert("granted".to_owned(), secret);
    let puppet = Puppet::new(Role::Filter).load(engine()).unwrap();
    vec![
        every_second_frame("trap", DropReason::Trap, untuned),
        every_second_frame("recurse", DropReason::Trap, untuned),
        every_second_frame("loop", DropReason::Deadline, |setup| {
            setup.limits.deadline = Duration::from_millis(1);
        }),
        every_second_frame("allocate", DropReason::Memory, |setup| {
            setup.limits.memory_bytes = 4 << 20;
        }),
        every_second_frame("doubled", DropReason::BadOutput, untuned),
        every_second_frame("long-log-line", DropReason::BadOutput, untuned),
        every_second_frame("error", DropReason::PluginError, untuned),
        every_second_frame("forged-error", DropReason::PluginError, untuned),
        each_instance(
            "configuration",
            plugin("chaos"),
            chaos("error-in-configure"),
            |_| false,
        ),
        each_instance(
            "configure",
            plugin("chaos"),
            chaos("trap-in-configure"),
            |_| false,
        ),
        each_instance(
            "save",
            plugin("chaos"),
            chaos("trap-in-save"),
            |mut instance| {
                instance.process(&frame(1)).unwrap();
                instance.save().is_err()
            },
        ),
        each_instance(
            "restore",
            plugin("chaos"),
            chaos("refuse-restore"),
            |mut instance| {
                instance.process(&frame(1)).unwrap();
                let snapshot = instance.save().unwrap();
                instance.restore(&snapshot).is_err()
            },
        ),
        each_instance(
            "secrets",
            plugin("chaos-adapter"),
            secrets,
            |mut instance| instance.deliver(&[common::delivery(BAD, 1)]).is_err(),
        ),
        each_instance("malformed", puppet, setup(BAD, "{}"), |mut instance| {
            let mut answer = Answer::frames(&[frame(1)]);
            answer.u32(4, END);
            let snapshot = Snapshot {
                version: 1,
                data: answer.into_bytes(),
            };
            instance.restore(&snapshot).unwrap();
            instance.process(&frame(1)).is_err()
        }),
    ]
}

#[test]
fn a_thousand_failures_in_a_row_leave_nothing_behind() {
    let mut kinds = kinds();
    let at_rest = engine().taken();
    for (_, fail) in &mut kinds {
        fail(20);
    }
    let mut grown = Vec::new();
    let at_first = resident_bytes();
    for (name, fail) in &mut kinds {
        let before = resident_bytes();
        fail(FAILURES);
        let after = resident_bytes();
        if after > before + MOST_GROWTH {
            grown.push(format!("{name}: {} KiB", (after - before) >> 10));
        }
    }
    let growth = resident_bytes().saturating_sub(at_first);
    assert!(grown.is_empty(), "{grown:?}");
    assert!(growth <= MOST_GROWTH, "{} KiB in all", growth >> 10);
    // Those that wait for their restart hold nothing.
    assert!(engine().taken() <= at_rest);
    drop(kinds);
    assert_eq!(
        engine().taken().unwrap_or(0),
        0,
        "the pool has all its slots"
    );
}
