//! What of one camera's detections counts.

use agave_vision_sdk::prelude::*;

use crate::Config;

/// One camera of the site.
pub(crate) struct Camera {
    pub(crate) name: String,
    /// The classes by their numbers, and whether they count.
    classes: Vec<(String, bool)>,
    /// The zone in which they count; `None` is the whole picture.
    zone: Option<Option<usize>>,
}

impl Camera {
    pub(crate) fn new(stream: &StreamInfo, config: &Config) -> Self {
        let counts = |class: &String| config.classes.is_empty() || config.classes.contains(class);
        let position = |wanted: &String| stream.zones.iter().position(|zone| zone.name == *wanted);
        Self {
            name: stream.camera.clone(),
            classes: stream
                .classes
                .iter()
                .map(|class| (class.clone(), counts(class)))
                .collect(),
            zone: config.zone.as_ref().map(position),
        }
    }

    /// How many there are in this frame, and the surest of them.
    pub(crate) fn count(&self, frame: &FrameDetections) -> (u32, Option<Detection>) {
        let counted = frame.detections.iter().filter(|seen| self.counts(seen));
        let surest = counted
            .clone()
            .max_by(|a, b| a.confidence.total_cmp(&b.confidence));
        let number = u32::try_from(counted.count()).unwrap_or(u32::MAX);
        (number, surest.copied())
    }

    fn counts(&self, seen: &Detection) -> bool {
        let is_in_zone = match self.zone {
            None => true,
            Some(None) => false,
            Some(Some(zone)) => seen.zones & 1 << zone != 0,
        };
        let class = self.classes.get(usize::from(seen.class));
        is_in_zone && class.is_some_and(|(_, counts)| *counts)
    }

    /// The name of a detection's class.
    pub(crate) fn class(&self, seen: &Detection) -> &str {
        let class = self.classes.get(usize::from(seen.class));
        class.map_or("", |(name, _)| name)
    }

    pub(crate) fn knows(&self, class: &str) -> bool {
        self.classes.iter().any(|(name, _)| name == class)
    }

    pub(crate) fn has_zone(&self) -> bool {
        matches!(self.zone, Some(Some(_)))
    }

    /// Another camera's detection as one of this camera: with its number of the class, in none of
    /// its zones.
    pub(crate) fn own(&self, seen: Detection, class: &str) -> Detection {
        let number = self.classes.iter().position(|(name, _)| name == class);
        Detection {
            class: number
                .and_then(|number| u16::try_from(number).ok())
                .unwrap_or_default(),
            zones: 0,
            track: None,
            ..seen
        }
    }
}
