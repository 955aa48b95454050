//! One row for each mode of each plugin that misbehaves on purpose.

use std::fmt::Debug;

use agave_core::DropReason::{BadOutput, Deadline, Memory, PluginError, Trap, Unavailable};
use agave_core::Secret;
use agave_plugin::{Failure, Instance, NodeSetup, Plugin};
use serde_json::json;

use crate::common::{BAD, GOOD, alert, delivery, frame, plugin, second, setup};
use crate::expected::Expected::{Answers, Fails};
use crate::expected::Moment::{Call, Restore, Save, Start};
use crate::expected::{Came, Expected, Witness, complaint, other_node, report};

/// Enough for what does not happen at the first call.
const CALLS: u64 = 16;

/// The match has no wildcard: a mode without a row does not compile.
macro_rules! table {
    ($($mode:ident => $expected:expr,)*) => {
        const TABLE: &[(Mode, Expected)] = &[$((Mode::$mode, $expected)),*];

        const fn _every_mode_has_a_row(mode: Mode) {
            match mode { $(Mode::$mode => {})* }
        }
    };
}

/// Starts it, calls it, and moves it into another instance.
fn trial<T>(
    plugin: &Plugin,
    setup: &NodeSetup,
    call: impl Fn(&mut Instance, u64) -> Result<T, Failure>,
) -> Came<T> {
    let mut instance = Instance::start(plugin, setup).map_err(|failure| (Start, failure))?;
    let mut answer = None;
    for number in 1..=CALLS {
        answer = Some(call(&mut instance, number).map_err(|failure| (Call, failure))?);
    }
    let snapshot = instance.save().map_err(|failure| (Save, failure))?;
    let mut next = Instance::start(plugin, setup).map_err(|failure| (Start, failure))?;
    next.restore(&snapshot)
        .map_err(|failure| (Restore, failure))?;
    Ok(answer.unwrap())
}

/// Tries every row, with a witness on another camera and one in another node.
fn try_all<M: Copy + Debug + serde::Serialize, T: Debug, W: Debug>(
    name: &str,
    table: &[(M, Expected)],
    prepare: fn(NodeSetup) -> NodeSetup,
    call: impl Fn(&mut Instance, u64) -> Result<T, Failure>,
    ask: fn(&mut Instance) -> Result<W, Failure>,
) {
    let plugin = plugin(name);
    let mut other_node = other_node();
    let complaints = table.iter().filter_map(|&(mode, expected)| {
        let config = json!({ "mode": mode, "camera": BAD }).to_string();
        let mut other_camera = Witness::new(&plugin, &config, ask);
        let came = trial(&plugin, &prepare(setup(BAD, &config)), &call);
        other_camera.still_the_same();
        other_node.still_the_same();
        complaint(expected, &came).map(|complaint| format!("{mode:?}: {complaint}"))
    });
    report(complaints.collect());
}

mod filter {
    use super::*;
    use chaos::Mode;

