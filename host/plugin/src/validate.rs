//! What a plugin returns is checked before anyone relies on it: coordinates are numbers in the
//! frame, classes and zones exist, and a detection is one that the plugin was given.

use agave_core::{Alert, BoundingBox, Detection, FrameDetections, Phase, StreamInfo};

use crate::bindings::lifecycle::exports::agave::plugin::lifecycle::Description;
use crate::text::{is_unprintable, shortened};

/// In one answer, and in one second of the stream.
const MOST_ALERTS: usize = 1000;
const NANOSECONDS: u64 = 1_000_000_000;
const MOST_ATTRIBUTES: usize = 64;
const MOST_TEXT_BYTES: usize = 1024;
/// All texts of an alert: thousands of alerts may wait for a receiver.
const MOST_ALERT_BYTES: usize = 8 << 10;
const MOST_SCHEMA_BYTES: usize = 256 << 10;
const MOST_STATE_VERSIONS: usize = 64;
/// So many bytes of a wrong name are shown.
const SHOWN: usize = 100;
/// A box may stick out of the frame a little: models and trackers do that.
const MARGIN: f32 = 1.0;

/// What a stream makes possible.
pub(crate) struct Bounds {
    classes: Vec<String>,
    zones: Vec<String>,
    zone_bits: u64,
    /// Which second of stream time it is, and the alerts that were raised in it.
    second: u64,
    raised: usize,
}

impl Bounds {
    pub(crate) fn of(stream: &StreamInfo) -> Self {
        let zone_bits = u32::try_from(stream.zones.len())
            .ok()
            .and_then(|zones| 1u64.checked_shl(zones))
            .map_or(u64::MAX, |beyond| beyond - 1);
        Self {
            classes: stream.classes.clone(),
            zones: stream.zones.iter().map(|zone| zone.name.clone()).collect(),
            zone_bits,
            second: 0,
            raised: 0,
        }
    }

    /// What a filter made of `given`.
    pub(crate) fn check_filtered(
        &self,
        given: &FrameDetections,
        returned: &FrameDetections,
    ) -> Result<(), String> {
        if returned.frame != given.frame || returned.at != given.at {
            return Err("another frame than the one it was given".to_owned());
        }
        for detection in &returned.detections {
            self.check_detection(detection)?;
        }
        if are_in_order(&given.detections, &returned.detections) {
            return Ok(());
        }
        check_ids(&given.detections, &returned.detections)
    }

    /// What a gate returned. An update may stand for no alert: a gate reminds of an incident.
    pub(crate) fn check_passed(&self, alerts: &[Alert]) -> Result<(), String> {
        self.check_alerts(alerts)?;
        let stands_for_none = |alert: &Alert| alert.count == 0 && alert.phase != Phase::Update;
        if alerts.iter().any(stands_for_none) {
            return Err("an alert with the count 0 that is no update".to_owned());
        }
        Ok(())
    }

    fn check_alerts(&self, alerts: &[Alert]) -> Result<(), String> {
        if alerts.len() > MOST_ALERTS {
            return Err(format!(
                "{} alerts at once; at most {MOST_ALERTS}",
                alerts.len()
            ));
        }
        alerts.iter().try_for_each(|alert| self.check_alert(alert))
    }

    /// What a rule raised when it was given `frame`: nothing later than that, and not more in a
    /// second of the stream than anyone could look at.
    pub(crate) fn check_raised(
        &mut self,
        frame: &FrameDetections,
        alerts: &[Alert],
    ) -> Result<(), String> {
        self.check_alerts(alerts)?;
        if alerts.iter().any(|alert| alert.count == 0) {
            return Err("an alert with the count 0".to_owned());
        }
        let later = |alert: &&Alert| alert.at > frame.at || alert.frame > frame.frame;
        if let Some(alert) = alerts.iter().find(later) {
            return Err(format!(
                "an alert of frame {} at {}, which is later than the frame {} that it was given",
                alert.frame, alert.at, frame.frame
            ));
        }
        let second = frame.at.0 / NANOSECONDS;
        if second != self.second {
            (self.second, self.raised) = (second, 0);
        }
        self.raised = self.raised.saturating_add(alerts.len());
        if self.raised > MOST_ALERTS {
            return Err(format!(
                "{} alerts in a second; at most {MOST_ALERTS}",
                self.raised
            ));
        }
        Ok(())
    }

