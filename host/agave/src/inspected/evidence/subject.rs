//! What an alert is about, and how long it had been seen: it is followed back from frame to frame
//! with what the nodes gave, so that no rule has to say so.

use std::sync::Arc;
use std::time::Duration;

use agave_core::{AlertReport, BoundingBox, Detection, StreamInfo};
use agave_inspector::view::Followed;

use super::trace::{Given, Trace};

/// What a model loses for less than this has not left.
const LONGEST_GAP: Duration = Duration::from_millis(1500);

/// What an alert is about.
#[derive(Clone)]
pub(super) struct Subject {
    class: String,
    zone: Option<String>,
    bbox: BoundingBox,
    track: Option<u64>,
}

impl Subject {
    pub(super) fn of(report: &AlertReport) -> Self {
        let [left, top, width, height] = report.bbox;
        Self {
            class: report.class.clone(),
            zone: report.zone.clone(),
            bbox: BoundingBox {
                left,
                top,
                width,
                height,
            },
            track: report.track,
        }
    }

    /// How long it had been seen in the first of `frames`, which go back in time. None where it is
    /// not in that frame: a rule may well be about what is not there.
    pub(super) fn follow<'t>(
        &self,
        mut frames: impl Iterator<Item = &'t Trace>,
    ) -> Option<Followed> {
        let first = frames.next()?;
        let zone = self.zone_bit(&first.stream);
        let (node, mut seen) = self.find(first, zone)?;
        let in_zone = zone.is_some_and(|bit| seen.zones & bit != 0);
        let wanted = zone.filter(|_| in_zone).unwrap_or(0);
        let mut since = first.at;
        let mut at_least = true;
        for trace in frames {
            let is_other = !Arc::ptr_eq(&trace.stream, &first.stream);
            if is_other || since.since(trace.at) > LONGEST_GAP {
                at_least = false;
                break;
            }
            let same = given(trace, node).filter(|other| {
                other.class == seen.class && other.zones & wanted == wanted && is_same(seen, other)
            });
            let nearest = |one: &&Detection, other: &&Detection| {
                let overlap = |detection: &Detection| overlap(&detection.bbox, &seen.bbox);
                overlap(one).total_cmp(&overlap(other))
            };
            if let Some(before) = same.max_by(nearest) {
                (seen, since) = (before, trace.at);
            }
        }
        Some(Followed {
            in_zone,
            seconds: first.at.since(since).as_secs_f64(),
            at_least,
        })
    }

    fn zone_bit(&self, stream: &StreamInfo) -> Option<u64> {
        let name = self.zone.as_ref()?;
        let at = stream.zones.iter().position(|zone| zone.name == *name)?;
        1_u64.checked_shl(u32::try_from(at).ok()?)
    }

    /// It, and the node that gave it: where it is in its zone, if some node says so.
    fn find<'t>(&self, trace: &'t Trace, zone: Option<u64>) -> Option<(&'t str, &'t Detection)> {
        let class = trace.stream.classes.iter();
        let class = class.clone().position(|class| *class == self.class)?;
        let all = trace.given().filter_map(|(node, given)| match given {
            Given::Detections(detections) => Some((node, detections)),
            Given::Alerts(_) => None,
        });
        let same = all.filter_map(|(node, detections)| {
            let mut detections = detections.iter();
            let same = detections.find(|detection| {
                usize::from(detection.class) == class
                    && detection.bbox == self.bbox
                    && (self.track.is_none() || detection.track == self.track)
            })?;
            Some((node, same))
        });
        same.max_by_key(|(_, same)| zone.is_some_and(|bit| same.zones & bit != 0))
    }
}

/// What `node` gave of a frame.
fn given<'t>(trace: &'t Trace, node: &str) -> impl Iterator<Item = &'t Detection> {
    let steps = trace.given().filter(move |(name, _)| *name == node);
    steps.flat_map(|(_, given)| match given {
        Given::Detections(detections) => detections,
        Given::Alerts(_) => &[],
    })
}

/// Whether two detections of one class are one thing.
fn is_same(one: &Detection, other: &Detection) -> bool {
    match one.track {
        Some(_) => one.track == other.track,
        None => overlap(&one.bbox, &other.bbox) > 0.0,
    }
}

