//! One event as devices say it, in XML and in JSON. Clients read the fields in this order.

use agave_core::{BoundingBox, Point, Timestamp};
use serde_json::{Map, Value, json};

use crate::settings::Origin;
use crate::xml::Document;

/// Regions are counted in thousandths of the picture.
const GRID: f32 = 1000.0;

/// Who says it.
#[derive(Clone, Debug)]
pub(crate) struct Speaker {
    pub(crate) address: String,
    pub(crate) port: u16,
    pub(crate) mac_address: String,
    pub(crate) origin: Origin,
}

/// What is said.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) at: Timestamp,
    pub(crate) channel: u32,
    pub(crate) channel_name: Option<String>,
    pub(crate) event_type: &'static str,
    pub(crate) active: bool,
    pub(crate) description: String,
    /// How often it was posted since it began.
    pub(crate) post_count: u32,
    pub(crate) regions: Vec<Region>,
    /// Whether a picture follows.
    pub(crate) has_picture: bool,
}

/// Where in the picture it is, and what.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    pub(crate) number: usize,
    pub(crate) polygon: Vec<Point>,
    pub(crate) target: &'static str,
    pub(crate) bbox: BoundingBox,
}

impl Event {
    /// What says that the device is there.
    pub(crate) fn heartbeat(channel: u32) -> Self {
        Self {
            at: Timestamp::now(),
            channel,
            channel_name: None,
            event_type: "videoloss",
            active: false,
            description: "videoloss alarm".to_owned(),
            post_count: 0,
            regions: Vec::new(),
            has_picture: false,
        }
    }

    /// As most clients want it.
    pub(crate) fn xml(&self, speaker: &Speaker) -> String {
        Document::part("EventNotificationAlert", |document| {
            for field in self.fields(speaker) {
                field.write(document);
            }
        })
    }

    /// As `?format=json` asks for it.
    pub(crate) fn json(&self, speaker: &Speaker) -> String {
        format!("{:#}\r\n", object(&self.fields(speaker)))
    }

    fn fields(&self, speaker: &Speaker) -> Vec<Field> {
        let state = if self.active { "active" } else { "inactive" };
        let mut fields = vec![
            Field::text("ipAddress", &speaker.address),
            Field::number("portNo", f64::from(speaker.port)),
            Field::text("protocol", "HTTP"),
            Field::text("macAddress", &speaker.mac_address),
            Field::number("channelID", f64::from(self.channel)),
            Field::text("dateTime", &date_time(self.at)),
            Field::number("activePostCount", f64::from(self.post_count)),
            Field::text("eventType", self.event_type),
            Field::text("eventState", state),
            Field::text("eventDescription", &self.description),
        ];
        if !self.regions.is_empty() {
            let regions = self.regions.iter();
            fields.push(Field::List(
                "DetectionRegionList",
                "DetectionRegionEntry",
                regions
                    .map(|region| region.fields(speaker.origin))
                    .collect(),
            ));
        }
        if let Some(name) = &self.channel_name {
            fields.push(Field::text("channelName", name));
        }
        if self.has_picture {
            fields.push(Field::text("detectionPictureTransType", "binary"));
            fields.push(Field::number("detectionPicturesNumber", 1.0));
        }
        fields
    }
}

impl Region {
    fn fields(&self, origin: Origin) -> Vec<Field> {
        let top = |y: f32, height: f32| match origin {
            Origin::Top => y,
            Origin::Bottom => 1.0 - y - height,
        };
        let corners = self.polygon.iter().map(|corner| {
            vec![
                Field::number("positionX", on_grid(corner.x)),
                Field::number("positionY", on_grid(top(corner.y, 0.0))),
            ]
        });
        let bbox = self.bbox;
        vec![
            Field::text("regionID", &self.number.to_string()),
            Field::number("sensitivityLevel", 50.0),
            Field::List(
                "RegionCoordinatesList",
                "RegionCoordinates",
                corners.collect(),
            ),
            Field::text("detectionTarget", self.target),
            Field::Group(
                "TargetRect",
                vec![
                    Field::number("X", fraction(bbox.left)),
                    Field::number("Y", fraction(top(bbox.top, bbox.height))),
                    Field::number("width", fraction(bbox.width)),
                    Field::number("height", fraction(bbox.height)),
                ],
            ),
        ]
    }
}

fn on_grid(value: f32) -> f64 {
    f64::from((value.clamp(0.0, 1.0) * GRID).round())
}

/// With three digits, which is as exact as a box is.
fn fraction(value: f32) -> f64 {
    on_grid(value) / f64::from(GRID)
}

/// With seconds and an offset, as devices write it.
pub(crate) fn date_time(at: Timestamp) -> String {
    let time = jiff::Timestamp::from_nanosecond(i128::from(at.0)).unwrap_or_default();
    format!("{}", time.strftime("%Y-%m-%dT%H:%M:%S+00:00"))
}

