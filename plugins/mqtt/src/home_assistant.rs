//! Home Assistant's MQTT discovery: a retained message for each entity, by which cameras, zones
//! and alerts appear there by themselves.
//!
//! One message an entity, and not one a device: that is understood by every version.

use agave_vision_sdk::mqtt::Message;
use agave_vision_sdk::prelude::*;
use serde_json::{Value, json};

use crate::config::HomeAssistant;
use crate::fingerprint::fingerprint;
use crate::states::{camera_topic, retained, zone_topic};

/// Two missed refreshes, and Home Assistant shows what is said as unavailable: a process that was
/// killed cannot say goodbye.
const EXPIRES_AFTER_REFRESHES: u32 = 3;

/// Everything that Home Assistant is told about these cameras.
pub(crate) struct Discovery<'d> {
    pub(crate) settings: &'d HomeAssistant,
    pub(crate) base: &'d str,
    pub(crate) refresh: Duration,
    pub(crate) has_pictures: bool,
}

impl Discovery<'_> {
    pub(crate) fn messages(&self, cameras: &[StreamInfo]) -> Vec<Message> {
        let mut messages = vec![self.hub()];
        for camera in cameras {
            messages.extend(self.camera(camera));
        }
        messages
    }

    /// The device above the cameras: whether Agave runs.
    fn hub(&self) -> Message {
        let entity = json!({
            "name": "Running",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "state_topic": status_topic(self.base),
            "payload_on": ONLINE,
            "payload_off": OFFLINE,
            "expire_after": self.expire_after(),
        });
        let device = json!({
            "identifiers": [self.hub_id()],
            "name": self.settings.name,
            "manufacturer": "Agave",
            "model": "Flow",
            "sw_version": env!("CARGO_PKG_VERSION"),
        });
        self.entity("binary_sensor", &self.hub_id(), "running", entity, &device)
    }

    fn camera(&self, stream: &StreamInfo) -> Vec<Message> {
        let name = &stream.camera;
        let id = format!("{}_{}", self.hub_id(), slug(name));
        let device = json!({
            "identifiers": [id],
            "name": name,
            "manufacturer": "Agave",
            "model": "Camera",
            "via_device": self.hub_id(),
        });
        let topic = |what: &str| camera_topic(self.base, name, what);
        let last = topic("last");
        let entity =
            |kind: &str, object: &str, entity| self.entity(kind, &id, object, entity, &device);
        let mut messages = vec![
            entity(
                "binary_sensor",
                "alert",
                self.state("Alert", topic("state")),
            ),
            entity(
                "sensor",
                "open",
                json!({
                    "name": "Open incidents",
                    "icon": "mdi:alert-circle-outline",
                    "state_class": "measurement",
                    "state_topic": topic("open"),
                    "expire_after": self.expire_after(),
                }),
            ),
            entity(
                "sensor",
                "last_alert",
                json!({
                    "name": "Last alert",
                    "device_class": "timestamp",
                    "state_topic": last,
                    "value_template": "{{ value_json.ts }}",
                    "json_attributes_topic": last,
                }),
            ),
            entity(
                "event",
                "alerts",
                json!({
                    "name": "Alerts",
                    "icon": "mdi:cctv",
                    "event_types": ["begin", "update", "end"],
                    "state_topic": topic("event"),
                }),
            ),
        ];
        if self.has_pictures {
            messages.push(entity(
                "image",
                "picture",
                picture("Picture", topic("picture")),
            ));
        }
        for zone in &stream.zones {
            let topic = |what| zone_topic(self.base, name, &zone.name, what);
            let (object, called) = (slug(&zone.name), format!("Zone {}", zone.name));
            let sensor = self.state(&called, topic("state"));
            messages.push(entity("binary_sensor", &format!("zone_{object}"), sensor));
            if self.has_pictures {
                let image = picture(&format!("{called} picture"), topic("picture"));
                messages.push(entity("image", &format!("zone_{object}_picture"), image));
            }
        }
        messages
    }

    /// Whether an incident is open.
    fn state(&self, name: &str, topic: String) -> Value {
        json!({
            "name": name,
            "device_class": self.settings.device_class,
            "state_topic": topic,
            "payload_on": "ON",
            "payload_off": "OFF",
            "expire_after": self.expire_after(),
        })
    }

    fn entity(
        &self,
        kind: &str,
        device_id: &str,
        object: &str,
        mut entity: Value,
        device: &Value,
    ) -> Message {
        if let Some(fields) = entity.as_object_mut() {
            let id = format!("{device_id}_{object}");
            fields.insert("unique_id".to_owned(), id.into());
            fields.insert("device".to_owned(), device.clone());
            fields.insert("origin".to_owned(), origin());
            fields.insert(
                "availability_topic".to_owned(),
                status_topic(self.base).into(),
            );
            fields.insert("payload_available".to_owned(), ONLINE.into());
            fields.insert("payload_not_available".to_owned(), OFFLINE.into());
        }
        let topic = format!(
            "{}/{kind}/{device_id}/{object}/config",
            self.settings.prefix
        );
        retained(topic, entity.to_string())
    }

    fn hub_id(&self) -> String {
        let slug = slug(self.base);
        if slug == "agave" {
            slug
        } else {
            format!("agave_{slug}")
        }
    }

    fn expire_after(&self) -> u32 {
        self.refresh.as_millis() / 1000 * EXPIRES_AFTER_REFRESHES
    }
}

/// The last picture of a camera or a zone.
fn picture(name: &str, topic: String) -> Value {
    json!({ "name": name, "image_topic": topic, "content_type": "image/jpeg" })
}

pub(crate) const ONLINE: &str = "online";
pub(crate) const OFFLINE: &str = "offline";

/// Where it is said whether Agave runs.
pub(crate) fn status_topic(base: &str) -> String {
    format!("{base}/status")
}

/// One alert for the `event` entity of its camera: the usual JSON object, with the type of the
/// event in it.
pub(crate) fn event(base: &str, delivery: &Delivery) -> Message {
    let kind = agave_vision_sdk::phase_name(delivery.alert.phase);
    let report = agave_vision_sdk::alert_json(delivery);
    let rest = report.strip_prefix('{').unwrap_or_default();
    Message {
        topic: camera_topic(base, &delivery.camera, "event"),
        payload: format!("{{\"event_type\":\"{kind}\",{rest}").into_bytes(),
        qos: agave_vision_sdk::mqtt::Qos::AtLeastOnce,
        retain: false,
    }
}

fn origin() -> Value {
    json!({ "name": "Agave", "sw_version": env!("CARGO_PKG_VERSION") })
}

/// A name as Home Assistant wants it in topics and ids. Where letters are lost, a few digits tell
/// names apart that would otherwise be one.
fn slug(name: &str) -> String {
    let slug: String = name
        .chars()
        .map(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' => character,
            _ => '_',
        })
        .collect();
    if slug == name {
        return slug;
    }
    format!("{slug}_{:06x}", fingerprint(name) & 0xff_ffff)
}
