//! Retained topics that say how things are, for those who come later: per camera and zone
//! whether an incident is open, and how many.

use std::collections::BTreeSet;

use agave_vision_sdk::mqtt::{Message, Qos};
use agave_vision_sdk::template::Encoding;

use crate::incidents::Camera;

/// A message that the broker keeps.
pub(crate) fn retained(topic: String, payload: impl Into<Vec<u8>>) -> Message {
    Message {
        topic,
        payload: payload.into(),
        qos: Qos::AtLeastOnce,
        retain: true,
    }
}

/// Where something about a camera is said, as opposed to one of its zones.
pub(crate) fn camera_topic(base: &str, camera: &str, what: &str) -> String {
    format!("{base}/{}/{what}", Encoding::TopicLevel.encode(camera))
}

/// Where something about a zone is said.
pub(crate) fn zone_topic(base: &str, camera: &str, zone: &str, what: &str) -> String {
    let zone = Encoding::TopicLevel.encode(zone);
    camera_topic(base, camera, &format!("zones/{zone}/{what}"))
}

/// What is said of a camera and these of its zones.
pub(crate) fn messages(
    base: &str,
    name: &str,
    camera: &Camera,
    zones: &BTreeSet<&str>,
) -> Vec<Message> {
    let mut messages = vec![
        state(camera_topic(base, name, "state"), camera.count(None)),
        count(camera_topic(base, name, "open"), camera.count(None)),
    ];
    for zone in zones {
        let open = camera.count(Some(zone));
        messages.push(state(zone_topic(base, name, zone, "state"), open));
        messages.push(count(zone_topic(base, name, zone, "open"), open));
    }
    messages
}

/// Those of `after` that say something else than `before`.
pub(crate) fn changed(before: &[Message], after: Vec<Message>) -> Vec<Message> {
    let is_same = |message: &Message| {
        let mut same = before.iter().filter(|known| known.topic == message.topic);
        same.any(|known| known.payload == message.payload)
    };
    after
        .into_iter()
        .filter(|message| !is_same(message))
        .collect()
}

fn state(topic: String, open: usize) -> Message {
    retained(topic, if open > 0 { "ON" } else { "OFF" })
}

fn count(topic: String, open: usize) -> Message {
    retained(topic, open.to_string())
}
