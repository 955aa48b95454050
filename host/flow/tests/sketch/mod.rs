//! A flow as a handful of numbers, any of which is a flow that is right: what a number stands for
//! is chosen among what is possible in its place. So a random edit needs no repair.

use std::fmt::Write;

use crate::chance::Chance;

const URLS: [&str; 5] = [
    "clip.mp4",
    "/recordings/yard.mp4",
    "\"rtsp://10.0.0.5/a\"",
    "\"rtsp://${secret:gate-login}@10.0.0.5/a\"",
    "\"${secret:whole-url}\"",
];
const MODELS: [&str; 2] = [
    "../models/yolov8n.onnx",
    "../models/yolov8n_pina/1/model.onnx",
];
const POLYGONS: [&str; 3] = [
    "[[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]",
    "[[0, 0], [1, 0], [1, 1], [0, 1]]",
    "[[0.2, 0.2], [0.3, 0.2], [0.3, 0.3]]",
];
const HOURS: [&str; 3] = [
    "Mon-Fri 06:00-22:00",
    "daily 22:00-06:00",
    "Sat, Sun 08:00-12:00",
];

/// What makes a node of each kind, with settings to choose from. What a kind reads is the number
/// of a kind, and nodes read what comes before them.
struct Kind {
    work: &'static [&'static str],
    reads: &'static [usize],
}

const KINDS: [Kind; 5] = [
    Kind {
        work: &[""],
        reads: &[],
    },
    Kind {
        work: &[
            "plugin: track",
            "plugin: roi",
            "plugin: roi, config: { anchor: center, outside: keep }",
            "plugin: roi, config: { anchor: bottom-center, outside: drop }",
        ],
        reads: &[0, 1],
    },
    Kind {
        work: &[
            "plugin: forbidden-object, config: { zone: a, after: 1s }",
            "plugin: forbidden-object, config: { after: 2s, zone: a, alert: [x, y] }",
            "plugin: forbidden-object, config: { zone: b, schedule: { from: 22, to: 6 } }",
            "plugin: count, partition: none",
        ],
        reads: &[0, 1],
    },
    Kind {
        work: &[
            "plugin: debounce",
            "plugin: debounce, config: { hold: 5s }",
            "plugin: debounce, limits: { memory: 64MiB, deadline: 10ms }",
            "plugin: debounce, on-failure: closed, limits: { log-lines: 5 }",
        ],
        reads: &[2, 3],
    },
    Kind {
        work: &[
            "plugin: webhook, allow: { http: [\"https://a.example\", \"http://b.example:81\"] }",
            "plugin: webhook, allow: { http: [\"https://a.example\"], secrets: [nvr-login] }",
            "plugin: siren, allow: { tcp: [\"10.0.0.1:1\"] }",
            "plugin: album, allow: { frames: true }, config: { password: hunter2 }",
        ],
        reads: &[2, 3],
    },
];

/// Numbers that stand for a flow.
#[derive(Clone)]
pub(crate) struct Sketch {
    name: usize,
    confidence: usize,
    brokers: Vec<usize>,
    cameras: Vec<Camera>,
    nodes: Vec<Node>,
    tests: Vec<usize>,
}

#[derive(Clone)]
struct Camera {
    id: usize,
    url: usize,
    fps: usize,
    zones: Vec<usize>,
}

#[derive(Clone)]
struct Node {
    id: usize,
    kind: usize,
    work: usize,
    reads: [usize; 2],
    hours: usize,
}

impl Sketch {
    pub(crate) fn random(chance: &mut Chance) -> Self {
        let mut sketch = Self {
            name: 0,
            confidence: 0,
            brokers: Vec::new(),
            cameras: vec![Camera::random(chance)],
            nodes: vec![Node {
                kind: 0,
                ..Node::random(chance)
            }],
            tests: Vec::new(),
        };
        for _ in 0..chance.below(30) {
            sketch.edit(chance);
        }
        sketch
    }

    /// Changes a number, adds something or takes something away.
    pub(crate) fn edit(&mut self, chance: &mut Chance) {
        let which = chance.below(self.cameras.len());
        let node = chance.below(self.nodes.len());
        match chance.below(14) {
            0 if chance.below(4) == 0 => self.name = chance.below(3),
            0 | 1 => self.confidence = chance.below(4),
            2 => toggled(&mut self.brokers, chance.below(4)),
            3 => self.cameras.push(Camera::random(chance)),
            4 if self.cameras.len() > 1 => drop(self.cameras.remove(which)),
            5 => self.cameras[which].fps = chance.below(3),
            6 => self.cameras[which].url = chance.below(URLS.len()),
            7 => toggled(&mut self.cameras[which].zones, chance.below(9)),
            8 | 9 => self.nodes.push(Node::random(chance)),
            10 if self.nodes.len() > 1 => drop(self.nodes.remove(node)),
            11 => self.nodes[node].work = chance.below(4),
            12 => self.nodes[node].reads = [chance.below(100), chance.below(100)],
            13 => self.nodes[node].hours = chance.below(6),
            _ => toggled(&mut self.tests, chance.below(5)),
        }
        self.nodes[0].kind = 0;
        self.cameras.truncate(6);
        self.nodes.truncate(14);
    }

