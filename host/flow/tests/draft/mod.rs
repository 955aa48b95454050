//! Flow files in which everything that means nothing is left to chance: brackets or lines, spaces,
//! quotes, comments, order, line ends.

use std::fmt::Write;

use crate::chance::Chance;

/// Files of a flow in which chance decides about everything that means nothing.
pub(crate) struct Draft<'a>(pub(crate) &'a mut Chance);

impl Draft<'_> {
    fn one_of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.0.below(all.len())]
    }

    fn number(&mut self, value: usize) -> String {
        match self.0.below(4) {
            0 => format!("0.{value:02}00"),
            1 => format!(".{value:02}"),
            2 => format!("{value}e-2"),
            _ => format!("0.{value:02}"),
        }
    }

    /// A fan of corners, which never crosses itself.
    fn corners(&mut self) -> Vec<[usize; 2]> {
        let mut corners = vec![[5, 5], [10 + self.0.below(80), 6]];
        for _ in 0..self.0.below(3) {
            corners.push([90, 10 + corners.len() * 10]);
        }
        corners.push([20, 70 + self.0.below(25)]);
        corners
    }

    fn comment(&mut self) -> String {
        match self.0.below(4) {
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
        let inner = " ".repeat(indent + self.0.below(3));
        let mut text = String::new();
        match self.0.below(4) {
            0 => {
                for [x, y] in corners {
                    let (x, y) = (self.number(x), self.number(y));
                    let corner = match self.0.below(3) {
                        0 => format!("- {x}{}\n{inner}  - {y}", self.comment()),
                        _ => format!("[{x}, {y}]"),
                    };
                    write!(text, "{}\n{inner}- {corner}", self.comment()).unwrap();
                }
            }
            1 => {
                text.push_str(" [");
                let last = corners.len() - 1;
                let trailing = self.0.below(2) == 0;
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
        let count = self.0.below(4);
        let names = &["a", "'b'", "\"c\""][..count.min(3)];
        let pad = " ".repeat(indent);
        let block = " ".repeat(indent + 2);
        match (count, self.0.below(3)) {
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
                let between = match self.0.below(2) {
                    0 => ", ".to_owned(),
                    _ => format!(",{}\n{block}", self.comment()),
                };
                let (open, close) = match self.0.below(2) {
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
                    if self.0.below(4) == 0 {
                        write!(text, "{block}# about {name}\n\n").unwrap();
                    }
                    write!(text, "{block}{name}:{}", self.polygon(indent + 2)).unwrap();
                }
                text
            }
        }
    }

    fn camera(&mut self, name: &str) -> String {
        let work = match self.0.below(5) {
            0 => "use: plain",
            1 => "use: zoned",
            2 => "{ use: given, with: { z: [[0, 0], [1, 0], [1, 1]] }",
            _ => "url: clip.mp4",
        };
        if self.0.below(4) == 0 || work.starts_with('{') {
            let corners = self.corners();
            let zones = match self.0.below(3) {
                0 => String::new(),
                1 => ", zones: {}".to_owned(),
                _ => format!(", zones: {{b: {}}}", self.inline(&corners)),
            };
            let work = work.trim_start_matches("{ ");
            return format!("  {name}: {{ {work}{zones} }}{}\n", self.comment());
        }
        let (mut before, mut after) = (format!("    {work}{}\n", self.comment()), self.zones(4));
        if self.0.below(2) == 0 {
            std::mem::swap(&mut before, &mut after);
        }
        format!("  {name}:{}\n{before}{after}", self.comment())
    }

    /// The flow file, and the part that it includes.
    pub(crate) fn files(&mut self) -> (String, String) {
        let cameras: Vec<String> = ["n", "o"].iter().map(|name| self.camera(name)).collect();
        let part = format!("# part\ncameras:\n{}", self.camera("p"));
        let mut sections = [
            "version: 1\nname: random\ninclude: part.yaml\n".to_owned(),
            "models: { people: { path: ../models/yolov8n.onnx } }\n".to_owned(),
            "nodes:\n  detect: { infer: people, from: cameras }\n  count: { plugin: count, partition: none, from: detect }\n".to_owned(),
            "templates:\n  plain: { camera: { url: clip.mp4 } }\n  zoned: { camera: { url: clip.mp4, zones: { a: [[0, 0], [1, 0], [1, 1]], t: [[0, 0], [1, 0], [0, 1]] } } }\n  given: { parameters: [z], camera: { url: clip.mp4, zones: { a: \"${z}\" } } }\n".to_owned(),
            format!("cameras:{}\n{}{}", self.comment(), cameras[0], cameras[1]),
        ];
        for at in (1..sections.len()).rev() {
            sections.swap(at, self.0.below(at + 1));
        }
        let mut main = sections.concat();
        let mut part = part;
        for text in [&mut main, &mut part] {
            if self.0.below(3) == 0 {
                text.truncate(text.trim_end_matches('\n').len());
            }
            if self.0.below(3) == 0 {
                *text = text.replace('\n', "\r\n");
            }
            if self.0.below(8) == 0 {
                text.insert(0, '\u{feff}');
            }
        }
        (main, part)
    }
}
