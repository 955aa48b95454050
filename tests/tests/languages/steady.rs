//! What the example does, in whatever language it is written.

use std::io;
use std::sync::{Arc, Mutex};

use agave_core::{BoundingBox, Detection, FrameDetections, Point, StreamInfo, Timestamp, Zone};
use agave_plugin::{Failure, Grants, Instance, Limits, NodeSetup, Outside, Plugin, Snapshot};
use anyhow::{Context, Result, bail, ensure};

const OBJECT: u16 = 2;
const WORKER: u16 = 1;

/// After so many calls a runtime has taken what it needs; garbage collectors take it bit by bit.
const WARM_UP: u32 = 20_000;
const CALLS: u32 = 100_000;

/// Id, class and confidence of each detection of a frame, and the ids that pass.
type Case = (&'static [(u32, u16, f32)], &'static [u32]);

/// With the default configuration: half sure, three frames.
const CASES: [Case; 8] = [
    (&[(1, OBJECT, 0.9), (2, WORKER, 0.8)], &[]),
    // Just sure enough counts; not sure enough starts over.
    (&[(3, OBJECT, 0.5), (4, WORKER, 0.25)], &[]),
    (
        &[(7, OBJECT, 0.25), (5, OBJECT, 0.75), (6, WORKER, 0.9)],
        &[5],
    ),
    // Two of a class in a frame are one frame, and their order stays.
    (
        &[(10, OBJECT, 0.625), (8, WORKER, 0.9), (9, OBJECT, 0.9)],
        &[10, 9],
    ),
    (&[(11, WORKER, 1.0), (12, OBJECT, 0.9)], &[11, 12]),
    (&[], &[]),
    (&[(13, OBJECT, 0.9)], &[]),
    (&[(14, OBJECT, 0.9), (15, WORKER, 0.9)], &[]),
];
const LINES: [&str; 2] = ["object is steady", "worker is steady"];