/// One of the things that are said, before it is XML or JSON.
enum Field {
    Text(&'static str, String),
    Number(&'static str, f64),
    Group(&'static str, Vec<Field>),
    /// With the name of an item, and the fields of each.
    List(&'static str, &'static str, Vec<Vec<Field>>),
}

impl Field {
    fn text(name: &'static str, value: &str) -> Self {
        Self::Text(name, value.to_owned())
    }

    fn number(name: &'static str, value: f64) -> Self {
        Self::Number(name, value)
    }

    fn write(&self, document: &mut Document) {
        match self {
            Self::Text(name, value) => document.text(name, value),
            Self::Number(name, value) => document.text(name, value),
            Self::Group(name, fields) => document.element(name, |document| {
                fields.iter().for_each(|field| field.write(document));
            }),
            Self::List(name, item, entries) => document.element(name, |document| {
                for fields in entries {
                    document.element(item, |document| {
                        fields.iter().for_each(|field| field.write(document));
                    });
                }
            }),
        }
    }

    fn json(&self) -> (&'static str, Value) {
        match self {
            Self::Text(name, value) => (name, json!(value)),
            // Whole numbers without a point.
            Self::Number(name, value) if value.fract() == 0.0 => (name, json!(*value as i64)),
            Self::Number(name, value) => (name, json!(value)),
            Self::Group(name, fields) => (name, object(fields)),
            Self::List(name, item, entries) => {
                let entries = entries
                    .iter()
                    .map(|fields| json!({ *item: object(fields) }));
                (name, entries.collect())
            }
        }
    }
}

fn object(fields: &[Field]) -> Value {
    let fields = fields.iter().map(|field| {
        let (name, value) = field.json();
        (name.to_owned(), value)
    });
    Value::Object(fields.collect::<Map<_, _>>())
}

/// What a class is to clients, which know three kinds of things.
pub(crate) fn target(class: &str) -> &'static str {
    const HUMAN: [&str; 6] = ["human", "person", "people", "pedestrian", "worker", "rider"];
    const VEHICLE: [&str; 10] = [
        "vehicle",
        "car",
        "truck",
        "bus",
        "van",
        "motorcycle",
        "motorbike",
        "bicycle",
        "tractor",
        "forklift",
    ];
    let is_one_of = |known: &[&str]| known.iter().any(|one| one.eq_ignore_ascii_case(class));
    if is_one_of(&HUMAN) {
        "human"
    } else if is_one_of(&VEHICLE) {
        "vehicle"
    } else {
        "others"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn speaker(origin: Origin) -> Speaker {
        Speaker {
            address: "192.168.1.64".to_owned(),
            port: 80,
            mac_address: "44:19:b6:00:00:00".to_owned(),
            origin,
        }
    }

    fn event() -> Event {
        Event {
            at: Timestamp(1_493_867_702_000_000_000),
            channel: 2,
            channel_name: Some("yard".to_owned()),
            event_type: "fielddetection",
            active: true,
            description: "forbidden-object: object in forbidden".to_owned(),
            post_count: 3,
            regions: vec![Region {
                number: 1,
                polygon: vec![Point { x: 0.205, y: 0.925 }, Point { x: 0.5, y: 0.0 }],
                target: target("Worker"),
                bbox: BoundingBox {
                    left: 0.25,
                    top: 0.5,
                    width: 0.1,
                    height: 0.2,
                },
            }],
            has_picture: true,
        }
    }

    #[test]
    fn an_event_says_what_a_device_says_in_its_order() {
        let mut plain = event();
        plain.regions.clear();
        plain.channel_name = None;
        plain.has_picture = false;
        let xml = plain.xml(&speaker(Origin::Top));
        assert_eq!(
            xml.replace("\r\n", "\n"),
            "<EventNotificationAlert version=\"2.0\" \
             xmlns=\"http://www.hikvision.com/ver20/XMLSchema\">\n\
             <ipAddress>192.168.1.64</ipAddress>\n\
             <portNo>80</portNo>\n\
             <protocol>HTTP</protocol>\n\
             <macAddress>44:19:b6:00:00:00</macAddress>\n\
             <channelID>2</channelID>\n\
             <dateTime>2017-05-04T03:15:02+00:00</dateTime>\n\
             <activePostCount>3</activePostCount>\n\
             <eventType>fielddetection</eventType>\n\
             <eventState>active</eventState>\n\
             <eventDescription>forbidden-object: object in forbidden</eventDescription>\n\
             </EventNotificationAlert>\n"
        );
    }

    #[test]
    fn regions_are_on_the_grid_of_a_thousand_from_either_edge() {
        let xml = event().xml(&speaker(Origin::Top));
        for part in [
            "<positionX>205</positionX>\r\n<positionY>925</positionY>",
            "<X>0.25</X>\r\n<Y>0.5</Y>\r\n<width>0.1</width>\r\n<height>0.2</height>",
            "<detectionTarget>human</detectionTarget>",
            "<regionID>1</regionID>",
            "<detectionPicturesNumber>1</detectionPicturesNumber>",
        ] {
            assert!(xml.contains(part), "{part}: {xml}");
        }
        let from_below = event().xml(&speaker(Origin::Bottom));
        assert!(
            from_below.contains("<positionY>75</positionY>"),
            "{from_below}"
        );
        assert!(from_below.contains("<Y>0.3</Y>"), "{from_below}");
    }

    #[test]
    fn json_has_the_same_keys() {
        let json: Value = serde_json::from_str(&event().json(&speaker(Origin::Top))).unwrap();
        assert_eq!(json["channelID"], 2);
        assert_eq!(json["eventState"], "active");
        let region = &json["DetectionRegionList"][0]["DetectionRegionEntry"];
        assert_eq!(region["TargetRect"]["X"], 0.25);
        assert_eq!(
            region["RegionCoordinatesList"][0]["RegionCoordinates"]["positionX"],
            205
        );
        assert_eq!(Event::heartbeat(1).fields(&speaker(Origin::Top)).len(), 10);
    }
}
