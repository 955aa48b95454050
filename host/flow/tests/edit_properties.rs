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
mod memory;
mod world;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use agave_core::{Point, Zone};
use agave_flow::edit::{self, EditError, Edited};
use agave_flow::{Flow, FlowText, load};
use chance::Chance;
use memory::Memory;

const ROUNDS: usize = 400;
const EDITS: usize = 6;

/// Files of a flow in which chance decides about everything that means nothing.
struct Draft<'a> {
    chance: &'a mut Chance,
}

impl Draft<'_> {
    fn one_of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.chance.below(all.len())]
    }

    fn number(&mut self, value: usize) -> String {
        match self.chance.below(4) {
            0 => format!("0.{value:02}00"),
            1 => format!(".{value:02}"),
            2 => format!("{value}e-2"),
            _ => format!("0.{value:02}"),
        }
    }

    /// A fan of corners, which never crosses itself.
    fn corners(&mut self) -> Vec<[usize; 2]> {
        let mut corners = vec![[5, 5], [10 + self.chance.below(80), 6]];
        for _ in 0..self.chance.below(3) {
            corners.push([90, 10 + corners.len() * 10]);
        }
        corners.push([20, 70 + self.chance.below(25)]);
        corners
    }

    fn comment(&mut self) -> String {
        match self.chance.below(4) {
            0 => format!(
                "{}# {}",
                self.one_of(&[" ", "\t", "  "]),
                self.one_of(&["ö", "a, b: [", "\ttab", "'"])
            ),
            _ => String::new(),
        }
    }

    /// What stands behind `key:`, with the line break.
    fn polygon(&mut self, indent: usize) -> String {
        let corners = self.corners();
        let inner = " ".repeat(indent + self.chance.below(3));
        let mut text = String::new();
        match self.chance.below(4) {
            0 => {
                for [x, y] in corners {
                    let (x, y) = (self.number(x), self.number(y));
                    let corner = match self.chance.below(3) {
                        0 => format!("- {x}{}\n{inner}  - {y}", self.comment()),
                        _ => format!("[{x}, {y}]"),
                    };
                    write!(text, "{}\n{inner}- {corner}", self.comment()).unwrap();
                }
            }
            1 => {
                text.push_str(" [");
                let last = corners.len() - 1;
                let trailing = self.chance.below(2) == 0;
                for (index, [x, y]) in corners.into_iter().enumerate() {
                    let comma = if index < last || trailing { "," } else { "" };
                    let (x, y) = (self.number(x), self.number(y));
                    write!(text, "{}\n{inner}  [{x},{y}]{comma}", self.comment()).unwrap();
                }
                write!(text, "{}\n{inner}]", self.comment()).unwrap();
            }
            _ => write!(text, " {}", self.inline(&corners)).unwrap(),
        }
        text + &self.comment() + "\n"
    }

    fn inline(&mut self, corners: &[[usize; 2]]) -> String {
        let corners: Vec<String> = corners
            .iter()
            .map(|&[x, y]| {
                format!(
                    "[{},{}{}]",
                    self.number(x),
                    self.one_of(&["", " "]),
                    self.number(y)
                )
            })
            .collect();
        format!("[{}]", corners.join(self.one_of(&[", ", ",", " , "])))
    }

    fn zones(&mut self, indent: usize) -> String {
        let count = self.chance.below(4);
        let names = &["a", "'b'", "\"c\""][..count.min(3)];
        let pad = " ".repeat(indent);
        let block = " ".repeat(indent + 2);
        match (count, self.chance.below(3)) {
            (0, 0) => String::new(),
            (0, _) => format!(
                "{pad}zones: {{{}}}{}\n",
                self.one_of(&["", " "]),
                self.comment()
            ),
            (_, 0) => {
                let zones: Vec<String> = names
                    .iter()
                    .map(|name| {
                        let c = self.corners();
                        format!("{name}: {}", self.inline(&c))
                    })
                    .collect();
                let between = match self.chance.below(2) {
                    0 => ", ".to_owned(),
                    _ => format!(",{}\n{block}", self.comment()),
                };
                let (open, close) = match self.chance.below(2) {
                    0 => (
                        format!("{{{}\n{block}", self.comment()),
                        format!("{}\n{pad}}}", self.comment()),
                    ),
                    _ => ("{ ".to_owned(), " }".to_owned()),
                };
                format!(
                    "{pad}zones: {open}{}{close}{}\n",
                    zones.join(&between),
                    self.comment()
                )
            }
            _ => {
                let mut text = format!("{pad}zones:{}\n", self.comment());
                for name in names {
                    if self.chance.below(4) == 0 {
                        write!(text, "{block}# about {name}\n\n").unwrap();
                    }
                    write!(text, "{block}{name}:{}", self.polygon(indent + 2)).unwrap();
                }
                text
            }
        }
    }

    fn camera(&mut self, name: &str) -> String {
        let work = match self.chance.below(5) {
            0 => "use: plain",
            1 => "use: zoned",
            2 => "{ use: given, with: { z: [[0, 0], [1, 0], [1, 1]] }",
            _ => "url: clip.mp4",
        };
        if self.chance.below(4) == 0 || work.starts_with('{') {
            let corners = self.corners();
            let zones = match self.chance.below(3) {
                0 => String::new(),
                1 => ", zones: {}".to_owned(),
                _ => format!(", zones: {{b: {}}}", self.inline(&corners)),
            };
            let work = work.trim_start_matches("{ ");
            return format!("  {name}: {{ {work}{zones} }}{}\n", self.comment());
        }
        let (mut before, mut after) = (format!("    {work}{}\n", self.comment()), self.zones(4));
        if self.chance.below(2) == 0 {
            std::mem::swap(&mut before, &mut after);
        }
        format!("  {name}:{}\n{before}{after}", self.comment())
    }

    fn files(&mut self) -> (String, String) {
        let cameras: Vec<String> = ["n", "o"].iter().map(|name| self.camera(name)).collect();
        let part = format!("# part\ncameras:\n{}", self.camera("p"));
        let mut sections = vec![
            "version: 1\nname: random\ninclude: part.yaml\n".to_owned(),
            "models: { people: { path: ../models/yolov8n.onnx } }\n".to_owned(),
            "nodes:\n  detect: { infer: people, from: cameras }\n  count: { plugin: count, partition: none, from: detect }\n".to_owned(),
            "templates:\n  plain: { camera: { url: clip.mp4 } }\n  zoned: { camera: { url: clip.mp4, zones: { a: [[0, 0], [1, 0], [1, 1]], t: [[0, 0], [1, 0], [0, 1]] } } }\n  given: { parameters: [z], camera: { url: clip.mp4, zones: { a: \"${z}\" } } }\n".to_owned(),
            format!("cameras:{}\n{}{}", self.comment(), cameras[0], cameras[1]),
        ];
        for at in (1..sections.len()).rev() {
            sections.swap(at, self.chance.below(at + 1));
        }
        let mut main = sections.concat();
        let mut part = part;
        for text in [&mut main, &mut part] {
            if self.chance.below(3) == 0 {
                text.truncate(text.trim_end_matches('\n').len());
            }
            if self.chance.below(3) == 0 {
                *text = text.replace('\n', "\r\n");
            }
            if self.chance.below(8) == 0 {
                text.insert(0, '\u{feff}');
            }
        }
        (main, part)
    }
}

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
        let (main, part) = Draft {
            chance: &mut chance,
        }
        .files();
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
