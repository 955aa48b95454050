//! Edits of flow files, one for each way to write a zone. What is expected is the whole text.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod memory;
mod world;

use std::collections::BTreeMap;
use std::path::PathBuf;

use agave_core::Point;
use agave_flow::edit::{self, EditError, Edited, Scalar};
use agave_flow::{Code, FlowText};
use memory::{Memory, text};

const TRIANGLE: [(f32, f32); 3] = [(0.1, 0.1), (0.9, 0.1), (0.5, 0.9)];

fn points(corners: &[(f32, f32)]) -> Vec<Point> {
    corners.iter().map(|&(x, y)| Point { x, y }).collect()
}

/// A flow with `cameras` in it, which begin on line 4.
fn flow(cameras: &str) -> FlowText {
    let rest = "nodes:\n  detect: { infer: people, from: cameras }\n  alert: { plugin: forbidden-object, from: detect, config: { zone: yard } }\n";
    text(&format!(
        "version: 1\nname: yard\nmodels: {{ people: {{ path: ../models/yolov8n.onnx }} }}\n{cameras}{rest}"
    ))
}

fn set(cameras: &str, zone: &str, corners: &[(f32, f32)]) -> Result<Edited, EditError> {
    let world = Memory::default();
    edit::set_zone(&flow(cameras), &world, "gate", zone, &points(corners))
}

#[track_caller]
fn check(before: &str, edited: Result<Edited, EditError>, after: &str) {
    let edited = edited.unwrap_or_else(|error| panic!("{error}\n{before}"));
    assert_eq!(edited.text, flow(after).as_str(), "\n{}", edited.text);
}

/// A zone `yard` in many forms, and with the corners (0.1 0.1) (0.8 0.1) (0.5 0.9).
#[test]
fn corners_move_where_they_are_written() {
    let moved = [(0.1, 0.1), (0.8, 0.123_44), (0.5, 0.9)];
    for (before, after) in [
        (
            "[[0.10, 0.1], [0.9, 0.1], [0.5, 0.9]]",
            "[[0.10, 0.1], [0.8, 0.1234], [0.5, 0.9]]",
        ),
        (
            "[ [.1,0.1] , [0.9,0.1],[0.5,0.9] ] # here",
            "[ [.1,0.1] , [0.8,0.1234],[0.5,0.9] ] # here",
        ),
        (
            "[\n        [0.1, 0.1], # left\n        [0.9, 0.1],\t# right\n        [0.5, 0.9]  # tip\n      ] # all",
            "[\n        [0.1, 0.1], # left\n        [0.8, 0.1234],\t# right\n        [0.5, 0.9]  # tip\n      ] # all",
        ),
        (
            "\n      - [0.1, 0.1]\n      # between\n      - [0.9, 0.1] # right\n      - [0.5, 0.9]",
            "\n      - [0.1, 0.1]\n      # between\n      - [0.8, 0.1234] # right\n      - [0.5, 0.9]",
        ),
        (
            "\n      - - 0.1\n        - 0.1\n      - - 0.9\n        - 0.1 # y\n      - [0.5, 0.9]",
            "\n      - - 0.1\n        - 0.1\n      - - 0.8\n        - 0.1234 # y\n      - [0.5, 0.9]",
        ),
        (
            "&z [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]",
            "&z [[0.1, 0.1], [0.8, 0.1234], [0.5, 0.9]]",
        ),
        (
            "[[1e-1, 0.1], &c [0.9, 0.1], [0.5, 0.9]]",
            "[[1e-1, 0.1], &c [0.8, 0.1234], [0.5, 0.9]]",
        ),
        ("17", "[[0.1, 0.1], [0.8, 0.1234], [0.5, 0.9]]"),
        (" # todo", " [[0.1, 0.1], [0.8, 0.1234], [0.5, 0.9]] # todo"),
    ] {
        let wrap = |zone: &str| {
            format!(
                "cameras:\n  gate:\n    url: clip.mp4\n    zones:\n     # Ü 😀\n     'yard': {zone}\n     door: [[0, 0], [1, 0], [1, 1]]\n"
            )
        };
        let (before, after) = (
            wrap(before).replace(":  #", ": #"),
            wrap(after).replace(":  [", ": ["),
        );
        let (before, after) = (before.replace(": # todo", ": # todo"), after);
        check(&before, set(&before, "yard", &moved), &after);
    }
}

