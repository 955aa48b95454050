//! The picture of the last alert of each camera and zone, on topics of their own: as a JPEG and
//! nothing else, which is what Home Assistant's images and Frigate's snapshots are.

use agave_vision_sdk::mqtt::{Message, Qos};
use agave_vision_sdk::picture::{AlertPicture, Subject};
use agave_vision_sdk::prelude::*;
use agave_vision_sdk::template::Encoding;
use agave_vision_sdk::{frames, log};

use crate::states::{camera_topic, zone_topic};

/// The host sends at most 256 KiB to a broker, and brokers are often set to no more.
const MOST_BYTES: u32 = 250 << 10;
const SMALLEST_SIDE: u32 = 16;

/// The picture of the last alert of each camera and zone. The node's `allow.frames` has to grant
/// it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PictureSettings {
    /// What it shows: all of the frame, or the object with what is around it.
    #[serde(default)]
    pub of: Subject,
    /// Whether the object's box is drawn, with its class and confidence.
    #[serde(default = "yes")]
    pub boxes: bool,
    /// The longest side in pixels; a smaller frame is not made larger.
    #[serde(default = "default_side")]
    #[schemars(range(min = 16))]
    pub side: u32,
    /// Whether the broker keeps it for those who come later.
    #[serde(default = "yes")]
    pub retain: bool,
}

fn yes() -> bool {
    true
}

fn default_side() -> u32 {
    1280
}

impl PictureSettings {
    /// What can be known to fail is refused here.
    pub(crate) fn check(&self) -> Result<(), String> {
        frames::granted().map_err(|why| format!("`picture`: {why}"))?;
        if self.side < SMALLEST_SIDE {
            return Err(format!("`picture.side` has to be {SMALLEST_SIDE} or more"));
        }
        Ok(())
    }

    /// The picture of this alert, for each topic where somebody may look for it; none of what is
    /// over, and none where the frame is not there any more.
    pub(crate) fn messages(
        &self,
        base: &str,
        frigate: Option<&str>,
        delivery: &Delivery,
    ) -> Vec<Message> {
        if delivery.alert.phase == Phase::End {
            return Vec::new();
        }
        let picture = AlertPicture {
            subject: self.of,
            boxes: self.boxes,
            most_pixels: self.side,
            most_bytes: MOST_BYTES,
        };
        let jpeg = match picture.of(delivery) {
            Ok(picture) => picture.jpeg,
            Err(why) => {
                let said = format!("an alert is told without its picture: {why}");
                log::write(log::Level::Debug, &said);
                return Vec::new();
            }
        };
        let topics = topics(base, frigate, delivery);
        let message = |topic| Message {
            topic,
            payload: jpeg.clone(),
            qos: Qos::AtLeastOnce,
            retain: self.retain,
        };
        topics.into_iter().map(message).collect()
    }
}

fn topics(base: &str, frigate: Option<&str>, delivery: &Delivery) -> Vec<String> {
    let (camera, alert) = (&delivery.camera, &delivery.alert);
    let mut topics = vec![camera_topic(base, camera, "picture")];
    if let Some(zone) = &alert.zone {
        topics.push(zone_topic(base, camera, zone, "picture"));
    }
    if let Some(prefix) = frigate {
        let level = |name: &str| Encoding::TopicLevel.encode(name);
        let (camera, label) = (level(camera), level(&alert.class));
        topics.push(format!("{prefix}/{camera}/{label}/snapshot"));
    }
    topics
}
