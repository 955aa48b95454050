//! Modules that do not do their part: instructions that trap, functions of the canonical ABI that
//! break its rules, and calls of the host that make no sense.

use agave_core::DropReason::{BadOutput, Deadline, Trap};
use agave_core::{Role, Secret};
use agave_plugin::{Instance, NodeSetup, Plugin};

use crate::common::{BAD, engine, setup};
use crate::expected::Expected::Fails;
use crate::expected::Moment::{Call, Save, Start};
use crate::expected::{Came, Expected, Moment, complaint, other_node, report};
use crate::lies::{call, garbled};
use crate::puppet::{FOREVER, Puppet};

/// A puppet with one of its parts replaced, and what has to become of it.
struct Broken {
    name: &'static str,
    role: Role,
    with: fn(&mut Puppet),
    expected: Expected,
}

const fn broken(name: &'static str, with: fn(&mut Puppet), expected: Expected) -> Broken {
    Broken {
        name,
        role: Role::Filter,
        with,
        expected,
    }
}

const fn broken_adapter(name: &'static str, with: fn(&mut Puppet), expected: Expected) -> Broken {
    Broken {
        role: Role::Adapter,
        ..broken(name, with, expected)
    }
}

const fn traps(says: &'static str) -> Expected {
    Fails(Call, Trap, says)
}

const LOG: &str = r#"(import "agave:plugin/log@0.1.0" "write" (func $log (param i32 i32 i32)))"#;
const SECRETS: &str = r#"
    (import "agave:plugin/secrets@0.1.0" "[static]secret.open" (func $open (param i32 i32 i32)))
    (import "agave:plugin/secrets@0.1.0" "[resource-drop]secret" (func $drop (param i32)))"#;
const HTTP: &str = r#"
    (import "agave:plugin/http@0.1.0" "send"
        (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))"#;