#[test]
fn corners_come_and_go_in_the_form_of_the_others() {
    let four = [(0.1, 0.1), (0.9, 0.1), (0.95, 0.5), (0.5, 0.9)];
    let last = [(0.1, 0.1), (0.9, 0.1), (0.5, 0.9), (0.1, 0.8)];
    for (three, with_four, with_last) in [
        (
            "[[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]",
            "[[0.1, 0.1], [0.9, 0.1], [0.95, 0.5], [0.5, 0.9]]",
            "[[0.1, 0.1], [0.9, 0.1], [0.5, 0.9], [0.1, 0.8]]",
        ),
        (
            "[\n        [0.1,0.1], # left\n        [0.9,0.1], # right\n        [0.5,0.9]  # tip\n      ]",
            "[\n        [0.1,0.1], # left\n        [0.9,0.1], # right\n        [0.95,0.5],\n        [0.5,0.9]  # tip\n      ]",
            "[\n        [0.1,0.1], # left\n        [0.9,0.1], # right\n        [0.5,0.9],  # tip\n        [0.1,0.8]\n      ]",
        ),
        (
            "[\n        [0.1,0.1],\n        [0.9,0.1],\n        [0.5,0.9],\n      ]",
            "[\n        [0.1,0.1],\n        [0.9,0.1],\n        [0.95,0.5],\n        [0.5,0.9],\n      ]",
            "[\n        [0.1,0.1],\n        [0.9,0.1],\n        [0.5,0.9],\n        [0.1,0.8],\n      ]",
        ),
        (
            "[\n        [0.1,0.1],\n        [0.9,0.1],\n        [0.5,0.9], # tip\n      ]",
            "[\n        [0.1,0.1],\n        [0.9,0.1],\n        [0.95,0.5],\n        [0.5,0.9], # tip\n      ]",
            "[\n        [0.1,0.1],\n        [0.9,0.1],\n        [0.5,0.9], # tip\n        [0.1,0.8],\n      ]",
        ),
        (
            "\n      - [ 0.1, 0.1 ]\n      - [ 0.9, 0.1 ] # right\n      - [ 0.5, 0.9 ] # tip",
            "\n      - [ 0.1, 0.1 ]\n      - [ 0.9, 0.1 ] # right\n      - [ 0.95, 0.5 ]\n      - [ 0.5, 0.9 ] # tip",
            "\n      - [ 0.1, 0.1 ]\n      - [ 0.9, 0.1 ] # right\n      - [ 0.5, 0.9 ] # tip\n      - [ 0.1, 0.8 ]",
        ),
        (
            "\n      - - 0.1\n        - 0.1\n      - - 0.9\n        - 0.1\n      - - 0.5\n        - 0.9",
            "\n      - - 0.1\n        - 0.1\n      - - 0.9\n        - 0.1\n      - - 0.95\n        - 0.5\n      - - 0.5\n        - 0.9",
            "\n      - - 0.1\n        - 0.1\n      - - 0.9\n        - 0.1\n      - - 0.5\n        - 0.9\n      - - 0.1\n        - 0.8",
        ),
    ] {
        let wrap = |zone: &str| {
            format!("cameras:\n  gate:\n    zones:\n      yard: {zone}\n    url: clip.mp4\n")
                .replace(": \n", ":\n")
        };
        let [three, with_four, with_last] = [three, with_four, with_last].map(wrap);
        check(&three, set(&three, "yard", &four), &with_four);
        check(&three, set(&three, "yard", &last), &with_last);
        let back = set(&with_four, "yard", &TRIANGLE);
        check(&with_four, back, &three);
    }
}

