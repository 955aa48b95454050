//! What Hikvision calls the kinds of events, and which of them an alert becomes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// The types that clients know, in the device's own spelling, each with the name of its picture
/// in a push. `videoloss` is not among them: it is the heartbeat.
const KNOWN: [(&str, &str); 17] = [
    ("VMD", "motionImage"),
    ("linedetection", "lineCrossImage"),
    ("fielddetection", "fieldDetectionImage"),
    ("regionEntrance", "regionEntranceImage"),
    ("regionExiting", "regionExitingImage"),
    ("attendedBaggage", "attendedBaggageImage"),
    ("unattendedBaggage", "unattendedBaggageImage"),
    ("loitering", "loiteringImage"),
    ("group", "groupImage"),
    ("rapidMove", "rapidMoveImage"),
    ("parking", "parkingImage"),
    ("shelteralarm", "shelteralarmImage"),
    ("tamperdetection", "tamperdetectionImage"),
    ("scenechangedetection", "scenechangedetectionImage"),
    ("defocus", "defocusImage"),
    ("PIR", "pirImage"),
    ("IO", "ioImage"),
];

/// A type of event that clients know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventType(usize);

impl EventType {
    /// Something is where it should not be; what nearly every client knows.
    pub const FIELD_DETECTION: Self = Self(2);

    /// As devices spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        KNOWN.get(self.0).map_or("", |(name, _)| name)
    }

    /// What a push calls a picture of it.
    pub(crate) fn picture_name(self) -> &'static str {
        KNOWN.get(self.0).map_or("", |(_, picture)| picture)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..KNOWN.len()).map(Self)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A type of event that no client knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no type of event; there are {}", names())]
pub struct UnknownEventType {
    /// What was given.
    pub given: String,
}

fn names() -> String {
    let names: Vec<&str> = EventType::all().map(EventType::name).collect();
    names.join(", ")
}

impl FromStr for EventType {
    type Err = UnknownEventType;

    /// Reads it in any case: devices and their manuals do not agree.
    fn from_str(text: &str) -> Result<Self, UnknownEventType> {
        let found = EventType::all().find(|known| known.name().eq_ignore_ascii_case(text));
        found.ok_or_else(|| UnknownEventType {
            given: text.to_owned(),
        })
    }
}

/// Which type the alerts of a kind become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTypes {
    /// Of kinds that are not named.
    pub default: EventType,
    /// By the alert's kind.
    pub by_kind: BTreeMap<String, EventType>,
}

impl Default for EventTypes {
    fn default() -> Self {
        Self {
            default: EventType::FIELD_DETECTION,
            by_kind: BTreeMap::new(),
        }
    }
}

impl EventTypes {
    pub(crate) fn of(&self, kind: &str) -> EventType {
        self.by_kind.get(kind).copied().unwrap_or(self.default)
    }

    /// All that can come.
    pub(crate) fn possible(&self) -> BTreeSet<EventType> {
        let named = self.by_kind.values().copied();
        named.chain([self.default]).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_in_any_case_and_written_as_devices_do() {
        let entrance: EventType = "REGIONENTRANCE".parse().unwrap();
        assert_eq!(entrance.name(), "regionEntrance");
        assert_eq!(EventType::FIELD_DETECTION.name(), "fielddetection");
        let error = "videoloss".parse::<EventType>().unwrap_err().to_string();
        assert!(error.contains("linedetection"), "{error}");
    }

    #[test]
    fn kinds_that_are_not_named_are_the_default() {
        let line = "linedetection".parse().unwrap();
        let types = EventTypes {
            by_kind: BTreeMap::from([("line".to_owned(), line)]),
            ..EventTypes::default()
        };
        assert_eq!(types.of("line"), line);
        assert_eq!(types.of("crowd"), EventType::FIELD_DETECTION);
        assert_eq!(types.possible().len(), 2);
    }
}
