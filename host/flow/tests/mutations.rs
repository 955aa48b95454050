//! A broken file gets an answer and never a panic: the samples with bytes changed, dropped,
//! doubled and exchanged at random, the same ones on every run.

mod chance;
mod world;

use std::path::Path;

use agave_flow::{FlowText, load};
use chance::Chance;
use world::World;

const ITERATIONS: usize = 4000;

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
    for _ in 0..ITERATIONS {
        let sample = chance.below(samples.len());
        let mut bytes = samples[sample].clone();
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
        let Ok(text) = FlowText::from_bytes(Path::new("flows/damaged.yaml"), bytes) else {
            continue;
        };
        let (flow, diagnostics) = load(&text, &[], &World);
        assert_eq!(
            flow.is_none(),
            diagnostics.has_errors(),
            "{}",
            text.as_str()
        );
        let _ = diagnostics.to_string();
    }
}
