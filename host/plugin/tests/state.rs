//! What a plugin remembers: which versions of it go where, and how it survives the exchange of
//! an instance.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use agave_core::Timestamp;
use agave_plugin::{Engine, Failure, Instance, OnFailure, Plugin, Snapshot, Supervised, Verdict};
use support::{Versions, gate, hungry, setup};

fn load(engine: &Engine, component: &[u8]) -> Plugin {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hungry.wasm");
    std::fs::write(&path, component).unwrap();
    Plugin::load(engine, &path).unwrap()
}

fn start(component: &[u8]) -> Instance {
    Instance::start(&load(&Engine::new().unwrap(), component), &setup()).unwrap()
}

fn count(instance: &mut Instance) -> u32 {
    u32::from_le_bytes(instance.save().unwrap().data.try_into().unwrap())
}

fn passes(supervised: &mut Supervised, times: u32) {
    for _ in 0..times {
        let verdict = supervised.call(Timestamp(1), |instance| instance.pass(&[]));
        assert_eq!(verdict, Verdict::Answered(Vec::new()));
    }
}

fn count_of(supervised: &mut Supervised) -> u32 {
    match supervised.call(Timestamp(1), |instance| Ok(count(instance))) {
        Verdict::Answered(count) => count,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_snapshot_goes_to_those_that_read_its_version() {
    let mut second = start(&hungry(2));
    second.pass(&[]).unwrap();
    second.pass(&[]).unwrap();
    let snapshot = second.save().unwrap();
    assert_eq!(snapshot.version, 2);

    let mut third = start(&hungry(3));
    third.restore(&snapshot).unwrap();
    assert_eq!(count(&mut third), 2);

    let refused = start(&hungry(4)).restore(&snapshot).unwrap_err();
    assert!(matches!(refused, Failure::Snapshot(_)));
    assert_eq!(
        refused.to_string(),
        "cannot be remembered: hungry 0.1.0 reads versions 4 and 3, not version 2 of its state"
    );
}

#[test]
fn a_plugin_saves_the_version_that_it_describes() {
    let mut liar = start(&gate(Versions {
        described: 3,
        saved: 4,
        older: 1,
    }));
    let refused = liar.save().unwrap_err().to_string();
    assert!(refused.contains("has version 4"), "{refused}");
    assert!(refused.contains("as version 3"), "{refused}");
}

#[test]
fn an_exchange_keeps_the_state_or_changes_nothing() {
    let engine = Engine::new().unwrap();
    let (second, third, fifth) = (
        load(&engine, &hungry(2)),
        load(&engine, &hungry(3)),
        load(&engine, &hungry(5)),
    );
    let mut supervised = Supervised::start(second, setup(), OnFailure::Restart).unwrap();
    passes(&mut supervised, 3);
    let candidate =
        |plugin: &Plugin| Supervised::start(plugin.clone(), setup(), OnFailure::Restart).unwrap();
    let refused = candidate(&fifth).take_over(Timestamp(1), &mut supervised);
    assert!(matches!(refused, Err(Failure::Snapshot(_))), "{refused:?}");
    passes(&mut supervised, 1);
    assert_eq!(count_of(&mut supervised), 4, "the old one did not go on");

    let mut successor = candidate(&third);
    successor.take_over(Timestamp(1), &mut supervised).unwrap();
    successor.succeed(supervised, true);
    passes(&mut successor, 1);
    assert_eq!(count_of(&mut successor), 5, "the new one did not go on");
    let still = candidate(&fifth).take_over(Timestamp(1), &mut successor);
    assert!(still.is_err());
    let supervised = successor;
    assert_eq!(supervised.failures(), 0);
}

#[test]
fn memory_past_its_mark_is_given_back_and_nothing_is_forgotten() {
    let engine = Engine::new().unwrap();
    let mut setup = setup();
    setup.limits.memory_bytes = 8 << 20;
    setup.limits.recycle_bytes = 6 << 20;
    let plugin = load(&engine, &hungry(1));
    let mut supervised = Supervised::start(plugin, setup, OnFailure::Restart).unwrap();
    // Each takes 64 KiB: far more than there is room for.
    passes(&mut supervised, 1000);
    assert_eq!(count_of(&mut supervised), 1000);
    assert_eq!(supervised.failures(), 0);
    assert!(supervised.recycled() > 8, "{}", supervised.recycled());
}

#[test]
fn a_snapshot_that_is_no_state_of_ours_is_refused_by_its_version() {
    let garbage = Snapshot {
        version: 77,
        data: vec![1],
    };
    let refused = start(&hungry(2)).restore(&garbage);
    assert!(matches!(refused, Err(Failure::Snapshot(_))), "{refused:?}");
}