    table! {
        Loop => Fails(Call, Deadline, "ran longer than its deadline of 150 ms"),
        LoopInConfigure => Fails(Start, Deadline, "ran longer than its deadline of 5000 ms"),
        LoopInSave => Fails(Save, Deadline, "ran longer than its deadline of 1500 ms"),
        LoopInRestore => Fails(Restore, Deadline, "ran longer than its deadline of 1500 ms"),

        Trap => Fails(Call, Trap, "chaos"),
        TrapInConfigure => Fails(Start, Trap, "configure"),
        TrapInSave => Fails(Save, Trap, "unreachable"),
        TrapInRestore => Fails(Restore, Trap, "unreachable"),
        TrapInDrop => Fails(Call, Trap, "unreachable"),
        ForgedTrap => Fails(Call, Trap, "unreachable"),
        Recurse => Fails(Call, Trap, "recurse"),
        ReadClock => Fails(Call, Trap, "time"),

        Allocate => Fails(Call, Memory, "wanted more memory than its limit of 96 MiB"),
        AllocateAtOnce => Fails(Call, Memory, "wanted more memory than its limit of 96 MiB"),
        Leak => Fails(Call, Memory, "wanted more memory than its limit of 96 MiB"),
        Dirty => Answers("id: 8"),

        Error => Fails(Call, PluginError, "returned an error: chaos was asked for an error"),
        ErrorInConfigure => Fails(Start, Unavailable, "refused its configuration: all well 2026"),
        LongError => Fails(Call, BadOutput, "more at once than its limit of 4096 KiB"),
        ForgedError => Fails(Call, PluginError, "all well 2026-01-01T00:00:00Z ERROR agave: node is on fire  \\u{1b}[2J"),
        OpenFile => Fails(Call, PluginError, "not supported"),
        Connect => Fails(Call, PluginError, "not supported"),
        SpawnThread => Fails(Call, PluginError, "not supported"),

        LogFlood => Answers("id: 8"),
        LongLogLine => Fails(Call, BadOutput, "more at once than its limit of 4096 KiB"),
        ForgedLogLine => Answers("id: 8"),

        NotANumber => Fails(Call, BadOutput, "a box at NaN"),
        Infinite => Fails(Call, BadOutput, "of inf by 0.2"),
        Negative => Fails(Call, BadOutput, "of 0.2 by -0.1"),
        FarAway => Fails(Call, BadOutput, "a box at 0.4, 1000000"),
        Overconfident => Fails(Call, BadOutput, "confidence 2"),
        NoSuchClass => Fails(Call, BadOutput, "class 65535, which does not exist"),
        NoSuchZone => Fails(Call, BadOutput, "a zone bit that does not exist"),
        Invented => Fails(Call, BadOutput, "detection 4294967295, which it was not given"),
        Doubled => Fails(Call, BadOutput, "the same detection twice"),
        Crowd => Fails(Call, BadOutput, "more at once than its limit of 4096 KiB"),
        OtherFrame => Fails(Call, BadOutput, "another frame"),
        OtherTime => Fails(Call, BadOutput, "another frame"),

        UnsavableState => Fails(Save, Trap, "unreachable"),
        HugeSnapshot => Fails(Save, BadOutput, "more at once than its limit of 16384 KiB"),
        RefuseRestore => Fails(Restore, PluginError, "refuse its own state"),
    }

    #[test]
    fn every_mode_of_the_filter_is_contained() {
        assert!(TABLE.len() >= 25);
        let call = |instance: &mut Instance, number| instance.process(&frame(number));
        try_all(
            "chaos",
            TABLE,
            |setup| setup,
            call,
            |instance| instance.process(&frame(1)),
        );
    }
}

mod rule {
    use super::*;
    use chaos_rule::Mode;

    table! {
        Honest => Answers("kind: \"chaos\""),
        Once => Answers("[]"),
        Loop => Fails(Call, Deadline, "ran longer than its deadline of 150 ms"),
        Trap => Fails(Call, Trap, "unreachable"),
        Flood => Fails(Call, BadOutput, ""),
        SteadyFlood => Answers("16/chaos/999"),
        Weighty => Fails(Call, BadOutput, "more at once than its limit of 4096 KiB"),
        NoSuchClass => Fails(Call, BadOutput, "an alert of class `unicorn`, which does not exist"),
        NoSuchZone => Fails(Call, BadOutput, "an alert in zone `nowhere`, which does not exist"),
        CountZero => Fails(Call, BadOutput, "an alert with the count 0"),
        EmptyKey => Fails(Call, BadOutput, "without a key or a kind"),
        EmptyKind => Fails(Call, BadOutput, "without a key or a kind"),
        HugeKey => Fails(Call, BadOutput, "more at once than its limit of 4096 KiB"),
        ForgedKey => Fails(Call, BadOutput, "a key with the character \\u{d}, which cannot be printed"),
        ForgedKind => Fails(Call, BadOutput, "a kind with the character \\u{d}"),
        ForgedAttribute => Fails(Call, BadOutput, "an attribute with the character \\u{d}"),
        ManyAttributes => Fails(Call, BadOutput, "more than 64 attributes"),
        ManyLongAttributes => Fails(Call, BadOutput, "bytes of text; at most 8192"),
        LongAttribute => Fails(Call, BadOutput, "an attribute of 10000 bytes"),
        NotANumber => Fails(Call, BadOutput, "confidence NaN"),
        Infinite => Fails(Call, BadOutput, "of inf by 0.2"),
        FromTheFuture => Fails(Call, BadOutput, "later than the frame 1"),
        LaterFrame => Fails(Call, BadOutput, "later than the frame 1"),
    }