#[test]
fn a_zone_more_is_written_like_its_neighbours() {
    const NEW: &str = "[[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]";
    const A: &str = "[[0, 0], [1, 0], [1, 1]]";
    for (before, after) in [
        // Missing.
        (
            "  gate: { url: clip.mp4 } # bare\n",
            "  gate: { url: clip.mp4, zones: { new: N } } # bare\n",
        ),
        (
            "  gate: {url: clip.mp4}\n",
            "  gate: {url: clip.mp4, zones: { new: N }}\n",
        ),
        (
            "    gate:\n        url: clip.mp4 # here\n        # end\n",
            "    gate:\n        url: clip.mp4 # here\n        zones:\n            new: N\n        # end\n",
        ),
        (
            "  gate:\n    url: >-\n      clip.mp4\n\n",
            "  gate:\n    url: >-\n      clip.mp4\n    zones:\n      new: N\n\n",
        ),
        // Empty.
        (
            "  gate: { url: clip.mp4, zones: {} }\n",
            "  gate: { url: clip.mp4, zones: { new: N } }\n",
        ),
        (
            "  gate: { zones: { # none\n   }, url: clip.mp4 }\n",
            "  gate: { zones: { # none\n   new: N }, url: clip.mp4 }\n",
        ),
        (
            "  gate:\n    zones: # none yet\n    url: clip.mp4\n",
            "  gate:\n    zones: # none yet\n      new: N\n    url: clip.mp4\n",
        ),
        (
            "  gate: { zones: , url: clip.mp4 }\n",
            "  gate: { zones: { new: N } , url: clip.mp4 }\n",
        ),
        (
            "  gate:\n    url: clip.mp4\n    pace: fast # {\n",
            "  gate:\n    url: clip.mp4\n    pace: fast # {\n    zones:\n      new: N\n",
        ),
        // With neighbours.
        (
            "  gate: { url: clip.mp4, zones: { a: A } }\n",
            "  gate: { url: clip.mp4, zones: { a: A, new: N } }\n",
        ),
        (
            "  gate: { url: clip.mp4, zones: &z { a: A,}}\n",
            "  gate: { url: clip.mp4, zones: &z { a: A, new: N,}}\n",
        ),
        (
            "  gate:\n    url: clip.mp4\n    zones: {\n      a: A, # a\n      b: A  # b\n    }\n",
            "  gate:\n    url: clip.mp4\n    zones: {\n      a: A, # a\n      b: A,  # b\n      new: N\n    }\n",
        ),
        (
            "  gate:\n    url: clip.mp4\n    zones: {\n      a: A,\n      b: A, # b\n    }\n",
            "  gate:\n    url: clip.mp4\n    zones: {\n      a: A,\n      b: A, # b\n      new: N,\n    }\n",
        ),
        (
            "  gate:\n    url: clip.mp4\n    zones: { a: A,\n             b: A }\n",
            "  gate:\n    url: clip.mp4\n    zones: { a: A,\n             b: A,\n             new: N }\n",
        ),
        (
            "  gate:\n    zones:\n      a: A # a\n\n    # the address\n    url: clip.mp4\n",
            "  gate:\n    zones:\n      a: A # a\n      new: N\n\n    # the address\n    url: clip.mp4\n",
        ),
        (
            "  gate:\n    zones:\n      a:\n      - [0, 0]\n      - [1, 0]\n      - [1, 1]\n    url: clip.mp4\n",
            "  gate:\n    zones:\n      a:\n      - [0, 0]\n      - [1, 0]\n      - [1, 1]\n      new: N\n    url: clip.mp4\n",
        ),
    ] {
        let fill = |text: &str| format!("cameras:\n{}", text.replace('N', NEW).replace('A', A));
        let (before, after) = (fill(before), fill(after));
        check(&before, set(&before, "new", &TRIANGLE), &after);
        // And gone again, back to nothing said about zones or to what was there.
        let world = Memory::default();
        let removed = edit::remove_zone(&flow(&after), &world, "gate", "new").unwrap();
        if before.contains("a: [[") || before.contains("a:\n") {
            assert!(
                removed.text == flow(&before).as_str()
                    || removed.text.matches(',').count()
                        == flow(&before).as_str().matches(',').count() + 1,
                "{}",
                removed.text
            );
        } else {
            assert!(!removed.text.contains("zones"), "{}", removed.text);
        }
    }
}

