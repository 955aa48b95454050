//! What no compiler lets one write: answers that are no values of the contract, functions of the
//! canonical ABI that do not do their part, and modules that misbehave before they are called.

use agave_core::{Alert, DropReason, Role, Secret, Timestamp};
use agave_plugin::{Failure, Instance, LoadError, NodeSetup, Outcome, Plugin, Snapshot};

use crate::common::{BAD, alert, delivery, engine, frame, said, setup};
use crate::expected::Expected::{Answers, Fails};
use crate::expected::Moment::{Call, Save, Start};
use crate::expected::{Came, Expected, Moment, complaint, other_node, report};
use crate::puppet::{Answer, BASE, END, Puppet};

use DropReason::{BadOutput, Deadline, Memory, PluginError, Trap, Unavailable};

/// An answer, and what has to become of it.
struct Lie {
    name: &'static str,
    role: Role,
    answer: Answer,
    expected: Expected,
}

fn lie(name: &'static str, role: Role, answer: Answer, expected: Expected) -> Lie {
    Lie {
        name,
        role,
        answer,
        expected,
    }
}

fn spoilt(mut answer: Answer, spoil: impl FnOnce(&mut Answer)) -> Answer {
    spoil(&mut answer);
    answer
}

const fn garbled(says: &'static str) -> Expected {
    Fails(Call, BadOutput, says)
}

/// Each is in order but for one thing.
fn filter_lies() -> Vec<Lie> {
    let answer = |frames: &[u64]| {
        let frames: Vec<_> = frames.iter().map(|&number| frame(number)).collect();
        Answer::frames(&frames)
    };
    let one = |spoil: fn(&mut Answer)| spoilt(answer(&[1]), spoil);
    let filter = |name, answer, expected| lie(name, Role::Filter, answer, expected);
    vec![
        filter("in order", answer(&[1]), Answers("frame: 1")),
        filter("no frame", answer(&[]), garbled("0 frames for one")),
        filter("two frames", answer(&[1, 1]), garbled("2 frames for one")),
        filter(
            "a list outside memory",
            one(|answer| answer.u32(4, END)),
            garbled("out of bounds"),
        ),
        filter(
            "a list that ends outside memory",
            one(|answer| answer.u32(8, (END - BASE) / 24 + 1)),
            garbled("out of bounds"),
        ),
        filter(
            "a list longer than there are addresses",
            one(|answer| answer.u32(8, u32::MAX)),
            garbled(""),
        ),
        filter(
            "a pointer that is not aligned",
            one(|answer| answer.u32(4, BASE + 13)),
            garbled("not aligned"),
        ),
        filter(
            "neither ok nor error",
            one(|answer| answer.u8(0, 2)),
            garbled("discriminant"),
        ),
        filter(
            "neither some nor none",
            // The first detection's track: result, frame, detection.
            one(|answer| answer.u8(16 + 24 + 32, 7)),
            garbled("discriminant"),
        ),
        filter(
            "an error that is no text",
            Answer::error(b"half a character: \xe2\x82"),
            garbled("utf-8"),
        ),
        filter(
            "an error outside memory",
            spoilt(Answer::error(b""), |answer| answer.u32(4, END)),
            // No bytes at the very end are still inside.
            Fails(Call, PluginError, "returned an error"),
        ),
        filter(
            "an error that ends outside memory",
            spoilt(Answer::error(b"x"), |answer| answer.u32(8, END)),
            garbled("out of bounds"),
        ),
    ]
}

/// So many alerts whose texts are all the same megabyte.
fn amplified() -> Answer {
    let mut answer = Answer::new(12);
    let text = answer.room(1 << 20);
    answer.put(text, &vec![b'x'; 1 << 20]);
    let alerts = 10_000u32;
    let first = answer.room(alerts as usize * 136);
    for number in 0..alerts {
        answer.list(first + number * 136, text, 1 << 20);
    }
    answer.list(4, first, alerts as usize);
    answer
}

fn alert_lies(role: Role) -> Vec<Lie> {
    let one = |spoil: fn(&mut Answer)| spoilt(Answer::alerts(&[alert(1)]), spoil);
    let one_with = |change: fn(&mut Alert)| {
        let mut alert = alert(1);
        change(&mut alert);
        Answer::alerts(&[alert])
    };
    // Where the first alert lies.
    const ALERT: u32 = 16;
    vec![
        lie("in order", role, one(|_| {}), Answers("bad/1")),
        lie(
            "a phase that does not exist",
            role,
            one(|answer| answer.u8(ALERT + 16, 3)),
            garbled("discriminant"),
        ),
        lie(
            "a severity that does not exist",
            role,
            one(|answer| answer.u8(ALERT + 17, 255)),
            garbled("discriminant"),
        ),
        lie(
            "a key that is no text",
            role,
            one(|answer| {
                let place = answer.room(2);
                answer.put(place, b"\xff\xfe");
                answer.list(ALERT, place, 2);
            }),
            garbled("utf-8"),
        ),
        lie(
            "attributes outside memory",
            role,
            one(|answer| answer.u32(ALERT + 124, END)),
            garbled("out of bounds"),
        ),
        lie(
            "many texts in one place",
            role,
            amplified(),
            garbled("more at once than its limit of 4096 KiB"),
        ),
        lie(
            "a key with a zero",
            role,
            one_with(|alert| alert.key = "a\0b".to_owned()),
            garbled("\\u{0}"),
        ),
        lie(
            "a kind that turns the line around",
            role,
            one_with(|alert| alert.kind = "\u{202e}llew lla".to_owned()),
            garbled("\\u{202e}"),
        ),
    ]
}

