//! The picture that goes along with an alert: its frame or its object, with its box or without.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Delivery;
use crate::frames::{self, Error, Mark, Picture, View};
use crate::types::{Alert, Bbox};

/// So much of an object's size is shown on each side of it: a thing is known by where it is.
const AROUND: f32 = 0.3;
/// At least so much of the frame is shown of an object.
const LEAST: f32 = 0.15;

/// What a picture of an alert shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// All of the frame.
    #[default]
    Frame,
    /// The object with a little of what is around it.
    Object,
}

/// How an alert is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertPicture {
    /// The frame, or the object in it.
    pub subject: Subject,
    /// Whether the object's box is drawn, with its class and confidence.
    pub boxes: bool,
    /// The longest side in pixels.
    pub most_pixels: u32,
    /// The JPEG has no more bytes: rather it becomes coarser, and then smaller.
    pub most_bytes: u32,
}

impl AlertPicture {
    /// The picture of one alert.
    ///
    /// # Errors
    /// Why there is none, in words for the receiver: an alert is told without a picture rather
    /// than not at all.
    pub fn of(&self, delivery: &Delivery) -> Result<Picture, String> {
        let view = self.view(&delivery.alert);
        let shown = frames::show(&delivery.camera, delivery.alert.frame, &view);
        shown.map_err(|problem| match problem {
            Error::Expired => "the frame is not kept any more".to_owned(),
            Error::Unavailable(why) => why,
        })
    }

    fn view(&self, alert: &Alert) -> View {
        let region = match self.subject {
            Subject::Frame => None,
            Subject::Object => Some(around(&alert.detection.bbox)),
        };
        let mark = Mark {
            bbox: alert.detection.bbox,
            class: alert.class.clone(),
            label: format!("{} {:.2}", alert.class, alert.detection.confidence),
        };
        View {
            region,
            max_side: self.most_pixels,
            max_bytes: self.most_bytes,
            marks: self.boxes.then_some(mark).into_iter().collect(),
        }
    }
}

/// The box and some of what is around it. What of it is outside of the frame, the host cuts off.
fn around(bbox: &Bbox) -> Bbox {
    let grown = |from: f32, size: f32| {
        let wanted = (size * (1.0 + 2.0 * AROUND)).max(LEAST);
        (from + size / 2.0 - wanted / 2.0, wanted)
    };
    let (left, width) = grown(bbox.left, bbox.width);
    let (top, height) = grown(bbox.top, bbox.height);
    Bbox {
        left,
        top,
        width,
        height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use crate::types::Phase;

    const OBJECT: AlertPicture = AlertPicture {
        subject: Subject::Object,
        boxes: true,
        most_pixels: 640,
        most_bytes: 9000,
    };

    fn delivery() -> Delivery {
        let mut alert = testing::alert("person", Phase::Begin, 1.0);
        alert.frame = 25;
        alert.detection.confidence = 0.891;
        alert.detection.bbox = Bbox {
            left: 0.4,
            top: 0.25,
            width: 0.2,
            height: 0.5,
        };
        testing::delivery(alert)
    }

    #[test]
    fn an_object_is_shown_with_what_is_around_it_and_its_box() {
        testing::answer_pictures(|camera, frame, view| {
            assert_eq!((camera, frame), ("camera", 25));
            assert_eq!((view.max_side, view.max_bytes), (640, 9000));
            let region = view.region.unwrap();
            let close = |found: f32, wanted: f32| assert!((found - wanted).abs() < 1e-6);
            close(region.left, 0.34);
            close(region.width, 0.32);
            close(region.top, 0.1);
            close(region.height, 0.8);
            let [mark] = view.marks.as_slice() else {
                panic!("{:?}", view.marks)
            };
            assert_eq!(
                (mark.class.as_str(), mark.label.as_str()),
                ("person", "person 0.89")
            );
            assert_eq!(mark.bbox, delivery().alert.detection.bbox);
            Ok(testing::picture(8, 6))
        });
        let picture = OBJECT.of(&delivery()).unwrap();
        assert_eq!((picture.width, picture.height), (8, 6));
    }

    #[test]
    fn a_small_object_is_shown_in_enough_of_the_frame_to_see_where_it_is() {
        let point = Bbox {
            left: 0.5,
            top: 0.5,
            width: 0.01,
            height: 0.02,
        };
        let region = around(&point);
        assert_eq!((region.width, region.height), (LEAST, LEAST));
        assert!((region.left + region.width / 2.0 - 0.505).abs() < 1e-6);
    }

    #[test]
    fn a_frame_is_shown_whole_and_why_there_is_none_is_said() {
        let whole = AlertPicture {
            subject: Subject::Frame,
            boxes: false,
            ..OBJECT
        };
        testing::answer_pictures(|_, _, view| {
            assert!(view.region.is_none() && view.marks.is_empty());
            Err(Error::Expired)
        });
        let why = whole.of(&delivery()).err().unwrap();
        assert_eq!(why, "the frame is not kept any more");
    }
}
