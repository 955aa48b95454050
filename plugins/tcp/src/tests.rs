use agave_vision_sdk::testing::{self, Harness, json};

use super::*;

fn configured(more: serde_json::Value) -> Result<Harness<Tcp>, String> {
    let mut config = json!({ "address": "127.0.0.1:7000" });
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    Harness::new(config, testing::stream(&[]))
}

fn filled(payload: serde_json::Value) -> Vec<u8> {
    let payload = serde_json::from_value(payload).unwrap();
    let alert = testing::alert("person", Phase::Begin, 1.0);
    Payload::new(Some(&payload))
        .unwrap()
        .fill(&testing::delivery(alert))
}

#[test]
fn a_payload_is_a_text_or_bytes() {
    assert_eq!(filled(json!("{camera};{class}")), b"camera;person");
    assert_eq!(filled(json!({ "hex": "02 4f{class}0A" })), b"\x02Operson\n");
    let report = Payload::new(None).unwrap();
    let alert = testing::alert("person", Phase::Begin, 1.0);
    assert!(
        report
            .fill(&testing::delivery(alert))
            .starts_with(b"{\"camera_id\"")
    );
}

#[test]
fn settings_that_work_are_taken() {
    for settings in [
        json!({}),
        json!({ "framing": "stx-etx", "acknowledgement": { "prefix": "OK" } }),
        json!({ "framing": { "terminator": { "hex": "14" } } }),
        json!({ "framing": { "length": { "bytes": 2, "order": "little" } } }),
        json!({ "framing": "none", "acknowledgement": { "literal": { "hex": "06" }, "timeout": "2s" } }),
        json!({ "keepalive": { "payload": "PING", "every": "10s" } }),
    ] {
        configured(settings).unwrap();
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused = |settings| configured(settings).err().unwrap();
    assert!(refused(json!({ "address": "receiver" })).contains("HOST:PORT"));
    assert!(refused(json!({ "payload": "{camra}" })).contains("`{camra}`"));
    assert!(refused(json!({ "payload": { "hex": "0" } })).contains("hexadecimal"));
    assert!(refused(json!({ "payload": { "hex": "0x" } })).contains("hexadecimal"));
    assert!(refused(json!({ "framing": { "terminator": "" } })).contains("must not be empty"));
    assert!(refused(json!({ "acknowledgement": {} })).contains("one of"));
    let both = json!({ "literal": "a", "prefix": "b" });
    assert!(refused(json!({ "acknowledgement": both })).contains("one of"));
    let endless = json!({ "framing": "none", "acknowledgement": { "prefix": "OK" } });
    assert!(refused(endless).contains("where an answer ends"));
    let silent = json!({ "keepalive": { "payload": "PING", "acknowledged": true } });
    assert!(refused(silent).contains("needs `acknowledgement`"));
}

#[test]
fn a_clock_that_was_set_back_does_not_delay_the_keepalive() {
    assert_eq!(left_of(10, 100, 104), Some(6));
    assert_eq!(left_of(10, 100, 110), None);
    assert_eq!(left_of(10, 100, 99), None);
}