fn adapter_lies() -> Vec<Lie> {
    let outcomes = |count| Answer::outcomes(&vec![Outcome::Delivered; count]);
    let adapter = |name, answer, expected| lie(name, Role::Adapter, answer, expected);
    vec![
        adapter("in order", outcomes(1), Answers("[Delivered]")),
        adapter(
            "fewer outcomes",
            outcomes(0),
            garbled("0 outcomes for 1 deliveries"),
        ),
        adapter(
            "more outcomes",
            outcomes(2),
            garbled("2 outcomes for 1 deliveries"),
        ),
        adapter(
            "an outcome that does not exist",
            spoilt(outcomes(1), |answer| answer.u8(8, 3)),
            garbled("discriminant"),
        ),
        adapter(
            "a reason that is no text",
            spoilt(
                Answer::outcomes(&[Outcome::Rejected("no".to_owned())]),
                |answer| answer.put(24, b"\xc0\x80"),
            ),
            garbled("utf-8"),
        ),
    ]
}

fn snapshot_of(answer: &Answer) -> Snapshot {
    Snapshot {
        version: 1,
        data: answer.bytes().to_vec(),
    }
}

fn call(instance: &mut Instance, role: Role) -> Result<String, Failure> {
    Ok(match role {
        Role::Filter => format!("{:?}", instance.process(&frame(1))?),
        Role::Rule => format!("{:?}", instance.evaluate(&frame(1))?),
        Role::Gate => format!("{:?}", instance.pass(&[alert(1)])?),
        Role::Adapter => format!("{:?}", instance.deliver(&[delivery(BAD, 1)])?),
    })
}

fn tell(plugin: &Plugin, answer: &Answer) -> Came<String> {
    let mut instance =
        Instance::start(plugin, &setup(BAD, "{}")).map_err(|failure| (Start, failure))?;
    instance.restore(&snapshot_of(answer)).unwrap();
    let called = call(&mut instance, plugin.role());
    if plugin.role() == Role::Gate {
        // The other function of the role hears the same lies.
        instance = Instance::start(plugin, &setup(BAD, "{}")).unwrap();
        instance.restore(&snapshot_of(answer)).unwrap();
        let ticked = instance.tick(Timestamp(1));
        assert_eq!(ticked.is_ok(), called.is_ok(), "{ticked:?} {called:?}");
    }
    called.map_err(|failure| (Call, failure))
}

#[test]
fn an_answer_that_is_no_value_is_bad_output() {
    let mut other_node = other_node();
    let lies = filter_lies()
        .into_iter()
        .chain(alert_lies(Role::Rule))
        .chain(alert_lies(Role::Gate))
        .chain(adapter_lies());
    let mut complaints = Vec::new();
    let plugins = [Role::Filter, Role::Rule, Role::Gate, Role::Adapter]
        .map(|role| Puppet::new(role).load(engine()).unwrap());
    for lie in lies {
        let plugin = plugins.iter().find(|plugin| plugin.role() == lie.role);
        let came = tell(plugin.unwrap(), &lie.answer);
        other_node.still_the_same();
        let complaint = complaint(lie.expected, &came);
        complaints
            .extend(complaint.map(|complaint| format!("{} {}: {complaint}", lie.role, lie.name)));
    }
    report(complaints);
}

#[test]
fn a_snapshot_that_is_no_value_is_bad_output() {
    let plugin = Puppet::new(Role::Filter).load(engine()).unwrap();
    let saved = |answer: Answer| {
        let mut instance = Instance::start(&plugin, &setup(BAD, "{}")).unwrap();
        instance.restore(&snapshot_of(&answer)).unwrap();
        instance.save()
    };
    let snapshot = saved(Answer::snapshot(1, b"seven")).unwrap();
    assert_eq!(
        (snapshot.version, snapshot.data.as_slice()),
        (1, &b"seven"[..])
    );
    let foreign = saved(Answer::snapshot(7, b"seven")).unwrap_err();
    assert_eq!(foreign.reason(), BadOutput);
    assert!(said(&foreign).contains("has version 7"), "{foreign}");
    let outside = spoilt(Answer::snapshot(1, b"one"), |answer| answer.u32(8, END));
    let failure = saved(outside).unwrap_err();
    assert_eq!(failure.reason(), BadOutput);
    assert!(said(&failure).contains("out of bounds"), "{failure}");
}

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

const FOREVER: &str = "(loop $again (br $again)) (unreachable)";
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

/// What is wrong before anything can be asked.
fn refused(with: impl FnOnce(&mut Puppet)) -> LoadError {
    let mut puppet = Puppet::new(Role::Filter);
    with(&mut puppet);
    let error = puppet.load(engine()).err().unwrap();
    crate::common::assert_readable(&error.to_string());
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
    assert_ne!(failure.reason(), Memory);
}
