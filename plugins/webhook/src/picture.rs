//! The picture of an alert in a request: as text in its JSON, or as a part of a form beside it.

use agave_vision_sdk::frames::{self, Picture};
use agave_vision_sdk::picture::{AlertPicture, Subject};
use agave_vision_sdk::prelude::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::cloud_events::{CloudEvents, Mode};
use crate::content::Content;

/// As base64 it is a third larger, and with an alert it has to fit into the 1 MiB that a request
/// may have.
const MOST_BYTES: u32 = 640 << 10;
/// No text in a request has a line of its own that looks like it, and neither has a JPEG.
const BOUNDARY: &str = "agave-alert-and-picture-5b7d1c94";

/// A picture of the alert's frame. The node's `allow.frames` has to grant it.
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
    /// Where it is in the request.
    #[serde(default)]
    pub r#as: Place,
}

/// Where the picture is in the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In the field `picture` of the JSON object, in base64.
    #[default]
    Json,
    /// Beside the alert, as the part `picture` of a `multipart/form-data` request.
    Part,
}

fn yes() -> bool {
    true
}

fn default_side() -> u32 {
    1280
}

/// How pictures are taken, and where they go.
pub(crate) struct Album {
    picture: AlertPicture,
    place: Place,
}

impl PictureSettings {
    /// What can be known to fail is refused here.
    pub(crate) fn check(
        self,
        content: &Content,
        events: Option<&CloudEvents>,
    ) -> Result<Album, String> {
        frames::granted().map_err(|why| format!("`picture`: {why}"))?;
        if self.side < 16 {
            return Err("`picture.side` has to be 16 or more".to_owned());
        }
        if self.r#as == Place::Json && !content.is_object() {
            return Err(
                "`body` has no place for a `picture`: write it as a structure with names, or say \
                 `picture: { as: part }`"
                    .to_owned(),
            );
        }
        if content.has("picture") {
            return Err("`body` has a `picture` of its own".to_owned());
        }
        let structured = events.is_some_and(|events| events.mode == Mode::Structured);
        if self.r#as == Place::Part && structured {
            return Err(
                "with `cloudevents.mode: structured` everything is one JSON object; say \
                 `picture: { as: json }`"
                    .to_owned(),
            );
        }
        Ok(Album {
            picture: AlertPicture {
                subject: self.of,
                boxes: self.boxes,
                most_pixels: self.side,
                most_bytes: MOST_BYTES,
            },
            place: self.r#as,
        })
    }
}

impl Album {
    /// The picture of one alert, or why there is none.
    pub(crate) fn take(&self, delivery: &Delivery) -> Result<Picture, String> {
        self.picture.of(delivery)
    }

    /// What the body's JSON object says of the picture, in one or two fields.
    pub(crate) fn fields(&self, delivery: &Delivery, picture: &Result<Picture, String>) -> String {
        let picture = match picture {
            Ok(picture) => picture,
            Err(why) => return format!("\"picture\":null,\"picture_missing\":{}", json!(why)),
        };
        let (place, value) = match self.place {
            Place::Json => ("data", STANDARD.encode(&picture.jpeg)),
            Place::Part => ("part", "picture".to_owned()),
        };
        let said = json!({
            "media_type": "image/jpeg",
            "width": picture.width,
            "height": picture.height,
            "ts": agave_vision_sdk::rfc_3339(delivery.alert.at),
            place: value,
        });
        format!("\"picture\":{said}")
    }

    /// The request's content type and body, with the picture beside the alert where it belongs
    /// there.
    pub(crate) fn beside(
        &self,
        picture: Option<&Picture>,
        content_type: String,
        body: String,
    ) -> (String, Vec<u8>) {
        if self.place == Place::Json {
            return (content_type, body.into_bytes());
        }
        let mut form = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"alert\"\r\n\
             Content-Type: {content_type}\r\n\r\n{body}\r\n"
        )
        .into_bytes();
        if let Some(picture) = picture {
            let head = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"picture\"; \
                 filename=\"picture.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
            );
            form.extend_from_slice(head.as_bytes());
            form.extend_from_slice(&picture.jpeg);
            form.extend_from_slice(b"\r\n");
        }
        form.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        (format!("multipart/form-data; boundary={BOUNDARY}"), form)
    }
}
