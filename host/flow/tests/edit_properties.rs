//! Random flows in random styles, edited at random, the same ones on every run: the flow that an
//! edit makes differs from the one before in exactly what was asked for, and the text in no other
//! lines.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod chance;
mod draft;
mod memory;
mod world;

use std::collections::BTreeMap;
use std::path::PathBuf;

use agave_core::{Point, Zone};
use agave_flow::edit::{self, EditError, Edited};
use agave_flow::{Flow, FlowText, load};
use chance::Chance;
use draft::Draft;
use memory::Memory;

const ROUNDS: usize = 400;
const EDITS: usize = 6;

/// The files of a flow, which edits are written to.
struct Disk {
    main: String,
    memory: Memory,
}

impl Disk {
    fn text(&self) -> FlowText {
        memory::text(&self.main)
    }

    fn flow(&self) -> Flow {
        let (flow, problems) = load(&self.text(), &[], &self.memory);
        flow.unwrap_or_else(|| panic!("{problems}{}\n---\n{:?}", self.main, self.memory.0))
    }

    /// Writes an edit, which must have left all lines but those that it tells.
    fn write(&mut self, edited: &Edited) {
        let is_main = edited.file == self.text().file();
        let old = match is_main {
            true => &mut self.main,
            false => self.memory.0.get_mut(&edited.file).unwrap(),
        };
        let lines = |text: &str| {
            text.split_inclusive('\n')
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let (was, is) = (lines(old), lines(&edited.text));
        let changed = &edited.changed_lines;
        let before = changed.start - 1;
        let after = is.len() - (changed.end - 1);
        assert_eq!(was[..before], is[..before]);
        assert_eq!(was[was.len() - after..], is[is.len() - after..]);
        *old = edited.text.clone();
    }
}

fn zones<'f>(flow: &'f mut Flow, camera: &str) -> &'f mut Vec<Zone> {
    let camera = flow.cameras.iter_mut().find(|one| one.name == camera);
    &mut camera.unwrap().zones
}

/// The zones by name, in four decimals.
fn said(flow: &Flow, camera: &str) -> BTreeMap<String, Vec<[String; 2]>> {
    let camera = flow.cameras.iter().find(|one| one.name == camera).unwrap();
    let corner = |point: &Point| [point.x, point.y].map(|value| format!("{value:.4}"));
    camera
        .zones
        .iter()
        .map(|zone| (zone.name.clone(), zone.polygon.iter().map(corner).collect()))
        .collect()
}

fn random_points(chance: &mut Chance, old: Option<&Vec<Point>>) -> Vec<Point> {
    let mut part = |from: f32| from + chance.below(2000) as f32 / 10_000.0;
    let fresh = vec![
        Point {
            x: part(0.0),
            y: part(0.0),
        },
        Point {
            x: part(0.7),
            y: part(0.0),
        },
        Point {
            x: part(0.7),
            y: part(0.7),
        },
        Point {
            x: part(0.0),
            y: part(0.7),
        },
    ];
    let Some(old) = old else { return fresh };
    let mut points = old.clone();
    let at = chance.below(points.len());
    match chance.below(4) {
        0 => return fresh,
        1 => points[at] = fresh[at % 4],
        2 => points.insert(at + 1, fresh[at % 4]),
        _ => drop(points.remove(at)),
    }
    points
}

#[test]
fn an_edit_does_what_was_asked_and_nothing_else() {
    let mut chance = Chance(0x5eed_0006);
    let (mut done, mut refused, mut not_plain) = (0, 0, 0);
    for _ in 0..ROUNDS {
        let (main, part) = Draft(&mut chance).files();
        let part = BTreeMap::from([(PathBuf::from("flows/part.yaml"), part)]);
        let mut disk = Disk {
            main,
            memory: Memory(part),
        };
        for _ in 0..EDITS {
            let before = disk.flow();
            let shown = format!(
                "{}\n---\n{}",
                disk.main,
                disk.memory.0.values().next().unwrap()
            );
            let camera = ["n", "o", "p"][chance.below(3)];
            let zone = ["a", "b", "c", "t", "new"][chance.below(5)];
            let there = before
                .cameras
                .iter()
                .find(|one| one.name == camera)
                .unwrap();
            let old = there
                .zones
                .iter()
                .find(|one| one.name == zone)
                .map(|one| &one.polygon);
            let points = random_points(&mut chance, old);
            let mut wanted = said(&before, camera);
            let what = chance.below(5);
            let edited = match what {
                0 => {
                    wanted.remove(zone);
                    edit::remove_zone(&disk.text(), &disk.memory, camera, zone)
                }
                1 => {
                    if let Some(corners) = wanted.remove(zone) {
                        wanted.insert("other".to_owned(), corners);
                    }
                    edit::rename_zone(&disk.text(), &disk.memory, camera, zone, "other")
                }
                _ => {
                    let corner =
                        |point: &Point| [point.x, point.y].map(|value| format!("{value:.4}"));
                    wanted.insert(zone.to_owned(), points.iter().map(corner).collect());
                    edit::set_zone(&disk.text(), &disk.memory, camera, zone, &points)
                }
            };
            let edited = match edited {
                Ok(edited) => edited,
                Err(EditError::Refused(problems)) => {
                    assert!(problems.to_string().contains("E021"), "{problems}{shown}");
                    refused += 1;
                    continue;
                }
                Err(EditError::NotFound { .. }) => {
                    assert!(what < 2 && old.is_none());
                    continue;
                }
                Err(EditError::Taken { .. }) => {
                    assert!(what == 1 && said(&before, camera).contains_key("other"));
                    continue;
                }
                Err(error @ EditError::NotPlain { .. }) => {
                    // Only templates are shared here, and what they give cannot be taken away.
                    assert!(
                        what < 2 && error.to_string().contains("template"),
                        "{error}\n{camera} {zone} {what}\n{shown}"
                    );
                    not_plain += 1;
                    continue;
                }
                Err(error) => panic!("{error}\n{shown}"),
            };
            disk.write(&edited);
            let mut after = disk.flow();
            assert_eq!(
                said(&after, camera),
                wanted,
                "{camera} {zone}\n{shown}\n{}",
                edited.text
            );
            let mut rest = before.clone();
            zones(&mut rest, camera).clear();
            zones(&mut after, camera).clear();
            assert_eq!(rest, after, "{shown}\n{}", edited.text);
            done += 1;
            if what > 1
                && let Some(old) = old
            {
                let back = edit::set_zone(&disk.text(), &disk.memory, camera, zone, old).unwrap();
                disk.write(&back);
                assert_eq!(said(&disk.flow(), camera), said(&before, camera));
            }
        }
    }
    assert!(
        done > ROUNDS * EDITS / 2,
        "{done} done, {refused} refused, {not_plain} not plain"
    );
    assert!(refused > 0 && not_plain > 0);
}
