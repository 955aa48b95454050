//! A storm of alerts: one thing flickers in and out on fifty cameras, and in the middle of it
//! something else appears. Nobody is told a hundred times, nothing is hidden, and what is new is
//! told at once.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write;
use std::path::Path;

use agave_tests::{Finished, Seen, agave, seen_frames, write_recording};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

const CAMERAS: u64 = 50;
const FRAMES_A_SECOND: u64 = 20;
/// In and out, a hundred times.
const STORM_SECONDS: u64 = 10;
/// Until every gate has let go of what it held.
const TAIL_SECONDS: u64 = 70;
const PERSON: u64 = 0;
const DOG: u64 = 1;
/// Where the dog is seen, and from which frame on: in the middle, at five seconds.
const DOG_CAMERA: u64 = 23;
const DOG_FRAMES: std::ops::Range<u64> = 100..120;

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Alert {
    camera_id: String,
    class: String,
    key: String,
    phase: String,
    count: u64,
    media_time: f64,
}

fn camera(number: u64) -> String {
    format!("camera-{number:02}")
}

fn seen(camera: u64, number: u64) -> Vec<Seen> {
    let thing = |class, left| Seen {
        class,
        confidence: 0.9,
        bbox: [left, 0.4, 0.1, 0.3],
    };
    let flickers = number < STORM_SECONDS * FRAMES_A_SECOND && number.is_multiple_of(2);
    let barks = camera == DOG_CAMERA && DOG_FRAMES.contains(&number);
    let person = flickers.then(|| thing(PERSON, 0.2));
    person
        .into_iter()
        .chain(barks.then(|| thing(DOG, 0.7)))
        .collect()
}

fn record(file: &Path, seconds: u64) -> Result<()> {
    let frames = seconds * FRAMES_A_SECOND;
    let frame_time = 1_000_000_000 / FRAMES_A_SECOND;
    let cameras: Vec<String> = (0..CAMERAS).map(camera).collect();
    let frames = seen_frames(CAMERAS, frames, frame_time, seen);
    write_recording(file, &["person", "dog"], &cameras, &frames)
}

/// A flow for all cameras, with these nodes between the rule and the receiver.
fn flow(file: &Path, gates: &str) -> Result<()> {
    let mut text = String::from(
        "version: 1\nname: storm\nmodels: { model: { path: model.onnx } }\ntemplates:\n  yard:\n    \
         parameters: [channel]\n    camera: { url: \"rtsp://10.0.0.5/${channel}\", fps: 20, zones: { \
         yard: [[0, 0], [1, 0], [1, 1], [0, 1]] } }\ncameras:\n",
    );
    for number in 0..CAMERAS {
        let name = camera(number);
        writeln!(
            text,
            "  {name}: {{ use: yard, with: {{ channel: c{number} }} }}"
        )?;
    }
    write!(
        text,
        "nodes:\n  detect: {{ infer: model, from: cameras }}\n  zoned: {{ plugin: roi, from: \
         detect }}\n  tracked: {{ plugin: track, from: zoned }}\n  forbidden:\n    plugin: \
         forbidden-object\n    from: tracked\n    config: {{ zone: yard, after: 0s, gap: 0s }}\n\
         {gates}"
    )?;
    Ok(std::fs::write(file, text)?)
}

struct Storm {
    folder: tempfile::TempDir,
}

impl Storm {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        record(
            &folder.path().join("storm.agrec"),
            STORM_SECONDS + TAIL_SECONDS,
        )?;
        Ok(Self { folder })
    }

    /// What a flow with these gates says to the storm. Nothing is left over in its gates.
    fn through(&self, gates: &str) -> Result<Vec<Alert>> {
        let ran = self.replay(gates, "storm.agrec", &[])?;
        check_accounts(&ran)?;
        alerts(&ran)
    }

    fn replay(&self, gates: &str, recording: &str, more: &[&OsStr]) -> Result<Finished> {
        let file = self.folder.path().join("storm.yaml");
        flow(&file, gates)?;
        let recording = self.folder.path().join(recording);
        let arguments: [&OsStr; 5] = [
            "replay".as_ref(),
            recording.as_ref(),
            "--flow".as_ref(),
            file.as_ref(),
            "--json".as_ref(),
        ];
        let ran = agave(arguments.into_iter().chain(more.iter().copied()))?;
        ensure!(ran.status.success(), "{}", ran.stderr);
        Ok(ran)
    }
}

