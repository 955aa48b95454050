//! The zone filter: for each detection, which of the camera's zones it is in.
//!
//! It sets the zone bits and drops nothing unless told to, so that several rules can look at
//! different zones behind one filter.

use agave_vision_sdk::prelude::*;

/// The point of a detection's box that has to be inside a zone.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Anchor {
    /// Where a person or a vehicle touches the ground.
    #[default]
    BottomCenter,
    /// The middle of the box.
    Center,
    /// The middle of the upper edge, for cameras that look up.
    TopCenter,
}

/// What becomes of a detection that is in no zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// It goes on without a zone.
    #[default]
    All,
    /// It is dropped here.
    Inside,
}

/// Configuration of the zone filter.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The point of the box that has to be inside a zone.
    pub anchor: Anchor,
    /// Whether detections outside every zone go on.
    pub keep: Keep,
}

/// The zone filter for one camera.
pub struct Roi {
    config: Config,
    zones: Vec<Vec<Point>>,
}

impl Roi {
    /// The bits of the zones that `bbox` is in.
    pub fn zones_of(&self, bbox: &Bbox) -> u64 {
        let x = bbox.left + bbox.width / 2.0;
        let y = match self.config.anchor {
            Anchor::BottomCenter => bbox.top + bbox.height,
            Anchor::Center => bbox.top + bbox.height / 2.0,
            Anchor::TopCenter => bbox.top,
        };
        self.zones
            .iter()
            .enumerate()
            .filter(|(_, polygon)| contains(polygon, x, y))
            .fold(0, |bits, (index, _)| bits | 1 << index)
    }
}

/// The even-odd rule: a ray to the right crosses the outline an odd number of times.
///
/// A point on the frame's lower edge counts as inside a zone that reaches it, because the box of
/// a thing that is cut by the edge ends exactly there.
fn contains(polygon: &[Point], x: f32, y: f32) -> bool {
    let (x, y) = (x.clamp(0.0, 1.0 - 1e-6), y.clamp(0.0, 1.0 - 1e-6));
    let mut inside = false;
    let Some(mut previous) = polygon.last() else {
        return false;
    };
    for corner in polygon {
        if (corner.y > y) != (previous.y > y) {
            let along = (y - corner.y) / (previous.y - corner.y);
            if x < corner.x + along * (previous.x - corner.x) {
                inside = !inside;
            }
        }
        previous = corner;
    }
    inside
}

impl Plugin for Roi {
    type Config = Config;
    type State = ();

    fn configure(config: Config, stream: &StreamInfo) -> Result<Self, String> {
        Ok(Self {
            config,
            zones: stream
                .zones
                .iter()
                .map(|zone| zone.polygon.clone())
                .collect(),
        })
    }
}

impl Filter for Roi {
    fn process(&self, _: &mut (), mut frame: FrameDetections) -> Result<FrameDetections, String> {
        for detection in &mut frame.detections {
            detection.zones = self.zones_of(&detection.bbox);
        }
        if self.config.keep == Keep::Inside {
            frame.detections.retain(|detection| detection.zones != 0);
        }
        Ok(frame)
    }
}

agave_vision_sdk::export_filter!(Roi);

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> StreamInfo {
        let square = |left: f32, top: f32, side: f32| {
            [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)]
                .map(|(x, y)| Point {
                    x: left + x,
                    y: top + y,
                })
                .to_vec()
        };
        StreamInfo {
            camera: "gate".to_owned(),
            width: 640,
            height: 480,
            classes: vec!["object".to_owned()],
            zones: vec![
                Zone {
                    name: "left".to_owned(),
                    polygon: square(0.0, 0.5, 0.5),
                },
                Zone {
                    name: "all".to_owned(),
                    polygon: square(0.0, 0.0, 1.0),
                },
            ],
        }
    }

    fn bbox(left: f32, top: f32, width: f32, height: f32) -> Bbox {
        Bbox {
            left,
            top,
            width,
            height,
        }
    }

    #[test]
    fn the_bottom_center_decides() {
        let roi = Roi::configure(Config::default(), &stream()).unwrap();
        assert_eq!(roi.zones_of(&bbox(0.1, 0.1, 0.2, 0.6)), 0b11);
        assert_eq!(roi.zones_of(&bbox(0.1, 0.1, 0.2, 0.2)), 0b10);
        assert_eq!(
            roi.zones_of(&bbox(0.1, 0.4, 0.2, 0.6)),
            0b11,
            "cut by the lower edge"
        );
        assert_eq!(roi.zones_of(&bbox(f32::NAN, 0.4, 0.2, 0.6)), 0);
    }

    #[test]
    fn only_what_is_inside_goes_on_when_asked() {
        let mut stream = stream();
        stream.zones.truncate(1);
        let config = Config {
            keep: Keep::Inside,
            ..Config::default()
        };
        let roi = Roi::configure(config, &stream).unwrap();
        let detection = |id, bbox| Detection {
            id,
            class: 0,
            confidence: 0.9,
            bbox,
            track: None,
            zones: 0,
        };
        let frame = FrameDetections {
            frame: 1,
            at: 0,
            detections: vec![
                detection(0, bbox(0.1, 0.1, 0.2, 0.6)),
                detection(1, bbox(0.7, 0.1, 0.2, 0.6)),
            ],
        };
        let passed = roi.process(&mut (), frame).unwrap();
        assert_eq!(
            passed.detections.iter().map(|d| d.id).collect::<Vec<_>>(),
            [0]
        );
    }
}