    fn check_alert(&self, alert: &Alert) -> Result<(), String> {
        if alert.key.is_empty() || alert.kind.is_empty() {
            return Err("an alert without a key or a kind".to_owned());
        }
        if alert.attributes.len() > MOST_ATTRIBUTES {
            return Err(format!(
                "an alert with more than {MOST_ATTRIBUTES} attributes"
            ));
        }
        check_text("a key", &alert.key)?;
        check_text("a kind", &alert.kind)?;
        let mut bytes = alert.key.len() + alert.kind.len();
        for (name, value) in &alert.attributes {
            check_text("an attribute", name)?;
            check_text("an attribute", value)?;
            bytes += name.len() + value.len();
        }
        if bytes > MOST_ALERT_BYTES {
            return Err(format!(
                "an alert with {bytes} bytes of text; at most {MOST_ALERT_BYTES}"
            ));
        }
        if !self.classes.contains(&alert.class) {
            return Err(format!(
                "an alert of class `{}`, which does not exist",
                shortened(&alert.class, SHOWN)
            ));
        }
        if let Some(zone) = &alert.zone
            && !self.zones.contains(zone)
        {
            return Err(format!(
                "an alert in zone `{}`, which does not exist",
                shortened(zone, SHOWN)
            ));
        }
        self.check_detection(&alert.detection)
    }

    fn check_detection(&self, detection: &Detection) -> Result<(), String> {
        if usize::from(detection.class) >= self.classes.len() {
            return Err(format!("class {}, which does not exist", detection.class));
        }
        if detection.zones & !self.zone_bits != 0 {
            return Err("a zone bit that does not exist".to_owned());
        }
        if !(0.0..=1.0).contains(&detection.confidence) {
            return Err(format!("confidence {}", detection.confidence));
        }
        check_bbox(&detection.bbox)
    }
}

/// What a plugin says about itself: people read it, and the schema is compiled.
pub(crate) fn check_description(description: &Description) -> Result<(), String> {
    check_text("a name", &description.name)?;
    check_text("a version", &description.version)?;
    check_text("a summary", &description.summary)?;
    if description.config_schema.len() > MOST_SCHEMA_BYTES {
        return Err(format!(
            "a schema of {} bytes; at most {MOST_SCHEMA_BYTES}",
            description.config_schema.len()
        ));
    }
    if description.reads_state.len() > MOST_STATE_VERSIONS {
        return Err(format!(
            "{} versions of its state; at most {MOST_STATE_VERSIONS}",
            description.reads_state.len()
        ));
    }
    Ok(())
}

/// A text goes into log lines, headers and topics, where a line end or an escape sequence would
/// be something else than text.
fn check_text(what: &str, text: &str) -> Result<(), String> {
    if text.len() > MOST_TEXT_BYTES {
        return Err(format!(
            "{what} of {} bytes; at most {MOST_TEXT_BYTES}",
            text.len()
        ));
    }
    match text.chars().find(|&character| is_unprintable(character)) {
        Some(character) => Err(format!(
            "{what} with the character {}, which cannot be printed",
            character.escape_unicode()
        )),
        None => Ok(()),
    }
}

/// Whether those that were returned are some of those that were given, each once and in the same
/// order: what nearly every filter does, and the least that can be looked at to know it.
fn are_in_order(given: &[Detection], returned: &[Detection]) -> bool {
    let mut given = given.iter();
    returned
        .iter()
        .all(|one| given.any(|given| given.id == one.id))
}

/// Whether those that were returned were given, each once, in whatever order.
fn check_ids(given: &[Detection], returned: &[Detection]) -> Result<(), String> {
    let sorted = |detections: &[Detection]| {
        let mut ids: Vec<u32> = detections.iter().map(|one| one.id).collect();
        ids.sort_unstable();
        ids
    };
    let given = sorted(given);
    let mut ids = sorted(returned);
    if let Some(id) = ids.iter().find(|id| given.binary_search(id).is_err()) {
        return Err(format!("detection {id}, which it was not given"));
    }
    ids.dedup();
    if ids.len() != returned.len() {
        return Err("the same detection twice".to_owned());
    }
    Ok(())
}