/// What it remembers after the frames, in the bytes that every language writes.
const STATES: [(usize, &str); 4] = [
    (0, r#"{"seen":[]}"#),
    (4, r#"{"seen":[[1,2],[2,3]]}"#),
    (6, r#"{"seen":[]}"#),
    (8, r#"{"seen":[[1,1],[2,2]]}"#),
];

fn setup(config: &str) -> NodeSetup {
    NodeSetup {
        node: "steady".to_owned(),
        stream: StreamInfo {
            camera: "gate".to_owned(),
            width: 1280,
            height: 720,
            classes: ["pina", "worker", "object"].map(str::to_owned).to_vec(),
            zones: (0..64).map(zone).collect(),
        },
        cameras: Vec::new(),
        config: config.to_owned(),
        limits: Limits::default(),
        grants: Grants::default(),
        outside: Outside::default(),
    }
}

/// As many as there are bits for.
fn zone(number: u32) -> Zone {
    let corner = |x, y| Point { x, y };
    Zone {
        name: format!("zone {number}"),
        polygon: vec![corner(0.0, 0.0), corner(1.0, 0.0), corner(1.0, 1.0)],
    }
}

fn start(plugin: &Plugin) -> Result<Instance> {
    Instance::start(plugin, &setup("{}")).context("it cannot be started")
}

fn frame(number: u64, detections: &[(u32, u16, f32)]) -> FrameDetections {
    let detections = detections.iter().map(|&(id, class, confidence)| Detection {
        id,
        class,
        confidence,
        bbox: BoundingBox {
            left: 0.125,
            top: 0.25,
            width: 0.5,
            height: 0.0625,
        },
        // Of 63 bits: componentize-qjs 0.4.5 traps on larger numbers.
        track: (id % 2 == 0).then_some(u64::MAX / 2 - u64::from(id)),
        zones: 1 << (id % 64),
    });
    FrameDetections {
        frame: number,
        at: Timestamp(1_795_365_327_466_000_000 + number),
        detections: detections.collect(),
    }
}

pub(super) fn describes_itself(plugin: &Plugin) -> Result<()> {
    let description = plugin.description();
    ensure!(description.name == "steady", "{}", description.name);
    ensure!(description.version == "0.1.0", "{}", description.version);
    ensure!(
        description.summary
            == "Lets a class through once it has been seen in several frames in a row",
        "{}",
        description.summary
    );
    ensure!(description.state_version == 1 && description.reads_state.is_empty());
    let schema = &description.config_schema;
    for (pointer, expected) in [
        ("/additionalProperties", "false"),
        ("/properties/confidence/default", "0.5"),
        ("/properties/frames/default", "3"),
        ("/properties/frames/type", "\"integer\""),
    ] {
        let found = schema.pointer(pointer).map(ToString::to_string);
        ensure!(
            found.as_deref() == Some(expected),
            "{pointer} of its schema is {found:?}, not {expected}"
        );
    }
    Ok(())
}

pub(super) fn answers_and_logs(plugin: &Plugin) -> Result<()> {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    tracing::subscriber::with_default(subscriber, || answers(plugin))?;
    let text = log.text();
    let mut lines = text.lines().filter(|line| line.contains("is steady"));
    for expected in LINES {
        let line = lines.next().context("it logs too little")?;
        ensure!(
            line.contains("INFO") && line.contains(expected),
            "it logs: {line}"
        );
    }
    ensure!(lines.next().is_none(), "it logs too much:\n{text}");
    Ok(())
}

fn answers(plugin: &Plugin) -> Result<()> {
    let mut instance = start(plugin)?;
    for (number, (given, passed)) in (1..).zip(CASES) {
        let given = frame(number, given);
        let answer = instance.process(&given)?;
        let mut expected = given.clone();
        expected
            .detections
            .retain(|detection| passed.contains(&detection.id));
        ensure!(
            answer == expected,
            "frame {number}: {answer:?} came out, not {expected:?}"
        );
    }
    Ok(())
}

pub(super) fn refuses(plugin: &Plugin) -> Result<()> {
    for config in ["", "{", "[]", r#"{"frames":0}"#, r#"{"confidence":2}"#] {
        match Instance::start(plugin, &setup(config)) {
            Err(Failure::Configuration(sentence)) if sentence.contains(' ') => {}
            Err(other) => bail!("the configuration {config} ends in: {other}"),
            Ok(_) => bail!("it takes the configuration {config}"),
        }
    }
    let mut instance = start(plugin)?;
    let good = snapshot(STATES[1].1);
    let garbage = [
        "",
        "{}",
        "[[1,2]]",
        r#"{"seen":[[1]]}"#,
        r#"{"seen":[[1,0]]}"#,
    ];
    for bad in garbage.map(snapshot) {
        match instance.restore(&bad) {
            Err(Failure::PluginError(sentence)) if sentence.contains(' ') => {}
            other => bail!("restoring {bad:?} ends in {other:?}"),
        }
    }
    // It refused without losing anything.
    instance.restore(&good)?;
    ensure!(instance.save()? == good);
    Ok(())
}

fn snapshot(data: &str) -> Snapshot {
    Snapshot {
        version: 1,
        data: data.as_bytes().to_vec(),
    }
}

/// The bytes of its state are the expected ones, and it goes on from what another language
/// saved. Gives what it saved in the middle of things.
pub(super) fn remembers(plugin: &Plugin, before: Option<&Snapshot>) -> Result<Snapshot> {
    let mut instance = start(plugin)?;
    let mut middle = None;
    for (number, (given, _)) in (0..).zip(CASES) {
        check_state(&mut instance, number)?;
        if number == 4 {
            middle = Some(instance.save()?);
        }
        instance.process(&frame(number as u64, given))?;
    }
    check_state(&mut instance, CASES.len())?;
    if let Some(before) = before {
        let mut instance = start(plugin)?;
        instance.restore(before)?;
        let (given, passed) = CASES[4];
        let answer = instance.process(&frame(5, given))?;
        let ids: Vec<u32> = answer.detections.iter().map(|passed| passed.id).collect();
        ensure!(ids == passed, "from another's state {ids:?} come out");
    }
    middle.context("there is no middle")
}

fn check_state(instance: &mut Instance, number: usize) -> Result<()> {
    let Some((_, expected)) = STATES.iter().find(|(after, _)| *after == number) else {
        return Ok(());
    };
    let saved = instance.save()?;
    ensure!(
        saved == snapshot(expected),
        "after {number} frames it saves version {} and {}, not {expected}",
        saved.version,
        String::from_utf8_lossy(&saved.data)
    );
    Ok(())
}

/// No call leaves anything behind, whether everything passes, something or nothing.
pub(super) fn keeps_its_memory(plugin: &Plugin) -> Result<()> {
    let mut instance = start(plugin)?;
    let mut before = 0;
    for (call, (given, _)) in (0..CALLS).zip(CASES.iter().cycle()) {
        if call == WARM_UP {
            before = instance.memory_bytes();
        }
        instance.process(&frame(u64::from(call), given))?;
        if call % 10 == 0 {
            let saved = instance.save()?;
            instance.restore(&saved)?;
            let refused = instance.restore(&snapshot("no state"));
            ensure!(refused.is_err(), "it restores anything");
            instance.configure("{}", &setup("{}").stream)?;
        }
    }
    let after = instance.memory_bytes();
    ensure!(
        after == before,
        "its memory grew from {before} to {after} bytes between call {WARM_UP} and {CALLS}"
    );
    Ok(())
}

/// What was logged, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().map(|bytes| bytes.clone());
        String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Ok(mut log) = self.0.lock() {
            log.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