#[test]
fn line_ends_marks_and_ends_of_files_stay() {
    let yaml = "\u{feff}version: 1\r\nname: yard\r\nmodels: { people: { path: ../models/yolov8n.onnx } }\r\nnodes: { detect: { infer: people, from: cameras }, alert: { plugin: count, partition: none, from: detect } }\r\ncameras:\r\n  gate:\r\n    url: clip.mp4\t# ä\tb";
    let world = Memory::default();
    let edited = edit::set_zone(&text(yaml), &world, "gate", "yard", &points(&TRIANGLE)).unwrap();
    let added = "\r\n    zones:\r\n      yard: [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]";
    assert_eq!(edited.text, format!("{yaml}{added}"));
    assert_eq!(edited.changed_lines, 7..10);
    let same = edit::set_zone(
        &text(&edited.text),
        &world,
        "gate",
        "yard",
        &points(&TRIANGLE),
    );
    let same = same.unwrap();
    assert_eq!(same.text, edited.text);
    assert!(same.changed_lines.is_empty());
    let renamed = edit::rename_zone(&text(&edited.text), &world, "gate", "yard", "true").unwrap();
    assert_eq!(
        renamed.text,
        edited.text.replace("yard: [[", "\"true\": [[")
    );
    assert_eq!(renamed.changed_lines, 9..10);
    let gone = edit::remove_zone(&text(&edited.text), &world, "gate", "yard").unwrap();
    assert_eq!(gone.text, format!("{yaml}\r\n"));
}

#[test]
fn an_alias_is_written_out_and_an_anchor_stays() {
    let before =
        "cameras:\n  gate: { url: clip.mp4, zones: { a: &a [[0, 0], [1, 0], [1, 1]], b: *a } }\n";
    let after = before.replace("*a", "[[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]");
    check(before, set(before, "b", &TRIANGLE), &after);
    let Err(EditError::NotPlain { place, message, .. }) = set(before, "a", &TRIANGLE) else {
        panic!("both would change");
    };
    assert_eq!(place, "flows/yard.yaml:5:35");
    assert!(
        message.contains("without changing something else"),
        "{message}"
    );
    let aliased = "cameras:\n  yard: { url: clip.mp4, zones: &z { a: [[0, 0], [1, 0], [1, 1]] } }\n  gate: { url: clip.mp4, zones: *z }\n";
    for zone in ["a", "b"] {
        let error = set(aliased, zone, &TRIANGLE).unwrap_err().to_string();
        assert!(
            error.starts_with("flows/yard.yaml:6:33: ")
                && error.contains("an alias of flows/yard.yaml:5:33"),
            "{error}"
        );
    }
}

#[test]
fn what_is_no_zone_is_refused_as_in_a_file() {
    let cameras = "cameras:\n  gate: { url: clip.mp4, zones: { a: [[0, 0], [1, 0], [1, 1]] } }\n";
    for (zone, corners, code, message) in [
        (
            "a",
            &[(0.1, 0.1), (0.9, 0.1)][..],
            Code::BadPolygon,
            "a polygon needs at least 3 corners, this one has 2",
        ),
        ("a", &[], Code::BadPolygon, "this one has 0"),
        (
            "b",
            &[(0.1, 0.1), (640.0, 0.1), (0.5, 0.9)],
            Code::BadPolygon,
            "corner 2 is outside of the frame",
        ),
        (
            "b",
            &[(0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)],
            Code::BadPolygon,
            "crosses the one",
        ),
        (
            "b",
            &[(0.1, 0.1), (0.2, 0.2), (0.3, 0.3)],
            Code::BadPolygon,
            "all corners are on one line",
        ),
        (
            "a",
            &[(f32::NAN, 0.1), (0.9, 0.1), (0.5, 0.9)],
            Code::WrongType,
            "must be a number",
        ),
        (
            "a",
            &[(f32::INFINITY, 0.1), (0.9, 0.1), (0.5, 0.9)],
            Code::WrongType,
            "must be a number",
        ),
        ("a b", &TRIANGLE, Code::BadName, "has a space in its name"),
    ] {
        let Err(EditError::Refused(problems)) = set(cameras, zone, corners) else {
            panic!("{zone} {corners:?}");
        };
        let problem = problems.iter().next().unwrap();
        assert_eq!(problem.code(), code, "{problems}");
        assert!(problem.message().contains(message), "{problems}");
        assert_eq!(problems.len(), 1, "{problems}");
    }
    let Err(EditError::NotFound { help, .. }) = edit::set_zone(
        &flow(cameras),
        &Memory::default(),
        "gaet",
        "a",
        &points(&TRIANGLE),
    ) else {
        panic!("there is no such camera");
    };
    assert_eq!(help, "did you mean 'gate'?");
}