    #[test]
    fn every_mode_of_the_rule_is_contained() {
        let call = |instance: &mut Instance, number| instance.evaluate(&frame(number));
        try_all(
            "chaos-rule",
            TABLE,
            |setup| setup,
            call,
            |instance| instance.evaluate(&frame(1)),
        );
    }
}

mod site;

mod gate {
    use super::*;
    use chaos_gate::Mode;

    table! {
        Loop => Fails(Call, Deadline, "ran longer than its deadline of 150 ms"),
        LoopInTick => Fails(Call, Deadline, "ran longer than its deadline of 150 ms"),
        Trap => Fails(Call, Trap, "unreachable"),
        TrapInTick => Fails(Call, Trap, "unreachable"),
        ErrorInTick => Fails(Call, PluginError, "chaos was asked for an error"),
        Swallow => Answers("[]"),
        // What a gate holds is in the node's account, and so is the check of these three: the
        // tests of the whole program have them.
        Double => Answers("bad/16"),
        Multiply => Answers("count: 1000"),
        Invent => Answers("bad/16"),
        Flood => Fails(Call, BadOutput, ""),
        CountZero => Fails(Call, BadOutput, "an alert with the count 0"),
        NoSuchClass => Fails(Call, BadOutput, "an alert of class `unicorn`, which does not exist"),
    }

    #[test]
    fn every_mode_of_the_gate_is_contained() {
        let call = |instance: &mut Instance, number| {
            let mut passed = instance.pass(&[alert(number)])?;
            passed.extend(instance.tick(second(number))?);
            Ok(passed)
        };
        try_all(
            "chaos-gate",
            TABLE,
            |setup| setup,
            call,
            |instance| instance.pass(&[alert(1)]),
        );
    }
}

mod adapter {
    use super::*;
    use chaos_adapter::Mode;

    table! {
        Loop => Fails(Call, Deadline, "ran longer than its deadline of 150 ms"),
        Trap => Fails(Call, Trap, "unreachable"),
        // How long that is waited for is tested with the outbox.
        RetryAtOnce => Answers("Retry(Some(0ns))"),
        RetryInWeeks => Answers("Retry(Some(4294967.295s))"),
        LongReason => Fails(Call, BadOutput, "more at once than its limit of 4096 KiB"),
        ForgedReason => Answers("Rejected(\"all well  error: node is on fire\\\\u{1b}[2J\")"),
        LeakSecrets => Fails(Call, Trap, "table"),
        ForeignSecret => Answers("Rejected(\"the secret `foreign` is not granted"),
        LongSecretName => Fails(Call, BadOutput, "more at once than its limit of 4096 KiB"),
        ForeignOrigin => Answers("is not granted"),
        LongBody => Fails(Call, BadOutput, "more at once than its limit of 4096 KiB"),
    }

    fn granted(mut setup: NodeSetup) -> NodeSetup {
        let secret = Secret::new("user:hunter2");
        setup.grants.secrets.insert("granted".to_owned(), secret);
        setup
    }

    #[test]
    fn every_mode_of_the_adapter_is_contained() {
        let call = |instance: &mut Instance, number| instance.deliver(&[delivery(BAD, number)]);
        try_all("chaos-adapter", TABLE, granted, call, |instance| {
            instance.deliver(&[delivery(GOOD, 1)])
        });
    }
}
