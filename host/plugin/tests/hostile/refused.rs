//! What is wrong before anything can be asked: while a plugin is loaded and started.

use agave_core::DropReason::{BadOutput, Unavailable};
use agave_core::Role;
use agave_plugin::{Failure, Instance, LoadError};

use crate::common::{BAD, assert_readable, engine, said, setup};
use crate::puppet::{FOREVER, Puppet};

fn refused(with: impl FnOnce(&mut Puppet)) -> LoadError {
    let mut puppet = Puppet::new(Role::Filter);
    with(&mut puppet);
    let error = puppet.load(engine()).err().unwrap();
    assert_readable(&error.to_string());
    error
}

fn failure_of(error: LoadError) -> Failure {
    match error {
        LoadError::Describe { failure, .. } => failure,
        other => panic!("{other}"),
    }
}

#[test]
fn a_loop_in_the_start_function_ends() {
    let failure = failure_of(refused(|p| {
        p.module = "(func $main (loop $again (br $again))) (start $main)";
    }));
    assert!(matches!(failure, Failure::Deadline(_)), "{failure}");
}

#[test]
fn a_loop_in_the_description_ends() {
    let failure = failure_of(refused(|p| p.describe = FOREVER));
    assert!(matches!(failure, Failure::Deadline(_)), "{failure}");
}

#[test]
fn a_description_is_bounded_and_readable() {
    let says = |with: fn(&mut Puppet), says: &str| {
        let failure = failure_of(refused(with));
        assert_eq!(failure.reason(), BadOutput, "{failure}");
        assert!(failure.to_string().contains(says), "{failure}");
    };
    says(|p| p.describe = "(i32.const -8)", "out of bounds");
    says(
        |p| p.name = "two\nlines".to_owned(),
        "a name with the character \\u{a}",
    );
    says(|p| p.name = "n".repeat(2000), "a name of 2000 bytes");
    says(
        |p| p.schema = format!("\"{}\"", "x".repeat(300 << 10)),
        "a schema of 307202 bytes",
    );
    says(|p| p.reads_state = 1000, "1000 versions of its state");
    says(|p| p.reads_state = u32::MAX, "");
    let error = refused(|p| p.schema = "[".repeat(10_000));
    assert!(matches!(error, LoadError::Schema { .. }), "{error}");
}

#[test]
fn more_memory_than_its_limit_is_refused_at_the_start() {
    let plugin = Puppet::new(Role::Filter).load(engine()).unwrap();
    let mut setup = setup(BAD, "{}");
    setup.limits.memory_bytes = 1 << 20;
    let failure = Instance::start(&plugin, &setup).err().unwrap();
    assert_eq!(failure.reason(), Unavailable);
    assert!(said(&failure).contains("its limit of 1 MiB"), "{failure}");
}

#[test]
fn a_table_that_nobody_can_have_is_refused() {
    let error = refused(|p| p.module = "(table 1000000 funcref)");
    assert!(matches!(error, LoadError::Compile { .. }), "{error}");
}
