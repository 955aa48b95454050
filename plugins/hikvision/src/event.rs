//! An alert as a Hikvision device posts it: multipart, with an XML part that is named after the
//! event, and a picture if there is one.

use std::fmt::Write;

use agave_vision_sdk::prelude::*;

use crate::config::Push;

/// The boundary, which some receivers do not read from the header.
pub(crate) const CONTENT_TYPE: &str = "multipart/form-data; boundary=boundary";

const NAMESPACE: &str = "http://www.hikvision.com/ver20/XMLSchema";

/// Everything that an event is made of.
pub(crate) struct Event<'e> {
    pub(crate) push: &'e Push,
    pub(crate) camera: &'e str,
    pub(crate) alert: &'e Alert,
    /// The zones of the camera, as far as they are known.
    pub(crate) zones: &'e [Zone],
    pub(crate) jpeg: Option<&'e [u8]>,
}

impl Event<'_> {
    /// The body of the request.
    pub(crate) fn body(&self) -> Vec<u8> {
        let name = self.event_type();
        let xml = self.xml();
        let mut body = format!(
            "--boundary\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\
             Content-Type: application/xml; charset=\"UTF-8\"\r\nContent-Length: {}\r\n\r\n{xml}\r\n",
            xml.len()
        )
        .into_bytes();
        if let Some(jpeg) = self.jpeg {
            let picture = picture_name(name);
            let head = format!(
                "--boundary\r\nContent-Disposition: form-data; name=\"{picture}\"; \
                 filename=\"{picture}.jpg\"\r\nContent-Type: image/jpeg\r\n\
                 Content-Length: {}\r\n\r\n",
                jpeg.len()
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(jpeg);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--boundary--\r\n");
        body
    }

    fn event_type(&self) -> &str {
        let named = self.push.event_types.get(&self.alert.kind);
        named.unwrap_or(&self.push.event_type)
    }

    fn xml(&self) -> String {
        let Self {
            push,
            camera,
            alert,
            ..
        } = self;
        let channel = push.channels.get(*camera).copied().unwrap_or(1);
        let (state, posts) = match alert.phase {
            Phase::End => ("inactive", 0),
            _ => ("active", alert.count.max(1)),
        };
        let place = match &alert.zone {
            Some(zone) => format!(" in {zone}"),
            None => String::new(),
        };
        let mut xml = format!("<EventNotificationAlert version=\"2.0\" xmlns=\"{NAMESPACE}\">\r\n");
        let description = format!("{}: {}{place}", alert.kind, alert.class);
        let event_type = self.event_type();
        for (name, value) in [
            ("ipAddress", push.address.clone()),
            ("portNo", "80".to_owned()),
            ("protocol", "HTTP".to_owned()),
            ("macAddress", push.mac_address.clone()),
            ("channelID", channel.to_string()),
            ("dateTime", date_time(alert.at)),
            ("activePostCount", posts.to_string()),
            ("eventType", event_type.to_owned()),
            ("eventState", state.to_owned()),
            ("eventDescription", description),
        ] {
            line(&mut xml, name, &value);
        }
        self.write_region(&mut xml);
        line(&mut xml, "channelName", camera);
        if self.jpeg.is_some() {
            line(&mut xml, "detectionPictureTransType", "binary");
            line(&mut xml, "detectionPicturesNumber", "1");
        }
        xml.push_str("</EventNotificationAlert>\r\n");
        xml
    }

    fn write_region(&self, xml: &mut String) {
        let named = |name: &String| self.zones.iter().position(|zone| zone.name == *name);
        let position = self.alert.zone.as_ref().and_then(named);
        let zone = position.and_then(|position| self.zones.get(position));
        xml.push_str("<DetectionRegionList>\r\n<DetectionRegionEntry>\r\n");
        let number = position.map_or(0, |position| position + 1);
        line(xml, "regionID", &number.to_string());
        line(xml, "sensitivityLevel", "50");
        if let Some(zone) = zone {
            xml.push_str("<RegionCoordinatesList>\r\n");
            for corner in &zone.polygon {
                xml.push_str("<RegionCoordinates>\r\n");
                line(xml, "positionX", &on_grid(corner.x).to_string());
                line(xml, "positionY", &on_grid(corner.y).to_string());
                xml.push_str("</RegionCoordinates>\r\n");
            }
            xml.push_str("</RegionCoordinatesList>\r\n");
        }
        line(xml, "detectionTarget", target(&self.alert.class));
        let bbox = &self.alert.detection.bbox;
        xml.push_str("<TargetRect>\r\n");
        for (name, value) in [
            ("X", bbox.left),
            ("Y", bbox.top),
            ("width", bbox.width),
            ("height", bbox.height),
        ] {
            line(xml, name, &format!("{:.3}", value.clamp(0.0, 1.0)));
        }
        xml.push_str("</TargetRect>\r\n</DetectionRegionEntry>\r\n</DetectionRegionList>\r\n");
    }
}

fn line(xml: &mut String, name: &str, value: &str) {
    let value = value.replace('&', "&amp;");
    let value = value.replace('<', "&lt;").replace('>', "&gt;");
    // Writing to a text does not fail.
    let _ = write!(xml, "<{name}>{value}</{name}>\r\n");
}

/// Regions are counted in thousandths of the picture.
fn on_grid(value: f32) -> u32 {
    (value.clamp(0.0, 1.0) * 1000.0).round() as u32
}

fn picture_name(event_type: &str) -> String {
    match event_type {
        "linedetection" => "lineCrossImage".to_owned(),
        "fielddetection" => "fieldDetectionImage".to_owned(),
        "VMD" => "motionImage".to_owned(),
        other => format!("{other}Image"),
    }
}

/// Receivers know three kinds of things.
fn target(class: &str) -> &'static str {
    match class.to_ascii_lowercase().as_str() {
        "human" | "person" | "people" | "pedestrian" | "worker" | "rider" => "human",
        "vehicle" | "car" | "truck" | "bus" | "van" | "motorcycle" | "motorbike" | "bicycle"
        | "tractor" | "forklift" => "vehicle",
        _ => "others",
    }
}

