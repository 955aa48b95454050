use std::cell::RefCell;
use std::rc::Rc;

use agave_vision_sdk::testing::{self, Harness, json};

use super::*;

fn adapter(relay: serde_json::Value) -> Harness<Hikvision> {
    let config = json!({ "relay": relay });
    Harness::new(config, testing::stream(&["person"])).unwrap()
}

/// A device that does what it is told, and what that was.
fn device() -> Rc<RefCell<Vec<&'static str>>> {
    let did = Rc::new(RefCell::new(Vec::new()));
    let notes = Rc::clone(&did);
    testing::answer_http(move |request| {
        let body = String::from_utf8_lossy(&request.body);
        let is_on = body.contains("high");
        notes.borrow_mut().push(if is_on { "on" } else { "off" });
        Ok(testing::response(200, ""))
    });
    did
}

fn deliver(adapter: &mut Harness<Hikvision>, phase: Phase) {
    let outcome = adapter.deliver(&testing::delivery(testing::alert("person", phase, 1.0)));
    assert!(matches!(outcome, Outcome::Delivered), "{outcome:?}");
}

fn cameras() -> Vec<StreamInfo> {
    vec![testing::stream(&["person"])]
}

#[test]
fn it_is_looked_after_only_while_something_is_on() {
    let did = device();
    let mut adapter = adapter(json!({ "device": "http://x", "pulse": "5s" }));
    testing::set_clock(100.0);
    assert_eq!(adapter.upkeep(&cameras()), None);
    deliver(&mut adapter, Phase::Begin);
    testing::set_clock(101.0);
    let next = adapter.upkeep(&cameras());
    assert_eq!(next, Some(Duration::from_millis(4000)));
    testing::set_clock(105.0);
    assert_eq!(adapter.upkeep(&cameras()), None);
    assert_eq!(*did.borrow(), ["on", "off"]);
}

#[test]
fn a_pulse_ends_when_agave_stops() {
    let did = device();
    let mut adapter = adapter(json!({ "device": "http://x", "pulse": "60s" }));
    testing::set_clock(100.0);
    deliver(&mut adapter, Phase::Begin);
    adapter.leave();
    adapter.restart().unwrap();
    assert_eq!(adapter.upkeep(&cameras()), None);
    assert_eq!(*did.borrow(), ["on", "off"]);
}

#[test]
fn what_is_held_is_off_while_agave_does_not_run() {
    let did = device();
    let mut adapter = adapter(json!({ "device": "http://x", "hold": true }));
    testing::set_clock(100.0);
    deliver(&mut adapter, Phase::Begin);
    adapter.leave();
    assert_eq!(*did.borrow(), ["on", "off"]);
    adapter.restart().unwrap();
    testing::set_clock(160.0);
    assert!(adapter.upkeep(&cameras()).is_some());
    deliver(&mut adapter, Phase::End);
    assert_eq!(*did.borrow(), ["on", "off", "on", "off"]);
    assert_eq!(adapter.upkeep(&cameras()), None);
    // Nothing is on any more.
    adapter.leave();
    assert_eq!(did.borrow().len(), 4);
}

#[test]
fn what_was_held_for_too_long_does_not_come_on_again() {
    let did = device();
    let mut adapter = adapter(json!({ "device": "http://x", "hold": true, "longest": "1m" }));
    testing::set_clock(100.0);
    deliver(&mut adapter, Phase::Begin);
    adapter.leave();
    adapter.restart().unwrap();
    testing::set_clock(161.0);
    adapter.upkeep(&cameras());
    assert!(!did.borrow()[1..].contains(&"on"), "{did:?}");
}
