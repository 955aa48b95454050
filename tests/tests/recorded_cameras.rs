//! Recordings as cameras of a running flow: the same alerts as from the camera, at its pace,
//! without model and decoder, and what is wrong with a recording is said before anything runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use agave_tests::{
    Agave, Alert, Api, Outcome, Seen, Signal, agave_within, free_port, repository, seen_frames,
    watching, without_wall_clock, write_recording,
};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

const START_LIMIT: Duration = Duration::from_secs(60);
const RUN_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(20);
const FRAME_TIME: u64 = 100_000_000;

/// A folder for a recording and flows.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Result<Self> {
        Ok(Self {
            folder: tempfile::tempdir()?,
        })
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Two cameras and what one model saw on each, ten times a second for four seconds: a person
    /// at the gate for two of them, nobody in the yard.
    fn record(&self, name: &str) -> Result<()> {
        let person = Seen {
            class: 0,
            confidence: 0.9,
            bbox: [0.4, 0.4, 0.1, 0.3],
        };
        let frames = seen_frames(2, 40, FRAME_TIME, |camera, number| match (camera, number) {
            (0, 10..30) => vec![person],
            _ => Vec::new(),
        });
        let cameras = ["gate".to_owned(), "yard".to_owned()];
        write_recording(&self.at(name), &["person", "dog"], &cameras, &frames)
    }

    /// A flow on `cameras`, whose model is nowhere.
    fn write(&self, cameras: &Value) -> Result<PathBuf> {
        let flow = json!({
            "version": 1,
            "name": "yard",
            "models": { "model": { "path": "nowhere.onnx" } },
            "cameras": cameras,
            "nodes": watching("all", "person"),
        });
        let file = self.at("yard.yaml");
        fs::write(&file, flow.to_string())?;
        Ok(file)
    }
}

fn camera(url: &str, more: Value) -> Value {
    let mut camera = json!({ "url": url, "zones": { "all": [[0, 0], [1, 0], [1, 1], [0, 1]] } });
    if let (Some(camera), Value::Object(more)) = (camera.as_object_mut(), more) {
        camera.extend(more);
    }
    camera
}

/// The demo with things followed through it, on `url`, with its model at `model`.
fn demo(url: &str, model: &str, pace: &str) -> Value {
    let zone = [
        [0.205, 0.925],
        [0.795, 0.925],
        [0.715, 0.623],
        [0.285, 0.623],
    ];
    json!({
        "version": 1,
        "name": "demo",
        "models": { "pina": { "path": model, "confidence": 0.4 } },
        "cameras": { "field": {
            "url": url, "fps": 8, "pace": pace, "zones": { "forbidden": zone },
        }},
        "nodes": {
            "detect": { "infer": "pina", "from": "cameras" },
            "zoned": { "plugin": "roi", "from": "detect" },
            "tracked": { "plugin": "track", "from": "zoned" },
            "forbidden": {
                "plugin": "forbidden-object",
                "from": "tracked",
                "config": { "zone": "forbidden", "alert": ["object"], "after": "500ms" },
            },
            "calm": { "plugin": "debounce", "from": "forbidden", "config": { "hold": "2s" } },
        },
    })
}

fn told(alerts: &[Alert]) -> Vec<Value> {
    without_wall_clock(alerts, "field")
}

