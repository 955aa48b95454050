//! Some runtimes know no numbers but those of IEEE 754, JavaScript's for one, and give an integer
//! of 64 bits back rounded to 53. What comes back as the rounded form of what was given is what
//! was given: a plugin in such a language changes no time that it only hands on.
//!
//! Times, frames and tracks are numbers, so the nearest one that was given is meant. Zones are a
//! set, in which each bit means something else: they stay as they came.

use agave_core::{Alert, Detection, FrameDetections};

/// From it on not all integers are exact there; it is what the next one is rounded to.
const EXACT: u64 = 1 << 53;

/// Puts the numbers of `given` back into what a filter made of it, where only their rounding
/// differs.
pub(crate) fn restore(given: &FrameDetections, returned: &mut FrameDetections) {
    restore_number(given.frame, &mut returned.frame);
    restore_number(given.at.0, &mut returned.at.0);
    for detection in &mut returned.detections {
        restore_track(&given.detections, detection);
    }
}

/// Puts the numbers of `given` back into the alerts that a rule raised when it saw it.
pub(crate) fn restore_raised(given: &FrameDetections, alerts: &mut [Alert]) {
    for alert in alerts {
        restore_number(given.frame, &mut alert.frame);
        restore_number(given.at.0, &mut alert.at.0);
        restore_track(&given.detections, &mut alert.detection);
    }
}

/// Puts the numbers of `given` back into the alerts that a gate let go of. What it held since an
/// earlier call keeps its rounding: less than a microsecond, and nothing is compared with it.
pub(crate) fn restore_passed(given: &[Alert], alerts: &mut [Alert]) {
    for alert in alerts.iter_mut().filter(|alert| may_be_rounded(alert)) {
        let given = given.iter().find(|given| {
            given.key == alert.key
                && given.phase == alert.phase
                && is_or_was(given.at.0, alert.at.0)
                && is_or_was(given.frame, alert.frame)
        });
        if let Some(given) = given {
            alert.at = given.at;
            alert.frame = given.frame;
            restore_track(std::slice::from_ref(&given.detection), &mut alert.detection);
        }
    }
}

/// Hardly ever is it in a language that has integers, and then nothing is looked for.
fn may_be_rounded(alert: &Alert) -> bool {
    let Alert { at, frame, .. } = alert;
    [at.0, *frame]
        .into_iter()
        .chain(alert.detection.track)
        .any(|number| number >= EXACT && rounded(number) == number)
}

/// Hardly ever is there a large one: trackers count from one.
fn restore_track(given: &[Detection], returned: &mut Detection) {
    let Some(track) = returned.track.as_mut().filter(|track| **track >= EXACT) else {
        return;
    };
    let given = given.iter().find(|given| given.id == returned.id);
    if let Some(given) = given.and_then(|given| given.track) {
        restore_number(given, track);
    }
}

fn restore_number(given: u64, returned: &mut u64) {
    if is_or_was(given, *returned) {
        *returned = given;
    }
}

/// Whether `returned` is `given`, or was before it was rounded.
fn is_or_was(given: u64, returned: u64) -> bool {
    returned == given || returned == rounded(given)
}

fn rounded(number: u64) -> u64 {
    (number as f64) as u64
}

#[cfg(test)]
mod tests {
    use agave_core::{BoundingBox, Phase, Severity, Timestamp};

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

    #[test]
    fn the_first_number_that_is_not_exact_is_put_back() {
        let given = frame(EXACT + 1, EXACT + 1);
        let mut returned = frame(EXACT, EXACT);
        restore(&given, &mut returned);
        assert_eq!(returned, given);
    }

    #[test]
    fn zones_stay_as_they_came() {
        let mut given = frame(1, 3);
        given.detections[0].zones = (1 << 60) + 1;
        let mut returned = given.clone();
        returned.detections[0].zones = 1 << 60;
        let left = returned.clone();
        restore(&given, &mut returned);
        assert_eq!(returned, left);
    }

    /// Rounded it is 56 ns later.
    const AT: u64 = 1_795_365_327_466_000_072;

    fn alert(key: &str, phase: Phase, at: u64) -> Alert {
        Alert {
            key: key.to_owned(),
            kind: "kind".to_owned(),
            phase,
            severity: Severity::Info,
            at: Timestamp(at),
            frame: 1,
            class: "object".to_owned(),
            zone: None,
            detection: frame(at, (1 << 60) + 1).detections.remove(0),
            count: 1,
            attributes: Vec::new(),
        }
    }

    #[test]
    fn a_rule_raises_its_alert_when_it_saw_the_frame() {
        assert!(rounded(AT) > AT, "{AT} becomes {}", rounded(AT));
        let given = frame(AT, (1 << 60) + 1);
        let mut raised = [alert("a", Phase::Begin, rounded(AT))];
        raised[0].detection.track = Some(1 << 60);
        restore_raised(&given, &mut raised);
        assert_eq!(raised, [alert("a", Phase::Begin, AT)]);

        let earlier = [alert("a", Phase::End, AT - 1_000_000_000)];
        let mut raised = earlier.clone();
        restore_raised(&given, &mut raised);
        assert_eq!(raised, earlier);
    }

    #[test]
    fn a_gate_hands_on_the_times_of_its_alerts() {
        let given = [
            alert("a", Phase::Begin, AT),
            alert("b", Phase::Begin, AT + 1),
        ];
        let mut passed = [
            alert("b", Phase::Begin, rounded(AT + 1)),
            alert("a", Phase::Begin, rounded(AT)),
            alert("a", Phase::End, rounded(AT)),
        ];
        restore_passed(&given, &mut passed);
        assert_eq!(passed[0], given[1]);
        assert_eq!(passed[1], given[0]);
        assert_eq!(passed[2].at.0, rounded(AT), "that one was not given");
    }
}
