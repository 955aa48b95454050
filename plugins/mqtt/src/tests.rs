use agave_vision_sdk::testing::{self, Harness, json};
use serde_json::Value;

use super::*;

fn stream() -> StreamInfo {
    let zone = |name: &str| Zone {
        name: name.to_owned(),
        polygon: Vec::new(),
    };
    StreamInfo {
        zones: vec![zone("yard"), zone("back door")],
        ..testing::stream(&["person"])
    }
}

fn adapter(more: Value) -> (Mqtt, State) {
    let mut config = json!({ "broker": "farm" });
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    let config = serde_json::from_value(config).unwrap();
    let adapter = Mqtt::configure(config, &testing::stream(&[])).unwrap();
    (adapter, State::default())
}

fn delivery(key: &str, phase: Phase, zone: Option<&str>, seconds: f64) -> Delivery {
    let mut alert = testing::alert("person", phase, seconds);
    alert.key = key.to_owned();
    alert.zone = zone.map(str::to_owned);
    testing::delivery(alert)
}

/// What was published since this was last asked.
fn said() -> Vec<(String, String)> {
    let messages = testing::published().into_iter();
    messages
        .map(|message| {
            let payload = String::from_utf8(message.payload).unwrap();
            (message.topic, payload)
        })
        .collect()
}

fn topics(said: &[(String, String)]) -> Vec<String> {
    said.iter().map(|(topic, _)| topic.clone()).collect()
}

fn payload<'s>(said: &'s [(String, String)], topic: &str) -> &'s str {
    let found = said.iter().find(|(known, _)| known == topic);
    found.map_or_else(
        || panic!("{topic} is not in {said:#?}"),
        |(_, payload)| payload,
    )
}

fn deliver(adapter: &Mqtt, state: &mut State, delivery: &Delivery) -> Vec<(String, String)> {
    let outcome = adapter.deliver(state, delivery);
    assert!(matches!(outcome, Outcome::Delivered), "{outcome:?}");
    said()
}

#[test]
fn an_alert_is_one_message_on_the_topic_of_its_camera() {
    let (adapter, mut state) = adapter(json!({}));
    let begin = delivery("a", Phase::Begin, Some("yard"), 1.0);
    adapter.deliver(&mut state, &begin);
    let messages = testing::published();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].topic, "agave/camera/alerts");
    assert_eq!(messages[0].qos, Qos::AtLeastOnce);
    assert!(!messages[0].retain);
    let body: Value = serde_json::from_slice(&messages[0].payload).unwrap();
    assert_eq!(body["zone"], "yard");
}