/// The clip of 22 s is looked at by the model and recorded. The recording is a camera: without
/// the model it gives the same alerts, at the pace of the clip.
#[test]
fn a_recording_as_a_camera_gives_the_alerts_of_the_run() -> Result<()> {
    let place = Place::new()?;
    let shipped = repository().join("models/yolov8n_pina");
    let (clip, model) = (shipped.join("demo/demo.mp4"), shipped.join("1/model.onnx"));
    let flow = place.at("demo.yaml");
    let of_clip = demo(
        &clip.display().to_string(),
        &model.display().to_string(),
        "fast",
    );
    fs::write(&flow, of_clip.to_string())?;
    let expected = Agave::run(&flow, &[])?.finish(RUN_LIMIT)?;
    assert!(expected.alerts.len() > 3, "{}", expected.alerts.len());
    let out = place.at("demo.agrec").display().to_string();
    let recorded = agave_within(
        RUN_LIMIT,
        ["record", &flow.display().to_string(), "--out", &out],
    )?;
    ensure!(recorded.status.success(), "{}", recorded.stderr);

    fs::write(
        &flow,
        demo("demo.agrec", "nowhere.onnx", "realtime").to_string(),
    )?;
    let began = Instant::now();
    let played = Agave::run(&flow, &[])?.finish(RUN_LIMIT)?;
    assert!(began.elapsed() > Duration::from_secs(21), "too fast");
    assert_eq!(told(&played.alerts), told(&expected.alerts));

    fs::write(
        &flow,
        demo("demo.agrec", "nowhere.onnx", "fast").to_string(),
    )?;
    let began = Instant::now();
    let played = Agave::run(&flow, &[])?.finish(RUN_LIMIT)?;
    assert!(began.elapsed() < Duration::from_secs(20), "too slow");
    assert_eq!(told(&played.alerts), told(&expected.alerts));
    Ok(())
}

/// Runs `flow` until so many incidents have begun.
fn alerts_of(flow: &Path, incidents: usize) -> Result<Outcome> {
    let mut running = Agave::run(flow, &[])?;
    for _ in 0..incidents {
        running.next_begin(RUN_LIMIT)?;
    }
    running.signal(Signal::TERM)?;
    running.finish(STOP_LIMIT)
}

#[test]
fn played_again_it_is_one_stream_whose_time_goes_on() -> Result<()> {
    let place = Place::new()?;
    place.record("two.agrec")?;
    let flow = place.write(&json!({
        "gate": camera("two.agrec", json!({ "repeat": true })),
        "back": camera("two.agrec", json!({ "repeat": true, "recorded": "yard" })),
        "door": camera("two.agrec", json!({ "repeat": true, "recorded": "gate" })),
    }))?;
    let outcome = alerts_of(&flow, 6)?;
    let of = |camera: &str| -> Vec<(f64, bool)> {
        let alerts = outcome.alerts.iter();
        let alerts = alerts.filter(|alert| alert.camera() == camera);
        alerts
            .map(|alert| (alert.media_time(), alert.is_begin()))
            .collect()
    };
    assert_eq!(of("back"), []);
    let gate = of("gate");
    // Four seconds less one frame, and a tenth of a second between the rounds.
    for ((time, is_begin), again) in gate.iter().zip(gate.iter().skip(2)) {
        assert!((again.0 - time - 4.0).abs() < 1e-6, "{gate:?}");
        assert_eq!(*is_begin, again.1);
    }
    assert_eq!(of("door").first(), gate.first());
    assert!(gate.len() >= 3, "{gate:?}");
    Ok(())
}

/// What is wrong with a recording is said by `agave check`, with its place and what to do.
fn refused(place: &Place, cameras: &Value, expected: &[&str]) -> Result<()> {
    let flow = place.write(cameras)?;
    let checked = agave_within(START_LIMIT, ["check".as_ref(), flow.as_os_str()])?;
    ensure!(!checked.status.success(), "{cameras} is accepted");
    for expected in expected {
        ensure!(
            checked.stderr.contains(expected),
            "'{expected}' is not in {}",
            checked.stderr
        );
    }
    Ok(())
}