/// With seconds and an offset, as devices write it.
fn date_time(at: Timestamp) -> String {
    let text = agave_vision_sdk::rfc_3339(at);
    let seconds = text.split('.').next().unwrap_or(&text);
    format!("{seconds}+00:00")
}

#[cfg(test)]
mod tests {
    use agave_vision_sdk::testing;

    use super::*;

    fn push() -> Push {
        serde_json::from_str(
            "{\"url\": \"http://x/\", \"channels\": {\"yard\": 3}, \
             \"event-types\": {\"line\": \"linedetection\"}}",
        )
        .unwrap()
    }

    fn zones() -> Vec<Zone> {
        let corners = [(0.1, 0.2), (0.9, 0.2), (0.5, 0.999)];
        vec![Zone {
            name: "a<b".to_owned(),
            polygon: corners.map(|(x, y)| Point { x, y }).to_vec(),
        }]
    }

    #[test]
    fn an_event_is_what_a_device_posts() {
        let mut alert = testing::alert("person", Phase::Begin, 1.0);
        alert.kind = "line".to_owned();
        alert.class = "Car".to_owned();
        alert.zone = Some("a<b".to_owned());
        let (push, zones) = (push(), zones());
        let event = Event {
            push: &push,
            camera: "yard",
            alert: &alert,
            zones: &zones,
            jpeg: Some(b"JPEG"),
        };
        let body = String::from_utf8(event.body()).unwrap();
        for part in [
            "--boundary\r\nContent-Disposition: form-data; name=\"linedetection\"\r\n",
            "<channelID>3</channelID>\r\n",
            "<dateTime>1970-01-01T00:00:01+00:00</dateTime>\r\n",
            "<eventState>active</eventState>\r\n",
            "<eventDescription>line: Car in a&lt;b</eventDescription>\r\n",
            "<regionID>1</regionID>\r\n",
            "<positionX>500</positionX>\r\n<positionY>999</positionY>\r\n",
            "<detectionTarget>vehicle</detectionTarget>\r\n",
            "name=\"lineCrossImage\"; filename=\"lineCrossImage.jpg\"\r\n",
            "\r\n\r\nJPEG\r\n--boundary--\r\n",
        ] {
            assert!(body.contains(part), "{part}: {body}");
        }
        let (head, xml) = body.split_once("\r\n\r\n").unwrap();
        let xml = xml.split("\r\n--boundary").next().unwrap();
        assert!(
            head.ends_with(&format!("Content-Length: {}", xml.len())),
            "{head}"
        );
    }

    #[test]
    fn an_end_is_inactive_and_without_a_picture() {
        let alert = testing::alert("person", Phase::End, 1.0);
        let push = push();
        let event = Event {
            push: &push,
            camera: "other",
            alert: &alert,
            zones: &[],
            jpeg: None,
        };
        let body = String::from_utf8(event.body()).unwrap();
        for part in [
            "<eventState>inactive<",
            "<channelID>1<",
            "<eventType>fielddetection<",
        ] {
            assert!(body.contains(part), "{part}: {body}");
        }
        assert!(!body.contains("image/jpeg") && !body.contains("detectionPictures"));
    }
}