    /// As YAML, with what does not matter chosen at random: order, comments, whole lists.
    pub(crate) fn written(&self, chance: &mut Chance) -> String {
        let cameras = self.cameras();
        let mut sections = vec![
            "version: 1\n".to_owned(),
            format!("name: flow-{}\n", self.name),
            "time-zone: Europe/Berlin\n".to_owned(),
            self.models(chance),
            section(
                "cameras",
                cameras.iter().map(|(_, line)| line.clone()).collect(),
                chance,
            ),
            section("nodes", self.nodes(&cameras, chance), chance),
            section("brokers", self.brokers(), chance),
        ];
        let tests: String = self
            .tests
            .iter()
            .map(|at| self.test(&cameras, *at))
            .collect();
        if !tests.is_empty() {
            sections.push(format!("tests:\n{tests}"));
        }
        shuffled(&mut sections, chance);
        let mut text = String::new();
        for section in sections {
            if chance.below(3) == 0 {
                text.push_str("# a comment\n\n");
            }
            text.push_str(&section);
        }
        text
    }

    fn models(&self, chance: &mut Chance) -> String {
        let lines = (0..).zip(MODELS).map(|(number, path)| {
            let confidence = (self.confidence + number) % 4;
            format!("  m{number}: {{ path: {path}, confidence: 0.{confidence} }}\n")
        });
        section("models", lines.collect(), chance)
    }

    fn brokers(&self) -> Vec<String> {
        let brokers = self.brokers.iter().map(|number| {
            let password = match number % 2 {
                0 => "",
                _ => ", password: \"${secret:broker}\"",
            };
            format!(
                "  b{number}: {{ mqtt: \"mqtt://b{number}.example\", username: u{password} }}\n"
            )
        });
        brokers.collect()
    }

    /// The names of the cameras with their lines.
    fn cameras(&self) -> Vec<(String, String)> {
        let mut cameras: Vec<(String, String)> = Vec::new();
        for camera in &self.cameras {
            let name = format!("c{}", camera.id);
            if cameras.iter().any(|(one, _)| *one == name) {
                continue;
            }
            let mut line = format!("  {name}: {{ url: {}", URLS[camera.url]);
            if camera.fps > 0 {
                write!(line, ", fps: {}, max-age: {}s", camera.fps, camera.fps).unwrap();
            }
            let zones: Vec<String> = camera
                .zones
                .iter()
                .filter(|zone| **zone < 3 || !camera.zones.contains(&(*zone % 3)))
                .take(1)
                .map(|zone| format!("z{}: {}", zone % 3, POLYGONS[zone / 3]))
                .collect();
            writeln!(line, ", zones: {{ {} }} }}", zones.join(", ")).unwrap();
            cameras.push((name, line));
        }
        cameras
    }

    fn nodes(&self, cameras: &[(String, String)], chance: &mut Chance) -> Vec<String> {
        let mut before: Vec<(String, usize)> = Vec::new();
        let mut lines = Vec::new();
        for node in &self.nodes {
            let kind = &KINDS[node.kind];
            let readable: Vec<&str> = before
                .iter()
                .filter(|(_, one)| kind.reads.contains(one))
                .map(|(name, _)| name.as_str())
                .collect();
            let name = format!("n{}", node.id);
            if before.iter().any(|(one, _)| *one == name) || (node.kind > 0 && readable.is_empty())
            {
                continue;
            }
            let (work, mut from) = match node.kind {
                0 => {
                    let camera = cameras[node.reads[0] % cameras.len()].0.as_str();
                    let all = vec![if node.reads[1] % 2 == 0 {
                        "cameras"
                    } else {
                        camera
                    }];
                    (format!("infer: m{}", node.work % 2), all)
                }
                _ => {
                    let reads = node.reads.map(|number| readable[number % readable.len()]);
                    (kind.work[node.work].to_owned(), reads.to_vec())
                }
            };
            from.dedup();
            shuffled(&mut from, chance);
            let mut parts = vec![work, format!("from: [{}]", from.join(", "))];
            if let Some(hours) = HOURS.get(node.hours) {
                parts.push(format!("active: \"{hours}\""));
            }
            shuffled(&mut parts, chance);
            lines.push(format!("  {name}: {{ {} }}\n", parts.join(", ")));
            before.push((name, node.kind));
        }
        lines
    }

    fn test(&self, cameras: &[(String, String)], at: usize) -> String {
        let camera = &cameras[at % cameras.len()].0;
        format!(
            "  - {{ name: t{at}, camera: {camera}, given: [{{ at: {at}s, detections: [] }}], expect: {{}} }}\n"
        )
    }
}

impl Camera {
    fn random(chance: &mut Chance) -> Self {
        Self {
            id: chance.below(8),
            url: chance.below(URLS.len()),
            fps: chance.below(3),
            zones: vec![chance.below(9)],
        }
    }
}

impl Node {
    fn random(chance: &mut Chance) -> Self {
        Self {
            id: chance.below(20),
            kind: chance.below(KINDS.len()),
            work: chance.below(4),
            reads: [chance.below(100), chance.below(100)],
            hours: chance.below(6),
        }
    }
}

fn section(name: &str, mut lines: Vec<String>, chance: &mut Chance) -> String {
    if lines.is_empty() {
        return String::new();
    }
    shuffled(&mut lines, chance);
    format!("{name}:\n{}", lines.concat())
}

fn toggled(numbers: &mut Vec<usize>, number: usize) {
    match numbers.iter().position(|one| *one == number) {
        Some(at) => drop(numbers.remove(at)),
        None => numbers.push(number),
    }
}

fn shuffled<T>(items: &mut [T], chance: &mut Chance) {
    for at in (1..items.len()).rev() {
        items.swap(at, chance.below(at + 1));
    }
}
