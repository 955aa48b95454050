//! Random changes of a flow while its cameras go on, against the simplest model there is: every
//! frame that was fed is counted once, whatever happened to the flow meanwhile.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::field::{Field, feed};
use super::reload::{Draft, assert_whole};

/// Makes the component into another one that does the same: it gets a section that says `number`.
pub(super) fn replace(component: &Path, number: u32) {
    let mut bytes = std::fs::read(component).unwrap();
    // A custom section: its kind, its size, the length of its name, its name, its content.
    bytes.extend([0, 6, 1, b'n']);
    bytes.extend(number.to_le_bytes());
    std::fs::write(component, bytes).unwrap();
}

const FRAMES_A_CHANGE: u64 = 300;

struct StopAtEnd<'s>(&'s AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What became of a step.
struct Change {
    applied: bool,
    /// The frame at which what runs now fails.
    traps_at: Option<u64>,
}

/// What a user, or their editor, does next.
fn step(random: &mut fastrand::Rng, field: &Field, draft: &mut Draft, fed: u64) -> Change {
    let before = draft.clone();
    let number = random.u32(..);
    let mut good = true;
    match random.u8(0..10) {
        0 => draft.label = format!("l{number}"),
        1 => draft.ballast = format!("b{number}"),
        2 => draft.zone = random.u8(50..95) as f32 / 100.0,
        3 => draft.tracked = !draft.tracked,
        4 => draft.cameras = vec!["b", "a"],
        5 => draft.cameras = vec!["a", "extra", "b"],
        6 => replace(&field.plugin("sequence"), number),
        7 => replace(&field.plugin("ballast"), number),
        8 => {
            // Some are seen through before they run, the others are taken back.
            draft.trap_at = Some(fed + random.u64(0..80));
            draft.label = format!("trap{number}");
        }
        _ => {
            draft.every = 0;
            good = false;
        }
    }
    let text = draft.text();
    let reloaded = field.reload(&text);
    if let Err(error) = &reloaded {
        println!("{error}");
    }
    if !good {
        assert!(reloaded.is_err());
    }
    let applied = reloaded.is_ok();
    let traps_at = draft.trap_at.filter(|_| applied);
    if !applied || traps_at.is_some() {
        *draft = Draft {
            trap_at: None,
            ..before
        };
    }
    Change { applied, traps_at }
}

#[test]
fn a_storm_of_changes_loses_and_doubles_nothing() {
    let seed = fastrand::u64(..);
    // Printed when the test fails.
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut draft = Draft::default();
    let field = Field::start(&draft.text());
    let stop = AtomicBool::new(false);
    let fed = [AtomicU64::new(0), AtomicU64::new(0)];
    // So many frames may be fed by now: enough for every change to happen among them.
    let allowed = AtomicU64::new(0);
    std::thread::scope(|scope| {
        // Also when the test fails: the scope waits for its threads.
        let _stop = StopAtEnd(&stop);
        for (camera, fed) in ["a", "b"].into_iter().zip(&fed) {
            let (live, stop, allowed) = (field.live(), &stop, &allowed);
            scope.spawn(move || {
                let _stop = StopAtEnd(stop);
                while !stop.load(Ordering::Relaxed) {
                    let frame = fed.load(Ordering::Relaxed);
                    if frame >= allowed.load(Ordering::Relaxed) {
                        std::thread::yield_now();
                        continue;
                    }
                    assert!(feed(live, camera, frame));
                    fed.store(frame + 1, Ordering::Relaxed);
                }
            });
        }
        let mut applied = 0;
        // Of the camera that is behind, so that no trap is later than the version before is kept.
        let so_far = || fed.iter().map(|fed| fed.load(Ordering::Relaxed)).min();
        for _ in 0..120 {
            allowed.fetch_add(FRAMES_A_CHANGE, Ordering::Relaxed);
            let fed = so_far().unwrap_or_default();
            let change = step(&mut random, &field, &mut draft, fed);
            applied += u32::from(change.applied);
            // What is put in the place of a version that is about to fail has nothing good to go
            // back to: there the frames are lost that it cannot count.
            allowed.fetch_max(change.traps_at.map_or(0, |at| at + 1), Ordering::Relaxed);
            while change.traps_at >= so_far() && !stop.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
        }
        assert!(applied > 40, "{applied}");
    });
    let (told, summary) = field.stop();
    for (camera, fed) in ["a", "b"].into_iter().zip(&fed) {
        assert_whole(&told[camera], fed.load(Ordering::Relaxed));
    }
    assert_eq!(summary.unbalanced, [""; 0]);
}
