//! Two hundred cameras that play recordings: as many as the page and the flow are made for.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::{Seen, seen_frames, watching, write_recording};

const CAMERAS: u64 = 200;
/// What they play; each of them fifty times.
const RECORDED: u64 = 4;
const FRAMES_A_SECOND: u64 = 10;
/// Then it begins again.
const SECONDS: u64 = 60;
/// Of so many cameras one raises alerts.
const ONE_OF: u64 = 20;

/// A folder with such a flow, called `crowd`.
pub struct Crowd {
    folder: TempDir,
}

impl Crowd {
    /// Nothing runs yet.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new() -> Result<Self> {
        let crowd = Self {
            folder: TempDir::new()?,
        };
        let names: Vec<String> = (0..RECORDED)
            .map(|number| format!("place-{number}"))
            .collect();
        let frame_time = 1_000_000_000 / FRAMES_A_SECOND;
        let frames = seen_frames(RECORDED, SECONDS * FRAMES_A_SECOND, frame_time, seen);
        let file = crowd.folder.path().join("places.agrec");
        write_recording(&file, &["person", "dog"], &names, &frames)?;
        fs::write(crowd.flow(), flow().to_string())?;
        Ok(crowd)
    }

    /// The flow file.
    #[must_use]
    pub fn flow(&self) -> PathBuf {
        self.folder.path().join("crowd.yaml")
    }
}

/// Three dogs that walk about, and a person who comes and goes, each place at its own time.
fn seen(camera: u64, number: u64) -> Vec<Seen> {
    let second = (number / FRAMES_A_SECOND + camera * 7) % SECONDS;
    let step = (number % 100) as f32 / 250.0;
    let dog = |dog: u8| Seen {
        class: 1,
        confidence: 0.8,
        bbox: [step, 0.1 + 0.25 * f32::from(dog), 0.1, 0.15],
    };
    let person = Seen {
        class: 0,
        confidence: 0.9,
        bbox: [0.4 + step / 4.0, 0.4, 0.1, 0.4],
    };
    let is_there = (10..25).contains(&second);
    (0..3).map(dog).chain(is_there.then_some(person)).collect()
}

fn flow() -> Value {
    let corner = [[0.0, 0.0], [0.01, 0.0], [0.01, 0.01]];
    let all = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
    let cameras: Map<String, Value> = (0..CAMERAS)
        .map(|number| {
            let zone = match number % ONE_OF {
                0 => json!(all),
                _ => json!(corner),
            };
            let camera = json!({
                "url": "places.agrec",
                "recorded": format!("place-{}", number / ONE_OF % RECORDED),
                "repeat": true,
                "zones": { "zone": zone },
            });
            (format!("camera-{number:03}"), camera)
        })
        .collect();
    let mut nodes = watching("zone", "person");
    let calm = json!({ "plugin": "debounce", "from": "rule", "config": { "hold": "2s" } });
    if let Some(nodes) = nodes.as_object_mut() {
        nodes.insert("calm".to_owned(), calm);
    }
    json!({
        "version": 1,
        "name": "crowd",
        "models": { "model": { "path": "nowhere.onnx" } },
        "cameras": cameras,
        "nodes": nodes,
    })
}