/// What was wrong before does not stand in the way of mending it.
#[test]
fn a_flow_with_mistakes_can_be_edited() {
    let before = "cameras:\n  gate: { url: clip.mp4, fsp: 3, zones: { a: [[0, 0], [1, 0]] } }\n";
    let after = before
        .replace("[1, 0]]", "[0.9, 0.1], [0.5, 0.9]]")
        .replace("[[0, 0]", "[[0.1, 0.1]");
    check(before, set(before, "a", &TRIANGLE), &after);
    let broken = text("version: 1\ncameras: [");
    let error = edit::set_zone(&broken, &Memory::default(), "gate", "a", &points(&TRIANGLE));
    assert!(matches!(error, Err(EditError::Unreadable(_))));
}

const TEMPLATES: &str = "version: 1
name: plant
include: parts/*.yaml
models: { people: { path: ../models/yolov8n.onnx } }
nodes:
  detect: { infer: people, from: cameras }
  alert: { plugin: count, partition: none, from: detect }
templates:
  fixed: { camera: { url: clip.mp4, zones: { yard: [[0, 0], [1, 0], [1, 1]] } } }
  once: { camera: { url: clip.mp4, zones: { yard: [[0, 0], [1, 0], [1, 1]] } } }
  given: { parameters: [zone], camera: { url: clip.mp4, zones: { yard: \"${zone}\" } } }
  twice: { parameters: [zone], camera: { url: clip.mp4, zones: { yard: \"${zone}\", door: \"${zone}\" } } }
cameras:
  one: { use: fixed }
  uno: { use: fixed }
  two: { use: fixed, zones: { yard: [[0, 0], [0.5, 0], [1, 1]] } }
  three: { use: once }
  four: { use: given, with: { zone: [[0, 0], [1, 0], [1, 1]] } }
  five: { use: twice, with: { zone: [[0, 0], [1, 0], [1, 1]] } }
";

const PART: &str = "cameras:\r\n  six: { url: ../clip.mp4, zones: { yard: [[0, 0], [1, 0], [1, 1]] } } # \u{fc}\r\n";

fn with_part() -> Memory {
    let file = PathBuf::from("flows/parts/six.yaml");
    Memory(BTreeMap::from([(file, PART.to_owned())]))
}

#[test]
fn a_zone_is_edited_where_it_is_written() {
    let world = with_part();
    let flow = text(TEMPLATES);
    let set = |camera| edit::set_zone(&flow, &world, camera, "yard", &points(&TRIANGLE)).unwrap();
    const NEW: &str = "[[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]";
    for (camera, before, after) in [
        (
            "one",
            "{ use: fixed }",
            format!("{{ use: fixed, zones: {{ yard: {NEW} }} }}"),
        ),
        ("two", "[[0, 0], [0.5, 0], [1, 1]]", NEW.to_owned()),
        (
            "three",
            "{ use: once }",
            format!("{{ use: once, zones: {{ yard: {NEW} }} }}"),
        ),
        (
            "four",
            "given, with: { zone: [[0, 0], [1, 0], [1, 1]]",
            format!("given, with: {{ zone: {NEW}"),
        ),
        ("five", "[[0, 0], [1, 0], [1, 1]] } }\n", String::new()),
    ] {
        let edited = set(camera);
        assert_eq!(edited.file, flow.file());
        assert_eq!(edited.changed_lines.len(), 1);
        match camera {
            "five" => assert!(
                edited
                    .text
                    .ends_with(&format!("[1, 1]] }}, zones: {{ yard: {NEW} }} }}\n")),
                "{}",
                edited.text
            ),
            _ => assert_eq!(edited.text, TEMPLATES.replacen(before, &after, 1)),
        }
    }
    let edited = set("six");
    assert_eq!(edited.file.to_str(), Some("flows/parts/six.yaml"));
    assert_eq!(edited.text, PART.replace("[[0, 0], [1, 0], [1, 1]]", NEW));
    assert_eq!(edited.changed_lines, 2..3);
}

#[test]
fn what_a_template_gives_to_several_is_not_taken_away() {
    let world = with_part();
    let flow = text(TEMPLATES);
    for camera in ["one", "two"] {
        let error = edit::remove_zone(&flow, &world, camera, "yard")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("flows/yard.yaml:"), "{error}");
        let error = edit::rename_zone(&flow, &world, camera, "yard", "lawn")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("flows/yard.yaml:"), "{error}");
    }
    let gone = edit::remove_zone(&flow, &world, "three", "yard").unwrap();
    assert!(
        gone.text.contains("once: { camera: { url: clip.mp4 } }"),
        "{}",
        gone.text
    );
    let renamed = edit::rename_zone(&flow, &world, "four", "yard", "lawn").unwrap();
    assert!(
        renamed.text.contains("zones: { lawn: \"${zone}\" } }"),
        "{}",
        renamed.text
    );
    let taken = edit::rename_zone(&flow, &world, "five", "yard", "door").unwrap_err();
    assert!(matches!(taken, EditError::Taken { .. }), "{taken}");
    let gone = edit::remove_zone(&flow, &world, "five", "yard").unwrap();
    assert!(
        gone.text.contains("zones: { door: \"${zone}\" } }"),
        "{}",
        gone.text
    );
}

#[test]
fn a_camera_more_and_single_values() {
    let world = Memory::default();
    let before = "cameras:\n  # front\n  gate: { url: clip.mp4, fps: 4 } # gate\n";
    let add = |cameras: &str, name: &str, url: &str, fps| {
        edit::add_camera(&flow(cameras), &world, name, url, fps)
    };
    let url = "rtsp://${secret:gate-login}@10.0.0.5/a";
    let after = format!("{before}  yard:\n    url: \"{url}\"\n    fps: 0.1\n");
    check(before, add(before, "yard", url, Some(0.1)), &after);
    let added = add("", "yard", "clip.mp4", None).unwrap();
    let flow_alone = flow("");
    assert_eq!(
        added.text,
        format!(
            "{}cameras:\n  yard:\n    url: clip.mp4\n",
            flow_alone.as_str()
        )
    );
    // Written like the camera before it, and only once.
    let taken = add(before, "gate", "clip.mp4", None).unwrap_err();
    assert!(
        taken
            .to_string()
            .starts_with("flows/yard.yaml:6:3: there is a camera"),
        "{taken}"
    );
    let refused = add(before, "new", "ftp://a", None).unwrap_err();
    assert!(matches!(refused, EditError::Refused(_)), "{refused}");

    let set = |path: &str, value: Scalar| edit::set_value(&flow(before), &world, path, &value);
    let four = before.replace("fps: 4", "fps: 2.5");
    check(before, set("cameras.gate.fps", Scalar::Number(2.5)), &four);
    let paced = before.replace("fps: 4", "fps: 4, pace: realtime");
    let pace = Scalar::Text("realtime".to_owned());
    check(before, set("cameras.gate.pace", pace.clone()), &paced);
    for (path, value) in [
        ("cameras.gate.fps", Scalar::Number(-1.0)),
        ("cameras.gate.fsp", Scalar::Number(1.0)),
        (
            "cameras.gate.url",
            Scalar::Text("${secret:none}".to_owned()),
        ),
        ("cameras.gaet.fps", Scalar::Number(1.0)),
        ("cameras.gate", Scalar::Bool(true)),
        ("cameras", Scalar::Bool(true)),
    ] {
        assert!(set(path, value).is_err(), "{path}");
    }
    let yard = edit::set_value(&flow(before), &world, "nodes.alert.config.zone", &pace).unwrap();
    assert!(
        yard.text.contains("config: { zone: realtime } }"),
        "{}",
        yard.text
    );
}
