//! Edits of flow files, one for each way to write a zone. What is expected is the whole text.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod editing;
mod memory;
mod world;

use agave_flow::edit::{self, EditError};
use editing::{TRIANGLE, check, flow, points, set};
use memory::{Memory, text};

/// A zone in many forms, of which one corner moves.
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
