//! What no compiler lets one write: answers that are no values of the contract.

use agave_core::DropReason::{BadOutput, PluginError};
use agave_core::{Alert, Role, Timestamp};
use agave_plugin::{Failure, Instance, Outcome, Plugin, Snapshot};

use crate::common::{BAD, alert, delivery, engine, frame, said, setup};
use crate::expected::Expected::{Answers, Fails};
use crate::expected::Moment::{Call, Start};
use crate::expected::{Came, Expected, complaint, other_node, report};
use crate::puppet::{Answer, BASE, END, Puppet};

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

pub(crate) const fn garbled(says: &'static str) -> Expected {
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

/// The function of its role, once.
pub(crate) fn call(instance: &mut Instance, role: Role) -> Result<String, Failure> {
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
