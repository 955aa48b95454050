//! The capabilities that lead nowhere, and those that other crates put in.

use std::sync::{Arc, Mutex};

use agave_core::{BoundingBox, Mark, Shown, Timestamp, View};
use agave_plugin::{DurableMap, Grants, NoPicture, Outside, Pictures};
use serde_json::json;

use crate::probe::{Probe, web};

/// Notes what it is asked for.
#[derive(Default)]
struct Asked(Mutex<Vec<Question>>);

type Question = (String, u64, View);

impl Pictures for Asked {
    fn show(&self, camera: &str, frame: u64, view: &View) -> Result<Shown, NoPicture> {
        let asked = (camera.to_owned(), frame, view.clone());
        self.0.lock().unwrap().push(asked);
        match frame {
            0 => Err(NoPicture::Expired),
            1 => Err(NoPicture::Unavailable("no such camera".to_owned())),
            _ => Ok(Shown {
                jpeg: vec![0xff, 0xd8],
                width: 320,
                height: 180,
            }),
        }
    }
}

struct Broken;

impl DurableMap for Broken {
    fn get(&self, _: &str) -> Result<Option<Vec<u8>>, String> {
        Err("the disk is gone".to_owned())
    }

    fn set(&self, _: &str, _: &[u8]) -> Result<(), String> {
        Err("the disk is full".to_owned())
    }
}

#[test]
fn the_clock_tells_the_time() {
    let mut probe = Probe::start(Grants::default(), Outside::default());
    let before = Timestamp::now().0;
    let now = probe.ask(json!({ "do": "now" }))["now"].as_u64().unwrap();
    assert!((before..=Timestamp::now().0).contains(&now));
}

#[test]
fn a_key_signs_and_is_not_seen() {
    let grants = web(
        &[],
        &[
            ("key", "0123456789abcdef0123456789abcdef"),
            ("login", "admin:correct-horse-battery"),
        ],
    );
    let mut probe = Probe::start(grants, Outside::default());
    let mut sign =
        |name: &str| probe.ask(json!({ "do": "sign", "name": name, "text": "1767225604.{}" }));
    // As Python's `hmac` computes it.
    let wanted = "e2e59ea86f23e0f2bb6e0ab269f125ff6917d51891ca826f50535085ecabff54";
    assert_eq!(sign("key")["hex"], wanted);
    let refused = sign("login")["why"].as_str().unwrap().to_owned();
    assert!(refused.contains("looks like a login"), "{refused}");
    let missing = sign("other")["why"].as_str().unwrap().to_owned();
    assert!(missing.contains("not granted"), "{missing}");
}

#[test]
fn pictures_need_a_grant() {
    let asked = Arc::new(Asked::default());
    let outside = Outside {
        pictures: Some(Arc::clone(&asked) as Arc<dyn Pictures>),
        ..Outside::default()
    };
    let granted = Grants {
        frames: true,
        ..Grants::default()
    };
    let jpeg = |frame: u64| json!({ "do": "jpeg", "frame": frame, "region": [0.5, 0.25, 0.5, 0.5], "max_side": 320 });
    let mut without = Probe::start(Grants::default(), outside.clone());
    let refused = without.ask(jpeg(2));
    assert!(refused["why"].as_str().unwrap().contains("`frames: true`"));
    let refused = without.ask(json!({ "do": "show", "frame": 2 }));
    assert!(refused["why"].as_str().unwrap().contains("`frames: true`"));
    let refused = without.ask(json!({ "do": "pictures" }));
    assert!(refused["why"].as_str().unwrap().contains("`frames: true`"));
    assert!(asked.0.lock().unwrap().is_empty());

    let mut with = Probe::start(granted.clone(), outside);
    assert_eq!(with.ask(json!({ "do": "pictures" })), json!({}));
    assert_eq!(with.ask(jpeg(2))["hex"], "ffd8");
    assert_eq!(with.ask(jpeg(0))["error"], "expired");
    assert_eq!(with.ask(jpeg(1))["why"], "no such camera");
    let region = BoundingBox {
        left: 0.5,
        top: 0.25,
        width: 0.5,
        height: 0.5,
    };
    let first = asked.0.lock().unwrap().first().cloned();
    let wanted = View::of(Some(region), 320);
    assert_eq!(first, Some(("gate".to_owned(), 2, wanted)));
    shown_with_boxes(&mut with, &asked);

    let mut nowhere = Probe::start(granted, Outside::default());
    assert_eq!(nowhere.ask(jpeg(2))["error"], "unavailable");
}

fn shown_with_boxes(probe: &mut Probe, asked: &Asked) {
    let marks = json!([[0.5, 0.25, 0.125, 0.5, "person", "person 0.9"]]);
    let show = |marks| json!({ "do": "show", "frame": 2, "max_bytes": 9000, "marks": marks });
    let shown = probe.ask(show(marks));
    assert_eq!(shown["hex"], "ffd8");
    assert_eq!(
        (&shown["width"], &shown["height"]),
        (&json!(320), &json!(180))
    );
    let wanted = View {
        most_bytes: 9000,
        marks: vec![Mark {
            bbox: BoundingBox {
                left: 0.5,
                top: 0.25,
                width: 0.125,
                height: 0.5,
            },
            class: "person".to_owned(),
            colour: None,
            label: "person 0.9".to_owned(),
        }],
        ..View::of(None, u32::MAX)
    };
    let last = asked.0.lock().unwrap().last().cloned();
    assert_eq!(last, Some(("gate".to_owned(), 2, wanted)));
    let one = json!([0.5, 0.25, 0.125, 0.5, "person", ""]);
    let many = probe.ask(show(json!(vec![one; 257])));
    assert!(
        many["why"].as_str().unwrap().contains("at most 256"),
        "{many}"
    );
}

#[test]
fn keys_and_values_have_limits() {
    let mut probe = Probe::start(
        Grants::default(),
        Outside {
            map: Some(Arc::new(Broken)),
            ..Outside::default()
        },
    );
    let mut why = |call| probe.ask(call)["why"].as_str().unwrap().to_owned();
    assert!(why(json!({ "do": "get", "key": "" })).contains("from 1 to 256"));
    assert!(why(json!({ "do": "set", "key": "k".repeat(257) })).contains("from 1 to 256"));
    assert!(why(json!({ "do": "set", "key": "k", "bytes": 65537 })).contains("at most 65536"));
    assert_eq!(
        why(json!({ "do": "set", "key": "k", "bytes": 65536 })),
        "the disk is full"
    );
    assert_eq!(why(json!({ "do": "get", "key": "k" })), "the disk is gone");
}

#[test]
fn without_a_way_out_everything_is_refused_in_words() {
    let grants = Grants {
        http: vec![agave_plugin::Origin::parse("http://127.0.0.1:9").unwrap()],
        tcp: vec!["127.0.0.1:9".to_owned()],
        mqtt: vec!["farm".to_owned()],
        ..Grants::default()
    };
    let mut probe = Probe::start(grants, Outside::default());
    for (call, error) in [
        (
            json!({ "do": "http", "url": "http://127.0.0.1:9" }),
            "unreachable",
        ),
        (
            json!({ "do": "connect", "id": 1, "address": "127.0.0.1:9" }),
            "unreachable",
        ),
        (
            json!({ "do": "publish", "broker": "farm", "topic": "t" }),
            "disconnected",
        ),
        (json!({ "do": "get", "key": "k" }), "refused"),
    ] {
        assert_eq!(probe.ask(call.clone())["error"], error, "{call}");
    }
}