fn is_summary(line: &&str) -> bool {
    line.starts_with("{\"summary\"")
}

fn alerts(ran: &Finished) -> Result<Vec<Alert>> {
    let lines = ran.stdout.lines().filter(|line| !is_summary(line));
    lines.map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn check_accounts(ran: &Finished) -> Result<()> {
    let summary = ran.stdout.lines().find(is_summary);
    let summary: Value = serde_json::from_str(summary.context("there is no summary")?)?;
    let nodes = summary.pointer("/summary/nodes").and_then(Value::as_object);
    for (name, node) in nodes.context("there are no nodes")? {
        let waiting = node.get("waiting").and_then(Value::as_u64);
        ensure!(waiting == Some(0), "'{name}' holds something: {node}");
        let failures = node.get("failures").and_then(Value::as_u64);
        ensure!(failures.unwrap_or(0) == 0, "'{name}' failed: {node}");
    }
    Ok(())
}

/// The phases of each camera's incidents of a class, with their counts, by camera and key.
fn incidents(alerts: &[Alert], class: &str) -> BTreeMap<(String, String), Vec<(String, u64)>> {
    let mut incidents: BTreeMap<_, Vec<(String, u64)>> = BTreeMap::new();
    for alert in alerts.iter().filter(|alert| alert.class == class) {
        let incident = (alert.camera_id.clone(), alert.key.clone());
        let told = (alert.phase.clone(), alert.count);
        incidents.entry(incident).or_default().push(told);
    }
    incidents
}

fn told(phases: &[(&str, u64)]) -> Vec<(String, u64)> {
    let told = phases
        .iter()
        .map(|&(phase, count)| (phase.to_owned(), count));
    told.collect()
}

/// One incident for each camera, whose counts are the hundred begins and the hundred ends.
fn assert_fifty(alerts: &[Alert]) {
    let persons = incidents(alerts, "person");
    assert_eq!(persons.len() as u64, CAMERAS);
    let cameras: Vec<&String> = persons.keys().map(|(camera, _)| camera).collect();
    assert_eq!(
        cameras,
        (0..CAMERAS)
            .map(camera)
            .collect::<Vec<_>>()
            .iter()
            .collect::<Vec<_>>()
    );
    for (incident, phases) in &persons {
        let counted: u64 = phases.iter().map(|(_, count)| count).sum();
        assert_eq!(counted, 200, "{incident:?}: {phases:?}");
        assert_eq!(
            phases.first(),
            Some(&("begin".to_owned(), 1)),
            "{incident:?}"
        );
        assert_eq!(phases.last().map(|(phase, _)| phase.as_str()), Some("end"));
    }
}

/// The dog, at the frame in which it appeared.
fn assert_dog(alerts: &[Alert]) {
    let dogs: Vec<&Alert> = alerts.iter().filter(|alert| alert.class == "dog").collect();
    let begin = dogs.first().map(|dog| {
        let milliseconds = (dog.media_time * 1e3).round() as u64;
        (
            dog.camera_id.clone(),
            dog.phase.as_str(),
            dog.count,
            milliseconds,
        )
    });
    assert_eq!(begin, Some((camera(DOG_CAMERA), "begin", 1, 5000)));
    let incidents = incidents(alerts, "dog");
    assert_eq!(incidents.len(), 1);
    let phases: Vec<_> = incidents.into_values().flatten().collect();
    assert_eq!(phases, told(&[("begin", 1), ("end", 1)]));
}

#[test]
fn a_storm_is_fifty_incidents_and_what_is_new_comes_through() -> Result<()> {
    let storm = Storm::new()?;
    let raw = storm.through("")?;
    assert_eq!(raw.len() as u64, CAMERAS * 200 + 2, "this is the storm");

    let calm = storm.through(
        "  calm: { plugin: debounce, from: forbidden, config: { hold: 2s } }\n  \
         limited: { plugin: rate-limit, from: calm, config: { burst: 1, every: 1m } }\n",
    )?;
    assert_fifty(&calm);
    assert_dog(&calm);
    for phases in incidents(&calm, "person").values() {
        assert_eq!(*phases, told(&[("begin", 1), ("end", 199)]));
    }

    let limited = storm.through(
        "  limited: { plugin: rate-limit, from: forbidden, config: { burst: 1, every: 1m } }\n",
    )?;
    assert_fifty(&limited);
    assert_dog(&limited);
    Ok(())
}

/// With a token every two seconds the storm is told as it goes on, and the dog stands where it
/// happened: it did not wait for any token.
#[test]
fn what_is_new_is_told_in_its_place() -> Result<()> {
    let storm = Storm::new()?;
    let gates = "  calm: { plugin: debounce, from: forbidden, config: { hold: 2s } }\n  limited: \
                 { plugin: rate-limit, from: calm, config: { per: [zone], burst: 1, every: 2s } }\n";
    let alerts = storm.through(gates)?;
    assert_fifty(&alerts);
    assert_dog(&alerts);
    let dog = alerts.iter().position(|alert| alert.class == "dog");
    let (before, after) = alerts.split_at(dog.context("there is a dog")?);
    assert!(before.iter().all(|alert| alert.media_time <= 5.0));
    let updates = |alerts: &[Alert]| {
        let updates = alerts.iter().filter(|alert| alert.phase == "update");
        updates.count() as u64
    };
    assert_eq!(updates(before), 2 * CAMERAS, "at two and at four seconds");
    assert!(updates(after) >= 2 * CAMERAS);
    Ok(())
}

/// All of them look at one place: then it is one incident, which ends at the camera where it
/// began, and every camera's alerts are in its counts.
#[test]
fn what_fifty_cameras_see_is_one_incident() -> Result<()> {
    let storm = Storm::new()?;
    let gates = "  calm: { plugin: debounce, from: forbidden, config: { hold: 2s } }\n  once: { \
                 plugin: dedupe, from: calm, partition: none, config: { within: 5s } }\n";
    let alerts = storm.through(gates)?;
    assert_dog(&alerts);
    let persons: Vec<&Alert> = alerts.iter().filter(|one| one.class == "person").collect();
    let first = persons.first().context("there is a storm")?;
    assert!(persons.iter().all(|one| one.key == first.key));
    let counted: u64 = persons.iter().map(|one| one.count).sum();
    assert_eq!(counted, CAMERAS * 200);
    let of_phase = |phase: &str| {
        let found = persons.iter().filter(|one| one.phase == phase);
        found.map(|one| one.camera_id.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of_phase("begin"), [first.camera_id.as_str()]);
    assert_eq!(of_phase("end"), [first.camera_id.as_str()]);
    assert_eq!(persons.last().map(|one| one.phase.as_str()), Some("end"));
    Ok(())
}

/// The end is held while the incident may go on elsewhere; a restart in between changes nothing.
#[test]
fn what_is_held_for_several_cameras_outlives_a_restart() -> Result<()> {
    let storm = Storm::new()?;
    let gates = "  calm: { plugin: debounce, from: forbidden, config: { hold: 2s } }\n  once: { \
                 plugin: dedupe, from: calm, partition: none, config: { within: 30s } }\n";
    let at_once = storm.through(gates)?;
    record(&storm.folder.path().join("first.agrec"), 20)?;
    let state = storm.folder.path().join("state");
    let keeping: [&OsStr; 2] = ["--state".as_ref(), state.as_ref()];
    let mut in_parts = alerts(&storm.replay(gates, "first.agrec", &keeping)?)?;
    assert!(in_parts.len() < at_once.len(), "the end is still held");
    let rest = storm.replay(gates, "storm.agrec", &keeping)?;
    check_accounts(&rest)?;
    in_parts.extend(alerts(&rest)?);
    assert_eq!(in_parts, at_once);
    Ok(())
}
