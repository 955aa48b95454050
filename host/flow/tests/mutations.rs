//! A broken file gets an answer and never a panic: the samples, and the parts that they include,
//! with bytes changed, dropped, doubled and exchanged at random, the same ones on every run.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod chance;
mod world;

use std::cell::RefCell;
use std::path::Path;

use agave_core::{Fingerprint, Point, Secret};
use agave_flow::edit::{self, Scalar};
use agave_flow::{FlowText, PluginCatalog, PluginFacts, PluginProblem, Surroundings, diff, load};
use chance::Chance;
use world::World;

const ITERATIONS: usize = 6000;

/// The world, in which every other part that is included is damaged.
struct Damaged(RefCell<Chance>);

impl PluginCatalog for Damaged {
    fn plugin(&self, reference: &str, folder: &Path) -> Result<PluginFacts, PluginProblem> {
        World.plugin(reference, folder)
    }
}

impl Surroundings for Damaged {
    fn environment(&self, name: &str) -> Option<String> {
        World.environment(name)
    }

    fn secret(&self, name: &str) -> Option<Secret> {
        World.secret(name)
    }

    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        let mut bytes = World.read(path)?;
        let mut chance = self.0.borrow_mut();
        if chance.below(2) == 0 {
            damage(&mut bytes, &mut chance);
        }
        Ok(bytes)
    }

    fn files_in(&self, folder: &Path) -> std::io::Result<Vec<String>> {
        World.files_in(folder)
    }

    fn file_exists(&self, path: &Path) -> bool {
        World.file_exists(path)
    }

    fn fingerprint(&self, path: &Path) -> Option<Fingerprint> {
        World.fingerprint(path)
    }
}

fn damage(bytes: &mut Vec<u8>, chance: &mut Chance) {
    for _ in 0..=chance.below(6) {
        if bytes.is_empty() {
            break;
        }
        let at = chance.below(bytes.len());
        match chance.below(5) {
            0 => bytes[at] = chance.below(256) as u8,
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, b"{}[]:,-#&*!|>'\"%@`$\n\t 0~"[chance.below(24)]),
            3 => {
                let length = chance.below(40).min(bytes.len() - at);
                let copy = bytes[at..at + length].to_vec();
                let to = chance.below(bytes.len());
                bytes.splice(to..to, copy);
            }
            _ => bytes.truncate(at),
        }
    }
}

/// What an edit makes has been read and compared: here it is about those that panic.
fn edit_anything(text: &FlowText, chance: &mut Chance) {
    let camera = ["gate", "yard", "clip"][chance.below(3)];
    let zone = ["yard", "door", "line"][chance.below(3)];
    let corner = |x, y| Point { x, y };
    let points = [corner(0.1, 0.1), corner(0.9, 0.2), corner(0.5, 0.9)];
    let points = &points[..chance.below(4)];
    let edited = match chance.below(6) {
        0 => edit::remove_zone(text, &World, camera, zone),
        1 => edit::rename_zone(text, &World, camera, zone, "other"),
        2 => edit::add_camera(text, &World, "new", "clip.mp4", None),
        3 => edit::set_value(text, &World, "cameras.gate.fps", &Scalar::Number(3.0)),
        _ => edit::set_zone(text, &World, camera, zone, points),
    };
    match edited {
        Ok(edited) => assert!(edited.file.starts_with("flows")),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

#[test]
fn a_damaged_file_is_answered() {
    let mut samples = Vec::new();
    for folder in ["accepted", "diagnostics"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests")
            .join(folder);
        let mut paths: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "yaml")
            })
            .collect();
        paths.sort();
        samples.extend(paths.iter().map(|path| std::fs::read(path).unwrap()));
    }
    let mut chance = Chance(0x5eed);
    let world = Damaged(RefCell::new(Chance(0x5eed_0003)));
    for _ in 0..ITERATIONS {
        let sample = chance.below(samples.len());
        let mut bytes = samples[sample].clone();
        // With nothing wrong in the file itself more of its parts is looked at.
        if chance.below(4) > 0 {
            damage(&mut bytes, &mut chance);
        }
        let Ok(text) = FlowText::from_bytes(Path::new("flows/damaged.yaml"), bytes) else {
            continue;
        };
        let (flow, diagnostics) = load(&text, &[], &world);
        assert_eq!(
            flow.is_none(),
            diagnostics.has_errors(),
            "{}",
            text.as_str()
        );
        let printed = diagnostics.to_string();
        for secret in ["p@ss/word", "p%40ss"] {
            assert!(!printed.contains(secret), "{printed}");
        }
        if let Some(flow) = flow {
            assert!(diff(&flow, &flow).is_empty());
        }
        edit_anything(&text, &mut chance);
    }
}