#[test]
fn topic_and_payload_are_filled() {
    let (adapter, mut state) = adapter(json!({
        "topic": "farm/{zone}/{class}", "payload": { "n": "{count}" }, "qos": 2, "retain": true,
    }));
    let begin = delivery("a", Phase::Begin, Some("a/b+#"), 1.0);
    adapter.deliver(&mut state, &begin);
    let messages = testing::published();
    assert_eq!(messages[0].topic, "farm/a_b__/person");
    assert_eq!(messages[0].payload, br#"{"n":1}"#);
    assert_eq!(messages[0].qos, Qos::ExactlyOnce);
    assert!(messages[0].retain);
}

#[test]
fn states_say_what_is_open_when_that_changes() {
    let (adapter, mut state) = adapter(json!({ "states": true }));
    let mut step =
        |key, phase, zone| deliver(&adapter, &mut state, &delivery(key, phase, zone, 1.0));
    let first = step("a", Phase::Begin, Some("yard"));
    for (topic, wanted) in [
        ("agave/camera/state", "ON"),
        ("agave/camera/open", "1"),
        ("agave/camera/zones/yard/state", "ON"),
        ("agave/camera/zones/yard/open", "1"),
    ] {
        assert_eq!(payload(&first, topic), wanted);
    }
    // Told again, it is the same.
    let again = step("a", Phase::Update, Some("yard"));
    assert_eq!(topics(&again), ["agave/camera/last", "agave/camera/alerts"]);
    let second = step("b", Phase::Begin, None);
    assert_eq!(
        topics(&second),
        [
            "agave/camera/open",
            "agave/camera/last",
            "agave/camera/alerts"
        ]
    );
    assert_eq!(payload(&second, "agave/camera/open"), "2");
    let end = step("a", Phase::End, Some("yard"));
    assert_eq!(payload(&end, "agave/camera/zones/yard/state"), "OFF");
    assert_eq!(payload(&end, "agave/camera/open"), "1");
    let end = step("b", Phase::End, None);
    assert_eq!(payload(&end, "agave/camera/state"), "OFF");
}

#[test]
fn what_is_published_already_is_not_published_by_the_next_attempt() {
    let (adapter, mut state) = adapter(json!({ "states": true, "frigate": {} }));
    testing::answer_mqtt(|message| {
        if message.topic == "agave/camera/alerts" {
            return Err(mqtt::Error::TimedOut);
        }
        Ok(())
    });
    let begin = delivery("a", Phase::Begin, None, 1.0);
    let outcome = adapter.deliver(&mut state, &begin);
    assert!(matches!(outcome, Outcome::Retry(None)), "{outcome:?}");
    assert!(topics(&said()).contains(&"frigate/events".to_owned()));
    testing::answer_mqtt(|_| Ok(()));
    // Another incident of the camera in between changes nothing about that.
    deliver(
        &adapter,
        &mut state,
        &delivery("b", Phase::Begin, None, 1.5),
    );
    let rest = deliver(&adapter, &mut state, &begin);
    assert_eq!(
        topics(&rest),
        [
            "agave/camera/open",
            "agave/camera/last",
            "agave/camera/alerts"
        ]
    );
    // The next one is complete again.
    let end = deliver(&adapter, &mut state, &delivery("a", Phase::End, None, 2.0));
    assert!(topics(&end).contains(&"frigate/events".to_owned()));
    assert_eq!(payload(&end, "agave/camera/open"), "1");
}

#[test]
fn open_incidents_outlive_the_process() {
    let (first, mut state) = adapter(json!({ "states": true }));
    testing::set_clock(10.0);
    for key in ["a", "b"] {
        deliver(&first, &mut state, &delivery(key, Phase::Begin, None, 1.0));
    }
    // The second was written too soon after the first; the next refresh brings it along.
    first.upkeep(&mut state, &[stream()]);
    said();
    let (second, mut state) = adapter(json!({ "states": true }));
    second.upkeep(&mut state, &[stream()]);
    assert_eq!(payload(&said(), "agave/camera/open"), "2");
    let end = delivery("a", Phase::End, None, 3.0);
    assert_eq!(
        payload(&deliver(&second, &mut state, &end), "agave/camera/open"),
        "1"
    );
    // What nobody ends is over some time.
    testing::set_clock(25.0 * 3600.0);
    second.upkeep(&mut state, &[stream()]);
    assert_eq!(payload(&said(), "agave/camera/state"), "OFF");
}

#[test]
fn who_leaves_says_so() {
    let (adapter, mut state) = adapter(json!({ "home-assistant": {}, "frigate": {} }));
    adapter.upkeep(&mut state, &[stream()]);
    said();
    adapter.leave(&mut state);
    let messages = testing::published();
    assert!(messages.iter().all(|message| message.retain));
    let left: Vec<(&str, &[u8])> = messages
        .iter()
        .map(|message| (message.topic.as_str(), message.payload.as_slice()))
        .collect();
    assert_eq!(
        left,
        [
            ("frigate/available", b"offline".as_slice()),
            ("agave/status", b"offline")
        ]
    );
    // Where nobody looks for it, nothing is said.
    let (adapter, mut state) = self::adapter(json!({}));
    adapter.leave(&mut state);
    assert!(said().is_empty());
}

#[test]
fn frigate_s_events_have_its_fields() {
    let (adapter, mut state) = adapter(json!({ "frigate": {} }));
    adapter.upkeep(&mut state, &[stream()]);
    let said_at_start = said();
    assert_eq!(payload(&said_at_start, "frigate/available"), "online");
    let mut event = |phase, confidence: f32, seconds| {
        let mut delivery = delivery("a", phase, Some("yard"), seconds);
        delivery.alert.detection.confidence = confidence;
        delivery.alert.detection.zones = 0b10;
        let said = deliver(&adapter, &mut state, &delivery);
        serde_json::from_str::<Value>(payload(&said, "frigate/events")).unwrap()
    };
    let new = event(Phase::Begin, 0.5, 1.0);
    let after = &new["after"];
    assert_eq!(new["type"], "new");
    assert_eq!(after["camera"], "camera");
    assert_eq!(after["label"], "person");
    assert_eq!(after["box"], json!([512, 288, 768, 432]));
    assert_eq!(after["area"], 256 * 144);
    assert_eq!(after["ratio"], 1.78);
    assert_eq!(after["current_zones"], json!(["yard", "back door"]));
    assert_eq!(after["start_time"], 1.0);
    assert_eq!(after["end_time"], json!(null));
    assert_eq!(after["thumbnail"], json!(null));
    let update = event(Phase::Update, 0.9, 2.0);
    assert_eq!(update["type"], "update");
    assert_eq!(update["before"]["score"], 0.5);
    assert_eq!(update["after"]["top_score"], 0.9);
    assert_eq!(update["after"]["id"], new["after"]["id"]);
    let end = event(Phase::End, 0.7, 3.5);
    assert_eq!(end["type"], "end");
    assert_eq!(end["before"]["end_time"], json!(null));
    assert_eq!(end["after"]["end_time"], 3.5);
    assert_eq!(end["after"]["start_time"], 1.0);
    assert_eq!(end["after"]["score"], 0.7);
    assert_eq!(end["after"]["top_score"], 0.9);
    let id = end["after"]["id"].as_str().unwrap();
    assert!(id.starts_with("1.000000-") && id.len() == 15, "{id}");
}

#[test]
fn home_assistant_is_told_what_there_is_and_what_is_there_no_more() {
    let (adapter, mut state) = adapter(json!({ "home-assistant": { "name": "Farm" } }));
    testing::set_clock(1.0);
    let refresh = adapter.upkeep(&mut state, &[stream()]);
    assert_eq!(refresh, Some(Duration::from_millis(30_000)));
    let told = said();
    let entity = |topic: &str| -> Value {
        let topic = format!("homeassistant/{topic}/config");
        serde_json::from_str(payload(&told, &topic)).unwrap()
    };
    let hub = entity("binary_sensor/agave/running");
    assert_eq!(hub["device"]["identifiers"], json!(["agave"]));
    let alert = entity("binary_sensor/agave_camera/alert");
    assert_eq!(alert["device"]["via_device"], "agave");
    assert_eq!(alert["device_class"], "problem");
    assert_eq!(alert["availability_topic"], "agave/status");
    assert_eq!(alert["unique_id"], "agave_camera_alert");
    assert_eq!(
        entity("binary_sensor/agave_camera/zone_yard")["name"],
        "Zone yard"
    );
    assert_eq!(
        entity("event/agave_camera/alerts")["state_topic"],
        "agave/camera/event"
    );
    // What it names is said.
    assert_eq!(
        payload(&told, alert["state_topic"].as_str().unwrap()),
        "OFF"
    );
    assert_eq!(payload(&told, "agave/status"), "online");

    // Told once, and said again every time.
    adapter.upkeep(&mut state, &[stream()]);
    let again = topics(&said());
    assert!(again.contains(&"agave/camera/state".to_owned()));
    assert!(!again.iter().any(|topic| topic.starts_with("homeassistant")));

    // Another process, and a camera that has lost a zone.
    let (adapter, mut state) = self::adapter(json!({ "home-assistant": {} }));
    let mut smaller = stream();
    let lost = smaller.zones.pop().unwrap();
    assert_eq!(lost.name, "back door");
    adapter.upkeep(&mut state, &[smaller]);
    let told = said();
    let gone: Vec<&String> = told
        .iter()
        .filter(|(topic, payload)| topic.starts_with("homeassistant") && payload.is_empty())
        .map(|(topic, _)| topic)
        .collect();
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert!(gone[0].contains("zone_back_door_"), "{gone:?}");

    let event = deliver(
        &adapter,
        &mut state,
        &delivery("a", Phase::Begin, None, 1.0),
    );
    let event: Value = serde_json::from_str(payload(&event, "agave/camera/event")).unwrap();
    assert_eq!(event["event_type"], "begin");
    assert_eq!(event["camera_id"], "camera");
}

#[test]
fn the_last_picture_is_where_it_is_looked_for() {
    testing::answer_pictures(|_, _, view| {
        assert_eq!((view.max_side, view.marks.len()), (320, 1));
        assert!(view.max_bytes < 256 << 10, "more than the host sends");
        Ok(testing::picture(4, 4))
    });
    let (adapter, mut state) = adapter(json!({
        "states": true, "frigate": {}, "picture": { "side": 320 },
    }));
    let begin = delivery("a", Phase::Begin, Some("back/door"), 1.0);
    adapter.deliver(&mut state, &begin);
    let messages = testing::published();
    let is_picture = |message: &&Message| message.payload.starts_with(&[0xff, 0xd8]);
    let pictures: Vec<&Message> = messages.iter().filter(is_picture).collect();
    let topics: Vec<&str> = pictures.iter().map(|one| one.topic.as_str()).collect();
    let wanted = [
        "agave/camera/picture",
        "agave/camera/zones/back_door/picture",
        "frigate/camera/person/snapshot",
    ];
    assert_eq!(topics, wanted);
    assert_eq!(
        messages[0].topic, wanted[0],
        "the picture is there before it is told"
    );
    assert!(pictures.iter().all(|message| message.retain));
    // The end has none, and without the frame the alert is told all the same.
    deliver(&adapter, &mut state, &delivery("a", Phase::End, None, 2.0));
    testing::answer_pictures(|_, _, _| Err(agave_vision_sdk::frames::Error::Expired));
    let told = deliver(
        &adapter,
        &mut state,
        &delivery("b", Phase::Begin, None, 3.0),
    );
    assert!(payload(&told, "agave/camera/alerts").contains("begin"));
}

#[test]
fn home_assistant_has_an_image_of_each_camera_and_zone() {
    let settings = json!({ "home-assistant": {}, "picture": { "retain": false } });
    let (adapter, mut state) = adapter(settings);
    adapter.upkeep(&mut state, &[stream()]);
    let told = said();
    let image = |object: &str| -> Value {
        let topic = format!("homeassistant/image/agave_camera/{object}/config");
        serde_json::from_str(payload(&told, &topic)).unwrap()
    };
    assert_eq!(image("picture")["image_topic"], "agave/camera/picture");
    let zone = image("zone_yard_picture");
    assert_eq!(zone["name"], "Zone yard picture");
    assert_eq!(zone["image_topic"], "agave/camera/zones/yard/picture");
    assert_eq!(zone["content_type"], "image/jpeg");
}

#[test]
fn a_broker_that_is_away_is_told_later() {
    let (adapter, mut state) = adapter(json!({ "home-assistant": {} }));
    testing::answer_mqtt(|_| Err(mqtt::Error::Disconnected));
    assert_eq!(adapter.upkeep(&mut state, &[stream()]), Some(RETRY));
    testing::answer_mqtt(|_| Ok(()));
    adapter.upkeep(&mut state, &[stream()]);
    let told = topics(&said());
    assert!(told.contains(&"homeassistant/binary_sensor/agave_camera/alert/config".to_owned()));
}

#[test]
fn the_settings_have_defaults_that_work() {
    Harness::<Mqtt>::new(json!({ "broker": "farm" }), testing::stream(&[])).unwrap();
}