#[test]
fn what_cannot_be_played_is_said_with_its_place() -> Result<()> {
    let place = Place::new()?;
    place.record("two.agrec")?;
    refused(
        &place,
        &json!({ "gate": camera("one.agrec", json!({})) }),
        &["E024", "there is no file", "one.agrec"],
    )?;
    refused(
        &place,
        &json!({ "gate": camera("two.agrec", json!({ "recorded": "gaet" })) }),
        &[
            "E047",
            "'gaet' is not in the recording",
            "did you mean 'gate'?",
        ],
    )?;
    refused(
        &place,
        &json!({ "west": camera("two.agrec", json!({})) }),
        &["E047", "'west' is not in the recording", "`recorded: NAME`"],
    )?;
    // Of a model that is nowhere nothing is said: nobody asks for it.
    let flow = place.write(&json!({ "gate": camera("one.agrec", json!({})) }))?;
    let checked = agave_within(START_LIMIT, ["check".as_ref(), flow.as_os_str()])?;
    ensure!(
        !checked.stderr.contains("model 'model'"),
        "{}",
        checked.stderr
    );
    fs::write(place.at("text.agrec"), "version: 1\n")?;
    refused(
        &place,
        &json!({ "gate": camera("text.agrec", json!({})) }),
        &["E047", "yard.yaml:1:", "this is not a recording"],
    )?;
    let mut bytes = fs::read(place.at("two.agrec"))?;
    let last = bytes.len() - 40;
    *bytes.get_mut(last).context("it is longer")? ^= 0x55;
    fs::write(place.at("damaged.agrec"), &bytes)?;
    refused(
        &place,
        &json!({ "gate": camera("damaged.agrec", json!({})) }),
        &["E047", "byte ", "damaged"],
    )?;
    // Run all the same, it fails at the damage, and that is said.
    let flow = place.write(&json!({ "gate": camera("damaged.agrec", json!({})) }))?;
    let ran = agave_within(RUN_LIMIT, ["run".as_ref(), flow.as_os_str()])?;
    assert_eq!(ran.status.code(), Some(1));
    assert!(ran.stderr.contains("damaged"), "{}", ran.stderr);
    Ok(())
}

/// Served, such a camera is like any other, but for pictures; a save changes it as it runs.
#[test]
fn it_is_looked_at_and_changed_like_any_camera() -> Result<()> {
    let place = Place::new()?;
    place.record("two.agrec")?;
    let played = |more: Value| camera("two.agrec", more);
    let flow = place.write(&json!({ "gate": played(json!({ "repeat": true })) }))?;
    let port = free_port()?;
    let mut running = Agave::run(&flow, &["--listen", &format!("127.0.0.1:{port}")])?;
    let api = Api::at(port);
    api.wait(START_LIMIT)?;
    running.wait_until_live("yard", START_LIMIT)?;
    let listed = api.json("/api/v1/flows/yard/cameras")?;
    let field = |name: &str| listed.pointer(&format!("/items/0/{name}")).cloned();
    assert_eq!(field("source"), Some(json!("recording")));
    assert_eq!(
        (field("width"), field("height")),
        (Some(json!(1280)), Some(json!(720)))
    );
    assert_eq!(field("codec"), Some(Value::Null));
    assert_eq!(field("classes"), Some(json!(["person", "dog"])));
    let picture = api.get("/api/v1/flows/yard/cameras/gate/picture.jpg")?;
    assert_eq!(picture.status, 404);
    assert!(
        picture.shown().contains("no pictures"),
        "{}",
        picture.shown()
    );
    assert!(api.socket("/api/v1/flows/yard/cameras/gate/video").is_err());
    running.next_begin(RUN_LIMIT)?;

    place.write(&json!({
        "gate": played(json!({ "repeat": true, "recorded": "yard" })),
        "door": played(json!({ "repeat": true, "recorded": "gate" })),
    }))?;
    let reload = running.next_reload(RUN_LIMIT)?;
    assert_eq!(reload.result, "applied");
    loop {
        // Of the gate, which plays the empty yard by now, nothing comes any more.
        if running.next_begin(RUN_LIMIT)?.camera() == "door" {
            break;
        }
    }
    running.signal(Signal::TERM)?;
    running.finish(STOP_LIMIT)?;
    Ok(())
}