/// The part of the frame that two boxes have in common.
fn overlap(one: &BoundingBox, other: &BoundingBox) -> f32 {
    let common = |from: f32, length: f32, other_from: f32, other_length: f32| {
        (from + length).min(other_from + other_length) - from.max(other_from)
    };
    let wide = common(one.left, one.width, other.left, other.width);
    let high = common(one.top, one.height, other.top, other.height);
    wide.max(0.0) * high.max(0.0)
}

#[cfg(test)]
mod tests {
    use agave_core::{FrameDetections, Point, Timestamp, Zone};

    use super::super::trace::Traces;
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn stream() -> StreamInfo {
        StreamInfo {
            camera: "gate".to_owned(),
            classes: vec!["person".to_owned(), "object".to_owned()],
            zones: vec![Zone {
                name: "yard".to_owned(),
                polygon: vec![Point { x: 0.0, y: 0.0 }],
            }],
            ..StreamInfo::default()
        }
    }

    fn thing(left: f32, zones: u64) -> Detection {
        Detection {
            id: 0,
            class: 1,
            confidence: 0.9,
            bbox: BoundingBox {
                left,
                top: 0.5,
                width: 0.2,
                height: 0.2,
            },
            track: None,
            zones,
        }
    }

    fn subject(left: f32, zone: Option<&str>) -> Subject {
        Subject {
            class: "object".to_owned(),
            zone: zone.map(str::to_owned),
            bbox: thing(left, 0).bbox,
            track: None,
        }
    }

    /// A frame each half second, each with these.
    fn seen(frames: &[&[Detection]]) -> Traces {
        let traces = Traces::default();
        for (number, detections) in (0..).zip(frames) {
            let frame = FrameDetections {
                frame: number,
                at: Timestamp(SECOND + number * SECOND / 2),
                detections: detections.to_vec(),
            };
            traces.detections("zoned", &stream(), &frame);
        }
        traces
    }

    #[test]
    fn it_is_followed_back_to_where_it_came_into_the_zone() {
        let frames: [&[Detection]; 5] = [
            &[thing(0.1, 0)],
            &[thing(0.15, 1)],
            // The model lost it for a moment.
            &[],
            &[thing(0.2, 1), thing(0.7, 1)],
            &[thing(0.25, 1)],
        ];
        let traces = seen(&frames);
        let of = |zone| traces.followed("gate", 4, &subject(0.25, zone)).unwrap();
        let in_yard = of(Some("yard"));
        assert!(in_yard.in_zone && (in_yard.seconds - 1.5).abs() < 1e-6);
        let anywhere = of(None);
        assert!(!anywhere.in_zone && (anywhere.seconds - 2.0).abs() < 1e-6);
        assert!(anywhere.at_least, "no frame before is known");
    }

    #[test]
    fn another_thing_and_one_that_left_are_not_it() {
        let away: [&[Detection]; 6] = [&[thing(0.1, 1)], &[], &[], &[], &[], &[thing(0.1, 1)]];
        let back = seen(&away).followed("gate", 5, &subject(0.1, Some("yard")));
        assert_eq!(back.map(|it| (it.seconds, it.at_least)), Some((0.0, false)));
        let other: [&[Detection]; 2] = [&[thing(0.7, 1)], &[thing(0.1, 1)]];
        let alone = seen(&other).followed("gate", 1, &subject(0.1, Some("yard")));
        assert_eq!(alone.map(|it| it.seconds), Some(0.0));
    }

    #[test]
    fn what_is_not_in_the_frame_or_the_zone_is_not_said_to_be() {
        let frames: [&[Detection]; 1] = [&[thing(0.1, 0)]];
        let traces = seen(&frames);
        assert!(traces.followed("gate", 0, &subject(0.5, None)).is_none());
        let outside = traces.followed("gate", 0, &subject(0.1, Some("yard")));
        assert!(!outside.unwrap().in_zone);
        assert!(traces.followed("gate", 7, &subject(0.1, None)).is_none());
    }
}