const BROKEN: &[Broken] = &[
    broken("as it is", |_| {}, garbled("0 frames for one")),
    broken(
        "an instruction that must not be reached",
        |p| p.call = "(unreachable)",
        traps("unreachable"),
    ),
    broken(
        "a division by zero",
        |p| p.call = "(i32.div_s (i32.const 1) (i32.const 0))",
        traps("divide by zero"),
    ),
    broken(
        "a number that is no integer",
        |p| p.call = "(i32.trunc_f32_s (f32.const nan))",
        traps("integer"),
    ),
    broken(
        "a read outside memory",
        |p| p.call = "(i32.load (i32.const -4))",
        traps("out of bounds memory access"),
    ),
    broken(
        "a write outside memory",
        |p| {
            p.call =
                "(i32.store offset=65536 (i32.const 0x7fff0000) (i32.const 1)) (i32.const 0x10000)"
        },
        traps("out of bounds memory access"),
    ),
    broken(
        "a copy outside memory",
        |p| p.call = "(memory.fill (i32.const 0) (i32.const 1) (i32.const -1)) (i32.const 0x10000)",
        traps("out of bounds memory access"),
    ),
    broken(
        "a call through an empty table",
        |p| {
            p.module = "(type $f (func)) (table 1 funcref)";
            p.call = "(call_indirect (type $f) (i32.const 0)) (i32.const 0x10000)";
        },
        traps("uninitialized element"),
    ),
    broken(
        "a call of the wrong type",
        |p| {
            p.module =
                "(type $f (func (param i64))) (table 1 funcref) (elem (i32.const 0) $g) (func $g)";
            p.call = "(call_indirect (type $f) (i64.const 0) (i32.const 0)) (i32.const 0x10000)";
        },
        traps("indirect call type mismatch"),
    ),
    broken(
        "recursion without end",
        |p| {
            p.module = "(func $deeper (result i32) (i32.add (call $deeper) (i32.const 1)))";
            p.call = "(call $deeper)";
        },
        traps("stack"),
    ),
    broken(
        "a loop",
        |p| p.call = FOREVER,
        Fails(Call, Deadline, "150 ms"),
    ),
    broken(
        "a table that grows without end",
        |p| {
            p.module = "(table $t 1 funcref)";
            p.call = "(loop $again
                (br_if $again (i32.ge_s (table.grow $t (ref.null func) (i32.const 1000)) (i32.const 0))))
                (i32.const 0x10000)";
        },
        // It is refused more, and goes on with what it has.
        garbled("0 frames for one"),
    ),
    broken(
        "an answer outside memory",
        |p| p.call = "(i32.const -8)",
        garbled("out of bounds"),
    ),
    broken(
        "an answer that is not aligned",
        |p| p.call = "(i32.const 0x10001)",
        garbled("not aligned"),
    ),
    broken(
        "room outside memory",
        |p| p.realloc = "(i32.const -16)",
        Fails(Start, BadOutput, "realloc"),
    ),
    broken(
        "room that is not aligned",
        |p| p.realloc = "(i32.const 0x2001)",
        Fails(Start, BadOutput, "aligned"),
    ),
    broken(
        "no room at all",
        |p| p.realloc = "(unreachable)",
        Fails(Start, Trap, "unreachable"),
    ),
    broken(
        "room in the same place for everything",
        |p| p.realloc = "(i32.const 0x2000)",
        garbled("0 frames for one"),
    ),
    broken(
        "a trap after the answer",
        |p| p.post_return = "(unreachable)",
        traps("unreachable"),
    ),
    broken(
        "a loop after the answer",
        |p| p.post_return = "(loop $again (br $again))",
        Fails(Call, Deadline, "150 ms"),
    ),
    broken(
        "a log line of a level that does not exist",
        |p| {
            p.module = LOG;
            p.world = "import agave:plugin/log@0.1.0;";
            p.call = "(call $log (i32.const 9) (i32.const 64) (i32.const 0)) (i32.const 0x10000)";
        },
        traps("discriminant"),
    ),
    broken(
        "a log line outside memory",
        |p| {
            p.module = LOG;
            p.world = "import agave:plugin/log@0.1.0;";
            p.call = "(call $log (i32.const 3) (i32.const -1) (i32.const 9)) (i32.const 0x10000)";
        },
        traps("out of bounds"),
    ),
    broken(
        "a log line that is no text",
        |p| {
            p.module = LOG;
            p.world = "import agave:plugin/log@0.1.0;";
            p.call = "(i32.store8 (i32.const 96) (i32.const 255))
                (call $log (i32.const 3) (i32.const 96) (i32.const 1)) (i32.const 0x10000)";
        },
        traps("utf-8"),
    ),
    broken(
        "the clock of WASI",
        |p| {
            p.module = r#"(import "wasi:clocks/wall-clock@0.2.0" "now" (func $now (result i64)))"#;
            p.world = "import wasi:clocks/wall-clock@0.2.0;";
            p.call = "(drop (call $now)) (i32.const 0x10000)";
        },
        traps("called `wasi:clocks/wall-clock@0.2.0#now`; plugins have no WASI"),
    ),
    broken_adapter(
        "a handle that it was never given",
        |p| {
            p.module = SECRETS;
            p.world = "import agave:plugin/secrets@0.1.0;";
            p.call = "(call $drop (i32.const 12345)) (i32.const 0x10000)";
        },
        traps("handle"),
    ),
    broken_adapter(
        "a handle that it has dropped",
        |p| {
            p.module = SECRETS;
            p.world = "import agave:plugin/secrets@0.1.0;";
            p.call = "(i32.store (i32.const 128) (i32.const 0x6e617267))
                (i32.store (i32.const 132) (i32.const 0x00646574))
                (call $open (i32.const 128) (i32.const 7) (i32.const 160))
                (call $drop (i32.load (i32.const 164)))
                (call $drop (i32.load (i32.const 164)))
                (i32.const 0x10000)";
        },
        traps("handle"),
    ),
    broken_adapter(
        "a login with a handle that it was never given",
        |p| {
            p.module = HTTP;
            p.world = "import agave:plugin/http@0.1.0;";
            p.call = "(call $send (i32.const 0) (i32.const 64) (i32.const 0) (i32.const 64)
                (i32.const 0) (i32.const 64) (i32.const 0) (i32.const 1000) (i32.const 1)
                (i32.const 77) (i32.const 256)) (i32.const 0x10000)";
        },
        traps("handle"),
    ),
];

fn granted() -> NodeSetup {
    let mut setup = setup(BAD, "{}");
    let secret = Secret::new("user:hunter2");
    setup.grants.secrets.insert("granted".to_owned(), secret);
    setup
}

#[test]
fn a_module_that_does_not_do_its_part_is_contained() {
    let mut other_node = other_node();
    let mut complaints = Vec::new();
    for Broken {
        name,
        role,
        with,
        expected,
    } in BROKEN
    {
        let mut puppet = Puppet::new(*role);
        with(&mut puppet);
        let plugin = puppet.load(engine()).unwrap();
        let came = called_once(&plugin);
        other_node.still_the_same();
        complaints
            .extend(complaint(*expected, &came).map(|complaint| format!("{name}: {complaint}")));
    }
    report(complaints);
}

fn called_once(plugin: &Plugin) -> Came<String> {
    let at = |moment: Moment| move |failure| (moment, failure);
    let mut instance = Instance::start(plugin, &granted()).map_err(at(Start))?;
    let answer = call(&mut instance, plugin.role()).map_err(at(Call))?;
    instance.save().map_err(at(Save))?;
    Ok(answer)
}
