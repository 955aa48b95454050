//! Some runtimes know no numbers but those of IEEE 754, JavaScript's for one, and give an integer
//! of 64 bits back rounded to 53. What comes back as the rounded form of what was given is what
//! was given: a filter in such a language changes no time that it only hands on.

use agave_core::{Detection, FrameDetections};

/// Integers above it are not all exact there.
const EXACT: u64 = 1 << 53;

/// Puts the numbers of `given` back into `returned` where only their rounding differs.
pub(crate) fn restore(given: &FrameDetections, returned: &mut FrameDetections) {
    restore_number(given.frame, &mut returned.frame);
    restore_number(given.at.0, &mut returned.at.0);
    // Hardly ever is there one: zones are few, and trackers count from one.
    for detection in returned.detections.iter_mut().filter(|one| is_large(one)) {
        let mut given = given.detections.iter();
        if let Some(given) = given.find(|given| given.id == detection.id) {
            restore_number(given.zones, &mut detection.zones);
            if let (Some(given), Some(track)) = (given.track, &mut detection.track) {
                restore_number(given, track);
            }
        }
    }
}

fn is_large(detection: &Detection) -> bool {
    detection.zones > EXACT || detection.track.is_some_and(|track| track > EXACT)
}

fn restore_number(given: u64, returned: &mut u64) {
    if *returned != given && *returned == (given as f64) as u64 {
        *returned = given;
    }
}

#[cfg(test)]
mod tests {
    use agave_core::{BoundingBox, Timestamp};

    use super::*;

    fn frame(at: u64, track: u64) -> FrameDetections {
        FrameDetections {
            frame: 1,
            at: Timestamp(at),
            detections: vec![Detection {
                id: 7,
                class: 0,
                confidence: 0.5,
                bbox: BoundingBox {
                    left: 0.0,
                    top: 0.0,
                    width: 0.1,
                    height: 0.1,
                },
                track: Some(track),
                zones: 1,
            }],
        }
    }

    #[test]
    fn what_was_only_rounded_is_put_back() {
        let given = frame(1_795_365_327_466_000_001, (1 << 60) + 1);
        let rounded = |number: u64| (number as f64) as u64;
        let mut returned = frame(rounded(given.at.0), rounded((1 << 60) + 1));
        assert_ne!(returned, given);
        restore(&given, &mut returned);
        assert_eq!(returned, given);
    }

    #[test]
    fn what_was_changed_stays_changed() {
        let given = frame(1_795_365_327_466_000_001, 3);
        let mut returned = frame(1_795_365_327_467_000_000, 4);
        let changed = returned.clone();
        restore(&given, &mut returned);
        assert_eq!(returned, changed);
    }
}