fn check_bbox(bbox: &BoundingBox) -> Result<(), String> {
    let position = -MARGIN..=1.0 + MARGIN;
    let size = 0.0..=1.0 + 2.0 * MARGIN;
    let possible = position.contains(&bbox.left)
        && position.contains(&bbox.top)
        && size.contains(&bbox.width)
        && size.contains(&bbox.height);
    if possible {
        Ok(())
    } else {
        Err(format!(
            "a box at {}, {} of {} by {}; coordinates are fractions of the frame",
            bbox.left, bbox.top, bbox.width, bbox.height
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agave_core::Timestamp;

    fn bounds() -> Bounds {
        Bounds::of(&StreamInfo {
            classes: vec!["object".to_owned()],
            ..StreamInfo::default()
        })
    }

    fn frame(ids: &[u32]) -> FrameDetections {
        let detection = |&id| Detection {
            id,
            class: 0,
            confidence: 0.5,
            bbox: BoundingBox {
                left: 0.1,
                top: 0.1,
                width: 0.2,
                height: 0.2,
            },
            track: None,
            zones: 0,
        };
        FrameDetections {
            frame: 1,
            at: Timestamp(1),
            detections: ids.iter().map(detection).collect(),
        }
    }

    #[test]
    fn a_filter_may_drop_and_reorder_but_not_invent() {
        let given = frame(&[0, 1, 2]);
        let check = |ids: &[u32]| bounds().check_filtered(&given, &frame(ids));
        assert_eq!(check(&[0, 1, 2]), Ok(()));
        assert_eq!(check(&[2, 0]), Ok(()));
        assert_eq!(check(&[]), Ok(()));
        assert!(check(&[3]).is_err());
        assert!(check(&[1, 1]).is_err());
        assert!(check(&[1, 0, 1]).is_err());
    }

    fn alert(at: u64) -> Alert {
        Alert {
            key: "key".to_owned(),
            kind: "kind".to_owned(),
            phase: agave_core::Phase::Begin,
            severity: agave_core::Severity::Info,
            at: Timestamp(at),
            frame: 0,
            class: "object".to_owned(),
            zone: None,
            detection: frame(&[0]).detections.remove(0),
            count: 1,
            attributes: Vec::new(),
        }
    }

    #[test]
    fn a_rule_raises_what_has_happened_and_not_without_end() {
        let mut bounds = bounds();
        let mut raise = |now: u64, at: u64, times: usize| {
            let mut given = frame(&[0]);
            given.at = Timestamp(now);
            bounds.check_raised(&given, &vec![alert(at); times])
        };
        let second = NANOSECONDS;
        assert_eq!(raise(second, second, 600), Ok(()));
        assert!(raise(second, second + 1, 1).is_err(), "it has not happened");
        assert!(
            raise(2 * second - 1, 1, 401).is_err(),
            "too many in a second"
        );
        assert_eq!(raise(2 * second, 1, 1000), Ok(()));
        assert!(raise(3 * second, 1, 1001).is_err(), "too many at once");
    }

    #[test]
    fn texts_are_short_and_can_be_printed() {
        let with = |change: fn(&mut Alert)| {
            let mut alert = alert(1);
            change(&mut alert);
            bounds().check_passed(&[alert])
        };
        assert_eq!(with(|alert| alert.key = "Übergang 3/✓".to_owned()), Ok(()));
        assert!(with(|alert| alert.key = "a\nb".to_owned()).is_err());
        assert!(with(|alert| alert.kind = "\u{9b}2J".to_owned()).is_err());
        assert!(with(|alert| alert.kind = "k".repeat(1025)).is_err());
        assert!(with(|alert| alert.attributes = vec![("n".into(), "a\0b".into())]).is_err());
        assert!(with(|alert| alert.attributes = vec![("n".into(), "v".into()); 65]).is_err());
        assert!(with(|alert| alert.attributes = vec![("n".into(), "v".repeat(1000)); 9]).is_err());
    }

    #[test]
    fn only_a_gate_may_remind() {
        let mut reminder = alert(1);
        (reminder.phase, reminder.count) = (Phase::Update, 0);
        assert_eq!(bounds().check_passed(&[reminder.clone()]), Ok(()));
        let raised = bounds().check_raised(&frame(&[0]), &[reminder.clone()]);
        assert!(raised.is_err());
        for phase in [Phase::Begin, Phase::End] {
            reminder.phase = phase;
            assert!(bounds().check_passed(&[reminder.clone()]).is_err());
        }
    }

    #[test]
    fn impossible_numbers_are_refused() {
        let given = frame(&[0]);
        let spoilt = |spoil: fn(&mut Detection)| {
            let mut returned = given.clone();
            returned.detections.iter_mut().for_each(spoil);
            bounds().check_filtered(&given, &returned)
        };
        assert!(spoilt(|one| one.bbox.left = f32::NAN).is_err());
        assert!(spoilt(|one| one.bbox.width = -0.1).is_err());
        assert!(spoilt(|one| one.bbox.top = f32::INFINITY).is_err());
        assert!(spoilt(|one| one.confidence = 1.5).is_err());
        assert!(spoilt(|one| one.class = 1).is_err());
        assert!(spoilt(|one| one.zones = 1).is_err());
        assert!(spoilt(|one| one.track = Some(7)).is_ok());
    }
}
